"""The flags of every command that reads a file of labels."""

from __future__ import annotations

import argparse

from ltmlbench.tables.options import FORMATS, FileOptions, LabelOptions


def add_reading_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that `reading_options` turns into options."""
    where = parser.add_argument_group("where the labels are")
    where.add_argument("--column", metavar="NAME", help="the column, array or key of tags")
    where.add_argument(
        "--labels", metavar="WHICH", help="0/1 columns: names, last N, first -N, or MULAN .xml"
    )
    where.add_argument("--without", metavar="NAMES", help="columns or tags that are not labels")
    where.add_argument("--id", metavar="NAME", help="rows with the same value are one sample")
    where.add_argument("--separator", help="between tags in one cell; none: a cell is one tag")
    where.add_argument(
        "--uncertain", choices=("0", "1", "drop"), help="-1 counts as this; drop: without its rows"
    )
    where.add_argument(
        "--gaps", choices=("0", "drop"), help="a gap beside 0 and 1 counts as 0, or drops its row"
    )
    how = parser.add_argument_group("how the file is written (detected if not given)")
    how.add_argument("--format", choices=FORMATS)
    how.add_argument("--delimiter", metavar="CHAR", help="between fields: , ; | tab space")
    how.add_argument("--encoding", help="of text: utf-8, utf-16, latin-1, gbk")
    how.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line names the columns",
    )


def reading_options(arguments: argparse.Namespace) -> tuple[FileOptions, LabelOptions]:
    """What was said on the command line.

    Raises:
        RequestError: a flag has an impossible value.
    """
    file = FileOptions(arguments.format, arguments.delimiter, arguments.encoding, arguments.header)
    labels = LabelOptions(
        arguments.column,
        arguments.labels,
        arguments.without,
        arguments.id,
        arguments.separator,
        arguments.uncertain,
        arguments.gaps,
    )
    return file, labels
