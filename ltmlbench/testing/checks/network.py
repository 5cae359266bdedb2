"""Backbones and heads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from ltmlbench.contracts import Backbone, Head
from ltmlbench.errors import RequestError
from ltmlbench.testing.checking import check, expect

if TYPE_CHECKING:
    import torch

    from ltmlbench.training.network import Trunk

_FEATURES, _LABELS = 8, 3


def _random(*shape: int) -> torch.Tensor:
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def _seeded(build: Callable[[], torch.nn.Module], seed: int) -> torch.nn.Module:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def _reproducible(build: Callable[[], torch.nn.Module], given: torch.Tensor) -> None:
    """Equal seeds give equal weights; weights written out and read again give equal outputs;
    evaluation draws nothing."""
    import torch

    first, again, other = (_seeded(build, seed).eval() for seed in (0, 0, 1))
    with torch.no_grad():
        out = first(given)
        expect(torch.equal(out, first(given)), "equal outputs twice in evaluation")
        expect(torch.equal(out, again(given)), "equal weights under one torch.manual_seed")
        other.load_state_dict(first.state_dict())
        expect(torch.equal(out, other(given)), "the outputs of a state_dict that was read again",
               "others: something that counts is neither parameter nor buffer")  # fmt: skip


@check("head", name="turns feature maps into logits", why="the loss compares them with B×C labels")
def head_shapes(component: Head) -> None:
    for rows, height, width, labels in ((4, 4, 4, _LABELS), (2, 7, 5, _LABELS), (1, 1, 1, 1)):
        head = component.build(_FEATURES, labels).eval()
        out = head(_random(rows, _FEATURES, height, width))
        what = f"{rows}×{labels} logits of {rows}×{_FEATURES}×{height}×{width} features"
        expect(tuple(out.shape) == (rows, labels), what, tuple(out.shape))
        expect(bool(out.isfinite().all()), "finite logits")


@check("head", name="needs the means of maps alone if it says that it pools",
       why="on a frozen trunk it is given those")  # fmt: skip
def head_pools(component: Head) -> None:
    import torch

    if not component.pools:
        return
    head = component.build(_FEATURES, _LABELS).eval()
    maps = _random(4, _FEATURES, 4, 3)
    given, told = head(maps), head(maps.mean(dim=(2, 3)))
    expect(torch.allclose(given, told, atol=1e-5), "the logits of the maps from their means")


@check("head", name="is reproducible", why="rows of a table start from the same point")
def head_reproducible(component: Head) -> None:
    _reproducible(lambda: component.build(_FEATURES, _LABELS), _random(4, _FEATURES, 4, 4))


@check("head", name="learns in all of its parameters, and below",
       why="what gets no gradient stays random, the backbone too")  # fmt: skip
def head_learns(component: Head) -> None:
    head = _seeded(lambda: component.build(_FEATURES, _LABELS), 0).train()
    features = _random(4, _FEATURES, 4, 4).requires_grad_()
    (head(features) ** 2).sum().backward()
    still = [n for n, p in head.named_parameters() if p.requires_grad and p.grad is None]
    expect(not still, "a gradient at every parameter", f"none at {', '.join(still)}")
    expect(features.grad is not None and bool(features.grad.any()), "a gradient at the features")


def _shape(component: Backbone) -> tuple[int, ...]:
    """A small sample it takes."""
    if component.takes == "vector":
        return (5,)
    try:
        component.check((3, 64, 64))
    except RequestError:
        return (3, 224, 224)
    return (3, 64, 64)


def _trunk(component: Backbone) -> Trunk:
    return component.resolve().build(_shape(component))


@check("backbone", name="resolves to itself once it is resolved", why="identities hold it so")
def resolves(component: Backbone) -> None:
    once = component.resolve()
    expect(type(once) is type(component), "a backbone of its class", type(once).__name__)
    expect(once.resolve() == once, "nothing more to resolve", repr(once.resolve()))


@check("backbone", name="says how many features it gives", why="heads are built for that number")
def trunk_shapes(component: Backbone) -> None:
    import torch

    shape = _shape(component)
    trunk = _trunk(component).eval()
    with torch.no_grad():
        for rows in (1, 3):
            out = trunk(_random(rows, *shape))
            dimensions = 2 if component.takes == "vector" else 4
            expect(out.ndim == dimensions, f"{dimensions} dimensions", tuple(out.shape))
            expect(tuple(out.shape[:2]) == (rows, trunk.num_features),
                   f"{rows}×num_features = {rows}×{trunk.num_features}",
                   f"{out.shape[0]}×{out.shape[1]}")  # fmt: skip
            expect(bool(out.isfinite().all()), "finite features")


@check("backbone", name="says what its input and its weights are",
       why="inputs are normalised so, and runs record the origin")  # fmt: skip
def trunk_described(component: Backbone) -> None:
    trunk = _trunk(component)
    expect((trunk.mean is None) == (trunk.std is None), "mean and std, or neither")
    if component.takes == "picture":
        expect(trunk.mean is not None, "mean and std of pictures", "None")
    expect(isinstance(getattr(trunk, "provenance", None), dict), "a provenance")
    json.dumps(trunk.provenance)
    expect(bool(component.label.strip()), "a label for tables")


@check("backbone", name="is reproducible", why="all methods of a fold start from the same weights")
def trunk_reproducible(component: Backbone) -> None:
    _reproducible(lambda: _trunk(component), _random(3, *_shape(component)))


@check("backbone", name="refuses samples of another kind",
       why="one line while planning, in place of a traceback after hours")  # fmt: skip
def trunk_refuses(component: Backbone) -> None:
    wrong = (3, 64, 64) if component.takes == "vector" else (5,)
    try:
        component.check(wrong)
        component.resolve().build(wrong)
    except RequestError:
        return
    expect(False, f"a RequestError for samples of shape {wrong}", "none")
