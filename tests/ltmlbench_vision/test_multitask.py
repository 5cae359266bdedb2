"""Multi-task pre-training: its loss against loops, masked tasks, and taps of real backbones."""

import json
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
import torch

from ltmlbench import LabelMatrix, load
from ltmlbench.data.samples import Samples
from ltmlbench.errors import RequestError
from ltmlbench.store import Store
from ltmlbench.task import Source
from ltmlbench.testing import bars, task_of, work_for
from ltmlbench_vision.lesion_losses import lesion_loss
from ltmlbench_vision.multitask import MultiTask, MultiTaskTrunk
from ltmlbench_vision.pretrain import TwoBranches, multitask_loss
from ltmlbench_vision.sources import gather


def written_out(grades, lesions, grade, masks, annotated, weight):
    parts = []
    for i, g in enumerate(grade):
        if g >= 0:
            scores = [exp(x) for x in grades[i]]
            parts.append(-log(scores[g] / sum(scores)))
    total = sum(parts) / len(parts) if parts else 0.0
    terms = []
    for i in range(len(grade)):
        for c in range(masks.shape[1]):
            if not annotated[i, c]:
                continue
            bce, both, p_sum, s_sum = 0.0, 0.0, 0.0, 0.0
            pixels = list(zip(lesions[i, c].ravel(), masks[i, c].ravel(), strict=True))
            for z, s in pixels:
                p = 1 / (1 + exp(-z))
                bce -= s * log(p) + (1 - s) * log(1 - p)
                both, p_sum, s_sum = both + p * s, p_sum + p, s_sum + s
            terms.append(bce / len(pixels) + 1 - (2 * both + 1) / (p_sum + s_sum + 1))
    return total + weight * (sum(terms) / len(terms) if terms else 0.0)


@pytest.mark.parametrize(
    ("grade", "known"),
    [([0, 3, 4], "all"), ([-1, 2, -1], "some"), ([-1, -1, -1], "all"), ([1, 2, 3], "none")],
)
def test_the_loss_is_the_formula_for_any_mix_of_tasks(grade, known):
    generator = np.random.default_rng(0)
    grades, lesions = generator.normal(size=(3, 5)), generator.normal(size=(3, 2, 4, 4))
    masks = (generator.random((3, 2, 4, 4)) < 0.3).astype(float)
    annotated = {
        "all": np.ones((3, 2), bool),
        "some": np.array([[True, False], [False, False], [False, True]]),
        "none": np.zeros((3, 2), bool),
    }[known]
    value = multitask_loss(
        torch.tensor(grades),
        torch.tensor(lesions),
        torch.tensor(grade),
        torch.tensor(masks),
        torch.tensor(annotated),
        0.7,
        "dice",
        torch.zeros(2),
    )
    expected = written_out(grades, lesions, grade, masks, annotated, 0.7)
    assert float(value) == pytest.approx(expected, rel=1e-5)


def balanced(kind, lesions, masks, annotated, share):
    """The mean over channels, pixel by pixel over the whole batch."""
    terms = []
    for c in range(masks.shape[1]):
        some = [i for i in range(len(masks)) if annotated[i, c]]
        if not some:
            continue
        bce, hit, missed, false, n = 0.0, 0.0, 0.0, 0.0, 0
        for i in some:
            for z, s in zip(lesions[i, c].ravel(), masks[i, c].ravel(), strict=True):
                p = 1 / (1 + exp(-z))
                w = ((1 - share[c]) / share[c]) ** 0.5 if kind == "weighted" else 1.0
                bce -= w * s * log(p) + (1 - s) * log(1 - p)
                hit, missed, false = hit + p * s, missed + (1 - p) * s, false + p * (1 - s)
                n += 1
        if kind == "weighted":  # 2 Σ p s / (Σ p + Σ s), in hits, misses and false alarms
            terms.append(bce / n + 1 - (2 * hit + 1) / (2 * hit + missed + false + 1))
        else:
            tversky = (hit + 1) / (hit + 0.7 * missed + 0.3 * false + 1)
            terms.append(bce / n + (1 - tversky) ** 0.75)
    return sum(terms) / len(terms)


@pytest.mark.parametrize("kind", ["weighted", "focal-tversky"])
def test_a_balanced_lesion_loss_is_the_formula(kind):
    generator = np.random.default_rng(3)
    lesions = generator.normal(size=(3, 3, 4, 4))
    masks = (generator.random((3, 3, 4, 4)) < 0.2).astype(float)
    annotated = np.array([[True, False, False], [True, True, False], [False, True, False]])
    share = np.array([0.1, 0.02, 0.5])
    value = lesion_loss(*map(torch.tensor, (lesions, masks, annotated)), kind, torch.tensor(share))
    assert float(value) == pytest.approx(balanced(kind, lesions, masks, annotated, share), rel=1e-5)


