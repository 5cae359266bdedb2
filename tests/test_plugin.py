"""The public face of the bench for plugins."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import ltmlbench.plugin as face


def test_every_public_name_is_there_and_documented():
    assert face.__all__ == sorted(set(face.__all__))
    for name in face.__all__:
        assert getattr(face, name) is not None
        module = import_module(face._HOMES[name])
        assert module.__doc__, f"{module.__name__} does not say what it is for"


def test_type_checkers_see_what_is_there_when_it_runs():
    tree = ast.parse(Path(face.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == face._HOMES


def test_a_plugin_that_only_says_what_it_brings_costs_nothing():
    script = (
        "import sys; from ltmlbench.plugin import Record, hookimpl; "
        "print(sorted({'numpy', 'pandas', 'scipy', 'torch', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
