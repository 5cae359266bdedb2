"""The data set `table`: labels, features, groups and parts out of files of many kinds."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ltmlbench import load
from ltmlbench.cli import main
from ltmlbench.errors import DataError, RequestError

N = 60


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    Y = (rng.random((N, 3)) < [0.5, 0.3, 0.2]).astype(int)
    return pd.DataFrame(
        {
            "track": [f"t{i}" for i in range(N)],
            "singer": [f"s{i // 3}" for i in range(N)],
            "tempo": rng.normal(120, 10, N) + 20 * Y[:, 0],
            "energy": rng.random(N) + Y[:, 1],
            "mood": rng.choice(["calm", "wild"], N),
            "dance": Y[:, 0],
            "sad": Y[:, 1],
            "live": Y[:, 2],
            "part": ["train"] * 45 + ["test"] * 15,
        }
    )


def table(spec=""):
    return load("dataset", f"table[{spec}]" if spec else "table")


def test_columns_of_0_and_1_are_labels_and_other_numbers_features(frame, tmp_path):
    frame.to_csv(tmp_path / "songs.csv", index=False)
    samples = table("group=singer,id=track").load(tmp_path / "songs.csv")
    assert samples.labels.names == ("dance", "sad", "live")
    np.testing.assert_array_equal(samples.labels.dense, frame[["dance", "sad", "live"]])
    np.testing.assert_allclose(samples.vectors(), frame[["tempo", "energy"]], rtol=1e-6)
    assert samples.ids == tuple(frame["track"])
    assert samples.groups == tuple(frame["singer"])
    assert samples.official == tuple(frame["part"])
    told = "\n".join(samples.notes)
    assert "groups: 'singer', 20 different" in told
    assert "official parts: 'part' (train 45, test 15" in told
    assert "mood" in told, "what was passed over is named"
    assert "features: 2 columns" in told


def test_what_is_taken_can_be_said(frame, tmp_path):
    frame.to_csv(tmp_path / "songs.csv", index=False)
    samples = table("labels=[sad,live],features=[energy,dance],split=part").load(
        tmp_path / "songs.csv"
    )
    assert samples.labels.names == ("sad", "live")
    np.testing.assert_allclose(samples.vectors(), frame[["energy", "dance"]], rtol=1e-6)


@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "jsonl", "xlsx"])
def test_the_same_table_in_another_format_is_the_same_data(frame, tmp_path, kind):
    path = tmp_path / f"songs.{kind}"
    write = {
        "csv.gz": lambda: frame.to_csv(path, index=False),
        "parquet": lambda: frame.to_parquet(path, index=False),
        "jsonl": lambda: frame.to_json(path, orient="records", lines=True, double_precision=15),
        "xlsx": lambda: frame.to_excel(path, index=False),
    }
    write[kind]()
    frame.to_csv(tmp_path / "plain.csv", index=False)
    one, two = (table("id=track").load(p) for p in (path, tmp_path / "plain.csv"))
    np.testing.assert_array_equal(one.labels.dense, two.labels.dense)
    np.testing.assert_allclose(one.vectors(), two.vectors(), rtol=1e-6)
    assert one.ids == two.ids


def test_arrays_with_an_official_mask(tmp_path):
    rng = np.random.default_rng(0)
    Y = (rng.random((N, 4)) < 0.3).astype(np.uint8)
    X, train = rng.normal(size=(N, 5)), np.arange(N) < 40
    np.savez(tmp_path / "a.npz", X=X, Y=Y, train=train)
    samples = table().load(tmp_path / "a.npz")
    np.testing.assert_array_equal(samples.labels.dense, Y)
    np.testing.assert_allclose(samples.vectors(), X, rtol=1e-6)
    assert samples.official == ("train",) * 40 + ("test",) * 20


def test_a_column_of_tags(frame, tmp_path):
    frame["tags"] = ["rock;pop" if i % 3 else "folk" for i in range(N)]
    frame.drop(columns=["dance", "sad", "live"]).to_csv(tmp_path / "tags.csv", index=False)
    samples = table("column=tags").load(tmp_path / "tags.csv")
    assert samples.labels.names == ("folk", "pop", "rock")
    assert samples.labels.counts.tolist() == [20, 40, 40]
    assert samples.vectors().shape == (N, 2)


def test_a_changed_number_changes_the_fingerprint(frame, tmp_path):
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.loc[3, "energy"] += 1
    frame.to_csv(tmp_path / "b.csv", index=False)
    a, b = (table().load(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert a.fingerprint != b.fingerprint
    assert sum(x != y for x, y in zip(a.content, b.content, strict=True)) == 1


def test_pictures_that_a_column_names(frame, tmp_path):
    (tmp_path / "covers").mkdir()
    for i in range(N):
        picture = np.full((20, 24, 3), i, dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "covers" / f"{i}.png")
    frame["cover"] = [f"covers/{i}.png" for i in range(N)]
    frame.to_csv(tmp_path / "songs.csv", index=False)
    samples = table("pictures=cover").load(tmp_path / "songs.csv")
    assert samples.feed == "pictures"
    assert samples.read(7, 16).shape == (20, 24, 3)
    assert samples.read(7, 16)[0, 0, 0] == 7
    (tmp_path / "covers" / "5.png").unlink()
    with pytest.raises(DataError, match=r"1 of 60 pictures that 'cover' names are not there"):
        table("pictures=cover").load(tmp_path / "songs.csv")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("features=tempoo", "there is no column 'tempoo' to be a feature, did you mean 'tempo'"),
        ("features=mood", "holds no numbers"),
        ("group=singr", r"no column or array 'singr' for table\[group=...\], did you mean"),
        ("pictures=cover", "no column 'cover' of pictures"),
        ("labels=[sad,happy]", "happy"),
    ],
)
def test_a_wrong_name_gets_one_line(frame, tmp_path, spec, said):
    frame.to_csv(tmp_path / "songs.csv", index=False)
    with pytest.raises((DataError, RequestError), match=said) as caught:
        table(spec).load(tmp_path / "songs.csv")
    assert "\n" not in str(caught.value)


def test_without_a_file_or_features_it_says_what_to_do(frame, tmp_path):
    with pytest.raises(RequestError, match="--data-dir"):
        table().load(None)
    frame[["mood", "dance", "sad"]].to_csv(tmp_path / "songs.csv", index=False)
    with pytest.raises(DataError, match="no column of numbers is left for features"):
        table().load(tmp_path / "songs.csv")


def test_methods_are_compared_on_a_table_and_ours_goes_without_pictures(frame, tmp_path, capsys):
    frame.to_csv(tmp_path / "songs.csv", index=False)
    out = tmp_path / "out"
    arguments = ["run", "--dataset", "table[group=singer]", "--methods", "ib,ours,ema"]
    arguments += ["--data-dir", str(tmp_path / "songs.csv"), "--epochs", "2", "--folds", "2"]
    arguments += ["--out", str(out), "--cache-dir", str(tmp_path / "cache")]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert "ours[pretrain=none,attention=none]" in table
    assert "mlp" in table
    page = (out / "table.md").read_text()
    assert "groups: 'singer'" in page
    assert "features: 2 columns" in page


def test_networks_of_pictures_are_refused_for_vectors_before_any_work(frame, tmp_path, capsys):
    frame.to_csv(tmp_path / "songs.csv", index=False)
    arguments = ["run", "--dataset", "table", "--data-dir", str(tmp_path / "songs.csv")]
    arguments += ["--backbones", "resnet18[weights=random]", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "takes pictures, the data set gives vectors" in told
    assert told.count("\n") == 1
