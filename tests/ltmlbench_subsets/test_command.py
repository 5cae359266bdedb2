"""ltmlbench subsets: any file of labels in, subsets, rows and a picture out."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ltmlbench.cli import main

LABELS = ("rock", "pop", "jazz", "free jazz", "folk", "indie rock", "ghost")
SHARES = (0.45, 0.3, 0.12, 0.08, 0.06, 0.04, 0.0)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Songs: `free jazz` is always `jazz`, `ghost` never occurs, a fifth have no label."""
    generator = np.random.default_rng(5)
    held = generator.random((400, len(LABELS))) < SHARES
    held[:, 2] |= held[:, 3]
    held[generator.random(400) < 0.2] = False
    frame = pd.DataFrame(held.astype(int), columns=LABELS)
    frame.insert(0, "song", [f"song {i}" for i in range(400)])
    path = tmp_path_factory.mktemp("songs") / "songs.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def table(file):
    return pd.read_csv(file)[list(LABELS)].astype(bool)


@pytest.fixture(scope="module")
def written(file, tmp_path_factory):
    """The folder of one finished division into two, shared by the tests that only look."""
    out = tmp_path_factory.mktemp("written") / "out"
    given = ["--generator", "relational", "--n-subsets", "2", "--out", str(out)]
    assert main(["subsets", str(file), *given]) == 0
    return out


def content(folder):
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    return json.loads((folder / "subsets.json").read_text(), parse_constant=refuse)


def sets_of(shown):
    return [set(line.split("\t")) for line in shown.splitlines()]


