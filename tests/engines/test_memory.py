"""The most memory that a stage held."""

import numpy as np
import pytest

from ltmlbench.engines import memory
from ltmlbench.engines.memory import peak_memory


def test_a_peak_is_that_of_the_block_and_not_of_what_came_before():
    with peak_memory() as before:
        np.ones(200 << 17)  # 200 MiB of float64
    with peak_memory() as after:
        pass
    if "host" not in before:
        pytest.skip("this system does not let a process reset its peak")
    assert before["host"] - after["host"] > 150 << 20


def test_what_cannot_be_measured_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "PROCESS", tmp_path / "nothing")
    with peak_memory() as found:
        pass
    assert "host" not in found
