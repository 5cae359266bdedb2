"""The command line's own reading of arguments: a mistake is one line, like every other."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from ltmlbench.errors import RequestError


class Answered(SystemExit):
    """The parser has said all there is to say (``--help``)."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `RequestError`, and whose exits are told from anybody else's."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        if message:
            self._print_message(message, sys.stderr)
        raise Answered(status)

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{' '.join(message.split())}; see `{self.prog} --help`")


class Unasked(Parser):
    """A parser that is only filled: by a verb, for those who want to know its options."""

    def parse_args(self, *_: Any, **__: Any) -> NoReturn:
        raise Filled


class Filled(Exception):
    """A verb has added all its options to an `Unasked` parser."""
