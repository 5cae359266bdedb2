"""Who uses a store is known as long as the process lives, and no longer."""

import os
import signal
import subprocess
import sys

import pytest

from ltmlbench.in_use import User, in_use, users

HOLD = """
import sys
from pathlib import Path
from ltmlbench.in_use import in_use
with in_use(Path(sys.argv[1])) as use:
    use.only(["b" * 64, "a" * 64])
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that uses the store."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_a_process_is_known_with_what_it_needs(tmp_path, other):
    assert users(tmp_path) == [User(other.pid, frozenset({"a" * 64, "b" * 64}))]


def test_one_that_was_killed_needs_nothing_any_more_and_leaves_nothing(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert users(tmp_path) == []
    assert [path.name for path in (tmp_path / "users").iterdir()] == ["gate"]


def test_until_it_says_what_it_needs_it_may_need_everything(tmp_path):
    (tmp_path / "artifacts").mkdir()
    with in_use(tmp_path) as use:
        assert users(tmp_path) == [User(os.getpid(), None)]
        use.only(["c" * 64])
        assert users(tmp_path) == [User(os.getpid(), frozenset({"c" * 64}))]
    assert users(tmp_path) == []


def test_where_nothing_is_stored_nothing_is_noted(tmp_path):
    with in_use(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_not_there_is_not_made_by_looking_at_it(tmp_path):
    with in_use(tmp_path / "none"):
        assert not (tmp_path / "none").exists()
    assert users(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
