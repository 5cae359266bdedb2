"""SCFKD, reduced: the method. Its two trainings are in `scfkd_stages`."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from ltmlbench.plugin import Method, RequestError, Samples, Task, split_outside_brackets
from ltmlbench_reduced.scfkd_stages import FitStudent, FitTeacher


class Scfkd(Method):
    """First a teacher T of pictures and covariates c, then a student S of pictures alone:
    h_T = [f ; m(c)], h_S = [f ; g(f)], f = [f_left ; f_right] of one network, and

        L_S = BCE + λ_f ‖g(f) − m_T(c)‖² + λ_kd T² BCE(σ(z_S/T), σ(z_T/T)).

    Reduced. The abstract says: two networks trained one after the other, the teacher with
    photographs and clinical features, the student "self-speculates" what follows from those. Ours:
    which covariates, two layers of ``width`` units for m and g, both losses and their weights, T,
    sharing one network between left and right.

    It works per patient, as the paper does: two samples of a group are shown side by side and
    learn what the group has. Both get the pair's scores, so that the scores per group are the
    network's own; per sample they tell no side of a pair from the other. A sample without a
    partner is shown twice.

    ``features=known`` takes every covariate that tells no labels (age, sex). One that does, an
    oracle such as ODIR-5K's keywords, has to be named, ``features=[age,keywords]``: only the
    teacher is given it, of training rows alone. Where nothing is known, ``features=none``: the
    teacher sees pictures alone, and the row says so.
    """

    features: str = Field(
        "known", description="covariates of the teacher, [age,sex]; known; or none"
    )
    width: int = Field(32, ge=1, description="units that covariates are encoded in")
    feature_weight: float = Field(1.0, ge=0, description="λ_f, of guessing them")
    kd_weight: float = Field(1.0, ge=0, description="λ_kd, of the teacher's logits")
    temperature: float = Field(2.0, gt=0, description="softens teacher and student")

    def suited(self, task: Task) -> Self:
        """Where nothing is known of the samples the teacher goes without."""
        if self.features == "known" and not _known(task.samples):
            return self.model_copy(update={"features": "none"})
        return self

    def plan(self, task: Task) -> FitStudent:
        return FitStudent(
            teacher=FitTeacher(features=self._chosen(task.samples), width=self.width),
            feature_weight=self.feature_weight,
            kd_weight=self.kd_weight,
            temperature=self.temperature,
        )

    def _chosen(self, samples: Samples) -> tuple[str, ...]:
        if self.features in ("known", "none"):
            return _known(samples) if self.features == "known" else ()
        named = split_outside_brackets(self.features.removeprefix("[").removesuffix("]"))
        for name in named:
            if name not in samples.covariates:
                there = ", ".join(samples.covariates) or "none"
                raise RequestError(
                    f"scfkd: the samples have no covariate {name!r} (they have: {there}): name "
                    "others with features=[...], or features=none"
                )
        return tuple(named)


def _known(samples: Samples) -> tuple[str, ...]:
    """The covariates that tell no labels."""
    return tuple(name for name, known in samples.covariates.items() if not known.oracle)
