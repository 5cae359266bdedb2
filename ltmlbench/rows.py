"""The methods that were asked for, as rows: one that cannot be made fails alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ltmlbench.config import BenchmarkConfig
from ltmlbench.contracts import Method
from ltmlbench.errors import LtmlbenchError, RequestError
from ltmlbench.grid import Row
from ltmlbench.registry import load, registry
from ltmlbench.spec import parse_spec
from ltmlbench.task import Task


def asked_rows(config: BenchmarkConfig) -> list[Row]:
    """Floors and methods, each once.

    Raises:
        RequestError: a name nobody knows, or a wrong option.
    """
    names = dict.fromkeys([*config.floors, *config.methods])
    return [replace(_row(name), trials=config.trials.get(name, 0)) for name in names]


def _row(name: str) -> Row:
    """A method whose plugin gives it wrongly (an abstract class, a module that breaks) fails alone;
    a name nobody knows, or a wrong option, is the user's to mend."""
    spec = parse_spec(name)
    entry = registry().find("method", spec.name, spec.distribution)
    try:
        registry().component_class(entry)
    except RequestError as error:
        return Row(_short(name), None, str(error))
    try:
        return Row(_short(name), load("method", name))
    except (LtmlbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit as well: a plugin may do anything
        return Row(_short(name), None, f"{type(error).__name__}: {error}")


def _short(text: str) -> str:
    """What the table calls a method: as typed, an alias replaced by the name it stands for."""
    spec = parse_spec(text)
    entry = registry().find("method", spec.name, spec.distribution)
    return str(replace(spec, name=entry.record.name))


def suited_rows(rows: Sequence[Row], task: Task) -> list[Row]:
    """The rows with methods that suit the data; the name says which options had to change. One
    whose method breaks over it fails alone."""
    suited = []
    for row in rows:
        try:
            suited.append(_suited_row(row, row.method, task) if row.method else row)
        except (LtmlbenchError, KeyboardInterrupt):
            raise
        except BaseException as error:  # as in `_row`
            suited.append(replace(row, method=None, failure=f"{type(error).__name__}: {error}"))
    return suited


def _suited_row(row: Row, given: Method, task: Task) -> Row:
    method = given.suited(task)
    changed = {
        name: str(getattr(method, name))
        for name in type(method).model_fields
        if getattr(method, name) != getattr(given, name)
    }
    spec = parse_spec(row.name)
    options = tuple((dict(spec.options) | changed).items())
    return replace(row, name=str(replace(spec, options=options)), method=method)
