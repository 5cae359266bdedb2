"""A hundred odd files: well-formed ones give the right counts, the others one line, never more."""

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from ltmlbench.errors import DataError, RequestError
from ltmlbench.tables import FileOptions, LabelOptions, read_labels

COUNTS = {"cat": 3, "dog": 2, "emu": 2}
ROWS = [["cat", "dog"], ["cat"], [], ["dog", "emu"], ["cat", "emu"]]
HOT = [[int(name in row) for name in COUNTS] for row in ROWS]
TAGS = LabelOptions(column="tags")


def table(delimiter=",", end="\n", one="1", zero="0", first="id", gap=""):
    """The five rows as columns of 0 and 1."""
    lines = [delimiter.join([first, *COUNTS])]
    lines += [
        delimiter.join([f"s{i}", *(one if hot else zero for hot in row)])
        for i, row in enumerate(HOT)
    ]
    return end.join(line + gap for line in lines) + end


def cells(write):
    """The five rows as one column of tags."""
    quoted = [write(row).replace('"', '""') for row in ROWS]
    return "name,tags\n" + "".join(f's{i},"{cell}"\n' for i, cell in enumerate(quoted))


def arff(data, relation="'r: -C 3'", kind="{0,1}", more="@attribute x numeric\n"):
    labels = "".join(f"@attribute {name} {kind}\n" for name in COUNTS)
    return f"@relation {relation}\n{labels}{more}@data\n{data}"


def hot_lines(delimiter=",", end="", one="1", zero="0"):
    return "".join(
        delimiter.join([*(one if hot else zero for hot in row), f"{i}.5"]) + end + "\n"
        for i, row in enumerate(HOT)
    )


