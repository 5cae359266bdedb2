import errno
import hashlib
import io
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltmlbench.errors import DataError
from ltmlbench.feeds.pictures.digests import file_checks


def encoded(form):
    buffer = io.BytesIO()
    Image.fromarray(np.arange(48 * 3, dtype=np.uint8).reshape(8, 6, 3)).save(buffer, format=form)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (encoded("JPEG"), ""),
        (encoded("JPEG") + b"\0" * 100, ""),  # padding after the end
        (encoded("PNG"), ""),
        (encoded("BMP"), ""),
        (encoded("TIFF"), ""),
        (encoded("WEBP"), ""),
        (b"", "empty file"),
        (b"<html>", "not a picture"),
        (encoded("JPEG")[:-20], "truncated JPEG"),
        (encoded("PNG")[:-20], "truncated PNG"),
    ],
)
def test_a_file_is_looked_through(tmp_path, data, problem):
    path = tmp_path / "file"
    path.write_bytes(data)
    (check,) = file_checks([path], tmp_path / "cache")
    assert check.problem == problem
    assert check.digest == hashlib.sha256(data).hexdigest()


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old!")
    (before,) = file_checks([path], tmp_path / "cache")
    state = path.stat()
    path.write_bytes(b"new!")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert file_checks([path], tmp_path / "cache") == [before]
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert file_checks([path], tmp_path / "cache") != [before]


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', "null", "\x00"])
def test_a_damaged_memory_is_started_anew(tmp_path, content):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "digests.json").write_text(content)
    assert file_checks([path], cache)[0].digest == hashlib.sha256(b"x").hexdigest()


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert file_checks([path], blocked / "cache")[0].problem == "not a picture"


def test_a_long_file_is_looked_at_at_both_ends(tmp_path):
    data = encoded("JPEG")
    middle = data[:-2] + b"\0" * 5000 + data[-2:]
    (tmp_path / "a.jpg").write_bytes(middle)
    (tmp_path / "b.jpg").write_bytes(data + b"\0" * 5000)
    whole, cut = file_checks([tmp_path / "a.jpg", tmp_path / "b.jpg"], tmp_path / "cache")
    assert (whole.problem, cut.problem) == ("", "truncated JPEG")
    assert whole.digest == hashlib.sha256(middle).hexdigest()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkfifo, "a named pipe, not a file"),
        (os.mkdir, "a folder, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
        (lambda path: path.symlink_to(path), "cannot be opened (Too many levels"),
        (lambda path: path.symlink_to(path.parent / "gone"), "cannot be opened (No such file"),
    ],
)
def test_what_cannot_be_opened_is_told_and_not_remembered(tmp_path, make, problem):
    path = tmp_path / "a.jpg"
    make(path)
    (check,) = file_checks([path], tmp_path / "cache")
    assert check.problem.startswith(problem)
    assert check.digest == ""
    path.rmdir() if path.is_dir() else path.unlink()
    path.write_bytes(encoded("JPEG"))
    assert file_checks([path], tmp_path / "cache")[0].problem == ""


@pytest.mark.parametrize(("number", "passes"), [(errno.EIO, True), (errno.EACCES, False)])
def test_a_moments_trouble_is_an_error_and_a_missing_permission_a_problem(
    tmp_path, monkeypatch, number, passes
):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("JPEG"))

    def refuse(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(hashlib, "file_digest", refuse)
    if passes:
        with pytest.raises(DataError, match=r"a\.jpg: cannot be read now"):
            file_checks([path], tmp_path / "cache")
    else:
        assert "Permission denied" in file_checks([path], tmp_path / "cache")[0].problem
    monkeypatch.undo()
    assert file_checks([path], tmp_path / "cache")[0].problem == ""


def test_a_file_is_known_by_whichever_way_it_is_reached(tmp_path, monkeypatch):
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(encoded("JPEG"))
    (tmp_path / "folder").symlink_to(folder)
    (tmp_path / "b.jpg").symlink_to(folder / "a.jpg")
    monkeypatch.chdir(folder)
    ways = [Path("a.jpg"), Path("../folder/a.jpg"), tmp_path / "folder/a.jpg", tmp_path / "b.jpg"]
    known = file_checks([folder / "a.jpg"], tmp_path / "cache")
    monkeypatch.setattr("ltmlbench.feeds.pictures.digests.check_file", None)  # none is read again
    assert file_checks(ways, tmp_path / "cache") == known * 4


def test_a_link_that_leads_elsewhere_now_is_followed_anew(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    link = tmp_path / "link"
    for name in ("a", "b"):
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / name)
        (check,) = file_checks([link], tmp_path / "cache")
        assert check.digest == hashlib.sha256(name.encode()).hexdigest()


def test_many_files_make_few_tasks_and_their_folder_is_looked_up_once(tmp_path, monkeypatch):
    paths = [tmp_path / f"{i}.bmp" for i in range(2000)]
    for i, path in enumerate(paths):
        path.write_bytes(b"BM%d" % i)
    calls = Counter()

    def counted(owner, name):
        real = getattr(owner, name)

        def call(*given, **options):
            calls[name] += 1
            return real(*given, **options)

        monkeypatch.setattr(owner, name, call)

    counted(ThreadPoolExecutor, "submit")
    counted(os.path, "realpath")
    checks = file_checks(paths, tmp_path / "cache")
    digests = [hashlib.sha256(b"BM%d" % i).hexdigest() for i in range(2000)]
    assert [check.digest for check in checks] == digests
    assert calls["submit"] < 100
    assert calls["realpath"] == 1
