"""The cache says what it holds, and gives up only what no result refers to."""

import pytest

from ltmlbench.cli import main
from ltmlbench.hooks import hookimpl
from ltmlbench.inventory import inventory, prune
from ltmlbench.registry import registry
from ltmlbench.store import Store

TINY = [
    "run", "--dataset=table", "--backbones=mlp[width=8]", "--epochs=1", "--folds=2",
    "--set=floors=none", "--set=explanation=none", "--quiet",
]  # fmt: skip


@pytest.fixture
def cache(tmp_path, monkeypatch):
    import numpy as np

    rng = np.random.default_rng(3)
    Y = rng.random((48, 3)) < (0.6, 0.4, 0.3)
    np.savez(tmp_path / "toy.npz", X=Y + rng.normal(size=Y.shape), Y=Y.astype(int))
    monkeypatch.setenv("LTMLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def run(methods, out):
    return main([*TINY, "--data-dir=toy.npz", f"--methods={methods}", f"--out={out}"])


def test_a_cache_that_is_not_there_is_not_made(cache, capsys):
    assert main(["cache"]) == 0
    assert "there is no store yet" in capsys.readouterr().out
    assert not cache.exists()


def test_what_one_folder_refers_to_stays_and_the_rest_goes_when_it_is_said(cache, capsys):
    assert run("ib", "kept") == run("focal", "other") == 0
    capsys.readouterr()
    assert main(["cache"]) == 0
    assert "9 artifacts" in capsys.readouterr().out  # 2 methods × 2 folds × (fit, predict), samples
    assert main(["cache", "list"]) == 0
    assert sum("Fit" in line for line in capsys.readouterr().out.splitlines()) == 4

    assert main(["cache", "prune", "kept"]) == 0
    told = capsys.readouterr().out
    assert "would remove 4 artifacts" in told
    assert "kept 5 artifacts" in told
    assert "the same command with --yes does it" in told
    assert main(["cache"]) == 0
    assert "9 artifacts" in capsys.readouterr().out

    assert main(["cache", "prune", "kept", "--yes"]) == 0
    assert "removed 4 artifacts" in capsys.readouterr().out
    assert main(["plan", *TINY[1:-1], "--data-dir=toy.npz", "--methods=ib"]) == 0
    assert "nothing" in capsys.readouterr().out  # all of it is still stored
    assert main(["report", "other"]) == 0  # a result does not depend on the cache


def test_without_a_folder_nothing_is_pruned(cache, capsys):
    cache.mkdir()
    assert main(["cache", "prune", "--yes"]) == 2
    assert "name the output folders" in capsys.readouterr().err


def test_a_folder_that_cannot_be_read_stops_the_pruning(cache, capsys):
    assert run("ib", "kept") == 0
    (cache.parent / "kept" / "benchmark.json").write_text("{")
    assert main(["cache", "prune", "kept", "--yes"]) == 2
    capsys.readouterr()
    main(["cache"])
    assert "5 artifacts" in capsys.readouterr().out


def test_a_run_is_not_harmed_by_a_prune_in_the_middle_of_it(cache):
    removed = []

    class Pruner:
        @hookimpl
        def ltmlbench_stage_finished(self, title):
            removed.extend(item.stage for item in prune(Store(cache), set()))

    assert run("focal", "other") == 0
    registry().observe(Pruner(), "pruner")
    try:
        assert run("ib", "kept") == 0
    finally:
        registry().unobserve("pruner")
    assert sorted(removed) == ["Fit", "Fit", "Predict", "Predict"]  # those of the other folder
    assert len(inventory(Store(cache))) == 5
