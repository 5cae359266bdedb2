"""What holds for a component of any kind."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from ltmlbench.contracts import Component
from ltmlbench.errors import RequestError
from ltmlbench.hooks import KINDS
from ltmlbench.identity import canonical, digest
from ltmlbench.registry import components, registry
from ltmlbench.testing.checking import check, expect
from ltmlbench.testing.probe import probe


@check(name="is registered, with a summary and a docstring", why="`list` and `info` show them")
def announced(component: Component) -> None:
    entry = registry().entry_of(component)
    cls = type(component)
    expect(entry is not None, f"a Record with the target {cls.__module__}:{cls.__qualname__}")
    assert entry is not None
    expect(bool(entry.record.summary.strip()), "a summary in its Record")
    expect(bool((vars(cls).get("__doc__") or "").strip()), "a docstring of the class")


@check(name="is frozen and hashable", why="stages hold components and are shared where equal")
def frozen(component: Component) -> None:
    cls = type(component)
    expect(cls.model_config.get("frozen") is True, "model_config to keep frozen=True")
    twin = component.model_copy()
    expect(twin == component and hash(twin) == hash(component), "a copy to be equal")
    for name in cls.model_fields:
        try:
            setattr(twin, name, getattr(twin, name))
        except ValidationError:
            continue
        expect(False, f"an error where option {name} is set on a component")


@check(name="survives pickling", why="worker processes are sent components")
def pickles(component: Component) -> None:
    again = pickle.loads(pickle.dumps(component))
    expect(again == component, "the same component out of its pickle", repr(again))


@check(name="documents every option", why="`ltmlbench info` is where users find them")
def documented(component: Component) -> None:
    bare = [n for n, field in type(component).model_fields.items() if not field.description]
    expect(not bare, "Field(..., description=...)", f"none for {', '.join(bare)}")


@check(name="has an identity that every option changes",
       why="results of two settings would be taken for one another")  # fmt: skip
def told_apart(component: Component) -> None:
    whole = digest(canonical(component))
    for name, other in variants(component):
        expect(digest(canonical(other)) != whole, f"another identity with another {name}")


@check(name="has the same identity in every process",
       why="nothing stored would be found again", slow=True)  # fmt: skip
def stable(component: Component) -> None:
    own = digest(canonical(component))
    found = probe(pickle.dumps(component))
    expect(found.identity == own, "the identity not to depend on PYTHONHASHSEED or the folder",
           "another one in another process")  # fmt: skip


@check(name="is light to import", why="`ltmlbench info` and `list` stay instant", slow=True)
def light(component: Component) -> None:
    heavy = probe(pickle.dumps(component)).heavy
    expect(not heavy, "heavy packages to be imported only in the functions that use them",
           f"{', '.join(heavy)} imported with its module")  # fmt: skip


def variants(component: Component) -> Iterator[tuple[str, Component]]:
    """(option, the component with another value of it) for each option that counts and for which
    a valid value can be thought of."""
    given = {name: getattr(component, name) for name in type(component).model_fields}
    for name, field in type(component).model_fields.items():
        if field.exclude:
            continue
        for value in _candidates(name, given[name], field.annotation):
            try:
                other = type(component).model_validate({**given, name: value})
            except (ValidationError, RequestError):
                continue
            if getattr(other, name) != given[name]:
                yield name, other
                break


def _candidates(name: str, value: Any, annotation: Any) -> Iterator[Any]:
    """Values that the option may take, most likely ones first."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, 2 * value)
    elif isinstance(value, float):
        yield from (value / 2, value + 0.25, value - 0.25, value + 1)
    elif isinstance(value, str):
        kind = {"base": "method"}.get(name, name)
        yield from (record.name for record in (components(kind) if kind in KINDS else ()))
        yield value + "x"
    elif get_origin(annotation) is Union or type(annotation).__name__ == "UnionType":
        yield from (v for part in get_args(annotation) for v in _of_type(part))


def _of_type(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    yield from {float: (0.25, 2.0), int: (2, 8), str: ("x",), bool: (True,)}.get(annotation, ())
