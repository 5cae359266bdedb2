"""The training behind `ltmlbench_vision.multitask`: network, loss and report.

Shapes: B batch, S image side, L lesion channels, 5 grades.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from ltmlbench.plugin import (
    Rows,
    Task,
    Trunk,
    Work,
    autocast,
    derive_seed,
    initial_trunk,
    load,
    place,
    train,
    write_history,
    write_json,
)
from ltmlbench_vision.lesion_losses import LesionLoss, lesion_loss
from ltmlbench_vision.sources import SourceSamples, gather, source_batches

if TYPE_CHECKING:
    from ltmlbench_vision.multitask import MultiTask

GRADES = 5


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
    kind: LesionLoss,
    share: torch.Tensor,
) -> torch.Tensor:
    """L_C + λ_S L_S. L_C: cross-entropy over the samples with a grade (>= 0). L_S: `lesion_loss`
    over the annotated (sample, channel) pairs. A task without a valid sample counts 0.

    Args:
        grade: B int64; masks: B×L×S×S in {0, 1}; annotated: B×L bool.
        share: L, lesion pixels among the annotated pixels of the training pictures.
    """
    total = grade_logits.sum() * 0.0 + lesion_logits.sum() * 0.0
    graded = grade >= 0
    if graded.any():
        total = total + F.cross_entropy(grade_logits[graded].float(), grade[graded])
    if annotated.any():
        total = total + weight * lesion_loss(lesion_logits, masks, annotated, kind, share)
    return total


def pretrain(options: MultiTask, work: Work) -> None:
    """Trains on the sources of the task, going on where it was stopped; writes trunk, history,
    metrics and overlays."""
    task, schedule = work.task, work.task.schedule
    seed = derive_seed(task.seed, "pretrain")
    examples = gather(work, options.lesions, options.validation, seed)
    trunk = initial_trunk(work, source=0)
    torch.manual_seed(seed)
    grading = load("head", options.head).build(trunk.num_features, GRADES)
    network = place(TwoBranches(trunk, grading, len(options.lesions)), task.numerics)
    rows = np.flatnonzero(~examples.held_out)
    share = torch.from_numpy(examples.lesion_share(rows)).to(task.numerics.device)
    steps = max(1, len(rows) // schedule.batch_size)

    def losses(epoch: int) -> Iterator[tuple[torch.Tensor, int]]:
        order = np.random.default_rng(derive_seed(seed, "order", epoch)).permutation(rows)
        for batch in source_batches(
            task, trunk, examples, order[: steps * schedule.batch_size], epoch
        ):
            with autocast(task.numerics):
                grades, lesions = network(batch.images)
            loss = multitask_loss(
                grades,
                lesions,
                batch.grade,
                batch.masks,
                batch.annotated,
                options.weight,
                options.lesion_loss,
                share,
            )
            yield loss, len(batch.grade)

    if options.epochs:
        schedule = schedule.model_copy(update={"epochs": options.epochs})
    history = train(network, losses, work, schedule=schedule, steps=steps, seed=seed)
    state = {k: v.detach().cpu().contiguous() for k, v in trunk.state_dict().items()}
    save_file(state, work.folder / "trunk.safetensors")
    write_history(work.folder, history)
    _report(options, work, network, examples)


def _judged(
    task: Task, network: TwoBranches, examples: SourceSamples, rows: Rows
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Predicted grades N and lesions N×L×S×S of the pictures as they are."""
    grades, lesions = [], []
    network.eval()
    with torch.inference_mode(), autocast(task.numerics):
        for batch in source_batches(task, network.trunk, examples, rows, None):
            graded, found = network(batch.images)
            grades.append(graded.float().argmax(dim=1).cpu().numpy())
            lesions.append((found.float() > 0).cpu().numpy())
    return np.concatenate(grades), np.concatenate(lesions)


def _report(options: MultiTask, work: Work, network: TwoBranches, examples: SourceSamples) -> None:
    from sklearn.metrics import cohen_kappa_score

    rows = np.flatnonzero(examples.held_out)
    predicted, lesions = _judged(work.task, network, examples, rows)
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
        "sources": [source.name for source in work.task.sources],
        "trained_on": int((~examples.held_out).sum()),
        "held_out": len(rows),
        "dice": dice,
        "quadratic_weighted_kappa": kappa,
    }
    write_json(work.folder / "metrics.json", metrics)
    seen = known[:, :, None, None]  # channels nobody annotated were not learnt
    _overlays(work, examples, rows, truth, lesions & seen)


def _overlays(
    work: Work,
    examples: SourceSamples,
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
