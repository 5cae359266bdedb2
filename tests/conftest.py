"""What all tests share."""

import os
import re
import signal
from pathlib import Path

import pytest

# as the command line does; read when torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# nohup and a script's `&` have these ignored, by the programs that tests start as well
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("LTMLBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def real_data():
    """The folder of real photographs; tests that ask for it are skipped without."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LTMLBENCH_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"needs real data: set LTMLBENCH_TEST_DATA ({folder} is not there)")
    return folder


@pytest.fixture
def without_cost():
    """Reads a table.md without what was measured on the clock and in the memory of this machine."""

    def read(table):
        return re.sub(r"^## [^\n]*Cost\n.*?(?=^## |\Z)", "", table.read_text(), flags=re.M | re.S)

    return read
