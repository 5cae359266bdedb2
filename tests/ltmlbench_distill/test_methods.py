"""RLKD and RSKD as graphs of stages: what is shared, what each part sees, and a whole small run."""

import json
from collections import Counter

import numpy as np
import pytest

import ltmlbench
from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.config import make_config
from ltmlbench.errors import RequestError
from ltmlbench.fit import Fit
from ltmlbench.stages import read_examples
from ltmlbench_distill.stages import (
    Partition,
    Prototypes,
    SubsetExamples,
    TeacherLogits,
    label_means,
)

SMALL = {
    "dataset": "fundus-sim[patients=40]",
    "sources": ["fundus-sim[patients=12,seed=1]"],
    "backbones": ["test_resnet[weights=random]"],
    "floors": "none",
    "image_size": 32,
    "epochs": 2,
    "folds": 2,
    "batch_size": 16,
}


def planned(methods, **given):
    return make_benchmark(*configure({**SMALL, "methods": methods, **given}), decode=False).grid


def kinds(grid):
    return Counter(type(node.stage).__name__ for node in grid.nodes.values())


def test_rows_of_one_table_share_every_stage_they_can():
    """Two folds. Shared: one pre-training for all folds; prototypes, partition, a teacher per
    subset and their logits of a fold for ours and ours+focal; without attention the teachers differ
    but not the prototypes and the partition."""
    grid = planned("ours,ours+focal,ours[attention=none],rskd")
    found = kinds(grid)
    assert found["MultiTaskTrunk"] == 1
    assert found["Prototypes"] == 2
    rskd_divisions = 3  # shot, region, feature
    assert found["Partition"] == 2 * (1 + rskd_divisions)
    rskd_teachers = sum(
        isinstance(node.stage, TeacherLogits) and node.stage.teacher.init is None
        for node in grid.nodes.values()
    )
    ours = [
        node.stage
        for node in grid.nodes.values()
        if isinstance(node.stage, Partition) and node.stage.prototypes is not None
    ]
    assert len(ours) == 2
    assert all(stage.n_subsets >= 2 for stage in ours)
    assert found["TeacherLogits"] == 2 * sum(stage.n_subsets for stage in ours) + rskd_teachers
    students = 2 * 4
    assert found["Fit"] == found["TeacherLogits"] + students


def test_ours_with_focal_adds_one_student_per_fold():
    alone, both = kinds(planned("ours")), kinds(planned("ours,ours+focal"))
    assert both - alone == Counter({"Fit": 2, "Predict": 2, "Look": 2})


@pytest.mark.parametrize(
    ("option", "missing"),
    [
        ("pretrain=none", "MultiTaskTrunk"),
        ("teachers=none", "TeacherLogits"),
    ],
)
def test_an_ablation_leaves_its_part_out(option, missing):
    assert kinds(planned("ours"))[missing] > 0
    assert kinds(planned(f"ours[{option}]"))[missing] == 0


def test_ablations_of_the_loss_share_all_teachers():
    plain, more = kinds(planned("ours")), kinds(planned("ours,ours[kd_weight=uniform,alpha=0.3]"))
    assert more - plain == Counter({"Fit": 2, "Predict": 2, "Look": 2})


def test_random_subsets_need_no_new_pretraining():
    more = kinds(planned("ours,ours[subsets=random]"))
    assert more["MultiTaskTrunk"] == 1
    assert more["Partition"] == 4


def test_without_data_to_pretrain_on_one_line_says_what_to_do():
    with pytest.raises(RequestError, match=r"--source idrid=.*pretrain=none"):
        planned("ours", sources="none")
    planned("ours[pretrain=none]", sources="none")


