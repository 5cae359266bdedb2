"""Multi-task pre-training: lesion segmentation and severity grading on one trunk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from ltmlbench.plugin import (
    PARTS,
    Pretraining,
    RequestError,
    Task,
    TrunkStage,
    Work,
    split_outside_brackets,
)

if TYPE_CHECKING:
    import torch


class MultiTask(Pretraining):
    """Diabetic-retinopathy lesions (Subnet-S, a U-Net decoder on the trunk's own feature maps) and
    severity grade (Subnet-C), trained together on the data of ``--source``.

    Two branches on one shared network, segmentation and grading, are the poster's; decoder, loss,
    weights, lesion classes and schedule are ours.
    """

    epochs: int | None = Field(None, ge=1, description="the benchmark's own number if not given")
    weight: float = Field(1.0, ge=0, description="λ_S, of segmentation beside grading")
    lesion_loss: Literal["dice", "weighted", "focal-tversky"] = Field(
        "dice", description="of segmentation: see `ltmlbench_vision.lesion_losses`"
    )
    lesions: tuple[str, ...] = Field(
        ("MA", "HE", "EX", "SE"), description="channels of Subnet-S, written [MA,HE,EX,SE]"
    )
    head: str = Field("region-attention", description="head of Subnet-C, dropped afterwards")
    validation: float = Field(0.1, gt=0, lt=1, description="share of the groups held out to report")

    @field_validator("lesions", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(split_outside_brackets(value.removeprefix("[").removesuffix("]")))
        return value

    def plan(self, task: Task) -> MultiTaskTrunk:
        if not task.sources:
            raise RequestError(
                "multi-task pre-training needs diabetic-retinopathy data: give "
                "--source idrid=/path/to/IDRiD, or ask for ours[pretrain=none]"
            )
        if not any(
            "grade" in source.samples.extras or source.samples.masks for source in task.sources
        ):
            names = ", ".join(source.name for source in task.sources)
            raise RequestError(f"source {names}: neither grades nor lesion masks to pre-train on")
        known = sorted({name for source in task.sources for name in source.samples.structures})
        unknown = [name for name in self.lesions if name not in known]
        if unknown and "lesions" in self.model_fields_set:  # asked for by name
            raise RequestError(
                f"no source has lesion {unknown[0]!r} (lesions={','.join(self.lesions)}); "
                f"they have {', '.join(known) or 'none'}"
            )
        return MultiTaskTrunk(options=self)


class MultiTaskTrunk(TrunkStage):
    """Trains trunk, Subnet-S and Subnet-C; leaves the trunk.

    Writes ``trunk.safetensors``, ``history.csv``, ``metrics.json`` (Dice per lesion and quadratic
    weighted kappa on the held-out groups) and ``overlays.png``. Depends on the sources, not on the
    benchmark's data or split: it is shared by all folds.
    """

    depends: ClassVar[frozenset[str]] = (PARTS - {"data", "split"}) | {"sources"}

    shown: ClassVar[tuple[str, ...]] = ("metrics.json", "history.csv", "overlays.png")

    options: MultiTask

    @property
    def title(self) -> str:
        return "pre-train on lesions and grades"

    def run(self, work: Work) -> None:
        from ltmlbench_vision.pretrain import pretrain

        pretrain(self.options, work)

    def summary(self, folder: Path) -> str:
        found = json.loads((folder / "metrics.json").read_text())
        dice = [f"{name} {v:.2f}" for name, v in found["dice"].items() if v is not None]
        kappa = found["quadratic_weighted_kappa"]
        parts = [f"Dice {', '.join(dice)}"] if dice else []
        parts += [f"quadratic weighted kappa of the grade {kappa:.2f}"] if kappa is not None else []
        return (
            f"{found['trained_on']} pictures of {', '.join(found['sources'])}; on "
            f"{found['held_out']} held out: {'; '.join(parts) or 'nothing to measure'}"
        )

    def trunk_weights(self, folder: Path) -> Mapping[str, torch.Tensor]:
        from safetensors.torch import load_file

        return load_file(folder / "trunk.safetensors")
