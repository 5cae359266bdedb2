"""What all tests share."""

import os

import pytest

# as the command line does; read when torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("LTMLBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
