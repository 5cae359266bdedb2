"""Finding the run somebody means."""

from __future__ import annotations

from pathlib import Path

from ltmlbench.errors import RequestError


def run_folder(name: str, out: Path, file: str) -> Path:
    """The folder of a run, given as a folder or as the beginning of its name in ``out``.

    Args:
        file: what a run's folder holds, by which it is recognised.

    Raises:
        RequestError: no run, or more than one, begins like that.
    """
    folder = Path(name)
    if (folder / file).is_file():
        return folder
    found = sorted(out.glob(f"runs/{name}*/{file}"))
    if len(found) != 1:
        number = "no run" if not found else f"{len(found)} runs"
        raise RequestError(
            f"{number} in {out / 'runs'} begin with {name!r}: give a run folder, or --out DIR"
        )
    return found[0].parent