def test_a_source_that_holds_pictures_of_the_benchmark_is_refused():
    with pytest.raises(RequestError, match="pictures of the benchmark's own data"):
        planned("ours", sources=["fundus-sim[patients=40]"])


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One whole run of two methods; its configuration and store."""
    root = tmp_path_factory.mktemp("ours")
    given = {
        **SMALL,
        "methods": "ib,ours[views=2],rskd",
        "out": root / "out",
        "cache_dir": root / "cache",
    }
    result = ltmlbench.run(given)
    benchmark = make_benchmark(*configure(given), decode=True)
    return result, benchmark


def stages_of(benchmark, kind):
    for node in benchmark.grid.nodes.values():
        if isinstance(node.stage, kind):
            yield node, benchmark.store.folder(node.identity)


@pytest.mark.slow
def test_a_whole_run_ends_with_a_row_per_method(done):
    result, benchmark = done
    rows = result.results
    assert set(rows["method"]) == {"ib", "ours[views=2]", "rskd"}
    assert rows.query("metric == 'map' and label.isna()")["value"].between(0, 1).all()
    assert all(benchmark.store.has(run.identity) for run in benchmark.grid.runs)


@pytest.mark.slow
def test_what_was_made_before_the_runs_is_there_to_look_at(done):
    result, _ = done
    stages = {folder.name: folder for folder in (result.out / "stages").iterdir()}
    (trunk,) = (folder for name, folder in stages.items() if name.startswith("pre-train"))
    assert {"overlays.png", "metrics.json", "stage.json"} <= {p.name for p in trunk.iterdir()}
    subsets = [folder for name, folder in stages.items() if name.startswith("subsets_Relational")]
    assert len(subsets) == 2, "one per fold"
    table = (result.out / "table.md").read_text()
    made = table[table.index("Made on the way") :]
    assert "pictures of fundus-sim[patients=12,seed=1]; on 2 held out: Dice MA" in made
    for folder in subsets:
        found = json.loads((folder / "subsets.json").read_text())
        assert "{" + ", ".join(found[0]["labels"]) + "}" in made
    compared = [folder for name, folder in stages.items() if name.startswith("teachers_beside")]
    assert len(compared) == 2
    assert made.count("validation rows, teacher minus plain network") == 2
    assert "stages/pre-train" in (result.out / "report.html").read_text()


@pytest.mark.slow
def test_a_teacher_sees_its_own_labels_and_training_rows_alone(done):
    _, benchmark = done
    for node, folder in stages_of(benchmark, SubsetExamples):
        rows, columns = read_examples(folder)
        train = node.task.split.train
        assert rows.max() < len(train)
        assert not set(train[rows]) & set(node.task.split.test)
        assert not set(train[rows]) & set(node.task.split.val)
        names = {node.task.labels.names[c] for c in columns}
        if node.stage.partition.prototypes is not None:  # of ours, not of rskd's shot subsets
            assert not names & {"N", "O"}
    for node, folder in stages_of(benchmark, TeacherLogits):
        logits, columns = np.load(folder / "logits.npy"), np.load(folder / "labels.npy")
        assert logits.shape == (2, len(node.task.split.train), len(columns))
        assert np.isfinite(logits).all()


@pytest.mark.slow
def test_teachers_speak_of_the_views_their_student_sees(done):
    """The stored logits are those of the teacher on the random views of that epoch."""
    from ltmlbench.stages import Work

    _, benchmark = done
    node, folder = next(stages_of(benchmark, TeacherLogits))
    store = benchmark.store
    work = Work(
        task=node.task,
        folder=folder,
        input=lambda stage: store.folder(stage.identity(node.task)),
        epoch=lambda *_: None,
    )
    teacher = node.stage.teacher
    rows = node.task.split.train[:10]
    again = teacher.logits(work, work.input(teacher), rows, 1)
    stored = np.load(folder / "logits.npy")
    np.testing.assert_allclose(stored[1, :10], again, atol=0.05)  # bfloat16, other batches
    assert np.abs(stored[0] - stored[1]).max() > 0


@pytest.mark.slow
def test_subsets_divide_the_six_diseases_and_leave_normal_and_other_out(done):
    _, benchmark = done
    for node, folder in stages_of(benchmark, Partition):
        if node.stage.prototypes is None:
            continue
        found = json.loads((folder / "subsets.json").read_text())
        labels = [name for entry in found for name in entry["labels"]]
        assert sorted(labels) == sorted("DGCAHM")
        assert len(found) == node.stage.n_subsets


@pytest.mark.slow
def test_prototypes_are_finite_and_of_every_label(done):
    _, benchmark = done
    for node, folder in stages_of(benchmark, Prototypes):
        prototypes = np.load(folder / "prototypes.npy")
        assert prototypes.shape[0] == node.task.labels.n_labels
        present = node.task.labels.counts > 0
        assert np.isfinite(prototypes[present]).all()


@pytest.mark.slow
def test_pretraining_reports_dice_and_kappa_and_leaves_pictures(done):
    from PIL import Image

    from ltmlbench_vision.multitask import MultiTaskTrunk

    _, benchmark = done
    ((_node, folder),) = stages_of(benchmark, MultiTaskTrunk)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics["dice"]) == {"MA", "HE", "EX", "SE"}
    assert metrics["trained_on"] + metrics["held_out"] == 24
    with Image.open(folder / "overlays.png") as picture:
        assert picture.height == 2 * 32


def test_the_mean_of_a_label_prefers_pictures_with_no_other_label():
    Y = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [0, 0]], dtype=np.uint8)
    features = np.arange(7, dtype=float)[:, None]
    means = label_means(features, Y)
    assert means[0, 0] == 2.0  # rows 0 to 4, not 5
    assert means[1, 0] == 5.0  # too few alone: all with the label
    assert np.isnan(label_means(features, np.zeros((7, 1), dtype=np.uint8))).all()


def test_options_are_checked_by_name_and_value():
    with pytest.raises(RequestError, match="kd_weight"):
        ltmlbench.load("method", "ours[kd_weight=wrong]")
    assert isinstance(ltmlbench.load("method", "rlkd"), type(ltmlbench.load("method", "ours")))
    assert make_config({"methods": "ours[subsets=relational[n_subsets=3]],db"}).methods == (
        "ours[subsets=relational[n_subsets=3]]",
        "db",
    )
    assert Fit.model_fields["teaching"].default is None
