"""Artifacts appear whole or not at all, are checked when read, and are built once."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from ltmlbench.store import MANIFEST, SCRATCH, Store, write_atomic

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


@pytest.mark.parametrize("damage", ["changed", "missing", "manifest"])
def test_a_damaged_artifact_is_noticed_and_made_again(tmp_path, damage, capsys):
    folder = Store(tmp_path).build(ID, {}, write("one"))[0].folder
    if damage == "changed":
        (folder / "out.txt").write_text("0ne")
    elif damage == "missing":
        (folder / "out.txt").unlink()
    else:
        (folder / MANIFEST).write_text('{"files": ')
    store = Store(tmp_path)
    assert store.get(ID) is None
    assert "making it again" in capsys.readouterr().err
    artifact, made = store.build(ID, {}, write("two"))
    assert made
    assert (artifact.folder / "out.txt").read_text() == "two"


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
