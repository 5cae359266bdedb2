"""`ltmlbench.run` from Python, and how many stages are executed at once when nobody says."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

import ltmlbench
from ltmlbench.api import WORTH_PROCESSES, choose_jobs, samples_to_train
from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.errors import RequestError


@pytest.fixture
def prepared(tmp_path):
    def make(**given):
        settings = {
            "dataset": "fundus-sim[patients=40]",
            "methods": "ib,focal",
            "backbones": "test_resnet[weights=random]",
            "image_size": 32,
            "folds": 2,
            "device": "cpu",
            "cache_dir": tmp_path,
        }
        return make_benchmark(*configure({**settings, **given}), decode=False)

    return make


def test_a_small_benchmark_is_done_in_this_process(prepared):
    small = prepared(epochs=1)
    assert samples_to_train(small) < WORTH_PROCESSES
    assert choose_jobs(small) == 1


def test_a_larger_one_on_cpus_gets_a_process_per_core_but_not_too_many(prepared):
    large = prepared(epochs=200)
    training = sum(len(n.task.split.train) for n in large.grid.nodes.values() if n.inputs == ())
    assert samples_to_train(large) >= WORTH_PROCESSES
    assert samples_to_train(large) <= 200 * training
    assert choose_jobs(large) == min(os.cpu_count(), 4)


def test_a_number_that_was_given_is_kept(prepared):
    assert choose_jobs(prepared(epochs=200, jobs=3)) == 3
    assert choose_jobs(prepared(epochs=1, jobs=2)) == 2


def test_a_gpu_is_not_shared(prepared):
    large = prepared(epochs=200)
    on_gpu = large.config.model_copy(update={"device": "cuda"})
    assert choose_jobs(replace(large, config=on_gpu)) == 1


@pytest.mark.parametrize("kind", [str, Path])
def test_run_takes_the_file_that_the_command_line_takes(kind, tmp_path):
    file = tmp_path / "my settings.yaml"
    file.write_text(
        "methods: ib\nfloors: none\nexplanation: none\ndataset: fundus-sim[patients=20]\n"
        "backbones: test_resnet[weights=random]\nimage_size: 32\nfolds: 2\nepochs: 1\n"
        f"out: {tmp_path / 'out'}\ncache_dir: {tmp_path / 'cache'}\n"
    )
    result = ltmlbench.run(kind(file))
    assert not result.about.failures
    again = ltmlbench.run(kind(tmp_path / "out" / "config.yaml"))
    assert again.results.equals(result.results)


@pytest.mark.parametrize("wrong", [["ib"], 3, None, {1: 2}, {"methods": {"ib"}}])
def test_run_says_in_one_line_what_it_takes(wrong):
    with pytest.raises(RequestError) as caught:
        ltmlbench.run(wrong)
    assert "\n" not in str(caught.value)
