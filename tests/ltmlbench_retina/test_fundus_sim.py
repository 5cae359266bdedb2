"""The simulated patients are labelled as the 6690 eyes of ODIR-5K are.

Expected counts: per-eye labels of the public ODIR-5K annotation, 3358 patients.
"""

import pickle
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltmlbench.data.samples import Samples
from ltmlbench_retina.fundus import population
from ltmlbench_retina.fundus_sim import FundusSim

EYES = {"N": 2956, "D": 1764, "O": 1078, "G": 316, "C": 307, "A": 279, "M": 262, "H": 193}
PATIENTS = {"D": 1105, "G": 206, "C": 208, "A": 163, "H": 103, "M": 171, "O": 905}
PAIRS = {"DO": 234, "DH": 67, "DG": 33, "GO": 32, "AD": 17, "CD": 15, "AG": 14}


@pytest.fixture(scope="module")
def samples() -> Samples:
    return FundusSim().load(None)


@pytest.fixture(scope="module")
def as_many_as_odir() -> Samples:
    return FundusSim(patients=3345).load(None)


def column(samples: Samples, label: str) -> np.ndarray:
    return samples.labels.dense[:, samples.labels.names.index(label)]


def test_a_set_as_large_as_odir_has_its_label_counts(as_many_as_odir: Samples) -> None:
    counts = dict(
        zip(as_many_as_odir.labels.names, as_many_as_odir.labels.counts.tolist(), strict=True)
    )
    assert counts == EYES
    assert np.bincount(as_many_as_odir.labels.per_sample).tolist() == [0, 6231, 453, 6]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_set_as_large_as_odir_has_its_cooccurrence(as_many_as_odir: Samples, pair: str) -> None:
    both = column(as_many_as_odir, pair[0]) & column(as_many_as_odir, pair[1])
    assert both.sum() == PAIRS[pair]


def test_no_other_pair_is_as_frequent_as_the_listed_ones(as_many_as_odir: Samples) -> None:
    for a, b in combinations(sorted(EYES), 2):
        if a + b not in PAIRS:
            assert (column(as_many_as_odir, a) & column(as_many_as_odir, b)).sum() < 14


def test_as_many_patients_as_in_odir_have_unequal_eyes(as_many_as_odir: Samples) -> None:
    left, right = as_many_as_odir.labels.dense[::2], as_many_as_odir.labels.dense[1::2]
    assert (left != right).any(axis=1).mean() == pytest.approx(1234 / 3358, abs=0.01)


@pytest.mark.parametrize("label", PATIENTS)
def test_disease_is_as_often_bilateral_as_in_odir(as_many_as_odir: Samples, label: str) -> None:
    patients = column(as_many_as_odir, label).reshape(-1, 2).any(axis=1).sum()
    assert patients == pytest.approx(PATIENTS[label], rel=0.2)


def test_the_default_set_keeps_the_frequencies_to_two_eyes(samples: Samples) -> None:
    for label, count in EYES.items():
        assert column(samples, label).sum() == pytest.approx(count * 360 / 6690, abs=2.5)
    assert samples.labels.imbalance_ratio == pytest.approx(2956 / 193, rel=0.1)


def test_every_label_occurs_in_at_least_six_patients(samples: Samples) -> None:
    for label in EYES:
        assert column(samples, label).reshape(-1, 2).any(axis=1).sum() >= 6


def test_labels_are_head_medium_and_tail_as_in_odir(samples: Samples) -> None:
    protocol = samples.protocol
    shots = dict(
        zip(samples.labels.names, samples.labels.shots(protocol.head, protocol.tail), strict=True)
    )
    assert {label for label, shot in shots.items() if shot == "head"} == set("NDO")
    assert {label for label, shot in shots.items() if shot == "tail"} == {"H"}


def test_everything_made_from_it_has_to_say_simulated(samples: Samples) -> None:
    assert samples.protocol.simulated


def test_every_patient_has_a_left_and_a_right_eye(samples: Samples) -> None:
    assert samples.ids[:3] == ("P0001_left", "P0001_right", "P0002_left")
    assert all(i.rpartition("_")[0] == g for i, g in zip(samples.ids, samples.groups, strict=True))
    assert sorted(set(np.unique(samples.groups, return_counts=True)[1])) == [2]


def test_the_grade_is_above_zero_exactly_with_retinopathy(samples: Samples) -> None:
    grade = samples.extras["grade"]
    assert grade.dtype == np.int8
    assert ((grade > 0) == column(samples, "D")).all()
    assert set(grade) == {0, 1, 2, 3, 4}


def test_grades_of_two_diseased_eyes_are_alike(as_many_as_odir: Samples) -> None:
    left, right = as_many_as_odir.extras["grade"].reshape(-1, 2).T
    both = (left > 0) & (right > 0)
    assert np.corrcoef(left[both], right[both])[0, 1] > 0.4


@settings(max_examples=30, deadline=None)
@given(patients=st.integers(1, 80), seed=st.integers(0, 2**32))
def test_any_size_and_seed_gives_valid_eyes(patients: int, seed: int) -> None:
    samples = FundusSim(patients=patients, seed=seed).load(None)
    assert len(samples) == 2 * patients
    normal = column(samples, "N") == 1
    assert (samples.labels.per_sample[normal] == 1).all()
    assert (samples.labels.per_sample >= 1).all()
    assert ((samples.extras["grade"] > 0) == column(samples, "D")).all()


def test_the_same_options_give_the_same_set(samples: Samples) -> None:
    assert FundusSim().load(None).fingerprint == samples.fingerprint


@pytest.mark.parametrize("options", [{"seed": 1}, {"visibility": 0.5}])
def test_other_options_change_every_digest(samples: Samples, options: dict[str, float]) -> None:
    other = FundusSim(**options).load(None)
    assert not set(samples.content) & set(other.content)


def test_no_two_eyes_share_a_digest(samples: Samples) -> None:
    assert len(set(samples.content)) == len(samples)


def test_a_new_renderer_changes_every_digest(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "RENDER_VERSION", population.RENDER_VERSION + 1)
    assert not set(samples.content) & set(FundusSim().load(None).content)


def test_a_reader_survives_pickling_and_any_order(samples: Samples) -> None:
    sent = pickle.loads(pickle.dumps(samples.read))
    forward = [samples.read(row, 32) for row in (5, 0, 3)]
    backward = [sent(row, 32) for row in (3, 0, 5)]
    assert all(np.array_equal(a, b) for a, b in zip(forward, reversed(backward), strict=True))


def test_the_component_is_described_without_loading_the_renderer() -> None:
    code = (
        "import sys, ltmlbench_retina.fundus_sim\n"
        "print(*{'cv2', 'torch', 'pandas', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
