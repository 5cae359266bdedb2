"""However a command ends: one line, an exit code that says what kind of end it was."""

import argparse
import os
import signal
import subprocess
import sys
from functools import cache

import pytest

from ltmlbench.cli import main
from ltmlbench.cli.arguments import Parser
from ltmlbench.cli.ending import exit_code
from ltmlbench.errors import RequestError


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RequestError("no such row"), 2, "no such row"),
        (NotADirectoryError(20, "Not a directory", "/dev/null/x"), 2, "/dev/null/x: Not a dir"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (KeyError("x"), 3, "KeyError: 'x'"),
        (RecursionError("deep"), 3, "RecursionError: deep"),
        (BrokenPipeError(), 3, "BrokenPipeError"),
        (SystemExit(0), 3, "something called sys.exit(0)"),
        (KeyboardInterrupt(), 130, "goes on from here"),
    ],
)
def test_every_end_is_one_line_and_a_code(error, code, words, capsys):
    assert exit_code(raising(error), "run") == code
    said = capsys.readouterr().err
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said


def test_a_bug_says_where_it_is_whose_and_where_the_traceback_lies(capsys, monkeypatch):
    def broken(*_):
        raise ValueError("two\nlines")

    monkeypatch.setattr("ltmlbench.registry.Registry.entries", broken)
    assert main(["list"]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "ValueError: two lines (in cli/catalog.py:" in said
    assert "a bug of ltmlbench" in said
    file = said.split()[-1]
    assert file.startswith(os.environ["LTMLBENCH_CACHE"])
    with open(file) as trace:
        text = trace.read()
    assert "Traceback" in text
    assert "two\nlines" in text


def test_help_and_wrong_flags_are_answers_and_no_bug(capsys):
    def command():
        Parser(prog="x").parse_args(["--nonsense"])
        return 0

    assert exit_code(command, "run") == 2
    assert "unrecognized arguments" in capsys.readouterr().err
    assert isinstance(Parser(), argparse.ArgumentParser)


def program(body, **given):
    code = f"import sys\nfrom ltmlbench.cli.ending import exit_code\n{body}"
    return subprocess.Popen([sys.executable, "-u", "-c", code], text=True, **given)


def test_a_reader_that_goes_away_does_not_stop_the_work(tmp_path):
    """As with `| head -1`, of either stream."""
    body = (
        "def command():\n"
        "    for i in range(50000):\n"
        "        print('a line of output')\n"
        "        print('a line of progress', file=sys.stderr)\n"
        f"    open({str(tmp_path / 'done')!r}, 'w').close()\n"
        "    return 0\n"
        "sys.exit(exit_code(command, 'run'))"
    )
    child = program(body, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdout.readline()
    child.stdout.close()
    assert child.wait(30) == 0
    assert (tmp_path / "done").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_is_lost_for_want_of_room_is_no_success():
    with open("/dev/full", "w") as full:
        body = "sys.exit(exit_code(lambda: print('table') or 0, 'list'))"
        child = program(body, stdout=full, stderr=subprocess.PIPE)
        error = child.communicate(timeout=30)[1]
    assert child.returncode == 2
    assert "the output could not be written" in error
    assert "No space left" in error
    assert error.count("\n") == 1


def test_a_terminal_without_accents_gets_them_escaped():
    body = "sys.exit(exit_code(lambda: print('mAP ±0.1 · fold') or 0, 'list'))"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    child = program(body, stdout=subprocess.PIPE, env=environment)
    assert child.communicate(timeout=30)[0] == "mAP \\xb10.1 \\xb7 fold\n"
    assert child.returncode == 0


def test_signals_are_as_before_after_a_command(capsys):
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["--version"]) == 0
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert after == before


def test_nohup_is_respected():
    body = (
        "import os, signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "def command():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    return 0\n"
        "sys.exit(exit_code(command, 'run'))"
    )
    assert program(body).wait(30) == 0


@pytest.mark.parametrize("closed", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_closed_streams_change_no_exit_code(closed, monkeypatch):
    for name in closed:
        monkeypatch.setattr(sys, name, None)
    assert main(["list", "loss"]) == 0
    assert main(["list", "nothing-of-the-kind"]) == 2
    for name in closed:
        getattr(sys, name).close()


def test_what_code_closes_inside_a_command_stays_open(capsys):
    def command():
        sys.stdout.close()
        print("said all the same")
        return 0

    assert exit_code(command, "list") == 0
    assert capsys.readouterr().out == "said all the same\n"


def test_the_report_of_a_bug_loads_no_plugins(monkeypatch, capsys):
    @cache
    def unloaded():
        raise KeyboardInterrupt

    for module in ("registry", "origin"):
        monkeypatch.setattr(f"ltmlbench.{module}.registry", unloaded)
    assert exit_code(raising(KeyError("x")), "run") == 3
    assert capsys.readouterr().err.count("\n") == 1
