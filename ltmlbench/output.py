"""Standard output and standard error that outlive their reader.

``ltmlbench run ... | head -1`` closes the pipe after a line. What is printed then is lost, but what
is being done is not: the failure of a print must never look like a failure, or like the end, of the
work around it. So it is handled here, at the one place where it happens.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


class Guarded:
    """A text stream whose writes never raise `OSError`. What cannot be encoded is escaped.

    ``lost``: why output was lost; None also where nobody reads any more, which is no mistake.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Stays open: whoever closes it, a plugin for instance, is not alone in using it."""

    def write(self, text: str) -> int:
        with self._giving_up():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._giving_up():
            self._stream.flush()

    @contextlib.contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.lost = self.lost or error
            # what is buffered has to go somewhere, now and when the interpreter ends
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def _nowhere() -> TextIO:
    return open(os.devnull, "w")


@contextlib.contextmanager
def guarded_output() -> Iterator[Guarded]:
    """Guards both streams while the context lasts; gives standard output."""
    # None is what a shell's >&- leaves. Its number has to be taken, or the next file that is opened
    # gets it, with all that is printed
    sys.stdout, sys.stderr = before = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    out, err = Guarded(sys.stdout), Guarded(sys.stderr)
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before
