"""Labels called like formulas go into pointing.csv harmless, and come back as they are."""

import pandas as pd

from ltmlbench.cells import as_cell
from ltmlbench.contracts import POINTING
from ltmlbench.results.folder import OutFolder
from ltmlbench.results.records import ExplanationRecord, RunRecord


def test_a_label_is_read_as_it_is_called(tmp_path):
    names = ["=cmd|'x'", "+1", "'quoted", "plain"]
    lines = pd.DataFrame([{**dict.fromkeys(POINTING, 1), "label": name} for name in names])
    folder = OutFolder(tmp_path)
    folder.run_folder("r").mkdir(parents=True)
    path = folder.run_folder("r") / "pointing.csv"
    lines[list(POINTING)].map(as_cell).to_csv(path, index=False)
    assert not any(line.startswith(("=", "+")) for line in path.read_text().splitlines())
    run = RunRecord(
        id="r",
        method="ib",
        backbone="b",
        fold="fold 1",
        seed=0,
        floor=False,
        status="done",
        explanation=ExplanationRecord(files=("pointing.csv",)),
    )
    assert list(folder.pointing([run])["label"]) == names
