"""The simulated photographs show what their labels and masks say."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ltmlbench_retina.fundus.photograph import FundusReader
from ltmlbench_retina.fundus.population import EyeSpec, draw_population

SIZE = 64
READER = FundusReader(draw_population(300, seed=0))
Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def masks() -> npt.NDArray[np.bool_]:
    """Masks of every eye, N × H × W × L."""
    return np.stack([READER.masks(row, SIZE) for row in range(len(READER.eyes))]) > 0


def having(labels: str, grade: int = 0) -> list[int]:
    """Rows of eyes with exactly these labels, and at least this grade."""
    return [
        row for row, eye in enumerate(READER.eyes) if eye.labels == labels and eye.grade >= grade
    ]


def healthy(eye: EyeSpec) -> EyeSpec:
    """The same eye without any disease: its anatomy and its camera are the same."""
    return replace(eye, labels="N", grade=0)


def twins(row: int, size: int = 128) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The photograph of an eye and of its healthy twin."""
    eye = READER.eyes[row]
    sick, well = FundusReader((eye,))(0, size), FundusReader((healthy(eye),))(0, size)
    return sick.astype(float), well.astype(float)


@pytest.mark.parametrize("size", [16, 50, 64, 224])
def test_a_photograph_has_the_size_asked_for(size: int) -> None:
    image = READER(0, size)
    assert image.shape == (size, size, 3)
    assert image.dtype == np.uint8
    assert READER.masks(0, size).shape == (size, size, len(READER.structures))


def test_the_same_eye_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    eye = READER.eyes[0]
    again = FundusReader((eye,))(0, SIZE)
    assert np.array_equal(READER(0, SIZE), again)
    assert not np.array_equal(again, FundusReader((replace(eye, seed=1),))(0, SIZE))


@pytest.mark.parametrize("row", range(0, 40, 5))
def test_every_size_shows_the_same_eye_anew(row: int) -> None:
    small = READER(row, 64)
    large = cv2.resize(READER(row, 256), (64, 64), interpolation=cv2.INTER_AREA)
    assert not np.array_equal(small, large)
    seen = large.max(axis=2) > 20
    for channel in range(3):
        assert np.corrcoef(small[seen, channel], large[seen, channel])[0, 1] > 0.85


@pytest.mark.parametrize("row", range(0, 30, 3))
def test_masks_agree_between_sizes(row: int) -> None:
    small, large = READER.masks(row, 64), READER.masks(row, 256)
    assert (small.any(axis=(0, 1)) == large.any(axis=(0, 1))).all()
    pooled = large.reshape(64, 4, 64, 4, -1).max(axis=(1, 3))
    both, either = (small & pooled).sum(), (small | pooled).sum()
    assert both / either > 0.75


def test_the_surround_is_black_and_the_eye_is_not() -> None:
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    for row in range(20):
        image = READER(row, SIZE)
        assert image[np.hypot(x, y) > SIZE / 2].max() == 0
        assert image[np.hypot(x, y) < SIZE / 4].max(axis=1).min() > 20


def test_masks_lie_inside_the_aperture(masks: npt.NDArray[np.bool_]) -> None:
    for row in range(0, len(masks), 10):
        assert READER(row, SIZE)[masks[row].any(axis=2)].max(axis=1).min() > 0


EXPECTED: dict[str, Callable[[EyeSpec], bool]] = {
    "MA": lambda eye: eye.grade >= 1,
    "EX": lambda eye: eye.grade >= 2,
    "HE": lambda eye: eye.grade >= 2 or "H" in eye.labels,
    "NV": lambda eye: eye.grade == 4,
    "DRUSEN": lambda eye: "A" in eye.labels,
    "CRESCENT": lambda eye: "M" in eye.labels,
    "OTHER": lambda eye: "O" in eye.labels,
    "DISC": lambda eye: True,
    "CUP": lambda eye: True,
}


@pytest.mark.parametrize("structure", EXPECTED)
def test_a_mask_is_drawn_exactly_where_the_disease_says(
    masks: npt.NDArray[np.bool_], structure: str
) -> None:
    drawn = masks[..., READER.structures.index(structure)].any(axis=(1, 2))
    expected = [EXPECTED[structure](eye) for eye in READER.eyes]
    assert drawn.tolist() == expected


@pytest.mark.parametrize(("structure", "labels"), [("SE", "DH"), ("ATROPHY", "AM")])
def test_some_lesions_occur_in_some_eyes_of_their_diseases(
    masks: npt.NDArray[np.bool_], structure: str, labels: str
) -> None:
    drawn = masks[..., READER.structures.index(structure)].any(axis=(1, 2))
    diseased = np.array([any(label in eye.labels for label in labels) for eye in READER.eyes])
    assert not drawn[~diseased].any()
    assert 0 < drawn[diseased].sum() < diseased.sum()


@pytest.mark.parametrize("label", FundusReader.regions)
def test_every_eye_with_a_localised_disease_has_its_region(
    masks: npt.NDArray[np.bool_], label: str
) -> None:
    layers = [READER.structures.index(name) for name in READER.regions[label]]
    rows = [row for row, eye in enumerate(READER.eyes) if label in eye.labels]
    assert masks[rows][..., layers].any(axis=(1, 2, 3)).all()


