"""Worker processes: each dies alone, and none outlives the program it works for."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from engine_toys import TASK, Toy, grid_of, outcomes_of

from ltmlbench.engines.devices import gpus, one_of
from ltmlbench.engines.local import Local
from ltmlbench.store import Store
from ltmlbench.task import Numerics

HERE = str(Path(__file__).parent)


def two_jobs(grid, store, ended):
    Local().run(grid, store, 2, ended)


def alive(pid):
    """Whether a process runs; one that has ended but was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_that_is_killed_fails_its_own_stage_alone(tmp_path):
    killed = Toy(name="killed", act="signal SIGKILL")
    grid = grid_of(
        killed,
        Toy(name="crashed", act="signal SIGSEGV"),
        Toy(name="lost once", act="lost-once"),
        Toy(name="sibling", act="sleep 1"),
        Toy(name="waits for killed", after=(killed,)),
        Toy(name="exits", act="exit 3"),
        Toy(name="last"),
    )
    outcomes = outcomes_of(two_jobs, grid, Store(tmp_path))
    assert {name: o.failure for name, o in outcomes.items()} == {
        "killed": "out-of-memory",
        "waits for killed": "out-of-memory",
        "crashed": "error",
        "exits": "error",
        "lost once": "",
        "sibling": "",
        "last": "",
    }
    assert "SIGKILL" in outcomes["killed"].cause
    assert "SIGSEGV" in outcomes["crashed"].cause
    assert outcomes["exits"].cause == "it called sys.exit(3)"


def test_workers_have_their_share_of_the_threads_also_for_a_single_stage_and_say_so(tmp_path):
    store, stage = Store(tmp_path), Toy(name="threads", act="threads")
    outcomes_of(two_jobs, grid_of(stage), store)
    artifact = store.get(stage.identity(TASK))
    share = max(1, os.cpu_count() // 2)
    assert int((artifact.folder / "out.txt").read_text()) == share
    assert artifact.manifest["environment"]["threads"] == share
    assert artifact.manifest["feed_threads"] == 1, "the network trains on the CPU"


def test_workers_live_on_from_stage_to_stage_and_end_with_the_work(tmp_path):
    store = Store(tmp_path)
    stages = [Toy(name=f"stage {i}") for i in range(6)]
    outcomes_of(two_jobs, grid_of(*stages), store)
    folders = [store.get(stage.identity(TASK)).folder for stage in stages]
    pids = {int((folder / "out.txt").read_text()) for folder in folders}
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids
    assert not any(alive(pid) for pid in pids)


def start(tmp_path, body="sys.exit(exit_code(work, 'run'))"):
    """A program that executes two long stages in two workers; its process and the workers' ids."""
    script = tmp_path / "program.py"
    script.write_text(
        "import sys; from pathlib import Path\n"
        f"sys.path.append({HERE!r})\n"
        "from engine_toys import Toy, grid_of\n"
        "from ltmlbench.cli.ending import exit_code\n"
        "from ltmlbench.engines.local import Local\n"
        "from ltmlbench.store import Store\n"
        "grid = grid_of(Toy(name='a', act='sleep 60'), Toy(name='b', act='sleep 60'))\n"
        "def work():\n"
        f"    Local().run(grid, Store(Path({str(tmp_path)!r})), 2, lambda outcome: None)\n"
        "    return 0\n" + body
    )
    program = subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = [p.read_text() for p in tmp_path.glob("work/*/scratch/pid")]
        if len(found) == 2 and all(found):
            return program, [int(text) for text in found]
        time.sleep(0.05)
    raise AssertionError("the workers did not start")


def gone(pids, seconds=10):
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_slurm_and_a_closed_terminal_send_stops_in_one_line(tmp_path, number):
    program, workers = start(tmp_path)
    program.send_signal(number)
    error = program.communicate(timeout=30)[1]
    assert program.returncode == 128 + number
    assert "goes on from here" in error
    assert len(error.strip().splitlines()) == 1
    assert gone(workers, 1)


def test_a_killed_program_leaves_no_worker_behind(tmp_path):
    program, workers = start(tmp_path)
    program.kill()
    program.communicate()
    assert gone(workers)


def test_a_second_ctrl_c_ends_at_once_without_a_traceback(tmp_path):
    slow = (
        "import time\n"
        "from ltmlbench.engines.local import Workers\n"
        "close = Workers.close\n"
        "def tidy(self):\n"
        "    print('tidying', file=sys.stderr, flush=True)\n"
        "    for _ in range(600):\n"  # a signal just before a sleep does not end that sleep
        "        time.sleep(0.1)\n"
        "Workers.close = tidy\n"
        "sys.exit(exit_code(work, 'run'))"
    )
    program, workers = start(tmp_path, slow)
    program.send_signal(signal.SIGINT)
    assert program.stderr.readline().strip() == "tidying"
    program.send_signal(signal.SIGINT)
    error = program.communicate(timeout=30)[1]
    assert program.returncode == 130
    assert "Traceback" not in error
    assert gone(workers)


def test_a_script_without_a_main_guard_is_not_run_again_by_workers(tmp_path):
    program, _ = start(
        tmp_path,
        f"Path({str(tmp_path / 'times')!r}).open('a').write('run\\n')\nwork()",
    )
    program.kill()
    program.communicate()
    assert (tmp_path / "times").read_text() == "run\n"


def test_what_a_worker_cannot_load_is_one_failed_stage(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(
        "import json, sys; from pathlib import Path\n"
        f"sys.path.append({HERE!r})\n"
        "from engine_toys import Toy, grid_of, outcomes_of\n"
        "from ltmlbench.engines.local import Local\n"
        "from ltmlbench.store import Store\n"
        "class Mine(Toy):\n"
        "    pass\n"
        "def run(grid, store, ended):\n"
        "    Local().run(grid, store, 2, ended)\n"
        "grid = grid_of(Mine(name='mine'), Toy(name='other'))\n"
        f"found = outcomes_of(run, grid, Store(Path({str(tmp_path)!r})))\n"
        "print(json.dumps({name: o.cause for name, o in found.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=True
    )
    causes = json.loads(done.stdout)
    assert causes["other"] == ""
    assert "Mine" in causes["mine"]
    assert "--jobs 1" in causes["mine"]


def test_every_worker_has_a_gpu_of_its_own_also_one_that_replaces_another(tmp_path, monkeypatch):
    monkeypatch.setattr("ltmlbench.engines.local.gpus", lambda: ["3", "GPU-7f"])
    task = replace(TASK, numerics=Numerics(device="cuda"))
    stages = [
        Toy(name="first", act="gpu"),
        Toy(name="second", act="gpu"),
        Toy(name="lost", act="lost-once"),
        Toy(name="third", act="gpu"),
        Toy(name="fourth", act="gpu"),
    ]
    store = Store(tmp_path)
    grid = grid_of(*stages, task=task)
    outcomes = outcomes_of(two_jobs, grid, store)
    assert not any(outcome.failure for outcome in outcomes.values())
    seen = [
        (store.folder(stage.identity(task)) / "out.txt").read_text()
        for stage in stages
        if stage.act == "gpu"
    ]
    assert set(seen) == {"3", "GPU-7f"}


def test_the_gpus_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5, GPU-7f")
    assert gpus() == ["5", "GPU-7f"]
    assert [one_of(gpus(), worker)["CUDA_VISIBLE_DEVICES"] for worker in range(3)] == [
        "5",
        "GPU-7f",
        "5",
    ]
    assert one_of([], 0) == {}
