"""How names and cells of a stranger's file are shown: one line, short, printable."""

from __future__ import annotations

from collections.abc import Collection


def printable(text: object) -> str:
    """Tabs, line ends and the like as they are written in Python."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in str(text)
    )


def short(text: object, most: int = 40) -> str:
    """Printable, cut to ``most`` characters."""
    shown = printable(str(text)[: 4 * most])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def listed(names: Collection[object], most: int = 8) -> str:
    """The first names with commas between, and how many there are besides."""
    shown = [short(name) for name in list(names)[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f", … ({more} more)" if more else "")


def number(n: int, one: str, several: str | None = None) -> str:
    """``1 label``, ``3 labels``."""
    return f"{n} {one if n == 1 else several or one + 's'}"
