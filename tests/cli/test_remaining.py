"""The time left is told from the clock and from what was trained since the command began."""

from ltmlbench.cli.remaining import TimeLeft


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_nothing_is_said_before_anything_was_trained():
    assert str(TimeLeft({"a": 1000})) == ""


def test_a_fifth_in_two_minutes_leaves_eight():
    clock = Clock()
    left = TimeLeft({"a": 1000, "b": 4000, "predict": 0}, clock)
    clock.now = 120.0
    for epoch in (1, 2):
        left.epoch_finished("a", epoch, 2)
    assert left.seconds == 480
    assert str(left) == "about 8 min left"


def test_a_training_that_goes_on_counts_with_what_is_left_of_it():
    clock = Clock()
    left = TimeLeft({"a": 1000}, clock)
    clock.now = 30.0
    left.epoch_finished("a", 9, 10)  # the first eight were done by an earlier command
    assert round(left.seconds, 6) == 30


def test_what_failed_is_not_waited_for():
    clock = Clock()
    left = TimeLeft({"a": 100, "b": 100, "c": 10**6}, clock)
    clock.now = 7200.0
    left.epoch_finished("a", 1, 1)
    left.ended("c")
    assert str(left) == "about 2.0 h left"
    left.ended("b")
    assert str(left) == ""
