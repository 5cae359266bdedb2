"""A Ray cluster of two nodes on this machine: the same digits as without, and deaths survived."""

import os
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from engine_toys import TASK, Toy, grid_of, outcomes_of

import ltmlbench
from ltmlbench.errors import RequestError
from ltmlbench.registry import load
from ltmlbench.store import Store

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.filterwarnings("ignore"),  # of Ray's own
]


@pytest.fixture
def cluster():
    """Two nodes of one processor each."""
    from ray.cluster_utils import Cluster

    path, before = os.environ.get("PYTHONPATH", ""), dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[1] / "engines"), *filter(None, [path])]
    )
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.second = made.add_node(num_cpus=1)
    yield made
    ray.shutdown()
    made.shutdown()
    os.environ.clear()
    os.environ.update(before)


def engine(cluster, **options):
    given = ",".join(f"{key}={value}" for key, value in options.items())
    return load("engine", f"ray[address={cluster.address}{',' if given else ''}{given}]")


def on(cluster, jobs=4):
    return lambda grid, store, ended: engine(cluster).run(grid, store, jobs, ended)


def test_stages_run_on_both_nodes_at_once_and_a_lost_worker_takes_its_own_stage_alone(
    cluster, tmp_path
):
    killed = Toy(name="killed", act="signal SIGKILL")
    grid = grid_of(
        Toy(name="a", act="meet 2"),
        Toy(name="b", act="meet 2"),
        killed,
        Toy(name="lost once", act="lost-once"),
        Toy(name="waits for killed", after=(killed,)),
        Toy(name="raises", act="raise zero"),
        Toy(name="threads", act="threads"),
    )
    store = Store(tmp_path)
    outcomes = outcomes_of(on(cluster), grid, store)
    assert {name for name, o in outcomes.items() if o.failure} == {
        "killed",
        "waits for killed",
        "raises",
    }
    assert outcomes["raises"].cause == "ZeroDivisionError: division by zero"
    assert "lost" in outcomes["killed"].cause
    text = {s: (store.folder(s.identity(TASK)) / "out.txt").read_text() for s in
            (Toy(name="a", act="meet 2"), Toy(name="b", act="meet 2"),
             Toy(name="threads", act="threads"))}  # fmt: skip
    a, b, threads = text.values()
    assert a != b
    assert threads == "1"


def test_a_node_that_dies_is_survived(cluster, tmp_path):
    stages = [Toy(name=name, act="sleep 6") for name in "ab"]

    def kill_the_node_once_both_have_begun():
        late = time.monotonic() + 90
        while len(list(tmp_path.glob("work/*/scratch/pid"))) < 2 and time.monotonic() < late:
            time.sleep(0.1)
        cluster.remove_node(cluster.second, allow_graceful=False)

    killer = threading.Thread(target=kill_the_node_once_both_have_begun)
    killer.start()
    outcomes = outcomes_of(on(cluster), grid_of(*stages), Store(tmp_path))
    killer.join()
    assert not any(outcome.failure for outcome in outcomes.values())


def test_the_numbers_are_those_of_the_local_engine_to_the_last_digit(cluster, tmp_path, table):
    def run(name, **given):
        done = ltmlbench.run(
            {
                "dataset": "table",
                "data_dir": str(table),
                "methods": "ib,focal,crt",
                "backbones": "mlp",
                "epochs": 3,
                "folds": 2,
                "out": str(tmp_path / name),
                "cache_dir": str(tmp_path / f"cache-{name}"),
                **given,
            }
        )
        assert not done.about.failures
        return done.results

    far = run("ray", engine=f"ray[address={cluster.address}]")
    near = run("local", jobs=os.cpu_count())  # one thread each
    pd.testing.assert_frame_equal(far, near, check_exact=True)


def test_without_a_cluster_the_line_says_how_to_start_one(tmp_path):
    with pytest.raises(RequestError, match="ray start --head"):
        load("engine", "ray[address=127.0.0.1:1]").run(
            grid_of(Toy(name="a")), Store(tmp_path), 1, lambda outcome: None
        )


def test_workers_of_the_cluster_end_with_the_program(cluster, tmp_path):
    import subprocess
    import sys

    here = str(Path(__file__).parents[1] / "engines")
    script = tmp_path / "program.py"
    script.write_text(
        "import sys; from pathlib import Path\n"
        f"sys.path.append({here!r})\n"
        "from engine_toys import Toy, grid_of\n"
        "from ltmlbench.registry import load\n"
        "from ltmlbench.store import Store\n"
        f"engine = load('engine', 'ray[address={cluster.address}]')\n"
        "grid = grid_of(Toy(name='a', act='sleep 60'))\n"
        f"engine.run(grid, Store(Path({str(tmp_path)!r})), 2, lambda outcome: None)\n"
    )
    program = subprocess.Popen([sys.executable, script])
    end = time.monotonic() + 90
    found = []
    while not (found and found[0].read_text()) and time.monotonic() < end:
        found = list(tmp_path.glob("work/*/scratch/pid"))
        time.sleep(0.1)
    pid = int(found[0].read_text())
    program.send_signal(signal.SIGKILL)
    program.wait()
    end = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
