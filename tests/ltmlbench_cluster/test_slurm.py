"""The Slurm engine by submitit's local and debug executors, and on a real cluster of one node."""

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from engine_toys import TASK, Long, Toy, grid_of, outcomes_of

import ltmlbench
from ltmlbench.errors import RequestError
from ltmlbench.registry import load
from ltmlbench.store import Store

submitit = pytest.importorskip("submitit")
pytestmark = pytest.mark.filterwarnings("ignore")  # files that submitit leaves open
TOYS = str(Path(__file__).parents[1] / "engines")


def by(spec, jobs=100):
    return lambda grid, store, ended: load("engine", spec).run(grid, store, jobs, ended)


@pytest.fixture
def quiet():
    """submitit's debug executor writes to the root logger."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def submitted(monkeypatch):
    """How many stages each job has, and what was asked for."""
    from submitit.local.debug import DebugExecutor

    seen, asked = [], []
    submit, update = DebugExecutor.submit, submitit.AutoExecutor.update_parameters

    def counting(self, function, nodes, *rest):
        seen.append([node.title for node in nodes])
        return submit(self, function, nodes, *rest)

    def noting(self, **given):
        asked.append(given)
        return update(self, **given)

    monkeypatch.setattr(submitit.AutoExecutor, "submit", counting)
    monkeypatch.setattr(submitit.AutoExecutor, "update_parameters", noting)
    return seen, asked


def test_short_stages_share_a_job_and_long_ones_do_not(tmp_path, quiet, submitted):
    first = Long(name="long")
    stages = [first, Long(name="other"), *(Toy(name=f"short {i}") for i in range(5))]
    grid = grid_of(*stages, Toy(name="after", after=(first,)))
    outcomes = outcomes_of(by("slurm[cluster=debug,batch=3,minutes=7]"), grid, Store(tmp_path))
    assert not any(outcome.failure for outcome in outcomes.values())
    seen, asked = submitted
    assert sorted(map(len, seen)) == [1, 1, 1, 2, 3]
    assert ["long"] in seen
    assert seen[-1] == ["after"]
    assert asked[0]["timeout_min"] == 7
    assert "gpus_per_node" not in asked[0]
    assert asked[1]["gpus_per_node"] == 1


def test_a_stage_that_fails_blocks_only_what_waits_for_it(tmp_path, quiet):
    bad = Toy(name="bad", act="raise zero")
    grid = grid_of(Toy(name="blocked", after=(bad,)), Toy(name="good"))
    outcomes = outcomes_of(by("slurm[cluster=debug]"), grid, Store(tmp_path))
    assert {name: o.failure for name, o in outcomes.items()} == {
        "bad": "error",
        "blocked": "error",
        "good": "",
    }
    assert outcomes["bad"].cause == "ZeroDivisionError: division by zero"
    assert list((tmp_path / "slurm").glob("[0-9a-f]" * 64)) == []


def test_where_there_is_no_slurm_the_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RequestError, match="login node"):
        by("slurm")(grid_of(Toy(name="a")), Store(tmp_path), lambda outcome: None)


def test_a_missing_package_is_named_with_the_line_that_installs_it(tmp_path, monkeypatch, table):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(RequestError, match=r"pip install 'ltmlbench\[slurm\]'"):
        ltmlbench.run(settings(table, tmp_path, "out", engine="slurm[cluster=debug]"))


def settings(table, folder, name, **given):
    return {
        "dataset": "table",
        "data_dir": str(table),
        "methods": "ib,focal",
        "backbones": "mlp",
        "epochs": 2,
        "folds": 2,
        "out": str(folder / name),
        "cache_dir": str(folder / f"cache-{name}"),
        **given,
    }


def test_a_front_end_without_a_gpu_plans_for_nodes_that_have_one(tmp_path, table):
    from ltmlbench.api import choose_jobs
    from ltmlbench.benchmark import configure, make_benchmark

    given = settings(table, tmp_path, "out", engine="slurm", device="cuda")
    benchmark = make_benchmark(*configure(given), decode=True)
    assert {n.task.numerics.device for n in benchmark.grid.nodes.values()} == {"cuda"}
    assert choose_jobs(benchmark) == len(benchmark.grid.nodes)


def lost_and_done(spec, tmp_path):
    killed = Long(name="killed", act="signal SIGKILL")
    grid = grid_of(killed, Long(name="lost once", act="lost-once"), Toy(name="good"))
    outcomes = outcomes_of(by(spec), grid, Store(tmp_path))
    assert {name: bool(o.failure) for name, o in outcomes.items()} == {
        "killed": True,
        "lost once": False,
        "good": False,
    }
    assert "was lost" in outcomes["killed"].cause


@pytest.mark.slow
def test_a_job_that_is_lost_is_submitted_once_more(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", TOYS)
    lost_and_done("slurm[cluster=local]", tmp_path)


def same_digits(table, tmp_path, spec):
    near = ltmlbench.run(settings(table, tmp_path, "near", jobs=os.cpu_count()))  # one thread each
    far = ltmlbench.run(settings(table, tmp_path, "far", engine=spec))
    assert not far.about.failures
    pd.testing.assert_frame_equal(far.results, near.results, check_exact=True)


@pytest.mark.slow
def test_the_numbers_are_those_of_the_local_engine_to_the_last_digit(tmp_path, table):
    same_digits(table, tmp_path, "slurm[cluster=local]")


CONF = """ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort=17817
SlurmdPort=17818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A controller and a node on this machine, with a munge of their own."""
    daemons = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
    missing = [name for name in daemons if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and Debian's slurmctld, slurmd, munge (missing: {missing})")
    folder = Path("/tmp") / f"slurm-{os.getpid()}"  # a socket's path is short
    host = os.uname().nodename.partition(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(folder=folder, host=host, cpus=os.cpu_count()))
    before = dict(os.environ)
    os.environ["SLURM_CONF"] = str(conf)
    os.environ["PYTHONPATH"] = TOYS
    munge = [f"--{k}={folder}/{v}" for k, v in
             {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munge.pid",
              "log-file": "munge.log", "seed-file": "munge.seed"}.items()]  # fmt: skip
    log = (folder / "daemons.log").open("w")
    started = [
        subprocess.Popen(line, stdout=log, stderr=log)
        for line in (
            ["munged", "--foreground", "--force", *munge],
            ["slurmctld", "-D", "-f", str(conf)],
            ["slurmd", "-D", "-N", host, "-f", str(conf)],
        )
    ]
    end = time.monotonic() + 60
    state = ""
    while "idle" not in state and time.monotonic() < end:
        time.sleep(0.5)
        found = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
        state = found.stdout
    yield folder if "idle" in state else None
    if "idle" in state:  # what still runs would outlive the daemons
        subprocess.run(["scancel", "--me"], capture_output=True)
        end = time.monotonic() + 40
        while (
            time.monotonic() < end
            and subprocess.run(["squeue", "-h"], capture_output=True).stdout.strip()
        ):
            time.sleep(0.5)
    for process in reversed(started):
        process.terminate()
        process.wait(20)
    log.close()
    os.environ.clear()
    os.environ.update(before)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(slurm):
    if slurm is None:
        pytest.skip("slurmd does not start here (a container without the rights it needs)")
    return slurm


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_on_a_real_cluster_the_numbers_are_the_same(cluster, tmp_path, table):
    same_digits(table, tmp_path, "slurm")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_on_a_real_cluster_a_job_that_is_lost_is_submitted_once_more(
    cluster, tmp_path, monkeypatch
):
    monkeypatch.setattr("ltmlbench_cluster.slurm_engine.ASK", 1.0)
    monkeypatch.setattr("ltmlbench_cluster.slurm_engine.GRACE", 3.0)
    lost_and_done("slurm", tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_front_end_may_be_killed_and_finds_its_job_in_the_queue(cluster, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(
        "import json, sys; from pathlib import Path\n"
        f"sys.path.append({TOYS!r})\n"
        "from engine_toys import Toy, grid_of, outcomes_of\n"
        "from ltmlbench.registry import load\n"
        "from ltmlbench.store import Store\n"
        "grid = grid_of(Toy(name='a', act='sleep 15'))\n"
        "run = lambda grid, store, ended: load('engine', 'slurm').run(grid, store, 9, ended)\n"
        f"found = outcomes_of(run, grid, Store(Path({str(tmp_path)!r})))\n"
        "print(json.dumps({name: o.failure for name, o in found.items()}))\n"
    )
    first = subprocess.Popen([sys.executable, script])
    named = tmp_path / "slurm" / Toy(name="a", act="sleep 15").identity(TASK)
    end = time.monotonic() + 90
    while not (named.is_file() and named.read_text()) and time.monotonic() < end:
        time.sleep(0.1)
    job = named.read_text()
    first.kill()
    first.wait()
    again = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout.splitlines()[-1]) == {"a": ""}
    assert {p.name.split("_")[0] for p in (tmp_path / "slurm").glob("*_submitted.pkl")} == {job}