TEXTS = {
    "crlf.csv": table(end="\r\n"),
    "cr.csv": table(end="\r"),
    "semicolons.csv": table(";"),
    "tabs.csv": table("\t"),
    "bars.txt": table("|"),
    "blanks.txt": table("   "),
    "blanks after commas.csv": table(", "),
    "trailing commas.csv": table(gap=","),
    "two trailing commas.csv": table(gap=",,"),
    "trailing commas below.csv": table(gap=",").replace("emu,\n", "emu\n", 1),
    "floats.csv": table(one="1.0", zero="0.0"),
    "true.csv": table(one="True", zero="False"),
    "TRUE.csv": table(one="TRUE", zero="FALSE"),
    "yes.csv": table(one="yes", zero="no"),
    "y.csv": table(one="Y", zero="N"),
    "present.csv": table(one="Present", zero="absent"),
    "quoted.csv": table(one='"1"', zero='"0"'),
    "comments.csv": "# made by hand\n# twice\n" + table(),
    "comment names.csv": "# " + table(),
    "comment between.csv": table().replace("s2,", "# a remark\ns2,"),
    "title.csv": "Export of March\n\n" + table(),
    "title semicolons.csv": "Export of March\n" + table(";"),
    "lines of commas.csv": table() + ",,,\n,,,\n",
    "excel.csv": "sep=;\n" + table(";"),
    "blank lines.csv": table().replace("\n", "\n\n"),
    "nameless index.csv": table(first=""),
    "row names.txt": "\n".join(table(" ").split("\n")).replace("id ", "", 1),
    "empty column.csv": table().replace("\n", ",\n").replace("emu,", "emu,notes", 1),
    "no line end.csv": table().rstrip(),
    "line ends in quotes.csv": table().replace("s1", '"s\n1"').replace("s3", '"s, 3"'),
    "padded.csv": table().replace(",", " , "),
    "decimal commas.csv": table(";").replace("id", "x").replace("s", "1,"),
}
NUMBERED = {
    "matrix.csv": "".join(",".join(map(str, row)) + "\n" for row in HOT),
    "matrix.txt": "".join(" ".join(map(str, row)) + "\n" for row in HOT),
    "matrix with ends.csv": "".join(",".join(map(str, row)) + ",\n" for row in HOT),
    "names are numbers.csv": pd.DataFrame(HOT).to_csv(index=False),
    "names are numbers, index.csv": pd.DataFrame(HOT).to_csv(),
    "label lists.txt": "0 1\n0\n1 2\n0 2\n",
    "named lists.txt": "a/s0.jpg 0 1\na/s1.jpg 0\na/s2.jpg \na/s3.jpg 1 2\na/s4.jpg 0 2\n",
    "svm.txt": "0,1 1:0.5\n0 2:1\n 3:1\n1,2 1:0.25\n0,2 1:1\n",
    "svm.svm": "0,1 1:0.5 # first\n0 2:1\n 3:1\n1,2 1:0.25\n0,2 1:1\n",
    "xmlc.txt": "5 4 3\n0,1 0:0.5\n0 2:1\n 3:1\n1,2 1:0.25\n0,2 1:1\n",
    "array of arrays.json": json.dumps(HOT),
    "lists of 0 and 1.jsonl": "\n".join(json.dumps({"x": i, "y": r}) for i, r in enumerate(HOT)),
}
CELLS = {
    "bars": cells("|".join),
    "semicolons": cells("; ".join),
    "commas": cells(", ".join),
    "new lines": cells("\n".join),
    "around": cells(lambda row: "|" + "|".join(row) + "|" if row else ""),
    "ended": cells(lambda row: "".join(f"{tag};" for tag in row)),
    "angles": cells(lambda row: "".join(f"<{tag}>" for tag in row)),
    "python": cells(str),
    "tuples": cells(lambda row: str(tuple(row))),
    "json": cells(json.dumps),
    "numpy": cells(lambda row: str(np.array(row)) if row else "[]"),
    "unquoted": cells(lambda row: "[" + ", ".join(row) + "]"),
    "dict": cells(lambda row: str({name: int(name in row) for name in COUNTS})),
    "full width": cells("，".join),
    "enumeration": cells("、".join),
    "quoted tags": cells(lambda row: ", ".join(f'"{tag}"' for tag in row)),
    "single quotes": cells(lambda row: ", ".join(f"'{tag}'" for tag in row)),
    "hash": cells(lambda row: " ".join(f"#{tag}" for tag in row)),
}
RECORDS = [{"id": f"s{i}", "tags": row} for i, row in enumerate(ROWS)]
FLAGS = [{"id": f"s{i}", **dict(zip(COUNTS, row, strict=True))} for i, row in enumerate(HOT)]
JSON = {
    "array.json": json.dumps(RECORDS),
    "lines.jsonl": "\n".join(map(json.dumps, RECORDS)),
    "lines.json": "\n".join(map(json.dumps, RECORDS)),
    "array.jsonl": json.dumps(RECORDS, indent=1),
    "wrapped.json": json.dumps({"version": 3, "data": RECORDS}),
    "nested.json": json.dumps([{"meta": {"tags": row}} for row in ROWS]),
    "by id.json": json.dumps({f"s{i}": row for i, row in enumerate(ROWS)}),
    "objects by id.json": json.dumps({f"s{i}": flags for i, flags in enumerate(FLAGS)}),
    "coco.json": json.dumps(
        {
            "images": [{"id": i, "file_name": f"s{i}.jpg"} for i in range(len(ROWS))],
            "annotations": [
                {"image_id": i, "category_id": list(COUNTS).index(tag)}
                for i, row in enumerate(ROWS)
                for tag in [*row, *row[:1]]
            ],
            "categories": [{"id": c, "name": name} for c, name in enumerate(COUNTS)],
        }
    ),
    "flags.json": json.dumps(FLAGS),
    "inner flags.json": json.dumps([dict(zip(COUNTS, row, strict=True)) for row in HOT]),
    "columns.json": pd.DataFrame(FLAGS).to_json(),
    "index.json": pd.DataFrame(FLAGS).to_json(orient="index"),
    "split.json": pd.DataFrame(FLAGS).to_json(orient="split"),
    "texts.jsonl": "\n".join(json.dumps({"n": i, "tags": "|".join(r)}) for i, r in enumerate(ROWS)),
}
ARFF = {
    "commas at the end": arff(hot_lines(end=",")),
    "tabs": arff(hot_lines("\t")),
    "blanks": arff(hot_lines(" ")),
    "both": arff(hot_lines(", ")),
    "booleans": arff(hot_lines(one="True", zero="False"), kind="{False,True}"),
    "words": arff(hot_lines(one="yes", zero="no"), kind="{no, yes}"),
    "numbers": arff(hot_lines(one="1.0"), kind="NUMERIC"),
    "dates": arff(hot_lines(), more='@attribute x DATE "yyyy-MM-dd"\n'),
    "crlf": arff(hot_lines()).replace("\n", "\r\n"),
    "remarks": "% a remark\n" + arff(hot_lines() + "% the end\n"),
    "sparse": arff(
        "".join(
            "{" + ", ".join([*(f"{c} 1" for c, hot in enumerate(row) if hot), f"3 {i}.5"]) + ",}\n"
            for i, row in enumerate(HOT)
        )
    ),
}