def refusal(capsys, *given):
    assert main(["subsets", *map(str, given)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("ltmlbench: ")
    return shown.err


def test_it_prints_the_labels_before_and_after(file, table, capsys):
    assert main(["subsets", str(file), "--generator", "relational", "--n-subsets", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    counts = table.sum()
    ratio = counts.max() / counts[counts > 0].min()
    assert (
        f"{file}: 400 samples, 7 labels, cardinality {table.to_numpy().sum() / 400:.3f}, "
        f"imbalance ratio {ratio:.1f}\n"
    ) in shown.out
    account, _, report = shown.out.partition("\n\n")
    assert account.startswith("read: CSV (',' between fields, UTF-8, names in the first line)")
    first = [line.partition(" ")[0] for line in report.splitlines()]
    assert first[2] == "subset"
    assert first[5:10] == ["undivided", "0", "1", "all", "by"]
    several = (table.sum(axis=1) > 1).sum()
    assert f"relational[n_subsets=2]: samples with several labels {several} -> " in shown.out
    assert "in no subset, 1 of 7 labels (samples): ghost (0)" in shown.out


def test_it_writes_a_description_that_fits_the_file(written, table):
    found = content(written)
    assert found["file"] == "songs.csv"
    assert found["generator"] == "relational[n_subsets=2]"
    assert (found["seed"], found["negatives"], found["n_samples"]) == (0, 1.0, 400)
    assert found["left_out"] == ["ghost"]
    blocks = [subset["labels"] for subset in found["subsets"]]
    assert len(blocks) == 2
    assert sorted(name for names in blocks for name in names) == sorted(set(LABELS) - {"ghost"})
    undivided = found["undivided"]
    assert set(found["by chance"]) >= {"r_co", "r_im", "r_sem"}
    for row, names in zip([undivided, *found["subsets"]], [[*LABELS[:-1]], *blocks], strict=True):
        part = table[list(names)]
        assert row["n_labels"] == len(names)
        assert row["samples"] == part.any(axis=1).sum()
        assert row["several"] == (part.sum(axis=1) > 1).sum()
        assert row["imbalance"] == pytest.approx(part.sum().max() / part.sum().min())
        assert row["r_sem"] is None


def test_it_parts_labels_that_meet_and_so_leaves_fewer_samples_with_several(written):
    found = content(written)
    assert not any({"jazz", "free jazz"} <= set(subset["labels"]) for subset in found["subsets"])
    after = sum(subset["several"] for subset in found["subsets"])
    assert after == found["all"]["several"] < found["undivided"]["several"]


def consistent(rows, part, free, negatives=1.0):
    """Whether the rows of a subset are what its labels say; ``free``: samples without any."""
    held = part.any(axis=1)
    assert list(rows.columns) == ["row", "positive"]
    assert rows["row"].is_monotonic_increasing
    assert rows["row"].is_unique
    assert set(rows.loc[rows["positive"] == 1, "row"]) == set(held.index[held])
    drawn = rows.loc[rows["positive"] == 0, "row"]
    assert not held.loc[drawn].any()
    assert len(drawn) == min(round(negatives * held.sum()), (~held).sum())
    assert free.loc[drawn].sum() == min(free.sum(), len(drawn))


def test_the_rows_of_every_subset_are_its_positives_and_as_many_negatives(written, table):
    free = ~table.any(axis=1)
    for k, subset in enumerate(content(written)["subsets"]):
        consistent(pd.read_csv(written / f"subset-{k}.csv"), table[subset["labels"]], free)


def test_negatives_says_how_many_negatives_there_are(file, table, tmp_path):
    given = ["--n-subsets", "3", "--negatives", "0.25", "--out", str(tmp_path / "out")]
    assert main(["subsets", str(file), *given]) == 0
    free = ~table.any(axis=1)
    for k, subset in enumerate(content(tmp_path / "out")["subsets"]):
        rows = pd.read_csv(tmp_path / "out" / f"subset-{k}.csv")
        consistent(rows, table[subset["labels"]], free, negatives=0.25)


def test_it_writes_these_files_and_no_more(written):
    names = {"subsets.json", "subset-0.csv", "subset-1.csv", "cooccurrence.png"}
    assert {path.name for path in written.iterdir()} == names


def test_the_picture_can_be_opened_and_is_not_empty(written):
    with Image.open(written / "cooccurrence.png") as image:
        assert image.format == "PNG"
        assert 1000 <= image.width <= 2000
        assert 600 <= image.height <= 1200
        assert np.asarray(image.convert("RGB")).std() > 10


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_rows(file, written, tmp_path):
    for seed in (0, 1):
        given = ["--n-subsets", "2", "--seed", str(seed), "--out", str(tmp_path / str(seed))]
        assert main(["subsets", str(file), *given]) == 0
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / "0" / path.name).read_bytes()
    rows = "subset-1.csv"
    assert (written / rows).read_bytes() != (tmp_path / "1" / rows).read_bytes()


def test_names_only_prints_the_label_sets_and_nothing_else(file, written, capsys):
    assert main(["subsets", str(file), "--n-subsets", "2", "--names-only"]) == 0
    shown = capsys.readouterr()
    blocks = [subset["labels"] for subset in content(written)["subsets"]]
    assert shown.out == "".join("\t".join(names) + "\n" for names in blocks)
    assert "labels: 7 columns of 0 and 1: rock, pop" in shown.err  # the account, out of the way


def test_names_only_writes_neither_rows_nor_picture(file, tmp_path):
    out = tmp_path / "out"
    assert main(["subsets", str(file), "--names-only", "--out", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ["subsets.json"]
    assert content(out)["left_out"] == ["ghost"]


def divided(file, capsys, generator, *given):
    assert main(["subsets", str(file), "--names-only", "--generator", generator, *given]) == 0
    sets = sets_of(capsys.readouterr().out)
    assert sum(map(len, sets)) == len(set().union(*sets))
    assert "ghost" not in set().union(*sets)
    return sets


@pytest.mark.parametrize("generator", ["relational", "cooccurrence", "semantic", "random"])
def test_generators_make_as_many_subsets_as_asked_for(generator, file, capsys):
    for k in (1, 2, 3):
        sets = divided(file, capsys, generator, "--n-subsets", str(k))
        assert len(sets) == k
        assert set().union(*sets) == set(LABELS) - {"ghost"}
    assert len(divided(file, capsys, f"{generator}[n_subsets=1]", "--n-subsets", "2")) == 2


def test_shot_takes_its_thresholds_in_brackets(file, table, capsys):
    counts = table.sum().drop("ghost").sort_values(ascending=False)
    head, tail = counts.iloc[[1, 3]]
    sets = divided(file, capsys, f"shot[head={head},tail={tail}]")
    assert {frozenset(block) for block in sets} == {
        frozenset(counts.index[first : first + 2]) for first in (0, 2, 4)
    }
    shares = f"shot[head={head / 400},tail={tail / 400}]"
    assert divided(file, capsys, shares) == sets


def test_cooccurrence_parts_labels_that_meet(file, capsys):
    sets = divided(file, capsys, "cooccurrence", "--n-subsets", "2")
    assert not any({"jazz", "free jazz"} <= block for block in sets)


def test_semantic_joins_similar_names_and_with_prototypes_similar_prototypes(
    file, tmp_path, capsys
):
    sets = divided(file, capsys, "semantic", "--n-subsets", "3")
    assert any({"jazz", "free jazz"} <= block for block in sets)
    prototypes = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [0, 1], [1, 1]], dtype=float)
    np.save(tmp_path / "prototypes.npy", prototypes)
    given = ["--n-subsets", "2", "--prototypes", str(tmp_path / "prototypes.npy")]
    sets = divided(file, capsys, "semantic", *given)
    assert {"rock", "jazz", "folk"} in sets
    assert main(["subsets", str(file), "--generator=semantic", *given]) == 0
    assert "R_sem" in capsys.readouterr().out


def test_prior_takes_a_map_from_a_file_and_names_what_it_leaves_out(file, table, tmp_path, capsys):
    prior = tmp_path / "map.json"
    prior.write_text(json.dumps({"loud": ["rock", "indie rock"], "soft": ["folk", "jazz"]}))
    sets = divided(file, capsys, f"prior[file={prior}]")
    assert sets == [{"rock", "indie rock"}, {"folk", "jazz"}]
    assert main(["subsets", str(file), f"--generator=prior[file={prior}]"]) == 0
    counts = table.sum()
    assert (
        f"in no subset, 3 of 7 labels (samples): pop ({counts['pop']}), "
        f"free jazz ({counts['free jazz']}), ghost (0)"
    ) in capsys.readouterr().out


def test_a_subset_of_one_label_is_described_without_nan(file, tmp_path):
    prior, out = tmp_path / "map.json", tmp_path / "out"
    prior.write_text(json.dumps({"one": ["folk"], "rest": ["rock", "pop", "ghost"]}))
    assert main(["subsets", str(file), f"--generator=prior[file={prior}]", f"--out={out}"]) == 0
    found = {tuple(subset["labels"]): subset for subset in content(out)["subsets"]}
    assert found["folk",]["r_co"] == found["folk",]["r_im"] == 0
    assert found["rock", "pop", "ghost"]["r_co"] > 0


def test_communities_join_labels_that_meet(file, capsys):
    pytest.importorskip("igraph")
    sets = divided(file, capsys, "communities")
    assert any({"jazz", "free jazz"} <= block for block in sets)


def told(Y, tmp_path, capsys, *given):
    np.savez(tmp_path / "f.npz", Y=Y.astype(int))
    assert main(["subsets", str(tmp_path / "f.npz"), *given]) == 0
    return capsys.readouterr().out


def test_labels_that_all_meet_are_said_to_gain_little(tmp_path, capsys):
    generator = np.random.default_rng(0)
    shown = told(generator.random((300, 12)) < 0.8, tmp_path, capsys, "--n-subsets", "3")
    assert "this gains little: labels that all meet cannot be separated" in shown
    assert " of 300 samples keep several labels in subset " in shown
    groups = np.repeat(np.eye(4), 5, axis=1)[[0, 1, 2, 3] * 9]
    apart = told(groups, tmp_path, capsys, "--n-subsets", "5")
    assert "gains little" not in apart


def test_a_division_no_better_than_chance_says_so(tmp_path, capsys):
    pairs = np.zeros((300, 40))
    generator = np.random.default_rng(1)
    for row in pairs:
        row[generator.permutation(40)[:2]] = 1
    shown = told(pairs, tmp_path, capsys, "--generator", "random[n_subsets=6]")
    assert "this separates no better than chance: 0.1" in shown
    assert "no better" not in told(pairs, tmp_path, capsys, "--n-subsets", "6")


def test_where_no_sample_has_several_labels_only_imbalance_is_spoken_of(tmp_path, capsys):
    shown = told(np.eye(4)[[0, 0, 0, 0, 1, 1, 2, 3]], tmp_path, capsys)
    assert "no sample has several labels: only the imbalance can become less" in shown


def test_names_with_blanks_and_tabs_can_be_told_apart(tmp_path, capsys):
    rows = [["hip hop", "a\tb"], ["two\nlines"], ["hip hop"], ["two\nlines", "x" * 70]]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps({"tags": row}) + "\n" for row in rows))
    assert main(["subsets", str(tmp_path / "f.jsonl"), "--names-only", "--n-subsets", "1"]) == 0
    (names,) = capsys.readouterr().out.splitlines()
    assert set(names.split("\t")) == {"hip hop", "a\\tb", "two\\nlines", "x" * 70}
    assert main(["subsets", str(tmp_path / "f.jsonl"), "--n-subsets", "1"]) == 0
    assert "a\\tb, hip hop, two\\nlines, " in capsys.readouterr().out


def test_columns_and_separators_are_told_by_options(tmp_path, capsys):
    (tmp_path / "f.tsv").write_text("id\tall tags\n1\tu,v|w\n2\tw|u,v\n3\tx|y\n4\ty\n")
    given = ["--column", "all tags", "--separator", "|", "--names-only", "--n-subsets", "2"]
    assert main(["subsets", str(tmp_path / "f.tsv"), *given]) == 0
    assert set().union(*sets_of(capsys.readouterr().out)) == {"u,v", "w", "x", "y"}
    (tmp_path / "f.csv").write_text("a,b,c\n0,1,1\n1,0,1\n")
    assert main(["subsets", str(tmp_path / "f.csv"), "--labels", "-2", "--names-only"]) == 0
    assert sets_of(capsys.readouterr().out) == [{"a"}, {"b"}]


def test_the_flags_of_reading_reach_the_file(tmp_path, capsys):
    scans = tmp_path / "scans.txt"
    scans.write_bytes("Größe;Rib;Lung;Arm\nx;1;-1;0\nx;0;1;\ny;1;0;1\n".encode("latin-1"))
    assert "hold" in refusal(capsys, scans, "--without", "Arm")
    given = ["--uncertain", "1", "--gaps", "0", "--id", "Größe", "--encoding", "latin-1"]
    assert main(["subsets", str(scans), *given, "--without", "Arm", "--generator=random"]) == 0
    account, _, report = capsys.readouterr().out.partition("\n\n")
    assert (
        "CSV (';' between fields, latin-1, names in the first line), 3 rows × 4 columns" in account
    )
    assert "labels: 2 columns of 0 and 1: Rib, Lung" in account
    assert "no labels: Größe (--id); Arm (--without)" in account
    assert f"{scans}: 2 samples, 2 labels" in report


@pytest.mark.parametrize("flag", ["--encoding=klingon", "--delimiter=ab", "--labels=9", "--id=no"])
def test_a_flag_of_reading_that_does_not_fit_is_one_line(flag, file, capsys):
    assert flag.partition("=")[0] in refusal(capsys, file, flag)


def test_an_unknown_generator_is_one_line_that_names_a_similar_one(file, capsys):
    line = refusal(capsys, file, "--generator", "relatonal")
    assert "'relatonal'" in line
    assert "did you mean 'relational'?" in line


@pytest.mark.parametrize(
    ("generator", "message"),
    [
        ("relational[max_labls=3]", "no option 'max_labls', did you mean 'max_labels'"),
        ("relational[cooccurrence=-1]", "cooccurrence=-1: Input should be greater than or equal"),
        ("relational[", "cannot read 'relational['"),
        ("shot[head=5,tail=9]", "tail=9.0: has to be at most head=5.0"),
        ("prior", "prior: give either map="),
        ("prior[file=gone.json]", "[Errno 2] No such file or directory: 'gone.json'"),
    ],
)
def test_a_generator_that_cannot_be_made_is_one_line(generator, message, file, capsys):
    assert message in refusal(capsys, file, "--generator", generator)


def test_a_generator_without_a_number_of_subsets_says_so(file, capsys):
    line = refusal(capsys, file, "--generator", "shot", "--n-subsets", "2")
    assert "'shot' has no option 'n_subsets'" in line


def test_an_empty_map_is_one_line(file, tmp_path, capsys):
    (tmp_path / "map.json").write_text("{}")
    line = refusal(capsys, file, f"--generator=prior[file={tmp_path / 'map.json'}]")
    assert "prior: give either map=" in line


def test_a_missing_file_is_one_line(tmp_path, capsys):
    line = refusal(capsys, tmp_path / "gone.csv")
    assert f"{tmp_path / 'gone.csv'}: there is no such file or folder" in line


def test_a_file_without_labels_is_one_line(tmp_path, capsys):
    (tmp_path / "f.csv").write_text("song,tags\n1,rock\n")
    assert "name the column of tags with --column" in refusal(capsys, tmp_path / "f.csv")


@pytest.mark.parametrize("generator", ["relational", "random"])
def test_more_subsets_than_labels_are_one_line(generator, file, capsys):
    line = refusal(capsys, file, "--generator", generator, "--n-subsets", "7")
    assert "n_subsets=7: 6 labels make at most 6 subsets" in line


@pytest.mark.parametrize("n_subsets", ["0", "-1"])
def test_no_subset_at_all_is_one_line(n_subsets, file, capsys):
    assert "n_subsets" in refusal(capsys, file, "--n-subsets", n_subsets)


@pytest.mark.parametrize(
    ("prototypes", "message"),
    [
        (np.ones((6, 2)), "6 × 2 does not fit 7 labels"),
        (np.ones(7), "7 does not fit 7 labels"),
        (np.full((7, 2), "a"), "numbers"),
    ],
)
@pytest.mark.parametrize("generator", ["relational", "random"])
def test_prototypes_that_do_not_fit_are_one_line(
    generator, prototypes, message, file, tmp_path, capsys
):
    np.save(tmp_path / "p.npy", prototypes)
    given = ["--generator", generator, "--prototypes", tmp_path / "p.npy"]
    line = refusal(capsys, file, *given)
    assert message in line
    assert "p.npy" in line


def test_prototypes_may_have_gaps_only_where_a_label_never_occurs(file, tmp_path, capsys):
    prototypes = np.random.default_rng(0).normal(size=(7, 3))
    prototypes[LABELS.index("ghost")] = np.nan
    np.save(tmp_path / "p.npy", prototypes)
    given = ["--prototypes", str(tmp_path / "p.npy"), "--out", str(tmp_path / "out")]
    assert main(["subsets", str(file), *given]) == 0
    assert capsys.readouterr().err == ""
    assert content(tmp_path / "out")["undivided"]["r_sem"] is not None
    prototypes[LABELS.index("folk")] = np.nan
    np.save(tmp_path / "p.npy", prototypes)
    assert "in the row of label 'folk'" in refusal(capsys, file, *given)


def test_a_file_that_is_no_array_of_prototypes_is_one_line(file, tmp_path, capsys):
    for name, damaged in (("gone.npy", None), ("empty.npy", b""), ("text.npy", b"no array")):
        if damaged is not None:
            (tmp_path / name).write_bytes(damaged)
        line = refusal(capsys, file, "--prototypes", tmp_path / name)
        assert name in line
        assert "an .npy file of labels × features is needed" in line
    np.savez(tmp_path / "p.npz", np.ones((7, 2)))
    assert ".npy file" in refusal(capsys, file, "--prototypes", tmp_path / "p.npz")


@pytest.mark.parametrize("negatives", ["-1", "nan", "inf"])
def test_a_share_of_negatives_that_is_none_is_one_line_and_writes_nothing(
    negatives, file, tmp_path, capsys
):
    out = tmp_path / "out"
    assert "negatives=" in refusal(capsys, file, f"--negatives={negatives}", f"--out={out}")
    assert not out.exists()


def test_a_folder_that_is_a_file_is_one_line(file, tmp_path, capsys):
    (tmp_path / "out").write_text("")
    line = refusal(capsys, file, "--names-only", "--out", tmp_path / "out")
    assert f"--out {tmp_path / 'out'}: there is a file of this name" in line
