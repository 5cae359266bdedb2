"""Pictures are decoded once, whatever stops or doubles the work."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pixel_builder
import pytest
from PIL import Image

from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures import fill as module
from ltmlbench.feeds.pictures.decode import read_rgb, squared
from ltmlbench.feeds.pictures.pixels import pixels_key

SIZE = pixel_builder.SIZE
ready = pixel_builder.ready
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
    return np.stack([squared(read_rgb(file, SIZE), SIZE, None) for file in files])


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
    pixels = ready(pixel_builder.samples_of(pictures), tmp_path / "cache")
    assert pixels.array.dtype == np.uint8
    assert not pixels.array.flags.writeable
    assert pixels.failed == {}
    np.testing.assert_array_equal(pixels.array, decoded(pictures))


def test_progress_is_told_and_ends_with_all(pictures, tmp_path):
    told = []
    ready(
        pixel_builder.samples_of(pictures),
        tmp_path / "cache",
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (6, 6)


def test_what_is_there_is_not_decoded_again(pictures, tmp_path):
    samples = pixel_builder.samples_of(pictures)
    assert ready(samples, tmp_path, make=False) is None
    built = ready(samples, tmp_path)
    blind = replace(samples, read=never_read)
    assert ready(blind, tmp_path, make=False) == built == ready(blind, tmp_path)


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
    pixels = ready(samples, tmp_path / "cache")
    assert list(pixels.failed) == [2, 4]
    assert "002.jpg: empty file" in pixels.failed[2]
    assert "004.jpg: " in pixels.failed[4]
    assert pixels.array.any(axis=(1, 2, 3)).tolist() == [True, True, False, True, False, True]
    assert ready(samples, tmp_path / "cache", make=False) == pixels


def flip_last_bit(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "artifact.json").unlink(),
        lambda folder: (folder / "artifact.json").write_text('{"files": {'),
        lambda folder: (folder / "failed.json").unlink(),
        lambda folder: (folder / "failed.json").write_text('{"0": "damaged"}'),
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
    damage(ready(samples, tmp_path / "cache").path.parent)
    assert ready(samples, tmp_path / "cache", make=False) is None
    again = ready(samples, tmp_path / "cache")
    np.testing.assert_array_equal(again.array, decoded(pictures))


def test_only_the_finished_cache_is_left(pictures, tmp_path):
    pixels = ready(pixel_builder.samples_of(pictures), tmp_path / "cache")
    assert {path.name for path in pixels.path.parent.iterdir()} == {
        "artifact.json",
        "failed.json",
        "pixels.npy",
    }
    assert list((tmp_path / "cache" / "work").iterdir()) == []


def full_disk(descriptor, offset, length):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_room_is_reserved_before_anything_is_decoded(pictures, tmp_path, monkeypatch):
    samples = pixel_builder.samples_of(pictures)
    monkeypatch.setattr(os, "posix_fallocate", full_disk, raising=False)
    blind = replace(samples, read=never_read)
    with pytest.raises(DataError, match=r"No space left.* need \d.* [kMGT]?B.* free.*--cache-dir"):
        ready(blind, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.npy"))  # whose room would stay taken
    monkeypatch.undo()
    assert len(ready(samples, tmp_path / "cache").array) == 6


def test_the_room_of_an_array_is_its_own_while_it_is_made(pictures, tmp_path):
    """Zeros in a sparse file would be found out of room when they are written to: SIGBUS."""
    blocks = []

    def read(row, size):
        (file,) = (tmp_path / "cache").rglob("pixels.npy")
        blocks.append(512 * file.stat().st_blocks)
        return np.zeros((500, 500, 3), dtype=np.uint8)

    ready(replace(pixel_builder.samples_of(pictures), read=read), tmp_path / "cache", 500)
    assert blocks[0] >= 6 * 500 * 500 * 3


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (640_400, "640 kB"), (1.56e9, "1.6 GB"), (3e13, "30.0 TB")]
)
def test_room_is_said_in_units_that_fit(number, text):
    assert module.in_units(number) == text


def test_a_cache_that_cannot_be_written_is_not_called_full(pictures, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written") as caught:
        ready(pixel_builder.samples_of(pictures), tmp_path / "file" / "cache")
    assert "free" not in str(caught.value)


@dataclass
class Flickering:
    """Fails the first ``times`` times that row 3 is read, as a network folder does."""

    error: Exception
    times: int

    def __call__(self, row, size):
        if row == 3 and self.times:
            self.times -= 1
            raise self.error
        return np.full((size, size, 3), 50 + row, dtype=np.uint8)


GONE = OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("error", [GONE, PermissionError(13, "Permission denied"), MemoryError()])
def test_a_failure_that_passed_leaves_no_trace(pictures, tmp_path, error):
    samples = pixel_builder.samples_of(pictures)
    once = replace(samples, read=Flickering(error, 1))
    pixels = ready(once, tmp_path)
    assert pixels.failed == {}
    assert (pixels.array[3] == 53).all()


def test_a_failure_that_may_pass_is_told_and_not_stored(pictures, tmp_path):
    samples = replace(pixel_builder.samples_of(pictures), read=Flickering(GONE, 2))
    with pytest.raises(DataError, match=r"003\.jpg.*Input/output error.*again"):
        ready(samples, tmp_path)
    assert ready(samples, tmp_path, make=False) is None
    assert ready(samples, tmp_path).failed == {}


def test_who_waits_for_another_builder_is_told(pictures, tmp_path, capsys):
    samples = pixel_builder.samples_of(pictures)
    process = stuck_builder(pictures, tmp_path, workers=1, row=3)
    try:
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(ready, samples, tmp_path)
            deadline = time.monotonic() + 30
            while "waiting for another process" not in capsys.readouterr().err:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.kill()
            assert other.result().failed == {}
    finally:
        process.kill()
        process.wait()
        end_group(process)


def test_two_builders_at_once_make_one_cache(many, tmp_path):
    both = [builder(many, tmp_path / "cache", 2) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    (path,) = {Path(out.strip()) for out, _ in said}
    np.testing.assert_array_equal(np.load(path), decoded(many))
    assert len(list((tmp_path / "cache").rglob("pixels.npy"))) == 1


def test_worker_processes_name_the_failed_pictures_too(many, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in many.glob("*.jpg"):
        (folder / path.name).write_bytes(b"" if path.name == "100.jpg" else path.read_bytes())
    process = builder(folder, tmp_path / "cache", 2)
    assert process.wait(timeout=120) == 0, process.stderr.read()
    process.communicate()
    pixels = ready(pixel_builder.samples_of(folder), tmp_path / "cache", make=False)
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
        assert ready(samples, tmp_path, make=False) is None
        pixels = ready(samples, tmp_path)
        np.testing.assert_array_equal(pixels.array, decoded(many))
        assert list((tmp_path / "work").iterdir()) == []
    finally:
        end_group(process)


def group_of(process):
    """Pids of what still runs in the process group of a builder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(group) == process.pid and state != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_no_decoder_outlives_a_killed_builder(many, tmp_path):
    process = stuck_builder(many, tmp_path, workers=2, row=200)
    try:
        assert len(group_of(process)) > 2  # itself and its decoders
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 20
        while group_of(process) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert group_of(process) == []
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
    assert ready(pixel_builder.samples_of(many), tmp_path, make=False) is None


def end_group(process):
    """Ends what a killed builder left running: its workers sleep in the stuck picture."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.stderr.close()
