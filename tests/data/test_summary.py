from dataclasses import replace

import numpy as np
import pandas as pd

from ltmlbench import LabelMatrix, load
from ltmlbench.data.samples import Protocol, Samples
from ltmlbench.data.summary import labels_frame, summarize

Y = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 1, 1], [1, 0, 0], [1, 0, 0]])


def read(row, size):
    raise AssertionError("a summary looks at no picture")


def samples(**more):
    protocol = Protocol(unit="eye", group_unit="patient", group_all=("N",), head=3, tail=2)
    return Samples(
        ids=tuple("abcdef"),
        groups=("1", "1", "2", "2", "3", "3"),
        labels=LabelMatrix(Y, ["N", "D", "H"]),
        read=read,
        content=tuple("abcdef"),
        **{"protocol": protocol, **more},
    )


def test_the_table_has_a_row_per_sample():
    frame = labels_frame(samples(official=("train",) * 4 + ("test",) * 2))
    expected = pd.DataFrame(Y, columns=["N", "D", "H"])
    pd.testing.assert_frame_equal(frame[["N", "D", "H"]], expected, check_dtype=False)
    assert list(frame.columns[:3]) == ["image_id", "group_id", "split"]
    assert "split" not in labels_frame(samples())


def test_the_summary_says_what_can_be_counted_by_hand():
    text = summarize(samples(notes=("one note",)))
    assert "6 eyes of 3 patients" in text
    assert "labels per eye: 4 with 1, 2 with 2" in text
    assert "cardinality 1.3333, density 0.4444, imbalance ratio 1.50" in text
    # patient 1 has a normal and a diabetic eye: its vector is D, wrong for the normal eye
    assert "would mislabel 1 of 6 (16.7 %); the eyes of 1 of 3 patients differ" in text
    assert "one note" in text


def test_the_summary_says_which_structures_were_looked_for_and_in_how_many_samples():
    annotated = np.zeros((6, 3), dtype=bool)
    annotated[:4, 0] = annotated[2:, 2] = True
    annotated[5, 2] = False
    text = summarize(samples(structures=("MA", "HE", "EX"), extras={"annotated": annotated}))
    assert "structures looked for, eyes: MA 4, EX 3" in text
    assert "lesions" not in summarize(samples())


def test_simulated_data_are_called_so():
    assert summarize(load("dataset", "fundus-sim[patients=40]").load(None)).startswith("SIMULATED")


def test_names_that_a_spreadsheet_would_compute_are_text():
    named = replace(
        samples(),
        ids=("=1+1", "+2", "-3", "@A1", "e", "'f"),
        labels=LabelMatrix(Y, ["=cmd", "D", "H"]),
    )
    frame = labels_frame(named)
    assert frame["image_id"].tolist() == ["'=1+1", "'+2", "'-3", "'@A1", "e", "''f"]
    assert list(frame.columns) == ["image_id", "group_id", "'=cmd", "D", "H"]
