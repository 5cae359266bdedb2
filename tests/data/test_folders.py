"""Pictures found by the names that lists give them."""

from pathlib import Path

import pytest

from ltmlbench.data.folders import PictureFiles


def found(listed, *paths):
    files = PictureFiles(map(Path, paths))
    path = files.find(listed)
    return path and path.as_posix(), files.repeats()


@pytest.mark.parametrize("listed", ["a.jpg", "x/a.jpg", "C:\\pictures\\a.jpg", "a", " a.jpg "])
def test_the_name_counts_whatever_folder_the_list_writes(listed):
    assert found(listed, "d/e/a.jpg", "d/b.jpg") == ("d/e/a.jpg", [])


def test_another_suffix_will_do_and_the_same_is_better():
    assert found("a.png", "d/a.jpg") == ("d/a.jpg", [])
    assert found("a.png", "d/a.jpg", "e/f/a.png") == ("e/f/a.png", [])


def test_a_dot_in_a_name_is_no_suffix():
    assert found("1.2.840", "d/1.2.840.png", "d/1.2.png") == ("d/1.2.840.png", [])


def test_of_several_the_one_in_the_listed_folder_is_taken_without_a_word():
    assert found("VOC2012/J/a.jpg", "VOC2007/J/a.jpg", "VOC2012/J/a.jpg") == (
        "VOC2012/J/a.jpg",
        [],
    )


def test_of_several_that_fit_alike_the_highest_is_taken_and_it_is_said():
    path, (note,) = found("a.jpg", "copy/small/a.jpg", "all/a.jpg")
    assert path == "all/a.jpg"
    assert note.startswith("1 pictures are there more than once (such as a)")


def test_what_is_no_picture_or_hidden_is_not_found():
    assert found("a.jpg", "d/a.txt", "d/._a.jpg") == (None, [])
    assert found("", "d/a.jpg") == (None, [])
