"""Decoding and feeding, side by side with the usual way; read the ratios within a group.

pytest benchmarks/test_pixels.py --benchmark-only --benchmark-group-by=group
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltmlbench.contracts import Norm
from ltmlbench.feeds.batches import batches
from ltmlbench.feeds.pictures.decode import read_rgb, squared
from ltmlbench.feeds.pictures.feed import OpenedPictures
from ltmlbench.feeds.pictures.views import Augment

BORDER = 10
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE, PICTURES, BATCH = 224, 256, 32


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Four fundus-like JPEGs, 2592×1728, quality 90, 4:2:0: about 0.3 MB each."""
    folder = tmp_path_factory.mktemp("photographs")
    y, x = np.mgrid[-864:864, -1296:1296].astype(np.float32)
    inside = (x**2 + y**2 < 850**2)[:, :, None]
    paths = []
    for i in range(4):
        rng = np.random.default_rng(i)
        vessels = 25 * np.sin(x / 61 + 3 * np.sin(y / (90 + 9 * i)))
        image = np.stack([170 + vessels, 85 + vessels, 45 + vessels / 2], axis=2)
        image = (image + rng.normal(0, 3, image.shape)) * inside
        paths.append(folder / f"{i}.jpg")
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def whole_then_crop(path, size):
    """The usual way: decode all pixels, find the border on the whole grey picture, resize."""
    with Image.open(path) as file:
        image = np.asarray(file.convert("RGB"))
    bright = image.mean(axis=2) > BORDER
    rows, columns = bright.any(axis=1), bright.any(axis=0)
    image = image[np.ix_(rows, columns)]
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))


def whole_then_prepare(path, size):
    """All pixels decoded, then our cheap crop and resize: what the reduced scale alone gains."""
    with Image.open(path) as file:
        return squared(np.asarray(file.convert("RGB")), size, BORDER)


def ours(path, size):
    return squared(read_rgb(path, size), size, BORDER)


@pytest.mark.parametrize("size", [224, 448])
@pytest.mark.parametrize("decode", [whole_then_crop, whole_then_prepare, ours])
def test_decode(benchmark, photographs, decode, size):
    benchmark.group = f"decode to {size} pixels"
    whole = whole_then_prepare(photographs[0], size).astype(int)
    result = decode(photographs[0], size)
    assert result.shape == (size, size, 3)
    benchmark.extra_info["grey_levels_from_whole"] = float(np.abs(result - whole).mean().round(2))
    benchmark.pedantic(
        lambda: [decode(path, size) for path in photographs], rounds=5, warmup_rounds=1
    )
    per_second(benchmark, len(photographs))


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    """A memory-mapped cache of 256 pictures."""
    path = tmp_path_factory.mktemp("cache") / "pixels.npy"
    rng = np.random.default_rng(0)
    np.save(path, rng.integers(0, 256, (PICTURES, SIDE, SIDE, 3), dtype=np.uint8))
    return np.load(path, mmap_mode="r")


def our_epoch(pixels, order, augment):
    opened = OpenedPictures(Path(pixels.filename), augment or Augment(), {})
    norm = Norm(np.array(MEAN), np.array(STD))
    feed = batches(opened, order, BATCH, seed=0, epoch=0 if augment else None, norm=norm)
    return sum(len(rows) for rows, _ in feed)


def torchvision_epoch(pixels, order, transform):
    import torch

    seen = 0
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        pictures = (torch.from_numpy(np.array(pixels[row])).permute(2, 0, 1) for row in rows)
        seen += len(torch.stack([transform(picture) for picture in pictures]))
    return seen


@pytest.fixture
def one_thread():
    """Both sides get one core for the work on pictures."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def torchvision_transform(one_thread):
    import torch

    v2 = pytest.importorskip("torchvision.transforms.v2")
    bilinear = v2.InterpolationMode.BILINEAR
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(15, (0.05, 0.05), (0.9, 1.1), interpolation=bilinear),
            v2.ColorJitter(brightness=0.1, contrast=0.15, saturation=0.15),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )


@pytest.mark.parametrize("augment", [Augment(), None], ids=["ours", "ours, no augmentation"])
def test_epoch(benchmark, pixels, augment, one_thread):
    benchmark.group = f"an epoch of {PICTURES} pictures at {SIDE} pixels"
    order = np.random.default_rng(0).permutation(PICTURES)
    seen = benchmark.pedantic(our_epoch, (pixels, order, augment), rounds=5, warmup_rounds=1)
    assert seen == PICTURES
    per_second(benchmark, PICTURES)


def test_epoch_torchvision(benchmark, pixels, torchvision_transform):
    benchmark.group = f"an epoch of {PICTURES} pictures at {SIDE} pixels"
    order = np.random.default_rng(0).permutation(PICTURES)
    seen = benchmark.pedantic(
        torchvision_epoch, (pixels, order, torchvision_transform), rounds=3, warmup_rounds=1
    )
    assert seen == PICTURES
    per_second(benchmark, PICTURES)


def per_second(benchmark, pictures):
    rate = pictures / benchmark.stats.stats.median
    benchmark.extra_info["pictures_per_second"] = round(rate, 1)
    print(f"\n{benchmark.group}: {benchmark.name}: {rate:.0f} pictures/s {benchmark.extra_info}")
