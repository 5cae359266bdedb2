"""The loss gives the numbers of its formula, worked out elsewhere with 50 decimal digits."""

import csv
from pathlib import Path

import pytest
import torch

from ltmlbench.plugin import LabelMatrix, load

with open(Path(__file__).with_name("golden.csv"), newline="") as file:
    GOLDEN = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: "z={logit:g},y={target:g}".format(**row))
def test_the_loss_is_its_formula(row):
    loss = load("loss", f"poly[epsilon={row['epsilon']}]").bind(LabelMatrix([[1], [0]]))
    value = loss(torch.tensor([[row["logit"]]]), torch.tensor([[row["target"]]]))
    assert value.item() == pytest.approx(row["loss"], rel=2e-6, abs=1e-6)  # of float32


def test_without_its_term_it_is_plain_cross_entropy():
    labels = LabelMatrix([[1, 0], [0, 1]])
    logits, targets = torch.randn(5, 2), (torch.randn(5, 2) > 0).float()
    poly, plain = (load("loss", name).bind(labels) for name in ("poly[epsilon=0]", "bce"))
    assert poly(logits, targets).item() == pytest.approx(plain(logits, targets).item(), rel=1e-6)