@pytest.mark.parametrize("kind", ["dice", "weighted", "focal-tversky"])
def test_a_lesion_that_is_nowhere_and_a_perfect_answer_stay_finite(kind):
    for truth in (torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)):
        logits = (80 * (2 * truth - 1)).requires_grad_()
        annotated = torch.ones(2, 1, dtype=torch.bool)
        lesion_loss(logits, truth, annotated, kind, truth.mean()[None]).backward()
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("kind", ["dice", "weighted", "focal-tversky"])
def test_a_task_that_is_not_annotated_gives_no_gradient(kind):
    grades = torch.randn(2, 5, requires_grad=True)
    lesions = torch.randn(2, 3, 4, 4, requires_grad=True)
    annotated = torch.tensor([[True, False, False], [False, False, False]])
    loss = multitask_loss(
        grades,
        lesions,
        torch.tensor([-1, 2]),
        torch.zeros(2, 3, 4, 4),
        annotated,
        1.0,
        kind,
        torch.full((3,), 0.1),
    )
    loss.backward()
    assert grades.grad[0].abs().sum() == 0
    assert grades.grad[1].abs().sum() > 0
    assert lesions.grad[0, 0].abs().sum() > 0
    assert lesions.grad[0, 1:].abs().sum() == 0
    assert lesions.grad[1].abs().sum() == 0


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "resnet50", "densenet121"])
def test_the_decoder_works_on_the_trunks_own_feature_maps(backbone):
    trunk = load("backbone", f"{backbone}[weights=random]").resolve().build((3, 64, 64))
    network = TwoBranches(trunk, load("head", "linear").build(trunk.num_features, 5), 4)
    grades, lesions = network(torch.randn(2, 3, 64, 64))
    assert grades.shape == (2, 5)
    assert lesions.shape == (2, 4, 64, 64)
    (grades.sum() + lesions.sum()).backward()
    first = next(p for p in trunk.parameters() if p.requires_grad)
    assert first.grad is not None


def source(name, n, grade, lesions, annotated):
    masks = np.zeros((16, 16, len(lesions)), dtype=np.uint8)
    for c in range(len(lesions)):
        masks[c, :, c] = 1
    picture = np.full((16, 16, 3), len(lesions), dtype=np.uint8)
    extras = {} if grade is None else {"grade": np.full(n, grade)}
    if lesions:
        extras["annotated"] = np.tile(annotated, (n, 1))
    samples = Samples(
        ids=tuple(f"{name}{i}" for i in range(n)),
        groups=tuple(f"{name}{i}" for i in range(n)),
        labels=LabelMatrix(np.zeros((n, 1), int)),
        read=lambda row, size: picture,
        content=tuple(f"{name}{i}" for i in range(n)),
        extras=extras,
        structures=lesions,
        masks=(lambda row, size: masks) if lesions else None,
    )
    return Source(name, samples, load("feed", "pictures[image_size=16,masks=true]"))


def test_sources_with_grades_masks_or_both_train_together(tmp_path):
    sources = [
        source("graded", 10, 2, (), None),
        source("masked", 10, None, ("EX", "MA"), np.array([True, False])),
    ]
    task = replace(task_of(bars(12)), sources=tuple(sources))
    stage = MultiTaskTrunk(options=MultiTask())
    work = work_for(stage, task, Store(tmp_path / "store"), tmp_path / "work")
    examples = gather(work, ("MA", "HE", "EX"), 0.2, seed=0)
    assert examples.grade.tolist() == [2] * 10 + [-1] * 10
    assert examples.annotated.sum(axis=0).tolist() == [0, 0, 10]
    assert examples.held_out.sum() == 4
    rows = np.array([3, 12])
    masks = examples.masks(rows)
    assert masks.shape == (2, 16, 16, 3)
    assert masks[0].sum() == 0
    assert (masks[1].sum(axis=(0, 1)) == [16, 0, 16]).all()
    assert examples.pictures(rows)[:, 0, 0, 0].tolist() == [0, 2]
    # of MA there are marks, but nobody looked for it; row 3 has no masks
    assert examples.lesion_share(rows).tolist() == [0, 0, 16 / 16**2]