def right(file, labels=None, options=None, names=tuple(COUNTS)):
    found = read_labels(file, labels, options)
    held = dict(zip(found.labels.names, found.labels.counts.tolist(), strict=True))
    assert held == dict(zip(names, COUNTS.values(), strict=True)), found.account.lines()
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_a_table_is_the_same_however_its_lines_are_written(name, tmp_path):
    (tmp_path / name).write_text(TEXTS[name], newline="")
    found = right(tmp_path / name)
    assert found.labels.dense.tolist() == HOT


NAMES = ("dog", "a b", "N", "x_1", "Größe", "left, up", "42", "covid", "no finding")
WORDS = (("1", "0"), ("1.0", "0.0"), ("True", "False"), ("yes", "no"))
REMARKS = ("x", "long, with comma", "a;b", 'q"q', "two\nlines", "")


def in_some_dialect(draw):
    """A table of 0 and 1 beside other columns, as some program may have written it, and what its
    label counts are."""
    n, names = draw.randint(2, 12), draw.sample(NAMES, draw.randint(2, 6))
    held = {name: [draw.random() < 0.4 for _ in range(n)] for name in names}
    one, zero = draw.choice(WORDS)
    columns = {name: [one if hot else zero for hot in row] for name, row in held.items()}
    columns["id"] = draw.choice(
        [[str(i) for i in range(1, n + 1)], [f"s{i}.jpg" for i in range(n)]]
    )
    columns["age"] = [str(draw.randint(20, 90)) for _ in range(n)]
    columns["remark"] = [draw.choice(REMARKS) for _ in range(n)]
    order = draw.sample(list(columns), len(columns))
    text = io.StringIO()
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    delimiter, end = draw.choice(",;\t|"), draw.choice(["\n", "\r\n"])
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(order)
    writer.writerows(zip(*(columns[name] for name in order), strict=True))
    remark = draw.choice(["", "# made by a program\n"])
    encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16"])
    return (remark + text.getvalue()).encode(encoding), {k: sum(v) for k, v in held.items()}


def test_tags_with_commas_in_every_line_do_not_decide_the_delimiter(tmp_path):
    text = "item;score;tags\ns0;0.7;oak, elm, ash\ns1;0.1;elm, fir, oak\ns2;0.2;ash, fir, yew\n"
    (tmp_path / "f.csv").write_text(text)
    labels = read_labels(tmp_path / "f.csv", TAGS).labels
    assert dict(zip(labels.names, labels.counts.tolist(), strict=True)) == {
        "ash": 2,
        "elm": 2,
        "fir": 2,
        "oak": 2,
        "yew": 1,
    }


@pytest.mark.parametrize("seed", range(60))
def test_a_table_in_any_dialect_has_the_right_counts(seed, tmp_path):
    draw = random.Random(seed)
    content, expected = in_some_dialect(draw)
    file = tmp_path / f"f{draw.choice(['.csv', '.txt', '.tsv', ''])}"
    file.write_bytes(content)
    labels = read_labels(file).labels
    assert dict(zip(labels.names, labels.counts.tolist(), strict=True)) == expected


@pytest.mark.parametrize("name", NUMBERED)
def test_labels_without_names_are_numbered(name, tmp_path):
    (tmp_path / name).write_text(NUMBERED[name], newline="")
    right(tmp_path / name, names=("0", "1", "2"))


@pytest.mark.parametrize("name", CELLS)
def test_tags_of_a_cell_are_the_same_however_they_are_written(name, tmp_path):
    (tmp_path / "f.csv").write_text(CELLS[name])
    names = [f"#{tag}" for tag in COUNTS] if name == "hash" else tuple(COUNTS)
    found = right(tmp_path / "f.csv", TAGS, names=names)
    assert found.labels.per_sample.tolist() == [2, 1, 0, 2, 2]


