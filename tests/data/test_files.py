"""Folders are walked through links, every folder once."""

import pytest

from ltmlbench.data.files import walk


@pytest.fixture
def folder(tmp_path):
    for name in ("data/b/2.jpg", "data/a/1.jpg", "data/.cache/hidden.jpg", "scratch/deep/3.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "data"


def names(folder):
    return [str(path.relative_to(folder)) for path in walk(folder)]


def test_files_come_in_a_fixed_order_without_hidden_folders(folder):
    assert names(folder) == ["a/1.jpg", "b/2.jpg"]


def test_linked_folders_are_followed(folder):
    (folder / "c").symlink_to(folder.parent / "scratch")
    assert names(folder) == ["a/1.jpg", "b/2.jpg", "c/deep/3.jpg"]


def test_a_folder_that_is_itself_a_link_is_walked(folder):
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert names(link) == ["a/1.jpg", "b/2.jpg"]


def test_loops_end(folder):
    (folder / "a" / "up").symlink_to(folder)
    (folder / "a" / "self").symlink_to(folder / "a" / "self")
    (folder / "b" / "other").symlink_to(folder / "a")
    found = names(folder)
    assert sorted(found) == ["a/1.jpg", "a/self", "b/2.jpg"]  # the broken link is for its reader


def test_a_missing_folder_has_no_files(tmp_path):
    assert names(tmp_path / "nowhere") == []
