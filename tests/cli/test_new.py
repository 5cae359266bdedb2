"""new: a package is written, and what to do next is said."""

from ltmlbench.cli import main


def test_the_next_commands_are_said(tmp_path, capsys):
    assert main(["new", "loss", "my-loss", "--in", str(tmp_path)]) == 0
    folder = tmp_path / "ltmlbench-my-loss"
    shown = capsys.readouterr().out
    assert f"pip install --no-deps -e {folder}" in shown
    assert "ltmlbench check loss/my-loss" in shown
    assert (folder / "ltmlbench_my_loss" / "loss.py").is_file()


def test_a_mistake_is_one_line_and_nothing_is_written(tmp_path, capsys):
    assert main(["new", "loss", "My Loss", "--in", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
