"""The command line's own reading of arguments: a mistake is one line, like every other."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ltmlbench.errors import RequestError


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `RequestError`."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{' '.join(message.split())}; see `{self.prog} --help`")
