"""The time left is told from the clock and from what was trained since the command began."""

import pytest

from ltmlbench.cli.remaining import TimeLeft


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_nothing_is_said_before_anything_was_trained():
    assert str(TimeLeft({"a": 1000})) == ""


def test_four_of_ten_epochs_in_two_minutes_leave_two_and_a_half(clock):
    left = TimeLeft({"a": 1000, "predict": 0}, clock)
    clock.now = 50.0  # what comes before the first epoch has ended comes only once
    left.epoch_finished("a", 1, 10)
    assert str(left) == ""
    clock.now += 120.0
    for epoch in (2, 3, 4, 5):
        left.epoch_finished("a", epoch, 10)
    assert round(left.seconds, 6) == 150
    assert str(left) == "about 2 min left"


def test_a_large_training_counts_more_than_a_small_one(clock):
    left = TimeLeft({"a": 1000, "b": 9000}, clock)
    left.epoch_finished("a", 1, 2)
    clock.now = 10.0
    left.epoch_finished("a", 2, 2)
    assert round(left.seconds, 6) == 180


def test_a_training_that_goes_on_counts_with_what_is_left_of_it(clock):
    left = TimeLeft({"a": 1000}, clock)
    left.epoch_finished("a", 8, 10)  # seven were done by an earlier command
    clock.now = 30.0
    left.epoch_finished("a", 9, 10)
    assert round(left.seconds, 6) == 30


def test_what_failed_is_not_waited_for(clock):
    left = TimeLeft({"a": 200, "b": 100, "c": 10**6}, clock)
    left.epoch_finished("a", 1, 2)
    clock.now = 7200.0
    left.epoch_finished("a", 2, 2)
    left.ended("c")
    assert str(left) == "about 2.0 h left"
    left.ended("b")
    assert str(left) == ""
