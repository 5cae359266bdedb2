"""Training on pairs of samples, and what a network says of pairs. Shapes: B pairs, C labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file

from ltmlbench.plugin import (
    Logits,
    LossFn,
    Rows,
    Task,
    Work,
    autocast,
    derive_seed,
    initial_trunk,
    load,
    place,
    train,
    views,
    write_model,
)
from ltmlbench_reduced.pair_networks import PairNetwork, PairStudent, PairTeacher
from ltmlbench_reduced.pairs import pair_labels, pairs_of

Step = Callable[[torch.Tensor, torch.Tensor, Rows], torch.Tensor]
"""(inputs of 2B samples, targets B×C, pairs B×2) -> the loss, a scalar."""
AnyPairs = TypeVar("AnyPairs", bound=PairNetwork)


def initial_teacher(work: Work, known: int, width: int) -> PairTeacher:
    """The teacher with the trunk that every method of the fold starts from.

    Args:
        known: covariates of a pair.
    """
    trunk, n_labels = initial_trunk(work), work.task.samples.labels.n_labels
    torch.manual_seed(derive_seed(work.task.seed, "pair teacher"))
    return place(PairTeacher(trunk, known, width, n_labels), work.task.numerics)


def initial_student(work: Work, width: int) -> PairStudent:
    """The student with the same trunk."""
    trunk, n_labels = initial_trunk(work), work.task.samples.labels.n_labels
    torch.manual_seed(derive_seed(work.task.seed, "pair student"))
    return place(PairStudent(trunk, width, n_labels), work.task.numerics)


def trained(network: AnyPairs, folder: Path) -> AnyPairs:
    """The network with the weights in ``folder``, in evaluation mode."""
    network.load_state_dict(load_file(folder / "model.safetensors"))
    network.eval()
    return network


def against_labels(task: Task) -> LossFn:
    """Binary cross-entropy against what pairs have."""
    pairs = pairs_of(task.samples.groups, task.split.train)
    return load("loss", "bce").bind(pair_labels(task.samples, pairs))


def fit_pairs(work: Work, network: PairNetwork, step: Step) -> None:
    """Trains on the pairs of the training rows, shuffled anew every epoch, half as many pairs per
    step as other methods see samples, and writes the network."""
    task, device = work.task, work.task.numerics.device
    pairs = pairs_of(task.samples.groups, task.split.train)
    targets = torch.from_numpy(pair_labels(task.samples, pairs).dense.astype(np.float32)).to(device)
    size = max(1, task.schedule.batch_size // 2)
    full = len(pairs) >= size

    def losses(epoch: int) -> Iterator[tuple[torch.Tensor, int]]:
        seed = derive_seed(task.seed, "pairs", epoch)
        order = np.random.default_rng(seed).permutation(len(pairs))
        shown = views(
            work,
            network.trunk,
            pairs[order].ravel(),
            epoch,
            batch_size=2 * size,
            drop_last=full,
        )
        for number, (rows, inputs) in enumerate(shown):
            drawn = order[number * size : (number + 1) * size][: len(rows) // 2]
            with autocast(task.numerics):
                loss = step(inputs, targets[torch.from_numpy(drawn).to(device)], pairs[drawn])
            yield loss, len(rows)

    history = train(
        network,
        losses,
        work,
        schedule=task.schedule,
        steps=max(1, len(pairs) // size),
        seed=task.seed,
        after=lambda: _validated(work, network),
    )
    write_model(work, network, history)


def _validated(work: Work, network: PairNetwork) -> Mapping[str, float]:
    """mAP of a student on the pairs of the validation rows."""
    rows = work.task.split.val
    if not len(rows) or not isinstance(network, PairStudent):
        return {}
    pairs = pairs_of(work.task.samples.groups, rows)
    truth = pair_labels(work.task.samples, pairs).dense
    scores = 1 / (1 + np.exp(-_logits(work, network, pairs).astype(np.float64)))
    return {"val_map": round(load("metric", "map")(truth, scores), 4)}


def pair_logits(work: Work, network: PairStudent, rows: Rows) -> Logits:
    """len(rows)×C: those of the pair that a row makes with another of ``rows``."""
    pairs = pairs_of(work.task.samples.groups, rows)
    found = np.empty((len(work.task.samples), work.task.samples.labels.n_labels), np.float32)
    found[pairs] = _logits(work, network, pairs)[:, None]
    return found[rows]


def _logits(work: Work, network: PairStudent, pairs: Rows) -> Logits:
    """M×C of M pairs."""
    network.eval()
    size = 2 * max(1, work.task.schedule.batch_size // 2)
    shown = views(work, network.trunk, pairs.ravel(), None, batch_size=size)
    with torch.inference_mode(), autocast(work.task.numerics):
        said = [network(inputs).float().cpu().numpy() for _, inputs in shown]
    return np.concatenate(said)
