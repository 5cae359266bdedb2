"""check: a line per flaw, and an exit code for scripts."""

import pytest

from ltmlbench.cli import main


def test_a_sound_component_passes(capsys):
    assert main(["check", "sampler/ib", "loss/focal[gamma=1]", "--fast"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == ["sampler/ib", "loss/focal[gamma=1]"]
    assert all(line.endswith("checks hold") for line in shown)


def test_a_flaw_is_told_with_the_reason_and_the_exit_code_is_1(capsys, monkeypatch):
    from ltmlbench_imbalance.samplers import InstanceBalanced

    monkeypatch.setattr(InstanceBalanced, "order", lambda self, labels, *, seed, epoch: [0])
    assert main(["check", "sampler/ib", "--fast"]) == 1
    shown = capsys.readouterr().out
    assert "sampler/ib  FAILED: gives rows of the labels\n" in shown
    assert "expected a NumPy array, found list (they index the training rows)" in shown


def test_what_cannot_be_looked_at_is_said_and_is_no_failure(capsys):
    assert main(["check", "dataset/odir5k", "--fast"]) == 0
    assert "not looked at: odir5k needs its folder" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("backbone/timm", "model: Field required"),
        ("lose/focal", "there is no kind 'lose'"),
        ("loss/focl", "did you mean 'focal'"),
        ("focl", "did you mean focal"),
    ],
)
def test_what_cannot_be_made_is_one_line(name, told, capsys):
    assert main(["check", name]) == 2
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1


def test_a_name_of_two_kinds_is_checked_as_both(capsys):
    assert main(["check", "bce", "--fast"]) == 0
    assert capsys.readouterr().out.count("bce  ") == 2
