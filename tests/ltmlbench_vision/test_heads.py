"""Heads: the numbers of the released code, and shapes for maps of any size."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ltmlbench import load
from ltmlbench.errors import RequestError

GOLDEN = Path(__file__).parents[1] / "golden"
HEADS = ["linear", "region-attention", "csra", "csra[heads=4,lam=0.4]", "ml-decoder[embedding=16]"]


def released(name):
    golden = np.load(GOLDEN / f"{name}_C8.npz")
    return golden, json.loads(str(golden["params"])), torch.tensor(golden["features"])


@pytest.mark.parametrize("number", [1, 4])
def test_csra_gives_the_numbers_of_the_released_code(number):
    golden, p, features = released(f"csra_{number}heads")
    head = load("head", f"csra[heads={p['num_heads']},lam={p['lam']}]").build(12, 8).eval()
    assert list(head.temperatures) == p["temperatures"]
    for k, inner in enumerate(head.heads):
        inner.weight.data = torch.tensor(golden[f"head{k}.weight"])
    np.testing.assert_allclose(head(features).detach(), golden["out"], rtol=1e-5, atol=1e-5)


def test_ml_decoder_gives_the_numbers_of_the_released_code():
    golden, p, features = released("ml_decoder")
    spec = f"embedding={p['embedding']},heads={p['heads']},feedforward={p['feedforward']}"
    head = load("head", f"ml-decoder[{spec}]").build(12, 8).eval()
    layer = "decoder.layers.0"
    names = {
        "embed.weight": "embed_standart.weight",
        "embed.bias": "embed_standart.bias",
        "queries": "decoder.query_embed.weight",
        "decoder.attention.in_proj_weight": f"{layer}.multihead_attn.in_proj_weight",
        "decoder.attention.in_proj_bias": f"{layer}.multihead_attn.in_proj_bias",
        "decoder.attention.out_proj.weight": f"{layer}.multihead_attn.out_proj.weight",
        "decoder.attention.out_proj.bias": f"{layer}.multihead_attn.out_proj.bias",
        "decoder.first.weight": f"{layer}.linear1.weight",
        "decoder.first.bias": f"{layer}.linear1.bias",
        "decoder.second.weight": f"{layer}.linear2.weight",
        "decoder.second.bias": f"{layer}.linear2.bias",
        "group_weight": "decoder.duplicate_pooling",
        "group_bias": "decoder.duplicate_pooling_bias",
    }
    for i in range(3):
        for part in ("weight", "bias"):
            names[f"decoder.norms.{i}.{part}"] = f"{layer}.norm{i + 1}.{part}"
    state = {name: find(golden, theirs) for name, theirs in names.items()}
    head.load_state_dict(state)
    np.testing.assert_allclose(head(features).detach(), golden["out"], rtol=1e-5, atol=1e-5)


def find(golden, name):
    """The released tensor whose name ends like this."""
    (found,) = [k for k in golden.files if k.startswith("w:") and k.endswith(name)]
    return torch.tensor(golden[found])


@pytest.mark.parametrize("spec", HEADS)
@pytest.mark.parametrize("place", [(1, 1), (3, 5)])
@pytest.mark.parametrize("labels", [1, 7])
def test_maps_of_any_size_become_one_logit_per_label(spec, place, labels):
    head = load("head", spec).build(6, labels)
    features = torch.randn(3, 6, *place, requires_grad=True)
    logits = head(features)
    assert logits.shape == (3, labels)
    logits.sum().backward()
    assert features.grad.isfinite().all()
    trained = [p for p in head.parameters() if p.requires_grad]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trained)


def test_more_labels_than_queries_share_them():
    head = load("head", "ml-decoder[embedding=16,feedforward=8]").build(6, 230).eval()
    assert head.queries.shape[0] == 100
    assert head(torch.randn(2, 6, 2, 2)).shape == (2, 230)


@pytest.mark.parametrize(
    ("spec", "said"),
    [("csra[heads=3]", "heads"), ("ml-decoder[embedding=10]", "no multiple of 8 heads")],
)
def test_options_that_do_not_fit_are_refused(spec, said):
    with pytest.raises(RequestError, match=said):
        load("head", spec)