@pytest.mark.parametrize("name", JSON)
def test_json_is_the_same_however_its_records_are_kept(name, tmp_path):
    (tmp_path / name).write_text(JSON[name])
    found = right(tmp_path / name)
    assert found.labels.per_sample.tolist() == [2, 1, 0, 2, 2]


@pytest.mark.parametrize("name", ARFF)
def test_arff_is_read_as_weka_reads_it(name, tmp_path):
    (tmp_path / "f.arff").write_text(ARFF[name], newline="")
    assert right(tmp_path / "f.arff").labels.dense.tolist() == HOT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "ascii"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "arff"])
def test_the_encoding_is_found_out(encoding, form, tmp_path):
    text = {"csv": table(), "jsonl": JSON["lines.jsonl"], "arff": arff(hot_lines())}[form]
    (tmp_path / f"f.{form}").write_bytes(text.encode(encoding))
    right(tmp_path / f"f.{form}")


def zstd(content):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("form", ["csv", "jsonl", "npy"])
def test_a_packed_file_is_unpacked_on_the_way(suffix, form, tmp_path):
    np.save(tmp_path / "f.npy", np.array(HOT))
    content = {"csv": table().encode(), "jsonl": JSON["lines.jsonl"].encode()}
    content["npy"] = (tmp_path / "f.npy").read_bytes()
    (tmp_path / f"f.{form}.{suffix}").write_bytes(PACKED[suffix](content[form]))
    names = ("0", "1", "2") if form == "npy" else tuple(COUNTS)
    right(tmp_path / f"f.{form}.{suffix}", names=names)


def test_the_only_file_of_a_zip_is_read_and_of_several_none(tmp_path):
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("inner/f.csv", table())
        archive.writestr("__MACOSX/f.csv", "no")
    right(tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "g.zip", "w") as archive:
        archive.writestr("f.csv", table())
        archive.writestr("g.csv", table())
    with pytest.raises(DataError, match=r"the zip holds 2 files, not one: f.csv, g.csv"):
        read_labels(tmp_path / "g.zip")


@pytest.mark.parametrize("kind", [bool, "Int64", "boolean", "float32", "category", "string"])
def test_a_parquet_file_is_the_same_whatever_type_its_columns_have(kind, tmp_path):
    frame = pd.DataFrame(HOT, columns=list(COUNTS))
    frame = frame.astype(str).astype(kind) if kind in ("category", "string") else frame.astype(kind)
    frame.to_parquet(tmp_path / "f.parquet")
    right(tmp_path / "f.parquet")


@pytest.mark.parametrize(
    "form",
    [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.bsr_array, sparse.dia_array],
)
def test_a_sparse_matrix_of_any_form_is_read(form, tmp_path):
    sparse.save_npz(tmp_path / "f.npz", form(np.array(HOT)))
    right(tmp_path / "f.npz", names=("0", "1", "2"))


@pytest.mark.parametrize("suffix", ["csv", "npz", "data", "xlsx", "parquet"])
def test_a_file_is_known_by_its_first_bytes_and_not_by_its_name(suffix, tmp_path):
    file = tmp_path / f"f.{suffix}"
    pd.DataFrame(FLAGS).to_excel(tmp_path / "f", index=False, engine="openpyxl")
    (tmp_path / "f").rename(file)
    right(file)
    pd.DataFrame(FLAGS).to_parquet(file)
    right(file)


