"""RLKD and RSKD, written in the stage vocabulary."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from ltmlbench.plugin import (
    Fit,
    Method,
    RequestError,
    Stage,
    SubsetGenerator,
    Task,
    TrunkStage,
    load,
)
from ltmlbench_distill.losses import ClassBalanced, ClassBalancedOptions, Weighted
from ltmlbench_distill.report import TeacherReport
from ltmlbench_distill.stages import (
    Partition,
    Prototypes,
    RestExamples,
    SubsetExamples,
    TeacherLogits,
    partition_seed,
    subset_labels,
)


class Rlkd(ClassBalancedOptions, Method):
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
      positives, head and start as the student's, three quarters of its epochs, the last of them
      kept.
    - distillation. Paper: a class-balanced weight per sample in the loss. Ours: its formula, the
      mixing label by label, alpha, temperature, the correction of the teachers' prior, which views
      they see, that labels without a teacher keep their full loss (``rest=teacher`` gives them
      one).
    - ``ours+focal``. Paper: "Ours + Focal Loss". Ours: gamma 2, against the labels alone.

    ``pretrain=none``, ``attention=none``, ``subsets=random``, ``kd_weight=uniform`` and
    ``teachers=none`` take one part away each; ``mixing=block`` is the first form of the loss.

    Tried once on held-out eyes, one seed each (128 px, 8 epochs; directions, not results): `ib` has
    mAP .582 and kappa .522, ``mixing=block`` with alpha 0.2 .584 and .525, label by label .600 and
    .545 with the same teachers (docs/methods.md has every label).
    """

    hard: ClassVar[str] = "bce"

    pretrain: str = Field("multitask", description="a pre-training, or none")
    attention: str = Field("region-attention", description="a head, or none for the plain one")
    subsets: str = Field("relational", description="a subset generator")
    teachers: Literal["subsets", "none"] = Field("subsets", description="none: no distillation")
    rest: Literal["labels", "teacher"] = Field(
        "labels", description="labels in no subset: learnt from the labels alone, or taught too"
    )
    negatives: float = Field(1.0, ge=0, description="negatives per positive row of a teacher")
    teacher_epochs: int | None = Field(
        None,
        ge=1,
        description="epochs of a teacher; three quarters of the benchmark's if not given",
    )
    teacher_epoch: Literal["data", "subset"] = Field(
        "subset",
        description="length of a teacher's epoch: its own rows once, or the whole data set's",
    )
    teacher_keep: Literal["best", "last"] = Field(
        "last", description="which epoch of a teacher: the best on validation rows, or the last"
    )
    views: int = Field(
        1, ge=0, description="how many epochs' random views teachers see; 0: plain pictures"
    )

    def suited(self, task: Task) -> Self:
        """Lesions and regions are of pictures: other samples go without them."""
        if task.feed.gives == "picture":
            return self
        return self.model_copy(update={"pretrain": "none", "attention": "none"})

    def plan(self, task: Task) -> Fit:
        student = self._network(task).model_copy(update={"loss": load("loss", self.hard)})
        taught = self._taught(task)
        if not taught:
            return student
        options = self.model_dump(include=set(ClassBalanced.model_fields))
        return student.model_copy(
            update={"teaching": taught, "distillation": ClassBalanced(**options)}
        )

    def looks(self, task: Task) -> tuple[Stage, ...]:
        """Per label, each teacher beside the `ib` row on validation rows, before distilling."""
        teachers = tuple(logits.teacher for logits in self._taught(task))
        if not teachers or not len(task.split.val):
            return ()
        return (TeacherReport(teachers=teachers, plain=load("method", "ib").plan(task)),)

    def _network(self, task: Task) -> Fit:
        """What teachers and student have in common."""
        return Fit(
            loss=load("loss", "bce"),
            sampler=load("sampler", "ib"),
            head=load("head", task.head if self.attention == "none" else self.attention),
            init=_pretrained(self.pretrain, task),
        )

    def _taught(self, task: Task) -> tuple[TeacherLogits, ...]:
        if self.teachers == "none":
            return ()
        plain = self._network(task)
        base = _teacher(plain, task, self.teacher_epochs, self.teacher_keep == "best")
        apart = task.samples.protocol.apart
        taught = subset_teachers(
            task,
            base,
            self.subsets,
            prototypes=Prototypes(init=plain.init),
            apart=apart,
            negatives=self.negatives,
            whole_epoch=self.teacher_epoch == "data",
            views=self.views,
        )
        if self.rest == "labels":
            return taught
        if not apart:
            raise RequestError(
                "rest=teacher: every label is in a subset and has a teacher; leave it out"
            )
        rest = base.model_copy(update={"examples": RestExamples(apart=apart)})
        return (*taught, TeacherLogits(teacher=rest, views=self.views))


class RlkdFocal(Rlkd):
    """`ours` with the focal loss (gamma 2) against the labels; the teachers are the same."""

    hard: ClassVar[str] = "focal"


class Rskd(Method):
    """Teachers on shot-, region- and feature-based subsets, weighted distillation.

    Region and feature subsets are prior knowledge of the data set; where it has none, only the
    shot-based teachers are left. As in `ours`, what teachers say is stored of one epoch's views.
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
    views: int = Field(
        1, ge=0, description="how many epochs' random views teachers see; 0: plain samples"
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


def _teacher(base: Fit, task: Task, epochs: int | None, best: bool) -> Fit:
    """``base`` with a teacher's own number of epochs, and the best of them if asked for."""
    number = math.ceil(0.75 * task.schedule.epochs) if epochs is None else epochs
    own: dict[str, Any] = {"schedule": task.schedule.model_copy(update={"epochs": number})}
    if best:
        if not len(task.split.val):
            raise RequestError(
                "teacher_keep=best chooses an epoch on validation rows, and none are held out: "
                "set validation above 0"
            )
        own["keep"] = "best"
    return base.model_copy(update=own)


def subset_teachers(
    task: Task,
    base: Fit,
    subsets: str | SubsetGenerator,
    *,
    prototypes: Prototypes | None = None,
    apart: tuple[str, ...] = (),
    negatives: float,
    whole_epoch: bool,
    views: int,
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
            views=views,
        )
        for k in range(n_subsets)
    )
