"""Pictures of where a run looks, on demand; and runs that are done although it failed."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ltmlbench.cli import main
from ltmlbench_vision import gallery

SMALL = [
    "--methods=ib",
    "--backbones=test_resnet[weights=random]",
    "--image-size=32",
    "--folds=2",
    "--epochs=1",
    "--limit=40",
    "--set=floors=majority",
    "--set=precision=float32",
]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    root = tmp_path_factory.mktemp("done")
    out = root / "out"
    assert main(["run", *SMALL, f"--out={out}", f"--cache-dir={root / 'cache'}"]) == 0
    return out


def picture(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def run_of(out, start="ib-"):
    return sorted(path.name for path in (out / "runs").glob(f"{start}*"))[0]


def test_without_samples_it_draws_the_gallery_of_the_run(done, capsys):
    run = run_of(done)
    assert main(["explain", run[:-6], f"--out={done}"]) == 0
    drawn = done / "runs" / run / "explain.png"
    assert str(drawn) in capsys.readouterr().out
    stored = done / "runs" / run / "gallery.png"
    np.testing.assert_array_equal(picture(drawn), picture(stored))


def test_samples_labels_and_file_can_be_chosen(done, tmp_path):
    import pandas as pd

    run = run_of(done)
    ids = pd.read_parquet(done / "runs" / run / "predictions.parquet")["id"].tolist()
    file = tmp_path / "new" / "where.png"
    chosen = [f"--samples={ids[0]},{ids[1]}", "--labels=D,H", f"--file={file}"]
    assert main(["explain", str(done / "runs" / run), *chosen]) == 0
    height, width, _ = picture(file).shape
    assert width > 6 * gallery.SIDE  # two pictures with two maps each
    assert height < 2 * gallery.SIDE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "no run in"),
        (["ib-"], "2 runs in"),
        (["majority-none-fold_1"], "is a floor"),
        (["ib-test_resnet_random_init_-fold_1", "--samples=P0001_lefd"], "did you mean"),
        (["ib-test_resnet_random_init_-fold_1", "--labels=DD"], "there is no label 'DD'"),
    ],
)
def test_wrong_requests_get_one_line(done, arguments, message, capsys):
    assert main(["explain", *arguments, f"--out={done}"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_model_that_is_not_stored_any_more_is_named_with_the_remedy(done, tmp_path, capsys):
    out, empty = tmp_path / "out", tmp_path / "empty"
    shutil.copytree(done, out)
    config = out / "config.yaml"
    lines = config.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("cache_dir")]
    config.write_text("\n".join([*kept, f"cache_dir: {empty}"]))
    assert main(["explain", run_of(out), f"--out={out}"]) == 2
    error = capsys.readouterr().err
    assert "is not stored any more" in error
    assert f"ltmlbench run --config {config}" in error
    config.write_text(config.read_text().replace("epochs: 1", "epochs: 2"))
    assert main(["explain", run_of(out), f"--out={out}"]) == 2
    assert "gives no run" in capsys.readouterr().err


def test_a_run_is_done_although_its_explanation_failed(done, tmp_path, capsys, monkeypatch):
    def broken(*arguments):
        raise MemoryError("no paint left")

    monkeypatch.setattr(gallery, "draw_gallery", broken)
    flags = [f"--out={tmp_path / 'out'}", f"--cache-dir={tmp_path / 'cache'}"]
    assert main(["run", *SMALL, *flags]) == 0
    error = capsys.readouterr().err
    assert error.count("is done, but its explanation failed: MemoryError: no paint left") == 2
    run = run_of(tmp_path / "out")
    record = json.loads((tmp_path / "out" / "runs" / run / "run.json").read_text())
    assert record["status"] == "done"
    assert record["explanation"]["failure"]["kind"] == "out-of-memory"
    assert f"{run}: not explained: MemoryError" in (tmp_path / "out" / "table.md").read_text()
    same = [(o / "results.csv").read_bytes() for o in (done, tmp_path / "out")]
    assert same[0] == same[1]

    monkeypatch.undo()  # only what failed is tried again
    assert main(["run", *SMALL, *flags]) == 0
    assert "2 stages to do" in capsys.readouterr().err
    record = json.loads((tmp_path / "out" / "runs" / run / "run.json").read_text())
    assert "gallery.png" in record["explanation"]["files"]
    assert "not explained" not in (tmp_path / "out" / "table.md").read_text()


def test_explanations_can_be_left_out(done, tmp_path, capsys):
    given = [*SMALL, f"--out={tmp_path}", f"--cache-dir={done.parent / 'cache'}"]
    assert main(["run", *given, "--set=explanation=none"]) == 0
    assert "everything is stored already" in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/*/gallery.png"))
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {
        p.name for p in (done / "runs").iterdir()
    }
    assert "Where the networks look" not in (tmp_path / "table.md").read_text()
    assert main(["run", *given, "--set=explanation=grad-cm"]) == 2
    assert "did you mean 'grad-cam'" in capsys.readouterr().err
    file = tmp_path / "asked.png"
    assert main(["explain", run_of(tmp_path), f"--out={tmp_path}", f"--file={file}"]) == 0
    assert picture(file).size > 0