def test_the_disc_is_nasal(masks: npt.NDArray[np.bool_]) -> None:
    disc = masks[..., READER.structures.index("DISC")]
    for eye, mask in zip(READER.eyes, disc, strict=True):
        assert (np.nonzero(mask)[1].mean() > SIZE / 2) == (eye.side == "right")


@pytest.mark.parametrize("row", having("N")[:20])
def test_the_disc_is_brighter_than_the_retina_across(
    masks: npt.NDArray[np.bool_], row: int
) -> None:
    image = READER(row, SIZE).astype(float).sum(axis=2)
    disc = masks[row, ..., READER.structures.index("DISC")]
    assert np.median(image[disc]) > 1.05 * np.median(image[:, ::-1][disc])


@pytest.mark.parametrize("label", "DAHMO")
def test_lesions_are_visible_against_the_healthy_twin(label: str) -> None:
    layers = [READER.structures.index(name) for name in READER.regions[label]]
    for row in having(label, grade=2 if label == "D" else 0)[:8]:
        sick, well = twins(row)
        region = READER.masks(row, 128)[..., layers].any(axis=2)
        change = np.abs(sick - well).mean(axis=2)
        assert change[region].mean() > 6
        elsewhere = change[~region & (well.max(axis=2) > 20)]
        assert change[region].mean() > 1.5 * elsewhere.mean()


@pytest.mark.parametrize(
    ("structure", "label", "sign"),
    [("HE", "D", -1), ("EX", "D", 1), ("HE", "H", -1), ("DRUSEN", "A", 1), ("CRESCENT", "M", 1)],
)
def test_blood_is_darker_and_deposits_are_brighter_than_the_retina(
    structure: str, label: str, sign: int
) -> None:
    for row in having(label, grade=2 if label == "D" else 0)[:8]:
        sick, well = twins(row)
        region = READER.masks(row, 128)[..., READER.structures.index(structure)] > 0
        green = (sick - well)[..., 1][region]
        assert np.sign(np.median(green)) == sign


def test_a_cataract_takes_contrast_and_sharpness() -> None:
    for row in having("C")[:10]:
        sick, well = (cv2.cvtColor(t.astype(np.uint8), cv2.COLOR_RGB2GRAY) for t in twins(row))
        middle = np.s_[24:104, 24:104]
        assert sick[middle].std() < well[middle].std()


def test_glaucoma_has_a_taller_cup_than_any_normal_eye_of_its_set(
    masks: npt.NDArray[np.bool_],
) -> None:
    def ratio(row: int) -> float:
        large = READER.masks(row, 256)
        cup, disc = (
            np.ptp(np.nonzero(large[..., READER.structures.index(name)])[0]) + 1
            for name in ("CUP", "DISC")
        )
        return float(cup / disc)

    assert min(map(ratio, having("G")[:20])) > 0.55
    assert max(map(ratio, having("N")[:40])) < 0.68
    assert np.median([*map(ratio, having("G")[:20])]) > 0.7


def test_hypertension_narrows_vessels() -> None:
    def vessel_pixels(image: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_]) -> int:
        green = image[..., 1].astype(np.float32)
        darker = cv2.GaussianBlur(green, (0, 0), 6) - green > 8
        return int((darker & seen).sum())

    narrower = []
    for row in having("H")[:8]:
        sick, well = twins(row, 256)
        blood = READER.masks(row, 256)[..., READER.structures.index("HE")]
        clear = cv2.dilate(blood, np.ones((9, 9), np.uint8)) == 0
        narrower.append(vessel_pixels(sick, clear) < vessel_pixels(well, clear))
    assert all(narrower)


def test_a_higher_grade_has_more_lesions(masks: npt.NDArray[np.bool_]) -> None:
    area = masks[..., : READER.structures.index("DRUSEN")].any(axis=3).sum(axis=(1, 2))
    mean = [
        np.mean([area[row] for row in having("D") if READER.eyes[row].grade == g])
        for g in (1, 2, 3)
    ]
    assert mean[0] < mean[1] < mean[2]


@pytest.mark.parametrize("label", "DGCAHMO")
def test_without_visibility_an_eye_looks_like_its_healthy_twin(label: str) -> None:
    eye = READER.eyes[having(label)[0]]
    hidden = FundusReader((replace(eye, visibility=0.0),))(0, SIZE)
    assert np.array_equal(hidden, FundusReader((healthy(eye),))(0, SIZE))


def test_both_eyes_of_a_patient_share_camera_and_pigment() -> None:
    def colour(row: int) -> npt.NDArray[np.float64]:
        image = READER(row, 32).astype(float)
        return np.median(image[image.max(axis=2) > 20], axis=0)

    rows = [row for row in having("N") if row % 2 == 0 and READER.eyes[row + 1].labels == "N"]
    left, right = (np.array([colour(row + side) for row in rows[:40]]) for side in (0, 1))
    assert np.corrcoef(left[:, 1], right[:, 1])[0, 1] > 0.9
