"""An output folder that is somebody else's is refused before anything is done."""

import pytest

from ltmlbench.errors import RequestError
from ltmlbench.results.claim import OURS, claim


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.mark.parametrize("name", OURS)
def test_files_under_our_names_that_we_did_not_write_are_kept(tmp_path, cache, name):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True) if "." not in name else (out.mkdir(), (out / name).touch())
    with pytest.raises(RequestError, match=name):
        claim(out, cache)


def test_new_empty_and_unrelated_folders_and_our_own_are_taken(tmp_path, cache, folder, make_run):
    claim(tmp_path / "new" / "er", cache)
    (tmp_path / "empty").mkdir()
    claim(tmp_path / "empty", cache)
    (tmp_path / "empty" / "notes.txt").touch()
    claim(tmp_path / "empty", cache)
    folder.command(make_run("ib", "fold 1 of 2"))
    (folder.root / "config.yaml").touch()
    claim(folder.root, cache)


def test_a_benchmark_json_of_another_program_is_no_mark_of_ours(tmp_path, cache):
    out = tmp_path / "out"
    out.mkdir()
    (out / "benchmark.json").write_text('{"runs": 3, "name": "sorting"}')
    with pytest.raises(RequestError, match="somebody else's"):
        claim(out, cache)


def test_a_file_or_a_path_below_one_is_refused(tmp_path, cache):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(RequestError, match="is a file"):
            claim(out, cache)


def test_neither_out_in_the_cache_nor_the_cache_in_out(tmp_path, cache):
    for out in (cache, cache / "artifacts" / "out"):
        with pytest.raises(RequestError, match="lies in the cache"):
            claim(out, cache)
    for out in (tmp_path, cache.parent):
        with pytest.raises(RequestError, match="the cache"):
            claim(out, cache)


def test_a_loop_of_links_is_refused_in_one_line(tmp_path, cache):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(RequestError) as error:
        claim(tmp_path / "a" / "out", cache)
    assert "\n" not in str(error.value)
