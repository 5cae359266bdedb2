"""`fundus-sim`: simulated fundus photographs, labelled as ODIR-5K is; the embedded default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ltmlbench.plugin import Dataset, LabelMatrix, Protocol, Samples
from ltmlbench_retina.fundus.population import LABELS, draw_population
from ltmlbench_retina.prior import PRIOR_SUBSETS


class FundusSim(Dataset):
    """Both eyes of simulated patients, eight labels per eye (ours).

    Label sets, bilateral disease and patients with unequal eyes are as frequent as among the
    6690 eyes of ODIR-5K, apportioned rather than drawn, so that a small set keeps the tail.
    Pictures are rendered when they are read, at the size asked for, and follow from ``seed``,
    the patient's number, the side and the labels alone. ``samples.masks(row, size)`` gives the
    lesions of a picture (see `fundus.photograph.FundusReader`); ``extras["grade"]`` is the
    grade of diabetic retinopathy, 0 to 4.
    """

    patients: int = Field(180, ge=1, description="number of patients, two eyes each")
    seed: int = Field(0, ge=0, description="another seed, other patients")
    visibility: float = Field(
        1.0, ge=0, le=2, description="how strongly findings stand out; 0 hides them, 2 is easy"
    )

    defaults: ClassVar[Mapping[str, Any]] = {
        "image_size": 64,
        "epochs": 3,
        "batch_size": 16,
        "sources": ("fundus-sim[seed=1,patients=100]",),
    }

    def load(self, folder: Path | None) -> Samples:
        """2 × ``patients`` samples, left eye then right eye of each; ``folder`` is not read."""
        from ltmlbench_retina.fundus.photograph import FundusReader

        eyes = draw_population(self.patients, self.seed, self.visibility)
        Y = np.array([[label in eye.labels for label in LABELS] for eye in eyes])
        groups = tuple(f"P{eye.patient + 1:04d}" for eye in eyes)
        reader = FundusReader(eyes)
        return Samples(
            ids=tuple(f"{group}_{eye.side}" for group, eye in zip(groups, eyes, strict=True)),
            groups=groups,
            labels=LabelMatrix(Y, LABELS),
            read=reader,
            content=tuple(eye.digest for eye in eyes),
            protocol=Protocol(
                unit="eye",
                group_unit="patient",
                group_all=("N",),
                apart=("N", "O"),
                prior_subsets=PRIOR_SUBSETS,
                evidence=FundusReader.regions,
                headline=(
                    *("odir_kappa", "odir_f1_micro", "odir_auc", "odir_final"),
                    *("map", "macro_auc"),
                ),
                head=0.1,
                tail=0.035,
                simulated=True,
            ),
            extras={
                "grade": np.array([eye.grade for eye in eyes], dtype=np.int8),
                "annotated": np.ones((len(eyes), len(reader.structures)), dtype=bool),
            },
            structures=reader.structures,
            masks=reader.masks,
        )
