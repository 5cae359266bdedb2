"""Finding the run somebody means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ltmlbench.errors import DataError, RequestError
from ltmlbench.grid import slug

SHOWN = 12
"""Runs that an error lists at most."""


def run_folder(name: str, out: Path, file: str) -> Path:
    """The folder of a run, given as a folder or as the beginning of its name in ``out``, typed as
    the table or as the folder has it.

    Args:
        file: what a run's folder holds, by which it is recognised.

    Raises:
        RequestError: no run, or more than one, begins like that; the line lists them.
    """
    try:
        if (Path(name) / file).is_file():
            return Path(name)
    except (OSError, ValueError):  # no folder can have that name
        pass
    runs = sorted(path.parent for path in out.glob(f"runs/*/{file}"))
    found = [run for run in runs if name and run.name.startswith((name, slug(name)))]
    exact = [run for run in found if run.name == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    number = f"{len(found)} runs begin" if found else "no run begins"
    names = [run.name for run in found or runs]
    more = f", ... ({len(names)} in all)" if len(names) > SHOWN else ""
    listed = f"; there are: {', '.join(names[:SHOWN])}{more}" if names else ""
    raise RequestError(
        f"in {out / 'runs'} {number} with {name[:100]!r}: give a run folder, or --out DIR{listed}"
    )


def read_json(file: Path) -> Any:
    """What a run's JSON file holds.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file} cannot be read: {error}; `ltmlbench run` writes it anew") from None