def mutations(content, n, seed):
    """The same bytes, damaged: cut, flipped, doubled, with a strange run in the middle."""
    draw = random.Random(seed)
    for _ in range(n):
        at = draw.randrange(len(content))
        strange = draw.choice(
            [b"\0" * 9, b"\xff\xfe", b'"', b"'", b",,,,", b"\n#", b"{", b"[[", b"-1"]
        )
        yield draw.choice(
            [
                content[:at],
                content[at:],
                content[:at] + strange + content[at:],
                content[:at] + bytes([draw.randrange(256)]) + content[at + 1 :],
                content[:at] + content[at // 2 : at] + content[at:],
            ]
        )


def outcome(file, options):
    """The line of the error, or one that says what was read; any other exception comes through."""
    try:
        labels = read_labels(file, options).labels
    except DataError as error:
        return str(error)
    return f"{file}: {labels}"


def whole_files(folder):
    frame = pd.DataFrame(FLAGS)
    frame.to_parquet(folder / "f.parquet")
    frame.to_excel(folder / "f.xlsx", index=False)
    np.savez(folder / "f.npz", Y=np.array(HOT), labels=np.array(list(COUNTS)))
    sparse.save_npz(folder / "s.npz", sparse.csr_array(np.array(HOT)), compressed=False)
    pq.write_table(pa.table({"tags": ROWS}), folder / "tags.parquet")
    texts = {
        "f.csv": table(),
        "tags.csv": CELLS["python"],
        "f.jsonl": JSON["lines.jsonl"],
        "f.json": JSON["columns.json"],
        "f.arff": ARFF["booleans"],
        "s.arff": ARFF["sparse"],
        "xmlc.txt": NUMBERED["xmlc.txt"],
        "lists.txt": NUMBERED["named lists.txt"],
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "f.csv.gz").write_bytes(gzip.compress(table().encode()))
    return sorted(folder.iterdir())


@pytest.mark.parametrize("kind", range(14))
def test_a_damaged_file_is_read_or_one_line(kind, tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    source = whole_files(whole)[kind]
    file = tmp_path / source.name
    for content in mutations(source.read_bytes(), 40, seed=kind):
        file.write_bytes(content)
        for options in (None, TAGS):
            line = outcome(file, options)
            assert len(line.splitlines()) == 1
            assert line.startswith(str(file))


@pytest.mark.parametrize("damage", [
    {"indices": [0, 1, 9]},
    {"indices": [0, 1, -1]},
    {"indices": [0, 1, 2**40]},
    {"indptr": [0, 2, 1, 3]},
    {"indptr": [1, 2, 3, 3]},
    {"indptr": [0, 1, 2, 99]},
    {"indptr": [0, 1, 3]},
    {"data": [1, 1]},
    {"data": [[1, 1, 1]]},
    {"shape": [3, -3]},
    {"shape": [3]},
    {"shape": [10**12, 3]},
    {"shape": [3, 10**12]},
    {"format": "csc", "shape": [3, 2]},
    {"format": "coo"},
    {"format": "coo", "row": [0, 1, 7], "col": [0, 1, 2]},
    {"format": "dia", "offsets": [0, 0], "data": [[1, 1, 1]]},
    {"format": "bsr", "data": [[[1]], [[1]], [[1]]], "indices": [0, 1, 3]},
    {"format": "lil"},
    {"indices": [0.5, 1, 2]},
], ids=str)  # fmt: skip
def test_indices_of_a_sparse_matrix_are_checked_before_scipy_follows_them(damage, tmp_path):
    whole = {"format": "csr", "shape": [3, 3], "indptr": [0, 1, 2, 3], "indices": [0, 1, 2]}
    parts = {**whole, "data": [1, 1, 1], **damage}
    np.savez(tmp_path / "f.npz", **{name: np.array(part) for name, part in parts.items()})
    with pytest.raises(DataError, match=r"sparse matrix|more than labels can be") as caught:
        read_labels(tmp_path / "f.npz")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"format": "docx"}, "--format docx: one of csv"),
        ({"delimiter": ",,"}, "--delimiter ',,': one character"),
        ({"delimiter": '"'}, "--delimiter '\"': one character"),
        ({"encoding": "klingon"}, "--encoding klingon: Python knows no text encoding"),
        ({"encoding": "base64"}, "--encoding base64: Python knows no text encoding"),
    ],
)
def test_an_option_that_nobody_can_follow_is_one_line(options, line):
    with pytest.raises(RequestError, match=line):
        FileOptions(**options)


@pytest.mark.parametrize("flag", ["column", "labels", "without", "id", "separator"])
def test_an_empty_option_is_one_line(flag):
    with pytest.raises(RequestError, match=f"--{flag} '': something has to stand here"):
        LabelOptions(**{flag: ""})


def test_zeros_alone_are_no_text(tmp_path):
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    with pytest.raises(DataError, match="holds zero bytes: it is no text"):
        read_labels(tmp_path / "f.csv.gz")
