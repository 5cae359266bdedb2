"""Errors a user can do something about. Their text is one line: what, where, what to do."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error line about an unknown name: the known names like it, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f", did you mean {' or '.join(map(repr, close))}?" if close else ""


def printable(text: object, limit: int = 80) -> str:
    """Text from a file as it may stand in a line for people: control characters and line breaks
    are written out (``\\x1b``), and what is longer than ``limit`` is cut."""
    safe = "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


class LtmlbenchError(Exception):
    """Base of the errors that the command line prints as one line."""


class RequestError(LtmlbenchError, ValueError):
    """The request was wrong: an unknown name, an option of the wrong type (exit code 2)."""


class DataError(LtmlbenchError, ValueError):
    """A folder or file is not what it should be (exit code 2)."""


class Diverged(LtmlbenchError, ArithmeticError):
    """A model stopped giving finite numbers: the loss of a training, or its scores."""
