"""A training step in float32 and bfloat16: the rule in ltmlbench/training/numerics.py, measured.

pytest benchmarks/test_precision.py --benchmark-only
"""

import pytest
import torch

from ltmlbench import load
from ltmlbench.task import Numerics, Schedule
from ltmlbench.training.network import autocast, build_network
from ltmlbench.training.optimiser import make_optimizer

SIDE, BATCH = 96, 16


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["resnet50", "densenet121", "tf_efficientnet_lite0"])
def test_training_step(benchmark, name, dtype):
    benchmark.group = f"step {name} {SIDE} px batch {BATCH}"
    numerics = Numerics(dtype=dtype)
    backbone = load("backbone", f"{name}[weights=random]").resolve()
    network = build_network(backbone, (3, SIDE, SIDE), load("head", "linear"), 8, numerics, 0)
    optimizer = make_optimizer(network, Schedule())
    images = torch.randn(BATCH, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    targets = torch.rand(BATCH, 8).round()

    def step():
        with autocast(numerics):
            logits = network(images)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    benchmark.pedantic(step, rounds=7, warmup_rounds=2)
