"""Pictures that a column of a table names."""

from __future__ import annotations

from pathlib import Path

from ltmlbench.plugin import (
    DataError,
    Labelled,
    PictureReader,
    cache_folder,
    did_you_mean,
    file_checks,
)


def pictures_of(
    found: Labelled, column: str, folder: Path
) -> tuple[PictureReader, tuple[str, ...], str]:
    """What reads the pictures, a digest of each, and a line on what was taken.

    Args:
        column: of paths, absolute or from ``folder``.

    Raises:
        DataError: there is no such column, or a file that it names is not there.
    """
    if column not in found.rest.columns:
        hint = did_you_mean(column, map(str, found.rest.columns))
        raise DataError(f"{found.table.path}: there is no column {column!r} of pictures{hint}")
    paths = tuple(folder / str(cell) for cell in found.rest[column])
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise DataError(
            f"{found.table.path}: {len(missing)} of {len(paths)} pictures that {column!r} names "
            f"are not there, such as {missing[0]}"
        )
    content = tuple(check.digest for check in file_checks(paths, cache_folder()))
    return PictureReader(paths), content, f"pictures: {column!r}, {len(paths)} files"
