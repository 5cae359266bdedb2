"""What a user is told while stages run."""

import pytest

from ltmlbench.cli.display import Display


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "  student: epoch 2/5\n"),
        ({"val_map": 0.25, "train_loss": 0.5}, "  student: epoch 2/5, loss 0.5, val mAP 0.25\n"),
    ],
)
def test_an_epoch_is_told_with_what_is_known_of_it(values, told, capsys):
    display = Display()
    display.ltmlbench_stage_started(stage="a", title="student")
    display.spoken -= 11  # seconds since it said anything
    display.ltmlbench_epoch_finished(stage="a", epoch=2, epochs=5, values=values)
    assert capsys.readouterr().err == told
