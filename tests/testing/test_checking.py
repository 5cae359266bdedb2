"""Checks find what they are for: components with one flaw each."""

import random
from typing import ClassVar

import numpy as np
import pytest
from pydantic import ConfigDict, Field

from ltmlbench.contracts import (
    Backbone,
    Distillation,
    Engine,
    Head,
    Loss,
    Method,
    Metric,
    Sampler,
    SubsetGenerator,
    Tracker,
)
from ltmlbench.registry import load
from ltmlbench.testing import NotApplicable, checks_of


def flaws(component):
    """Flaw by the name of its check, of the quick ones."""
    found = {}
    for check in checks_of(component):
        if not check.slow and check.name != "is registered, with a summary and a docstring":
            try:
                found[check.name] = check.flaw(component)
            except NotApplicable:
                continue
    return {name: flaw for name, flaw in found.items() if flaw}


class LossOf(Loss):
    """A binary cross-entropy that ``change`` makes wrong."""

    change: str = Field("", description="what is wrong")

    def bind(self, labels):
        import torch
        import torch.nn.functional as F

        from ltmlbench.training.batch import check_batch

        def loss(logits, targets, weights=None, *, reduction="mean"):
            if self.change != "unchecked":
                check_batch(logits, targets, weights)
            if self.change == "writes":
                logits.data.clamp_(-1, 1)
            if self.change == "draws":
                torch.rand(1)
            wide = logits if self.change == "half" else logits.float()
            parts = F.binary_cross_entropy_with_logits(wide, targets.to(wide), reduction="none")
            if self.change == "empty rows":
                parts = parts / targets.sum(dim=1, keepdim=True)
            if self.change == "exp":
                parts = parts + torch.exp(20 * wide)
            if self.change == "detached":
                parts = parts.clone()
                parts[:, 0] = parts[:, 0].detach()
            if weights is not None and self.change != "unweighted":
                parts = parts * weights[:, None]
            if self.change == "lenient":
                return getattr(parts, reduction if reduction == "sum" else "mean")()
            if reduction not in ("mean", "sum", "none"):
                raise ValueError(f"reduction {reduction!r}")
            return parts if reduction == "none" else getattr(parts, reduction)()

        return loss


def test_a_sound_loss_has_no_flaw():
    assert flaws(LossOf()) == {}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("writes", "changes nothing it is given"),
        ("draws", "changes nothing it is given"),
        ("half", "computes in float32 when it is given half precision"),
        ("empty rows", "takes rows without positives"),
        ("exp", "stays finite at logits of ±30"),
        ("detached", "is finite and its gradient reaches every label"),
        ("unweighted", "weighs samples, or refuses to"),
        ("lenient", "agrees with itself under every reduction, or refuses it"),
        ("lenient", "refuses what it cannot mean"),
        ("unchecked", "refuses what it cannot mean"),
    ],
)
def test_a_flaw_of_a_loss_is_found(change, check):
    assert check in flaws(LossOf(change=change))


def test_a_flaw_is_one_line_that_says_what_was_expected_and_why_it_matters():
    flaw = flaws(LossOf(change="unweighted"))["weighs samples, or refuses to"]
    assert flaw == (
        "expected weights to change the loss, found the same loss "
        "(weights would be ignored without a word)"
    )


class SamplerOf(Sampler):
    change: str = Field("", description="what is wrong")

    def order(self, labels, *, seed, epoch):
        rng = np.random.default_rng(0 if self.change == "same" else [seed, epoch])
        order = rng.permutation(len(labels))
        if self.change == "unseeded":
            return np.random.default_rng().permutation(len(labels))
        if self.change == "global":
            random.random()
        if self.change == "beyond":
            order = order + 1
        return order.astype(np.int32 if self.change == "narrow" else np.int64)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("same", "gives every epoch and seed an order of its own"),
        ("unseeded", "gives the same order for the same seed and epoch"),
        ("global", "leaves global generators and labels alone"),
        ("beyond", "gives rows of the labels"),
        ("narrow", "gives rows of the labels"),
    ],
)
def test_a_flaw_of_a_sampler_is_found(change, check):
    assert flaws(SamplerOf()) == {}
    assert check in flaws(SamplerOf(change=change))


