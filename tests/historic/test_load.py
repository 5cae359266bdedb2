"""Results of earlier versions are shown by this one, number for number."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from ltmlbench.cli import main

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in HERE.iterdir() if (path / "benchmark.json").exists())


def test_there_are_historic_results():
    assert "0.1.0" in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_output_folder_gives_its_table_again(version, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(HERE / version, out)
    assert main(["report", str(out)]) == 0
    assert "8 of 8 runs done" in capsys.readouterr().out
    keys = ["run", "unit", "metric", "label"]
    old = pd.read_csv(HERE / version / "results.csv", keep_default_na=False).set_index(keys)
    new = pd.read_csv(out / "results.csv", keep_default_na=False).set_index(keys)
    assert set(old.index) <= set(new.index)
    values = pd.to_numeric(new.loc[old.index, "value"]), pd.to_numeric(old["value"])
    pd.testing.assert_series_equal(*values, rtol=1e-12)
