"""list, info, plugins, data, help: what a person reads."""

import re
import shlex
from argparse import ArgumentParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ltmlbench import __version__
from ltmlbench.cli import VERBS, main, parser_of


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {verb} " in shown for verb in VERBS)
    assert main([]) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_explains_itself(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert f"usage: ltmlbench {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", [*VERBS, "subsets"])
def test_the_help_of_every_command_ends_with_an_example_that_it_takes(verb):
    parser = parser_of(verb)
    example = re.search(r"Example[^:]*:\s+(?:bash\s+)?ltmlbench (.+)", parser.description)[1]
    name, *given = shlex.split(example.partition(" >>")[0])
    assert name == verb
    options = ArgumentParser(parents=[parser], add_help=False, conflict_handler="resolve")
    options.parse_args(given)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ltmlbench {__version__}\n"


def test_list_shows_kinds_names_and_summaries(capsys):
    assert main(["list"]) == 0
    whole = capsys.readouterr().out
    assert main(["list", "loss"]) == 0
    losses = capsys.readouterr().out
    assert losses in whole
    names = [line.split()[0] for line in losses.splitlines()[1:]]
    assert names == sorted(names)
    assert {"asl", "bce", "db", "focal"} <= set(names)


def test_info_gives_options_with_type_default_bounds_and_source(capsys):
    assert main(["info", "loss/db"]) == 0
    shown = capsys.readouterr().out
    assert "ECCV 2020" in shown
    assert "neg_scale (float, default 5.0, > 0)" in shown
    assert "lambda: tolerance for negatives" in shown
    assert "Literal['paper', 'released'], default 'paper'" in shown


def test_info_of_a_name_of_two_kinds_shows_both(capsys):
    assert main(["info", "focal"]) == 0
    shown = capsys.readouterr().out
    assert "loss focal" in shown
    assert "method focal" in shown


def test_plugins_lists_what_each_brings(capsys):
    assert main(["plugins"]) == 0
    shown = capsys.readouterr().out
    assert f"imbalance  (ltmlbench {__version__})  ok" in shown
    assert "method db" in shown


def test_data_labels_writes_a_table_and_says_what_it_holds(tmp_path, capsys):
    out = tmp_path / "labels.csv"
    assert main(["data", "labels", "--dataset=fundus-sim[patients=40]", f"--out={out}"]) == 0
    table = pd.read_csv(out)
    assert list(table.columns) == ["image_id", "group_id", *"NDGCAHMO"]
    assert len(table) == 80
    shown = capsys.readouterr().out
    assert shown.startswith("SIMULATED")
    assert "80 eyes of 40 patients" in shown


def test_data_sheet_draws_a_picture(tmp_path):
    out = tmp_path / "sheet.png"
    given = ["--dataset=fundus-sim[patients=20]", f"--out={out}", "--size=32", "--number=6"]
    assert main(["data", "sheet", *given]) == 0
    assert np.asarray(Image.open(out)).std() > 10


def test_data_check_of_good_and_bad_folders(tmp_path, capsys):
    assert main(["data", "check"]) == 0
    assert "no problem found" in capsys.readouterr().out
    assert main(["data", "check", "--dataset=odir5k", f"--data-dir={tmp_path}"]) == 2
    assert "no ODIR-5K sheet" in capsys.readouterr().err


def test_a_reduced_method_is_called_so_in_the_list_and_says_what_is_ours(capsys):
    assert main(["list", "method"]) == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if " cct-net " in one)
    assert "  reduced: " in line
    assert main(["info", "cct-net"]) == 0
    said = capsys.readouterr().out
    assert "a reduced re-implementation, less than the authors' method" in said
    for name in ("formula", "source", "ours", "checked"):
        assert f"\n  {name}: " in said
