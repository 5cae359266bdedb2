"""What lies in a store is listed with its inputs, and only what nobody needs is removed."""

import os

import pytest

from ltmlbench.errors import RequestError
from ltmlbench.in_use import in_use
from ltmlbench.inventory import inventory, prune, with_inputs
from ltmlbench.store import SCRATCH, Store

A, B, C = (letter * 64 for letter in "abc")


@pytest.fixture
def store(tmp_path):
    """A is made from B; C stands alone; D was begun."""
    store = Store(tmp_path)

    def make(identity, stage, size, **fields):
        preimage = {"stage": f"package.module:{stage}", "version": 1, "fields": fields}
        store.build(identity, preimage, lambda f: (f / "out").write_bytes(b"x" * size) and None)

    make(B, "Fit", 3000)
    make(A, "Predict", 10, model={"stage": B}, more=[{"stage": "e" * 64}])
    make(C, "Fit", 20)
    scratch = store.work("d" * 64) / SCRATCH
    scratch.mkdir(parents=True)
    (scratch / "checkpoint").write_bytes(b"y" * 50)
    return store


def test_everything_is_listed_the_largest_first(store):
    found = inventory(store)
    assert [item.identity[0] for item in found] == ["b", "a", "c", "d"]
    assert [item.stage for item in found] == ["Fit", "Predict", "Fit", ""]
    assert [item.unfinished for item in found] == [False, False, False, True]
    assert found[0].size > 3000
    assert found[3].size == 50


def test_inputs_are_followed_as_far_as_they_are_stored(store):
    assert with_inputs(inventory(store), [A]) == {A, B, "e" * 64}


def test_what_is_shared_with_an_output_folder_frees_nothing(store, tmp_path):
    os.link(store.folder(B) / "out", tmp_path / "model")
    item = next(item for item in inventory(store) if item.identity == B)
    assert item.size - item.alone == 3000


def test_only_what_is_not_kept_goes(store):
    gone = prune(store, {A, B})
    assert {item.identity for item in gone} == {C, "d" * 64}
    assert store.has(A)
    assert store.has(B)
    assert not store.has(C)
    assert not store.work("d" * 64).exists()


def test_what_a_running_process_needs_stays(store):
    with in_use(store.root) as use:
        use.only([C])
        prune(store, {A, B})
    assert store.has(C)


def test_beside_a_process_that_may_need_anything_nothing_goes(store):
    with in_use(store.root), pytest.raises(RequestError, match="has not said yet what it needs"):
        prune(store, set())
    assert len(inventory(store)) == 4


def test_what_is_being_made_just_now_stays(store):
    def while_it_is_made(folder):
        prune(Store(store.root), {A, B, C})
        (folder / "out").write_text("made")

    artifact, _ = store.build("d" * 64, {}, while_it_is_made)
    assert (artifact.folder / "out").read_text() == "made"
