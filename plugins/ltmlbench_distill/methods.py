"""RLKD and RSKD, written in the stage vocabulary."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field

from ltmlbench.plugin import (
    Fit,
    LogitsStage,
    Method,
    RequestError,
    SubsetGenerator,
    Task,
    TrunkStage,
    load,
)
from ltmlbench_distill.losses import ClassBalanced, Weighted
from ltmlbench_distill.stages import (
    Partition,
    Prototypes,
    SubsetExamples,
    TeacherLogits,
    partition_seed,
    subset_labels,
)


class Rlkd(Method):
    """Pre-training on lesions and grades -> prototypes -> relational subsets -> one teacher per
    subset -> a student with class-balanced distillation; region attention in every head.

    What is the paper's (its poster and abstract are all that could be read) and what is ours:

    - pre-training. Paper: lesion segmentation and severity grading, two branches on one network.
      Ours: the data, the decoder, the loss and its weights, the lesion classes, the schedule.
    - region attention. Paper: pooled maps and a trainable convolution's map, concatenated, a
      convolution, a sigmoid. Ours: its sizes, and its place after the last stage.
    - relational subsets. Paper: by the semantic relations of the labels, for fewer samples with
      several labels and less imbalance. Ours: the objective, its weights, the number of subsets,
      that normal and other are in none.
    - teachers. Paper: one network per subset. Ours: binary cross-entropy, as many negatives as
      positives, head, start and schedule as the student's.
    - distillation. Paper: a class-balanced weight per sample in the loss. Ours: its formula,
      alpha, temperature, the correction of the teachers' prior, which views they see.
    - ``ours+focal``. Paper: "Ours + Focal Loss". Ours: gamma 2, against the labels alone.

    ``pretrain=none``, ``attention=none``, ``subsets=random``, ``kd_weight=uniform`` and
    ``teachers=none`` take one part away each.
    """

    hard: ClassVar[str] = "bce"

    pretrain: str = Field("multitask", description="a pre-training, or none")
    attention: str = Field("region-attention", description="a head, or none for the plain one")
    subsets: str = Field("relational", description="a subset generator")
    teachers: Literal["subsets", "none"] = Field("subsets", description="none: no distillation")
    alpha: float = Field(0.2, ge=0, le=1, description="share of the teachers in the loss")
    temperature: float = Field(2.0, gt=0, description="softens teachers and student")
    kd_weight: Literal["db", "effective", "inverse", "uniform"] = Field(
        "db", description="w: per sample as in DB loss, per label, or none"
    )
    teacher_prior: Literal["corrected", "raw"] = Field(
        "corrected", description="teachers' logits shifted to the prior of all training rows"
    )
    negatives: float = Field(1.0, ge=0, description="negatives per positive row of a teacher")
    teacher_epoch: Literal["data", "subset"] = Field(
        "subset",
        description="length of a teacher's epoch: its own rows once, or the whole data set's",
    )
    views: int | None = Field(
        None,
        ge=0,
        description="views the teachers see (default: of every epoch; 0: the plain samples)",
    )

    def suited(self, task: Task) -> Self:
        """Lesions and regions are of pictures: other samples go without them."""
        if task.feed.gives == "picture":
            return self
        return self.model_copy(update={"pretrain": "none", "attention": "none"})

    def plan(self, task: Task) -> Fit:
        head = load("head", task.head if self.attention == "none" else self.attention)
        init = _pretrained(self.pretrain, task)
        sampler = load("sampler", "ib")
        teaching: tuple[LogitsStage, ...] | None = None
        if self.teachers == "subsets":
            base = Fit(loss=load("loss", "bce"), sampler=sampler, head=head, init=init)
            teaching = subset_teachers(
                task,
                base,
                self.subsets,
                prototypes=Prototypes(init=init),
                apart=task.samples.protocol.apart,
                negatives=self.negatives,
                whole_epoch=self.teacher_epoch == "data",
                views=self.views,
            )
        distillation = ClassBalanced(
            alpha=self.alpha,
            temperature=self.temperature,
            kd_weight=self.kd_weight,
            teacher_prior=self.teacher_prior,
        )
        return Fit(
            loss=load("loss", self.hard),
            sampler=sampler,
            head=head,
            init=init,
            teaching=teaching,
            distillation=distillation if teaching else None,
        )


class RlkdFocal(Rlkd):
    """`ours` with the focal loss (gamma 2) against the labels; the teachers are the same."""

    hard: ClassVar[str] = "focal"


class Rskd(Method):
    """Teachers on shot-, region- and feature-based subsets, weighted distillation.

    Region and feature subsets are prior knowledge of the data set; where it has none, only the
    shot-based teachers are left.
    """

    shot: str = Field("shot", description="generator of the shot-based subsets")
    alpha: float = Field(1.0, ge=0, description="weight of the teachers beside the labels")
    temperature: float = Field(10.0, gt=0, description="softens teachers and student")
    teacher_prior: Literal["corrected", "raw"] = Field(
        "corrected", description="teachers' logits shifted to the prior of all training rows"
    )
    negatives: float = Field(1.0, ge=0, description="negatives per positive row of a teacher")
    teacher_epoch: Literal["data", "subset"] = Field(
        "subset",
        description="length of a teacher's epoch: its own rows once, or the whole data set's",
    )
    views: int | None = Field(
        None,
        ge=0,
        description="views the teachers see (default: of every epoch; 0: the plain samples)",
    )

    def plan(self, task: Task) -> Fit:
        base = Fit(
            loss=load("loss", "bce"), sampler=load("sampler", "ib"), head=load("head", task.head)
        )
        known = task.samples.protocol.prior_subsets.values()
        priors = [load("subsets", "prior").model_copy(update={"map": dict(map_)}) for map_ in known]
        teaching = [
            taught
            for subsets in (load("subsets", self.shot), *priors)
            for taught in subset_teachers(
                task,
                base,
                subsets,
                negatives=self.negatives,
                whole_epoch=self.teacher_epoch == "data",
                views=self.views,
            )
        ]
        distillation = Weighted(
            alpha=self.alpha, temperature=self.temperature, teacher_prior=self.teacher_prior
        )
        return base.model_copy(update={"teaching": tuple(teaching), "distillation": distillation})


def _pretrained(text: str, task: Task) -> TrunkStage | None:
    return None if text == "none" else load("pretraining", text).plan(task)


def subset_teachers(
    task: Task,
    base: Fit,
    subsets: str | SubsetGenerator,
    *,
    prototypes: Prototypes | None = None,
    apart: tuple[str, ...] = (),
    negatives: float,
    whole_epoch: bool,
    views: int | None,
) -> tuple[TeacherLogits, ...]:
    """What the teachers of all subsets say; each teacher is ``base`` on its subset's examples.

    How many subsets there will be, the generator says from the training labels alone.
    """
    generator = load("subsets", subsets) if isinstance(subsets, str) else subsets
    inside = subset_labels(task.labels.names, apart)
    if not inside:
        raise RequestError("every label of the data set is set apart: there is none to divide")
    seed = partition_seed(task.seed)
    n_subsets = generator.count(task.labels.select(inside), seed=seed)
    partition = Partition(
        generator=generator, prototypes=prototypes, apart=apart, n_subsets=n_subsets
    )
    seen = task.schedule.epochs if views is None else views
    if whole_epoch:
        sampler = load("sampler", f"cycle[rows={len(task.split.train)}]")
        base = base.model_copy(update={"sampler": sampler})
    return tuple(
        TeacherLogits(
            teacher=base.model_copy(
                update={
                    "examples": SubsetExamples(partition=partition, index=k, negatives=negatives)
                }
            ),
            views=seen,
        )
        for k in range(n_subsets)
    )
