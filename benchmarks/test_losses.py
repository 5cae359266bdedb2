"""Forward and backward of the losses beside plain BCE.

pytest benchmarks/test_losses.py --benchmark-only
"""

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load


@pytest.mark.parametrize("name", ["bce", "focal", "db"])
@pytest.mark.parametrize("shape", [(32, 8), (1024, 80)], ids=str)
def test_loss(benchmark, name, shape):
    benchmark.group = f"loss B×C = {shape}"
    rng = np.random.default_rng(0)
    labels = LabelMatrix(rng.random((2000, shape[1])) < 0.1)
    loss = load("loss", name).bind(labels)
    logits = torch.randn(shape, requires_grad=True)
    targets = torch.tensor(rng.random(shape) < 0.1, dtype=torch.float32)
    benchmark(lambda: loss(logits, targets).backward())
