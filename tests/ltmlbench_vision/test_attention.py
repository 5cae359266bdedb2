"""Region attention against its formula written with loops."""

import numpy as np
import pytest
import torch

from ltmlbench import load


def written_out(features, project, bias, combine):
    """B×h×w map by the formula: 7×7 convolution with padding 3 of [mean; max; 1×1 conv]."""
    B, _D, h, w = features.shape
    half = combine.shape[-1] // 2
    out = np.zeros((B, h, w))
    for b in range(B):
        maps = np.zeros((3, h, w))
        for i in range(h):
            for j in range(w):
                column = features[b, :, i, j]
                maps[:, i, j] = column.mean(), column.max(), (project * column).sum() + bias
        padded = np.pad(maps, ((0, 0), (half, half), (half, half)))
        for i in range(h):
            for j in range(w):
                window = padded[:, i : i + combine.shape[-1], j : j + combine.shape[-1]]
                out[b, i, j] = 1 / (1 + np.exp(-(window * combine).sum()))
    return out


def test_the_map_is_the_formula():
    torch.manual_seed(0)
    head = load("head", "region-attention").build(5, 3).double().eval()
    features = torch.randn(2, 5, 4, 6, dtype=torch.float64)
    attention = head.attention
    expected = written_out(
        features.numpy(),
        attention.project.weight.detach().numpy()[0, :, 0, 0],
        float(attention.project.bias.detach()),
        attention.combine.weight.detach().numpy()[0],
    )
    found = attention(features).detach().numpy()
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-12)
    pooled = (features.numpy() * expected[:, None]).mean(axis=(2, 3))
    logits = pooled @ head.linear.weight.detach().numpy().T + head.linear.bias.detach().numpy()
    np.testing.assert_allclose(head(features).detach().numpy(), logits, atol=1e-12)


@pytest.mark.parametrize("backbone", ["test_resnet", "tf_efficientnet_lite0", "densenet121"])
def test_it_fits_any_backbone_with_feature_maps(backbone):
    trunk = load("backbone", f"{backbone}[weights=random]").resolve().build((3, 64, 64))
    head = load("head", "rba[residual=true]").build(trunk.num_features, 8)
    logits = head(trunk(torch.randn(2, 3, 64, 64)))
    assert logits.shape == (2, 8)
    logits.sum().backward()
    assert head.attention.project.weight.grad.abs().sum() > 0
