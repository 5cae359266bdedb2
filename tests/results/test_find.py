"""Somebody names a run: by its folder, the beginning of its name, or as the table does."""

import pytest

from ltmlbench.errors import RequestError
from ltmlbench.results.find import find_run


@pytest.fixture
def out(folder, make_run):
    """Names as the grid gives them: what a file name cannot hold is an underscore."""
    runs = []
    for fold in ("fold 1 of 2", "fold 2 of 2"):
        for method, name in {"ib": "ib", "focal[gamma=3]": "focal_gamma=3"}.items():
            run = make_run(method, fold)
            runs.append(run.model_copy(update={"id": f"{name}_-net-{fold.replace(' ', '_')}-s0"}))
    folder.command(*runs)
    return folder.root


def test_a_row_is_found_by_the_name_the_table_gives_it(out):
    for name in ("focal[gamma=3]", "focal[gamma=3], net"):
        assert find_run(name, out)[1].id == "focal_gamma=3_-net-fold_1_of_2-s0"


def test_a_run_is_found_by_the_beginning_of_its_name_as_typed_or_as_stored(out):
    for name in (
        "focal[gamma=3]-net-fold_2",
        "focal_gamma=3_-net-fold_2",
        "focal[gamma=3]-net-fold 2",
    ):
        assert find_run(name, out)[1].fold == "fold 2 of 2"


def test_a_run_is_found_by_its_folder(out):
    path = next((out / "runs").iterdir())
    folder, run = find_run(str(path), out / "elsewhere")
    assert run.id == path.name
    assert folder.root == out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "no run in"),
        ("focal[gamma=2]", "focal_gamma=3_-net-fold_1_of_2-s0"),
        ("ib_", "2 runs in"),
        ("", "no run in"),
        ("**", "no run in"),
        ("x" * 5000, "no run in"),
        ("a\0b", "no run in"),
    ],
)
def test_otherwise_the_runs_there_are_are_listed(out, name, said):
    with pytest.raises(RequestError) as error:
        find_run(name, out)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_method_with_two_backbones_is_no_row(folder, make_run):
    runs = [make_run("ib", "fold 1 of 2", backbone=name) for name in ("net", "other")]
    folder.command(*runs)
    with pytest.raises(RequestError, match="2 rows are called 'ib': ib, net; ib, other"):
        find_run("ib", folder.root)
    assert find_run("ib, other", folder.root)[1].backbone == "other"


def test_a_folder_without_runs_says_so(tmp_path):
    with pytest.raises(RequestError, match="there are no runs"):
        find_run("ib", tmp_path)
