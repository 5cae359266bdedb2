"""Pictures are decoded once, whatever stops or doubles the work."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pixel_builder
import pytest
from PIL import Image

from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures import pixels as module
from ltmlbench.feeds.pictures.decode import prepare, read_rgb
from ltmlbench.feeds.pictures.pixels import build_pixels, find_pixels, pixels_key

SIZE = pixel_builder.SIZE
POOLED = module.FEW + 44  # enough pictures for worker processes


def photograph(number):
    rng = np.random.default_rng(number)
    return Image.fromarray(rng.integers(0, 256, (24, 30, 3), dtype=np.uint8))


@pytest.fixture
def pictures(tmp_path):
    """A folder of 6 photographs."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(6):
        photograph(i).save(folder / f"{i:03}.jpg")
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A folder of so many photographs that worker processes decode them."""
    folder = tmp_path_factory.mktemp("many")
    for i in range(POOLED):
        photograph(i).save(folder / f"{i:03}.jpg")
    return folder


def decoded(folder):
    """What the cache should hold, picture by picture."""
    files = sorted(folder.glob("*.jpg"))
    return np.stack([prepare(read_rgb(file, SIZE), SIZE, None) for file in files])


def never_read(row, size):
    raise AssertionError("a picture was decoded again")


def builder(pictures, cache, workers, *stuck):
    """`pixel_builder.py` in a process group of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, pixel_builder.__file__, pictures, cache, str(workers), *map(str, stuck)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def stuck_builder(pictures, cache, workers, row):
    """The same, once it has come to ``row``, where it hangs."""
    reached = pictures / "reached"
    reached.unlink(missing_ok=True)
    process = builder(pictures, cache, workers, row)
    deadline = time.monotonic() + 60
    while not reached.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reached.unlink()
    return process


def test_every_picture_is_decoded_in_its_row(pictures, tmp_path):
    pixels = build_pixels(pixel_builder.samples_of(pictures), SIZE, tmp_path / "cache")
    assert pixels.array.dtype == np.uint8
    assert not pixels.array.flags.writeable
    assert pixels.failed == {}
    np.testing.assert_array_equal(pixels.array, decoded(pictures))


