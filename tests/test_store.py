"""Artifacts appear whole or not at all, are checked when read, and are built once."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from ltmlbench.errors import RequestError
from ltmlbench.manifest import MANIFEST
from ltmlbench.store import SCRATCH, SMALL, Artifact, Damaged, Store, write_atomic

ID = "ab" + "0" * 62


def write(text):
    def produce(folder):
        (folder / "out.txt").write_text(text)

    return produce


def test_an_artifact_is_made_once_and_then_found(tmp_path):
    store = Store(tmp_path)
    artifact, made = store.build(ID, {"x": 1}, write("one"))
    again, made_again = Store(tmp_path).build(ID, {"x": 1}, write("two"))
    assert (made, made_again) == (True, False)
    assert (again.folder / "out.txt").read_text() == "one"
    assert artifact.manifest["preimage"] == {"x": 1}
    assert store.has(ID)
    assert not store.work(ID).exists()


def test_a_failure_stores_nothing_and_keeps_the_scratch_folder(tmp_path):
    store = Store(tmp_path)

    def fail(folder):
        (folder / SCRATCH / "checkpoint").write_text("epoch 3")
        (folder / "half.txt").write_text("half")
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        store.build(ID, {}, fail)
    assert store.get(ID) is None

    def go_on(folder):
        assert (folder / SCRATCH / "checkpoint").read_text() == "epoch 3"
        assert not (folder / "half.txt").exists()
        (folder / "out.txt").write_text("whole")

    artifact, _ = store.build(ID, {}, go_on)
    assert sorted(p.name for p in artifact.folder.iterdir()) == [MANIFEST, "out.txt"]


def put_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = {
    "changed": lambda folder: (folder / "out.txt").write_text("0ne"),
    "missing": lambda folder: (folder / "out.txt").unlink(),
    "a folder for a file": lambda folder: put_folder(folder / "out.txt"),
    "a pipe for a file": lambda folder: (
        (folder / "out.txt").unlink(),
        os.mkfifo(folder / "out.txt"),
    ),
    "a file for the folder": lambda folder: (shutil.rmtree(folder), folder.write_text("")),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "a cut manifest": lambda folder: (folder / MANIFEST).write_text('{"files": '),
    "a manifest of bytes": lambda folder: (folder / MANIFEST).write_bytes(b"\xff\xfe\0"),
    "a null manifest": lambda folder: (folder / MANIFEST).write_text("null"),
    "a list for a manifest": lambda folder: (folder / MANIFEST).write_text("[]"),
    "a manifest without files": lambda folder: (folder / MANIFEST).write_text("{}"),
    "a manifest of wrong types": lambda folder: edit(folder, files=["out.txt"]),
    "another's manifest": lambda folder: edit(folder, identity="cd" + ID[2:]),
    "another time in the manifest": lambda folder: edit(folder, seconds=9000.5),
    "a path that leads out": lambda folder: edit(folder, files={"../../x": "0"}),
}


def edit(folder, **values):
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | values))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_artifact_is_noticed_by_all_and_removed_by_its_builder_alone(
    tmp_path, damage, capsys
):
    folder = Store(tmp_path).build(ID, {}, write("one"))[0].folder
    DAMAGES[damage](folder)
    store = Store(tmp_path)
    assert store.get(ID) is None
    assert not store.has(ID)
    assert isinstance(store.look(ID), Damaged)
    assert os.path.lexists(folder), "looking changes nothing"
    assert capsys.readouterr().err == ""
    artifact, made = store.build(ID, {}, write("two"))
    assert made
    assert (artifact.folder / "out.txt").read_text() == "two"
    error = capsys.readouterr().err
    assert "making it again" in error
    assert error.count("\n") == 1
    assert Store(tmp_path).get(ID)
    assert not list((tmp_path / "trash").iterdir())


def test_a_flipped_bit_that_leaves_size_and_time_is_found_before_a_number_comes_of_it(tmp_path):
    def produce(folder):
        (folder / "model.bin").write_bytes(bytes(SMALL + 1))

    path = Store(tmp_path).build(ID, {}, produce)[0].folder / "model.bin"
    before = path.stat()
    with open(path, "r+b") as file:
        file.seek(1000)
        file.write(b"\1")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    store = Store(tmp_path)
    assert store.get(ID), "not read whole by a mere look"
    assert store.get(ID, whole=True) is None
    assert store.build(ID, {}, produce, whole=True)[1]
    assert Store(tmp_path).get(ID, whole=True)


def test_what_is_made_again_lies_there_until_the_new_one_takes_its_place(tmp_path):
    store = Store(tmp_path)
    old = store.build(ID, {}, write("one"))[0]

    def produce(folder):
        assert (old.folder / "out.txt").read_text() == "one"
        (folder / "out.txt").write_text("two")

    artifact, made = store.build(ID, {}, produce, again=True)
    assert made
    assert (artifact.folder / "out.txt").read_text() == "two"


def test_a_touched_file_is_read_again_and_accepted_if_it_is_the_same(tmp_path):
    def produce(folder):
        (folder / "model.bin").write_bytes(bytes(SMALL + 1))

    path = Store(tmp_path).build(ID, {}, produce)[0].folder / "model.bin"
    os.utime(path, (1, 1))
    assert Store(tmp_path).get(ID)
    path.write_bytes(bytes(SMALL) + b"\1")
    os.utime(path, (2, 2))
    assert Store(tmp_path).get(ID) is None


def test_a_file_that_the_system_will_not_read_is_kept(tmp_path, monkeypatch):
    """An input/output error may pass; what cost an hour is not thrown away for it."""
    folder = Store(tmp_path).build(ID, {}, write("one"))[0].folder
    store = Store(tmp_path)

    def broken(path):
        raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("ltmlbench.store.file_digest", broken)
        with pytest.raises(OSError, match="Input/output error"):
            store.build(ID, {}, write("two"))
    assert (folder / "out.txt").read_text() == "one"
    assert store.get(ID)


def test_artifacts_are_as_readable_as_the_umask_says(tmp_path):
    def produce(folder):
        descriptor = os.open(folder / "secret", os.O_CREAT | os.O_WRONLY, 0o600)
        os.close(descriptor)

    for number, (umask, wanted) in enumerate([(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)]):
        before = os.umask(umask)
        try:
            artifact, _ = Store(tmp_path / str(number)).build(ID, {}, produce)
        finally:
            os.umask(before)
        modes = {p.name: p.stat().st_mode & 0o777 for p in artifact.folder.iterdir()}
        assert modes == {"secret": wanted, MANIFEST: wanted}


def hold(root, started, release):
    def produce(folder):
        (folder / SCRATCH / "checkpoint").write_text("epoch 3")
        started.set()
        release.wait(20)
        assert (folder / SCRATCH / "checkpoint").read_text() == "epoch 3"
        (folder / "out.txt").write_text("whole")

    Store(root).build(ID, {}, produce)


def test_what_another_process_is_making_is_not_forgotten(tmp_path):
    context = multiprocessing.get_context("fork")
    started, release = context.Event(), context.Event()
    builder = context.Process(target=hold, args=(tmp_path, started, release))
    builder.start()
    assert started.wait(20)
    store = Store(tmp_path)
    assert store.busy(ID)
    with pytest.raises(RequestError, match="another process"):
        store.discard(ID)
    release.set()
    builder.join(20)
    assert builder.exitcode == 0
    assert (store.get(ID).folder / "out.txt").read_text() == "whole"
    assert not store.busy(ID)
    store.discard(ID)
    assert store.look(ID) is None


def test_waiting_for_another_process_is_told_once_also_if_it_is_stopped(tmp_path):
    context = multiprocessing.get_context("fork")
    started, release = context.Event(), context.Event()
    builder = context.Process(target=hold, args=(tmp_path, started, release))
    builder.start()
    assert started.wait(20)
    os.kill(builder.pid, signal.SIGSTOP)
    told = []

    def waiting():
        told.append(True)
        os.kill(builder.pid, signal.SIGCONT)
        release.set()

    _, made = Store(tmp_path).build(ID, {}, write("mine"), waiting=waiting)
    builder.join(20)
    assert (told, made) == ([True], False)


def _race(root, seconds, seed, queue):
    """Builds, looks, damages and forgets at random; whatever it gets has to be whole."""
    rng, end, made = random.Random(seed), time.monotonic() + seconds, 0
    identities = [c * 64 for c in "abc"]
    try:
        while time.monotonic() < end:
            store, identity = Store(root), rng.choice(identities)
            text = identity[0] * 50
            what = rng.random()
            if what < 0.5:
                _, new = store.build(identity, {}, write(text))
                made += new
            elif what < 0.8:
                found = store.look(identity)
                assert found is None or isinstance(found, Artifact), found
            elif what < 0.9:
                with contextlib.suppress(RequestError):
                    store.discard(identity)
            else:
                store.busy(identity)
        queue.put(made)
    except BaseException as error:
        queue.put(repr(error))
        raise


@pytest.mark.parametrize("processes", [2, 3])
def test_many_short_races_on_one_store_never_show_half_an_artifact(tmp_path, processes):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    racers = [
        context.Process(target=_race, args=(tmp_path, 2.0, seed, queue))
        for seed in range(processes)
    ]
    for racer in racers:
        racer.start()
    answers = [queue.get(timeout=30) for _ in racers]
    for racer in racers:
        racer.join(30)
    assert all(isinstance(answer, int) for answer in answers), answers
    assert sum(answers) > 10
    assert not list((tmp_path / "work").iterdir())


def _slow_build(root, queue):
    def produce(folder):
        time.sleep(0.5)
        (folder / "out.txt").write_text(str(os.getpid()))

    _, made = Store(root).build(ID, {}, produce)
    queue.put(made)


def test_two_processes_build_one_artifact(tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    builders = [context.Process(target=_slow_build, args=(tmp_path, queue)) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(30)
    assert sorted(queue.get(timeout=5) for _ in builders) == [False, False, True]


def test_a_killed_builder_leaves_no_artifact_and_no_lock(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from ltmlbench.store import Store\n"
        "def produce(folder):\n"
        "    (folder / 'out.txt').write_text('half'); print('in', flush=True); time.sleep(60)\n"
        f"Store(Path(sys.argv[1])).build({ID!r}, {{}}, produce)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"in\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    store = Store(tmp_path)
    assert store.get(ID) is None
    artifact, _ = store.build(ID, {}, write("whole"))
    assert (artifact.folder / "out.txt").read_text() == "whole"


def test_an_atomic_write_replaces_and_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "deep" / "file.json"
    write_atomic(path, json.dumps([1]))
    write_atomic(path, json.dumps([2]))
    assert json.loads(path.read_text()) == [2]
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_atomic(path, "old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]
    assert path.read_text() == "old"
