"""What the reduced rows promise beside their formulas."""

from dataclasses import replace

import numpy as np
import pytest

from ltmlbench import load
from ltmlbench.plugin import Covariate, RequestError
from ltmlbench.registry import components
from ltmlbench.store import Store
from ltmlbench.task import Source
from ltmlbench.testing import bars, made, task_of, vectors, work_for

REDUCED = ["cct-net", "collab", "scfkd"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def known():
    """Vectors of which an age is known, and words that tell the labels."""
    samples = vectors(60)
    words = Covariate(samples.labels.dense, oracle=True)
    return replace(samples, covariates={"age": Covariate(np.arange(60.0)), "words": words})


def scores(name, task, store, folder):
    model = load("method", name).suited(task).plan(task)
    return model.scores(
        work_for(model, task, store, folder), made(model, task, store), task.split.test
    )


def test_every_row_that_lacks_something_says_what():
    said = {record.name: record.ours for record in components("method") if record.reduced}
    assert sorted(said) == REDUCED
    assert all("ours" in text for text in said.values())


def test_both_samples_of_a_pair_get_its_scores(known, store, tmp_path):
    task = task_of(known)
    found = scores("scfkd", task, store, tmp_path)
    groups = np.array(task.samples.groups)[task.split.test]
    for group in set(groups):
        assert len(np.unique(found[groups == group], axis=0)) == 1
    assert len(np.unique(found, axis=0)) == len(set(groups))


def test_an_oracle_is_taken_by_name_alone_and_missing_covariates_are_named(known):
    task = task_of(known)
    assert load("method", "scfkd").plan(task).teacher.features == ("age",)
    oracle = load("method", "scfkd[features=[age,words]]").plan(task)
    assert oracle.teacher.features == ("age", "words")
    with pytest.raises(RequestError, match=r"no covariate 'weight' \(they have: age, words\)"):
        load("method", "scfkd[features=weight]").plan(task)


def test_what_an_oracle_says_of_test_rows_changes_nothing(known, store, tmp_path):
    one = task_of(known)
    words = known.covariates["words"].values.copy()
    words[one.split.test] = 1 - words[one.split.test]
    lied = {**known.covariates, "words": Covariate(words, oracle=True)}
    two = replace(one, samples=replace(known, covariates=lied))
    name = "scfkd[features=words]"
    plans = [load("method", name).plan(task).identity(task) for task in (one, two)]
    assert plans[0] != plans[1], "both are trained"
    found = [scores(name, task, store, tmp_path / str(i)) for i, task in enumerate((one, two))]
    np.testing.assert_array_equal(*found)


def test_covariates_are_in_the_identity_of_those_who_read_them_alone(known):
    one = task_of(known)
    older = {**known.covariates, "age": Covariate(np.arange(60.0) + 1)}
    two = replace(one, samples=replace(known, covariates=older))
    for name, differs in (("scfkd", True), ("ib", False)):
        plans = {load("method", name).plan(task).identity(task) for task in (one, two)}
        assert (len(plans) == 2) == differs, name


def test_where_nothing_is_known_the_row_says_so(store, tmp_path):
    task = task_of(vectors(60))
    assert load("method", "scfkd").suited(task).features == "none"
    assert np.isfinite(scores("scfkd", task, store, tmp_path)).all()


def test_cct_net_says_what_it_lacks():
    pictures = task_of(bars(24))
    assert load("method", "cct-net").suited(pictures).source == "none"
    with pytest.raises(RequestError, match="grades 0 and above"):
        load("method", "cct-net").plan(pictures)
    healthy = replace(bars(10), extras={"grade": np.zeros(10)})
    alone = replace(pictures, sources=(Source("healthy", healthy, pictures.feed),))
    assert load("method", "cct-net").suited(alone).source == "none", "nothing to tell apart"
    with pytest.raises(RequestError, match="these samples are vectors"):
        load("method", "cct-net").suited(task_of(vectors(24))).plan(task_of(vectors(24)))


def test_cct_net_has_a_network_to_look_into():
    assert load("method", "cct-net[source=none]").plan(task_of(bars(24))).has_network


def test_a_trunk_that_does_not_name_its_last_stage_is_refused(store, tmp_path):
    from ltmlbench.plugin import initial_network
    from ltmlbench_reduced.collab_training import TwoBranches

    task = task_of(vectors(24))
    work = work_for(load("method", "ib").plan(task), task, store, tmp_path)
    network = initial_network(work, load("head", "linear"), 3)
    network.trunk.last_stage = ()
    with pytest.raises(RequestError, match="not known what the last stage of MlpTrunk is"):
        TwoBranches(network)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REDUCED, "cct-net[source=none]"])
def test_it_trains_on_pictures(name, store, tmp_path):
    graded = replace(bars(20), content=tuple(map(str, range(100, 120))),
                     extras={"grade": np.arange(20) % 3})  # fmt: skip
    task = task_of(bars(48))
    task = replace(task, sources=(Source("graded", graded, task.feed),))
    found = scores(name, task, store, tmp_path)
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