def test_progress_is_told_and_ends_with_all(pictures, tmp_path):
    told = []
    build_pixels(
        pixel_builder.samples_of(pictures),
        SIZE,
        tmp_path / "cache",
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (6, 6)


def test_what_is_there_is_not_decoded_again(pictures, tmp_path):
    samples = pixel_builder.samples_of(pictures)
    assert find_pixels(samples, SIZE, tmp_path) is None
    built = build_pixels(samples, SIZE, tmp_path)
    blind = replace(samples, read=never_read)
    assert find_pixels(blind, SIZE, tmp_path) == built == build_pixels(blind, SIZE, tmp_path)


def test_the_key_follows_content_size_and_border(pictures):
    samples = pixel_builder.samples_of(pictures)
    keys = {
        pixels_key(samples, SIZE),
        pixels_key(samples, SIZE + 1),
        pixels_key(replace(samples, border=10), SIZE),
        pixels_key(replace(samples, content=("other", *samples.content[1:])), SIZE),
        pixels_key(samples.take(np.array([1, 0, 2, 3, 4, 5])), SIZE),
    }
    assert len(keys) == 5
    renamed = replace(samples, ids=tuple("abcdef"), groups=tuple("aabbcc"))
    assert pixels_key(renamed, SIZE) == pixels_key(samples, SIZE)


def test_a_picture_that_cannot_be_decoded_is_named_and_stays_black(pictures, tmp_path):
    (pictures / "002.jpg").write_bytes(b"")
    whole = (pictures / "004.jpg").read_bytes()
    (pictures / "004.jpg").write_bytes(whole[: len(whole) // 2])
    samples = pixel_builder.samples_of(pictures)
    pixels = build_pixels(samples, SIZE, tmp_path / "cache")
    assert list(pixels.failed) == [2, 4]
    assert "002.jpg: empty file" in pixels.failed[2]
    assert "004.jpg: " in pixels.failed[4]
    assert pixels.array.any(axis=(1, 2, 3)).tolist() == [True, True, False, True, False, True]
    assert find_pixels(samples, SIZE, tmp_path / "cache") == pixels


def flip_last_bit(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "meta.json").unlink(),
        lambda folder: (folder / "meta.json").write_text('{"failed": {'),
        lambda folder: (folder / "meta.json").write_text("{}"),
        lambda folder: (folder / "meta.json").write_text("null"),
        lambda folder: (folder / "meta.json").write_text('{"failed": []}'),
        lambda folder: (folder / "pixels.npy").unlink(),
        lambda folder: (folder / "pixels.npy").write_bytes(b""),
        lambda folder: np.save(folder / "pixels.npy", np.zeros((6, SIZE, SIZE, 3))),
        lambda folder: (folder / "pixels.npy").write_bytes(b"no array" * 100),
        lambda folder: os.truncate(folder / "pixels.npy", 1000),
        lambda folder: np.save(folder / "pixels.npy", np.zeros((2, 3))),
        lambda folder: flip_last_bit(folder / "pixels.npy"),
    ],
)
def test_a_damaged_cache_is_made_again(pictures, tmp_path, damage):
    samples = pixel_builder.samples_of(pictures)
    damage(build_pixels(samples, SIZE, tmp_path / "cache").path.parent)
    assert find_pixels(samples, SIZE, tmp_path / "cache") is None
    again = build_pixels(samples, SIZE, tmp_path / "cache")
    np.testing.assert_array_equal(again.array, decoded(pictures))


def test_only_the_finished_cache_is_left(pictures, tmp_path):
    pixels = build_pixels(pixel_builder.samples_of(pictures), SIZE, tmp_path / "cache")
    left = {path.name for path in (tmp_path / "cache" / "pixels").iterdir()} - {
        f"{pixels.key}.lock"
    }
    assert left == {pixels.key}
    meta = json.loads((pixels.path.parent / "meta.json").read_text())
    assert meta["size"] == SIZE
    assert meta["decoder"]


def test_a_full_disk_is_told_before_anything_is_decoded(pictures, tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: full)
    samples = replace(pixel_builder.samples_of(pictures), read=never_read)
    with pytest.raises(DataError, match="--cache-dir"):
        build_pixels(samples, SIZE, tmp_path / "cache")


def test_two_builders_at_once_make_one_cache(many, tmp_path):
    both = [builder(many, tmp_path / "cache", 2) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    (path,) = {Path(out.strip()) for out, _ in said}
    np.testing.assert_array_equal(np.load(path), decoded(many))
    assert len(list((tmp_path / "cache" / "pixels").glob("*/pixels.npy"))) == 1


def test_worker_processes_name_the_failed_pictures_too(many, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in many.glob("*.jpg"):
        (folder / path.name).write_bytes(b"" if path.name == "100.jpg" else path.read_bytes())
    process = builder(folder, tmp_path / "cache", 2)
    assert process.wait(timeout=120) == 0, process.stderr.read()
    process.communicate()
    pixels = find_pixels(pixel_builder.samples_of(folder), SIZE, tmp_path / "cache")
    assert list(pixels.failed) == [100]


@pytest.mark.parametrize("workers", [1, 2])
def test_after_kill_9_nothing_half_made_is_found_and_the_next_builder_succeeds(
    many, tmp_path, workers
):
    process = stuck_builder(many, tmp_path, workers, row=200)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    samples = pixel_builder.samples_of(many)
    try:
        assert find_pixels(samples, SIZE, tmp_path) is None
        pixels = build_pixels(samples, SIZE, tmp_path, workers=1)
        np.testing.assert_array_equal(pixels.array, decoded(many))
        assert not list((tmp_path / "pixels").glob("*.work"))
    finally:
        end_group(process)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_stops_a_build_at_once_and_quietly(many, tmp_path, workers):
    process = stuck_builder(many, tmp_path, workers, row=200)
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, stderr = process.communicate(timeout=20)
    finally:
        end_group(process)
    assert process.returncode == 130
    assert stderr == ""
    assert find_pixels(pixel_builder.samples_of(many), SIZE, tmp_path) is None


def end_group(process):
    """Ends what a killed builder left running: its workers sleep in the stuck picture."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.stderr.close()
