"""How long looking things up takes, beside importing what a run needs.

pytest benchmarks/test_startup.py --benchmark-only
"""

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "import torch, timm": [sys.executable, "-c", "import torch, timm"],
    "ltmlbench --help": [str(Path(sys.executable).with_name("ltmlbench")), "--help"],
    "ltmlbench list": [str(Path(sys.executable).with_name("ltmlbench")), "list"],
    "ltmlbench info db": [str(Path(sys.executable).with_name("ltmlbench")), "info", "db"],
}


@pytest.mark.benchmark(group="startup")
@pytest.mark.parametrize("name", COMMANDS)
def test_startup(benchmark, name):
    benchmark.pedantic(
        lambda: subprocess.run(COMMANDS[name], check=True, stdout=subprocess.DEVNULL),
        rounds=5,
        warmup_rounds=1,
    )
