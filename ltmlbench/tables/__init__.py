"""Any file of samples and labels: read into a table, then parted into labels and the rest.

    table = read_table(Path("f.csv"))  # columns, arrays, and how it was read
    taken = take_labels(table, LabelOptions(column="tags"))  # labels, the rest, and the account

Nothing here imports pandas before a file is read.
"""

from ltmlbench.tables.flags import add_reading_flags, reading_options
from ltmlbench.tables.labelling import Labelled, read_labels, take_labels
from ltmlbench.tables.options import FileOptions, LabelOptions
from ltmlbench.tables.reading import read_table
from ltmlbench.tables.table import HowRead, Table

__all__ = [
    "FileOptions",
    "HowRead",
    "LabelOptions",
    "Labelled",
    "Table",
    "add_reading_flags",
    "read_labels",
    "read_table",
    "reading_options",
    "take_labels",
]