class Bare(Sampler):
    """Has an option that nobody explains, and may be changed."""

    model_config = ConfigDict(frozen=False)
    power: float = 1.0

    def order(self, labels, *, seed, epoch):
        return np.random.default_rng([seed, epoch]).permutation(len(labels))


def test_an_option_without_a_word_and_a_component_that_may_change_are_found():
    assert {"documents every option", "is frozen and hashable"} <= set(flaws(Bare()))


class Upside(Metric):
    """An error, said to be better the higher it is."""

    def __call__(self, Y, scores):
        return float(np.abs(np.asarray(Y) - np.asarray(scores)).mean())


def test_a_metric_in_the_wrong_direction_that_takes_logits_is_found():
    assert set(flaws(Upside())) == {
        "is better in its direction for better scores",
        "refuses logits and labels that are neither 0 nor 1",
    }


class Everything(SubsetGenerator):
    def generate(self, labels, *, prototypes=None, seed=0):
        return (tuple(range(labels.n_labels)), (0,))


def test_subsets_that_share_a_label_are_found():
    assert "gives disjoint subsets of the labels" in flaws(Everything())


class Forgetful(Head):
    """Keeps weights that are neither parameters nor buffers."""

    def build(self, in_features, n_labels):
        import torch
        from torch import nn

        class Module(nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = torch.randn(in_features, n_labels)

            def forward(self, features):
                return features.mean(dim=(2, 3)) @ self.weight

        return Module()


def test_a_head_that_a_checkpoint_would_lose_is_found():
    assert "is reproducible" in flaws(Forgetful())


class Peaked(Head):
    """Says that it pools, and takes the highest place for the mean."""

    pools: ClassVar[bool] = True

    def build(self, in_features, n_labels):
        from torch import nn

        class Highest(nn.Module):
            def forward(self, features):
                return features.flatten(2).amax(dim=2) if features.ndim == 4 else features

        return nn.Sequential(Highest(), nn.Linear(in_features, n_labels))


def test_a_head_that_needs_more_than_the_means_it_asks_for_is_found():
    assert "needs the means of maps alone if it says that it pools" in flaws(Peaked())


class Boastful(Backbone):
    """Gives fewer features than it says, of anything."""

    def resolve(self):
        return self

    def build(self, shape):
        from torch import nn

        from ltmlbench.training.network import Trunk

        class Small(Trunk):
            def __init__(self):
                super().__init__()
                self.layer = nn.Conv2d(3, 4, 3)
                self.num_features, self.provenance = 8, {}

            def forward(self, inputs):
                return self.layer(inputs)

        return Small()


def test_a_backbone_that_promises_too_much_is_found():
    assert set(flaws(Boastful())) == {
        "says how many features it gives",
        "says what its input and its weights are",
        "refuses samples of another kind",
    }


class Deaf(Method):
    """Has an option that changes nothing."""

    tau: float = Field(1.0, description="nothing")

    def plan(self, task):
        return load("method", "ib").plan(task)


def test_a_method_whose_option_changes_nothing_is_found():
    assert set(flaws(Deaf())) == {"plans another model when an option is another"}


class Stubborn(Distillation):
    def bind(self, labels, blocks, priors):
        return lambda hard, logits, targets, taught: hard.mean() + 0 * logits.sum()


def test_a_distillation_that_teaches_nothing_is_found():
    assert "is finite and teaches the student" in flaws(Stubborn())


class Lazy(Engine):
    def run(self, grid, store, jobs, ended):
        return None


def test_an_engine_that_ends_no_stage_is_found():
    flaw = flaws(Lazy())["runs a grid in which a stage fails"]
    assert flaw.startswith("expected every stage to end, found ['alone', 'blocked'")


class Fragile(Tracker):
    def stage_failed(self, stage, title, kind, cause):
        raise KeyError(kind)


def test_a_tracker_that_raises_is_found():
    flaw = flaws(Fragile())["takes every event of a benchmark, and may be opened again"]
    assert "KeyError" in flaw
    assert "a tracker that raises is told no more" in flaw
