"""The Tab key completes commands, options and names of components in a real shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ltmlbench.cli import VERBS, main, parser_of

BASH = """
source <({program} completion bash)
COMP_LINE="$1" COMP_POINT=${{#1}} COMP_TYPE=9 COMP_KEY=9 COMP_WORDS=($1) COMPREPLY=()
_python_argcomplete ltmlbench "" ""
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def tab():
    """What bash offers after a line."""
    program = Path(sys.executable).with_name("ltmlbench")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def asked(line):
        done = subprocess.run(
            ["bash", "-c", BASH.format(program=program), "bash", line],
            env={**os.environ, "PATH": path},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return [word.strip() for word in done.stdout.splitlines()]

    return asked


def test_commands_options_and_names_complete(tab):
    assert tab("ltmlbench comp") == ["compare", "completion"]
    assert tab("ltmlbench run --meth") == ["--methods"]
    assert tab("ltmlbench run --methods ib,foc") == ["ib,focal"]
    assert tab("ltmlbench info csr") == ["csra"]
    assert tab("ltmlbench check loss/foc") == ["loss/focal"]
    assert tab("ltmlbench new distil") == ["distillation"]
    assert "--n-subsets" in tab("ltmlbench subsets --n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_ARGCOMPLETE" in script
    if program := shutil.which(shell):
        subprocess.run([program, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_gives_its_parser_without_doing_anything(verb):
    parser = parser_of(verb)
    assert parser.prog == f"ltmlbench {verb}"
    assert parser.description
