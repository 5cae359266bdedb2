"""One table in the formats of people, programs and papers."""

import csv

from ltmlbench.report.blocks import Block, Cell, Line
from ltmlbench.report.formats import written


def test_names_in_csv_that_a_spreadsheet_would_compute_are_text_and_numbers_stay_numbers():
    line = Line((Cell("=HYPERLINK(1)"), Cell("@net"), Cell("−0.250")))
    block = Block("t", ("method", "backbone", "+gain"), (line,), "")
    rows = list(csv.reader(written(block, "csv").splitlines()))
    assert rows == [
        ["table", "method", "backbone", "'+gain"],
        ["t", "'=HYPERLINK(1)", "'@net", "-0.250"],
    ]
