"""Writes a plugin package for one component, from the templates beside this module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ltmlbench.errors import DataError, RequestError, did_you_mean, printable
from ltmlbench.hooks import KINDS

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


@dataclass(frozen=True)
class Package:
    """A package that brings one component.

    Args:
        kind, name: of the component.
        folder: where the package is.
    """

    kind: str
    name: str
    folder: Path

    @property
    def module(self) -> str:
        return f"ltmlbench_{self.name.replace('-', '_')}"

    @property
    def cls(self) -> str:
        """The component's class: "My" keeps it apart from the contract that it fulfils."""
        name = "".join(part.capitalize() for part in self.name.removeprefix("my-").split("-"))
        return f"My{name}"

    def texts(self) -> dict[str, str]:
        """Path in the package -> text."""
        values = {
            "kind": self.kind,
            "name": self.name,
            "hook": KINDS[self.kind],
            "module": self.module,
            "cls": self.cls,
        }
        places = {
            "pyproject.toml": "pyproject.toml",
            "README.md": "README.md",
            ".github/workflows/test.yml": "ci.yml",
            f"{self.module}/__init__.py": "plugin.py",
            f"{self.module}/{self.kind}.py": f"{self.kind}.py",
            f"tests/test_{self.module}.py": "test.py",
        }
        return {
            place: Template(_template(name)).substitute(values) for place, name in places.items()
        }


def _template(name: str) -> str:
    return (files(__package__) / "templates" / f"{name}.txt").read_text(encoding="utf-8")


def create(kind: str, name: str, parent: Path) -> Package:
    """Writes the package ``ltmlbench-NAME`` into a new folder of ``parent``.

    Raises:
        RequestError: there is no such kind, the name cannot be one, or something has it already.
        DataError: the folder cannot be written.
    """
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise RequestError(
            f"there is no kind '{printable(kind)}'{did_you_mean(kind, KINDS)}; kinds: {known}"
        )
    if not _NAME.match(name) or name == "none":
        raise RequestError(
            f"'{printable(name)}' cannot be a name: small letters and digits, with single hyphens "
            'between them, a letter first, and not "none"'
        )
    package = Package(kind, name, parent / f"ltmlbench-{name}")
    if find_spec(package.module) is not None:
        raise RequestError(f"there is a package {package.module!r} already: choose another name")
    try:
        package.folder.mkdir(parents=True)
        for place, text in package.texts().items():
            path = package.folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise RequestError(
            f"{package.folder} exists, and nothing is overwritten: choose another name or --in"
        ) from None
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be written ({error.strerror})") from None
    return package