class Marked:
    """Pictures whose brightness is the grade, with a bright square where the lesion is."""

    def __init__(self, grade):
        self.grade = grade

    def __call__(self, row, size):
        image = np.full((size, size, 3), 20 + 40 * int(self.grade[row]), dtype=np.uint8)
        if self.grade[row]:
            image[4:12, 4:12] = 250
        return image

    def masks(self, row, size):
        layers = np.zeros((size, size, 1), dtype=np.uint8)
        layers[4:12, 4:12] = self.grade[row] > 0
        return layers


@pytest.fixture
def task(tmp_path):
    """A task whose only source has 60 marked pictures."""
    from ltmlbench.data.splits import Split
    from ltmlbench.task import Numerics, Schedule, Task

    grade = np.arange(60) % 5
    marked = Marked(grade)
    samples = Samples(
        ids=tuple(map(str, range(60))),
        groups=tuple(map(str, range(60))),
        labels=LabelMatrix(np.zeros((60, 1), int)),
        read=marked,
        content=tuple(map(str, range(60))),
        extras={"grade": grade, "annotated": np.ones((60, 1), bool)},
        structures=("EX",),
        masks=marked.masks,
    )
    nothing = np.zeros(0, dtype=np.int64)
    return Task(
        samples=samples,
        split=Split("none", nothing, nothing, nothing, samples.ids),
        backbone=load("backbone", "test_resnet[weights=random]").resolve(),
        schedule=Schedule(epochs=3, batch_size=8, lr=3e-3),
        numerics=Numerics(),
        feed=load("feed", "pictures[image_size=32]"),
        seed=0,
        sources=(Source("marked", samples, load("feed", "pictures[image_size=32,masks=true]")),),
    )


def pretrained(task, folder, epoch=lambda i, of, values: None, lesions=("EX",)):
    stage = MultiTaskTrunk(options=MultiTask(lesions=lesions))
    work = work_for(stage, task, Store(folder.parent / "store"), folder)
    stage.run(replace(work, epoch=epoch))
    return folder, stage.trunk_weights(folder)


def test_it_learns_both_tasks(task, tmp_path):
    from ltmlbench.task import Schedule

    longer = replace(task, schedule=Schedule(epochs=12, batch_size=8, lr=3e-3))
    folder, _ = pretrained(longer, tmp_path / "a")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["dice"]["EX"] > 0.8
    assert metrics["quadratic_weighted_kappa"] > 0.6


def test_a_stopped_pretraining_goes_on_and_ends_with_the_same_trunk(task, tmp_path, monkeypatch):
    from ltmlbench.training import loop

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", float("inf"))
    _, whole = pretrained(task, tmp_path / "whole")
    seen = []

    def stop(index, of, values):
        seen.append(index)
        if index == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrained(task, tmp_path / "stopped", stop)
    _, resumed = pretrained(task, tmp_path / "stopped", lambda i, of, values: seen.append(i))
    assert seen == [1, 2, 2, 3]
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_the_lesions_to_learn_can_be_named():
    given = load("pretraining", "multitask[lesions=[HE,IRMA]]")
    assert given.lesions == ("HE", "IRMA")
    assert load("pretraining", "multitask").lesions == ("MA", "HE", "EX", "SE")
    method = load("method", "ours[pretrain=multitask[lesions=[EX]]]")
    assert load("pretraining", method.pretrain).lesions == ("EX",)


def test_a_lesion_asked_for_that_no_source_has_is_one_line(task):
    with pytest.raises(RequestError, match=r"no source has lesion 'EXX'.*they have EX"):
        load("pretraining", "multitask[lesions=[EX,EXX]]").plan(task)
    load("pretraining", "multitask").plan(task)  # the default ones may be missing


def test_overlays_show_no_lesion_that_nobody_looked_for(task, tmp_path, monkeypatch):
    """The second channel has no masks: whatever it predicts is noise."""
    from PIL import Image

    from ltmlbench_vision import pretrain

    def judged(task, network, examples, rows):
        lesions = np.zeros((len(rows), 2, 32, 32), dtype=bool)
        lesions[:, 1] = True
        return np.zeros(len(rows), dtype=np.int64), lesions

    monkeypatch.setattr(pretrain, "_judged", judged)
    folder, _ = pretrained(task, tmp_path / "a", lesions=("EX", "SE"))
    with Image.open(folder / "overlays.png") as picture:
        pixels = np.asarray(picture)
    truth, found = pixels[:32], pixels[32:]
    assert (truth == (40, 220, 60)).all(axis=2).any()
    assert not (found == (255, 60, 40)).all(axis=2).any()
