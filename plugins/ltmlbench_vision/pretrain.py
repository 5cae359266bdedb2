"""The training behind `ltmlbench_vision.multitask` (METHODS 1.2).

Shapes: B batch, S image side, L lesion channels, 5 grades.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from ltmlbench.contracts import Rows
from ltmlbench.data.augment import Augment, plain
from ltmlbench.registry import load
from ltmlbench.seeding import derive_seed
from ltmlbench.stages import Source, Task, Work
from ltmlbench.store import write_json
from ltmlbench.training.network import Trunk, autocast, build_trunk, place

if TYPE_CHECKING:
    from ltmlbench_vision.multitask import MultiTask

GRADES = 5


@dataclass(frozen=True)
class Examples:
    """Rows of several sources, one after the other.

    Args:
        grade: N, 0 to 4; -1 where unknown.
        annotated: N×L, whether each lesion channel was looked for.
        held_out: N, whether the row is only for reporting.
    """

    sources: tuple[Source, ...]
    channels: tuple[tuple[int, ...], ...]
    first: Rows
    grade: npt.NDArray[np.int64]
    annotated: npt.NDArray[np.bool_]
    held_out: npt.NDArray[np.bool_]

    def pictures(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """B×S×S×3."""
        which = np.searchsorted(self.first, rows, side="right") - 1
        return np.stack(
            [
                _open(self.sources[s].pixels)[r - self.first[s]]
                for s, r in zip(which, rows, strict=True)
            ]
        )

    def masks(self, rows: Rows) -> npt.NDArray[np.uint8]:
        """B×S×S×L, 0 or 1; 0 where a source has no such channel."""
        which = np.searchsorted(self.first, rows, side="right") - 1
        side = _open(self.sources[0].pixels).shape[1]
        out = np.zeros((len(rows), side, side, self.annotated.shape[1]), dtype=np.uint8)
        for b, (s, row) in enumerate(zip(which, rows - self.first[which], strict=True)):
            if self.sources[s].masks is None:
                continue
            found = _open(self.sources[s].masks)[row]
            for c, channel in enumerate(self.channels[s]):
                if channel >= 0:
                    out[b, :, :, c] = found[:, :, channel]
        return out


def _open(path: Any) -> npt.NDArray[np.uint8]:
    array: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return array


def gather(sources: Sequence[Source], lesions: Sequence[str], share: float, seed: int) -> Examples:
    """The examples of all sources; whole groups are held out."""
    grades, annotated, held, channels, first = [], [], [], [], [0]
    for number, source in enumerate(sources):
        samples = source.samples
        grades.append(np.asarray(samples.extras.get("grade", np.full(len(samples), -1)), np.int64))
        index = [samples.lesions.index(name) if name in samples.lesions else -1 for name in lesions]
        known = samples.extras.get("annotated", np.zeros((len(samples), len(samples.lesions))))
        columns = [
            known[:, i].astype(bool) if i >= 0 and samples.masks else np.zeros(len(samples), bool)
            for i in index
        ]
        annotated.append(np.stack(columns, axis=1))
        channels.append(tuple(index))
        names = sorted(set(samples.groups))
        generator = np.random.default_rng(derive_seed(seed, "source", number))
        out = set(generator.permutation(names)[: max(1, round(share * len(names)))])
        held.append(np.array([group in out for group in samples.groups]))
        first.append(first[-1] + len(samples))
    return Examples(
        tuple(sources),
        tuple(channels),
        np.array(first[:-1], dtype=np.int64),
        np.concatenate(grades),
        np.concatenate(annotated),
        np.concatenate(held),
    )


class TwoBranches(nn.Module):
    """Trunk, Subnet-C on its last feature maps, Subnet-S on its taps: B×3×S×S -> B×5, B×L×S×S."""

    def __init__(self, trunk: Trunk, grading: nn.Module, n_lesions: int) -> None:
        super().__init__()
        from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder

        self.trunk = trunk
        self.grading = grading
        self._taps: dict[int, torch.Tensor] = {}
        network: Any = trunk.network
        channels = []
        for stage in network.feature_info:
            module = network.get_submodule(stage["module"])
            module.register_forward_hook(self._keep(int(stage["reduction"])))
            channels.append(int(stage["num_chs"]))
        widths = (256, 128, 64, 32, 16)[: len(channels)]
        self.decoder = UnetDecoder((3, *channels), widths, n_blocks=len(channels))
        self.lesions = nn.Conv2d(widths[-1], n_lesions, 1)

    def _keep(self, reduction: int) -> Any:
        def hook(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
            self._taps[reduction] = output

        return hook

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.trunk(images)
        taps = [self._taps[reduction] for reduction in sorted(self._taps)]
        decoded = self.decoder([images, *taps])
        if decoded.shape[-2:] != images.shape[-2:]:
            decoded = F.interpolate(decoded, size=images.shape[-2:], mode="bilinear")
        return self.grading(features), self.lesions(decoded)


def multitask_loss(
    grade_logits: torch.Tensor,
    lesion_logits: torch.Tensor,
    grade: torch.Tensor,
    masks: torch.Tensor,
    annotated: torch.Tensor,
    weight: float,
) -> torch.Tensor:
    """L_C + λ_S L_S. L_C: cross-entropy over the samples with a grade (>= 0). L_S: mean over the
    annotated (sample, channel) pairs of BCE + 1 − softDice, softDice =
    (2 Σ p s + 1)/(Σ p + Σ s + 1) over the pixels. A task without a valid sample counts 0.

    Args:
        grade: B int64; masks: B×L×S×S in {0, 1}; annotated: B×L bool.
    """
    total = grade_logits.sum() * 0.0 + lesion_logits.sum() * 0.0
    graded = grade >= 0
    if graded.any():
        total = total + F.cross_entropy(grade_logits[graded].float(), grade[graded])
    if annotated.any():
        logits, truth = lesion_logits[annotated].float(), masks[annotated]
        bce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(dim=(1, 2))
        p = logits.sigmoid()
        both = 2 * (p * truth).sum(dim=(1, 2)) + 1
        dice = both / (p.sum(dim=(1, 2)) + truth.sum(dim=(1, 2)) + 1)
        total = total + weight * (bce + 1 - dice).mean()
    return total


def pretrain(options: MultiTask, work: Work) -> None:
    """Trains on the sources of the task and writes trunk, history, metrics and overlays."""
    task, schedule = work.task, work.task.schedule
    examples = gather(task.sources, options.lesions, options.validation, task.seed)
    trunk = build_trunk(task.backbone, task.numerics, derive_seed(task.seed, "init"))
    torch.manual_seed(derive_seed(task.seed, "pretrain"))
    grading = load("head", options.head).build(trunk.num_features, GRADES)
    network = place(TwoBranches(trunk, grading, len(options.lesions)), task.numerics)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.lr, weight_decay=schedule.weight_decay, fused=True
    )
    epochs = options.epochs or schedule.epochs
    train = np.flatnonzero(~examples.held_out)
    per_epoch = max(1, len(train) // schedule.batch_size)
    history: list[dict[str, float]] = []
    step = 0
    for epoch in range(epochs):
        network.train()
        torch.manual_seed(derive_seed(task.seed, "pretrain", epoch))
        order = np.random.default_rng(derive_seed(task.seed, "pretrain", epoch)).permutation(train)
        total = 0.0
        for i in range(per_epoch):
            rows = order[i * schedule.batch_size : (i + 1) * schedule.batch_size]
            for group in optimizer.param_groups:
                group["lr"] = _rate(schedule.lr, step, epochs * per_epoch)
            images, masks = _batch(task, trunk, examples, rows, epoch)
            with autocast(task.numerics):
                grades, lesions = network(images)
            loss = multitask_loss(
                grades,
                lesions,
                torch.from_numpy(examples.grade[rows]).to(images.device),
                masks,
                torch.from_numpy(examples.annotated[rows]).to(images.device),
                options.weight,
            )
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
            optimizer.step()
            total += float(loss.detach())
            step += 1
        history.append({"epoch": epoch + 1, "train_loss": total / per_epoch})
        work.epoch(epoch + 1, epochs, history[-1])
    state = {k: v.detach().cpu().contiguous() for k, v in trunk.state_dict().items()}
    save_file(state, work.folder / "trunk.safetensors")
    with open(work.folder / "history.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)
    _report(options, work, network, examples)


def _rate(top: float, step: int, steps: int) -> float:
    """Warm-up over a tenth of the steps, then half a cosine to zero."""
    warm = max(1, steps // 10)
    if step < warm:
        return top * (step + 1) / warm
    return top * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _batch(
    task: Task, trunk: Trunk, examples: Examples, rows: Rows, epoch: int | None
) -> tuple[torch.Tensor, torch.Tensor]:
    pictures, masks = examples.pictures(rows), examples.masks(rows)
    if epoch is None:
        images = plain(pictures, trunk.mean, trunk.std)
        layers = masks.transpose(0, 3, 1, 2).astype(np.float32)
    else:
        augment, once = Augment(**task.augment), np.zeros(len(rows), dtype=np.int64)
        seed = derive_seed(task.seed, "pretrain", "augment")
        images = augment(
            pictures, rows, once, seed=seed, epoch=epoch, mean=trunk.mean, std=trunk.std
        )
        layers = augment.warp_masks(masks, rows, once, seed=seed, epoch=epoch)
    device = task.numerics.device
    return torch.from_numpy(images).to(device), torch.from_numpy(layers).to(device)


def _report(options: MultiTask, work: Work, network: TwoBranches, examples: Examples) -> None:
    from sklearn.metrics import cohen_kappa_score

    task = work.task
    rows = np.flatnonzero(examples.held_out)
    grades, found = [], []
    network.eval()
    with torch.inference_mode(), autocast(task.numerics):
        for start in range(0, len(rows), 2 * task.schedule.batch_size):
            chosen = rows[start : start + 2 * task.schedule.batch_size]
            images, _ = _batch(task, network.trunk, examples, chosen, None)
            graded, lesions = network(images)
            grades.append(graded.float().argmax(dim=1).cpu().numpy())
            found.append((lesions.float() > 0).cpu().numpy())
    predicted, lesions = np.concatenate(grades), np.concatenate(found)
    truth = examples.masks(rows).transpose(0, 3, 1, 2).astype(bool)
    known = examples.annotated[rows]
    dice = {}
    for c, name in enumerate(options.lesions):
        a, b = lesions[known[:, c], c], truth[known[:, c], c]
        size = int(a.sum() + b.sum())
        dice[name] = 2 * int((a & b).sum()) / size if size else None
    graded = examples.grade[rows] >= 0
    kappa = None
    if len(set(examples.grade[rows][graded])) > 1:
        kappa = cohen_kappa_score(
            examples.grade[rows][graded], predicted[graded], weights="quadratic"
        )
    metrics = {
        "sources": [source.name for source in task.sources],
        "trained_on": int((~examples.held_out).sum()),
        "held_out": len(rows),
        "dice": dice,
        "quadratic_weighted_kappa": kappa,
    }
    write_json(work.folder / "metrics.json", metrics)
    _overlays(work, examples, rows, truth, lesions)


def _overlays(
    work: Work,
    examples: Examples,
    rows: Rows,
    truth: npt.NDArray[np.bool_],
    found: npt.NDArray[np.bool_],
) -> None:
    """Up to eight held-out pictures with most lesions: truth in green above, prediction in red."""
    from PIL import Image

    chosen = np.argsort(-truth.sum(axis=(1, 2, 3)), kind="stable")[:8]
    pictures = examples.pictures(rows[chosen])
    strips = []
    for layers, colour in ((truth, (40, 220, 60)), (found, (255, 60, 40))):
        drawn = pictures.copy()
        drawn[layers[chosen].any(axis=1)] = colour
        strips.append(np.concatenate(list(drawn), axis=1))
    Image.fromarray(np.concatenate(strips, axis=0)).save(work.folder / "overlays.png")
