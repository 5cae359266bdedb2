"""The command line's own reading of arguments: a mistake is one line, like every other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from ltmlbench.errors import RequestError
from ltmlbench.places import plain_path


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `RequestError`."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{' '.join(message.split())}; see `{self.prog} --help`")


def path_argument(text: str) -> Path:
    """The type of arguments that name a file or folder."""
    try:
        return plain_path(text)
    except RequestError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
