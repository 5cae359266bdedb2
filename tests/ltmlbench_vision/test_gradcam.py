"""Grad-CAM against its formula written out; what is looked at; every backbone and head."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from ltmlbench import load
from ltmlbench.contracts import POINTING
from ltmlbench.feeds.pictures.views import plain
from ltmlbench.fit import Fit
from ltmlbench.store import Store
from ltmlbench.task import Schedule
from ltmlbench.testing import made, work_for
from ltmlbench.training.network import Network, Trunk, build_network
from ltmlbench_vision.cam import enlarge, look
from ltmlbench_vision.gradcam import Evidence, Look, chosen, evenly, evidence_mask, known_evidence

BACKBONES = ["test_resnet", "densenet121", "tf_efficientnet_lite0"]


@pytest.fixture
def work(task, tmp_path):
    return work_for(load("method", "ib").plan(task), task, Store(tmp_path), tmp_path / "work")


def network_of(task, backbone, head, seed=0):
    trunk = load("backbone", f"{backbone}[weights=random]").resolve()
    return build_network(trunk, (3, 64, 64), load("head", head), 3, task.numerics, seed).eval()


def written_out(network, task, row, label):
    """One CAM of the whole network, with loops: weights are spatial means of gradients."""
    pixels = task.samples.read(row, 64)[None]
    images = torch.from_numpy(plain(pixels, network.trunk.mean, network.trunk.std))
    features = network.trunk(images)
    (gradient,) = torch.autograd.grad(network.head(features)[0, label], features)
    maps, slopes = features.detach().double().numpy()[0], gradient.double().numpy()[0]
    cam = np.zeros(maps.shape[1:])
    for channel, slope in zip(maps, slopes, strict=True):
        cam += slope.sum() / slope.size * channel
    return np.where(cam > 0, cam, 0.0)


@pytest.mark.parametrize("head", ["linear", "region-attention"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_it_is_the_formula_for_every_backbone_and_head(task, work, backbone, head):
    network = network_of(task, backbone, head)
    rows, labels = np.array([3, 3, 7, 0, 20]), np.array([0, 2, 1, 1, 0])
    found = look(network, work, rows, labels, fine=1)
    assert found.kind == "Grad-CAM"
    assert found.cams.shape[0] == 5
    assert found.cams.max() > 0
    for row, label, cam in zip(rows, labels, found.cams, strict=True):
        expected = written_out(network, task, row, label)
        np.testing.assert_allclose(cam, expected, rtol=1e-3, atol=1e-7)


class TwoSteps(Trunk):
    """8×8 maps, then 2×2 ones."""

    num_features, mean, std = 4, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.lower = nn.Conv2d(3, 5, 8, stride=8)
        self.upper = nn.Conv2d(5, 4, 4, stride=4)

    def forward(self, images):
        return self.upper(torch.relu(self.lower(images)))


def test_a_coarse_last_layer_gives_way_to_the_deepest_one_with_enough_cells(task, work):
    trunk = TwoSteps()
    network = Network(trunk, load("head", "linear").build(4, 3)).eval()
    found = look(network, work, np.array([4, 9]), np.array([0, 2]))
    assert found.cams.shape == (2, 8, 8)
    assert "HiResCAM" in found.kind
    pixels = task.samples.read(9, 64)[None]
    lower = trunk.lower(torch.from_numpy(plain(pixels, trunk.mean, trunk.std)))
    logit = network.head(trunk.upper(torch.relu(lower)))[0, 2]
    (slope,) = torch.autograd.grad(logit, lower)
    expected = (slope * lower).sum(dim=1).relu()[0].detach().numpy()
    np.testing.assert_allclose(found.cams[1], expected, rtol=1e-4, atol=1e-7)
    assert not trunk.lower._forward_hooks


def test_where_no_layer_is_fine_enough_the_last_one_is_shown(work):
    network = Network(TwoSteps(), load("head", "linear").build(4, 3)).eval()
    found = look(network, work, np.array([4]), np.array([0]), fine=9)
    assert found.cams.shape == (1, 2, 2)


def test_it_says_the_probability_and_the_attention_of_the_network(task, work):
    network = network_of(task, "test_resnet", "region-attention")
    rows, labels = np.array([5, 2]), np.array([1, 2])
    found = look(network, work, rows, labels)
    pixels = np.stack([task.samples.read(row, 64) for row in rows])
    images = torch.from_numpy(plain(pixels, network.trunk.mean, network.trunk.std))
    with torch.no_grad():
        features = network.trunk(images)
        expected = network.head(features).sigmoid().numpy()[[0, 1], labels]
        attention = network.head.attention(features)[:, 0].numpy()
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.attention, attention, atol=1e-6)
    assert look(network_of(task, "test_resnet", "linear"), work, rows, labels).attention is None


def test_it_leaves_the_network_as_it_is(task, work):
    network = network_of(task, "test_resnet", "linear")
    look(network, work, np.array([0]), np.array([0]))
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not network.head._forward_hooks


def test_tokens_on_a_grid_and_bfloat16_can_be_looked_at(task, work):
    half = replace(task, numerics=replace(task.numerics, dtype="bfloat16"))
    cams = look(
        network_of(half, "test_vit", "linear"),
        replace(work, task=half),
        np.array([0]),
        np.array([1]),
    ).cams
    assert cams.shape[1] == cams.shape[2] > 1
    assert np.isfinite(cams).all()


def test_maps_are_enlarged_bilinearly():
    ramp = np.array([[[0.0, 1.0], [0.0, 1.0]]], dtype=np.float32)
    np.testing.assert_allclose(enlarge(ramp, 4)[0], np.tile([0, 0.25, 0.75, 1], (4, 1)))


def test_the_gallery_shows_every_label_rare_ones_first():
    Y = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0]])
    assert chosen(Y.astype(np.uint8), 2).tolist() == [5, 0]
    assert chosen(Y.astype(np.uint8), 9).tolist()[:2] == [5, 0]
    assert sorted(chosen(Y.astype(np.uint8), 9)) == [0, 1, 2, 3, 5, 6]  # not the one without
    assert len(chosen(np.zeros((4, 2), dtype=np.uint8), 3)) == 0


def test_rows_are_taken_evenly():
    assert evenly(np.arange(10), 20).tolist() == list(range(10))
    assert evenly(np.arange(101), 5).tolist() == [0, 25, 50, 75, 100]


def test_evidence_is_what_has_a_mask_and_was_looked_for(squares):
    assert known_evidence(squares) == {"a": ("A",), "b": ("B",)}
    assert known_evidence(replace(squares, masks=None)) == {}
    row = int(np.flatnonzero(squares.labels.dense[:, 0])[0])
    layers = squares.masks(row, 32)
    mask = evidence_mask(squares, row, ("A",), layers)
    np.testing.assert_array_equal(mask, layers[:, :, 0] == 1)
    blind = replace(squares, extras={"annotated": np.zeros((48, 3), dtype=bool)})
    assert evidence_mask(blind, row, ("A",), layers) is None
    assert evidence_mask(squares, row, ("A",), np.zeros_like(layers)) is None


@pytest.fixture(scope="module")
def run(task, tmp_path_factory):
    """Runs a stage after its inputs; returns its folder."""
    root, done = tmp_path_factory.mktemp("stages"), {}

    def execute(stage, task=task):
        key = stage.identity(task)
        if key not in done:
            done[key] = made(stage, task, Store(root))
        return done[key]

    return execute


@pytest.fixture
def fit():
    parts = ("loss", "bce"), ("sampler", "ib"), ("head", "region-attention")
    return Fit(**{kind: load(kind, name) for kind, name in parts})


def test_evidence_is_kept_for_the_test_rows_that_have_the_label(task, run):
    stage = Evidence(structures={"a": ("A",), "b": ("B",)}, most=3)
    with np.load(run(stage) / "evidence.npz") as file:
        rows, labels, packed = file["rows"], file["labels"], file["masks"]
    Y = task.samples.labels.dense
    assert set(rows) <= set(task.split.test)
    assert np.bincount(labels).tolist() == [min(3, Y[task.split.test, c].sum()) for c in (0, 1)]
    for row, label, bits in zip(rows, labels, packed, strict=True):
        assert Y[row, label] == 1
        mask = np.unpackbits(bits, axis=1, count=64)
        np.testing.assert_array_equal(mask, task.samples.masks(row, 64)[:, :, label])


def test_the_stage_leaves_a_picture_and_the_numbers(task, run, fit):
    stage = load("explanation", "grad-cam[pictures=2]").plan(fit, task)
    folder = run(stage)
    with Image.open(folder / "gallery.png") as picture:
        assert picture.format == "PNG"
    table = pd.read_csv(folder / "pointing.csv")
    assert tuple(table.columns) == POINTING
    assert table["label"].tolist() == ["a", "b"]
    assert (table["empty"] <= table["samples"]).all()


def test_a_network_that_has_learnt_what_shows_a_label_looks_at_it(task, run, fit):
    longer = replace(task, schedule=Schedule(epochs=20, batch_size=8, lr=5e-3))
    plain = fit.model_copy(update={"head": load("head", "linear")})
    folder = run(load("explanation", "grad-cam").plan(plain, longer), longer)
    table = pd.read_csv(folder / "pointing.csv")
    assert (table["energy"] > 1.5 * table["energy_uniform"]).all()
    assert (table["hits"] > 2 * table["hits_uniform"]).all()


def test_chosen_samples_and_labels_give_a_picture_only(task, run, fit):
    explanation = load("explanation", "grad-cam")
    sizes = []
    for labels in (("c",), ("a", "c"), ("a", "b", "c")):
        folder = run(explanation.plan(fit, task, samples=("s1", "s40"), labels=labels))
        assert not (folder / "pointing.csv").exists()
        sizes.append(Image.open(io.BytesIO((folder / "gallery.png").read_bytes())).size)
    assert len(set(sizes)) == 3


def test_models_without_a_network_are_not_explained(task):
    floor = load("method", "majority").plan(task)
    assert load("explanation", "grad-cam").plan(floor, task) is None


def test_all_models_of_a_split_share_the_evidence(task, fit):
    looks = [
        load("explanation", "grad-cam").plan(fit.model_copy(update={"loss": load("loss", name)}), t)
        for name, t in (("bce", task), ("focal", replace(task, seed=1)))
    ]
    assert all(isinstance(stage, Look) for stage in looks)
    identities = {stage.evidence.identity(task) for stage in looks}
    assert identities == {looks[0].evidence.identity(replace(task, seed=1))}
    unknown = replace(task, samples=replace(task.samples, masks=None))
    assert load("explanation", "grad-cam").plan(fit, unknown).evidence is None


def test_other_masks_structures_or_annotations_are_other_evidence(task):
    stage = Evidence(structures={"a": ("A",), "b": ("B",)}, most=3)

    def of(**other):
        return stage.identity(replace(task, samples=replace(task.samples, **other)))

    rows = tuple(f"mask{i}" for i in range(48))
    looked = np.ones((48, 3), dtype=bool)
    partly = looked.copy()
    partly[7, 1] = False
    each = [
        of(),
        of(mask_content=rows),
        of(mask_content=("redrawn", *rows[1:])),
        of(structures=("B", "A", "C")),
        of(extras={"annotated": looked}),
        of(extras={"annotated": partly}),
    ]
    assert len(set(each)) == len(each)
    assert of(mask_content=rows) == each[1]
    assert of(extras={"grade": np.zeros(48)}) == each[0]


def test_masks_change_no_identity_of_what_does_not_look_at_them(task, fit):
    other = replace(task, samples=replace(task.samples, mask_content=("x",) * 48))
    assert fit.identity(other) == fit.identity(task)
