"""Mistaken options and settings files: exit code 2, one line, nothing written, no traceback."""

import io
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ltmlbench.cli import main

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a]\nmethods: [*b,*b,*b]\n"

MISTAKES = [
    # --set and YAML in it
    ["--set", "lr"],
    ["--set", "=3"],
    ["--set", "lr=[1"],
    ["--set", "lr={"],
    ["--set", "lr=\t- x"],
    ["--set", "lr=!!python/object:os.system x"],
    ["--set", "lr=!!python/object/apply:os.getcwd []"],
    ["--set", "lr=!!float 1"],
    ["--set", "out=!!binary aGFsbG8="],
    ["--set", "lr=&x 1"],
    ["--set", "lr=*x"],
    ["--set", "augment={flip: true, flip: false}"],
    ["--set", "methods=[ib, db[mu=0.3]]"],
    ["--set", "methods=[ib, {db: 1}]"],
    ["--set", "methods=[[ib]]"],
    ["--set", "methods={ib: 1}"],
    ["--set", "methods=[1, 2]"],
    ["--set", "methods=3"],
    ["--set", "methods=[null]"],
    ["--set", "methods="],
    ["--set", "backbones=[]"],
    ["--set", "dataset=[fundus-sim]"],
    ["--set", "dataset=null"],
    ["--set", "head={}"],
    ["--set", "augment=3"],
    ["--set", "augment=[flip]"],
    ["--set", "augment.rotate=many"],
    ["--set", "augment.rotate=.inf"],
    ["--set", "augment.rotate=.nan"],
    ["--set", "augment.rotat=3"],
    ["--set", "augment.=3"],
    ["--set", "augment=3", "--set", "augment.rotate=3"],
    ["--set", "epochs.x=1"],
    ["--set", "methods.ib=1"],
    ["--set", "epochs.=1"],
    ["--set", "." * 50 + "=1"],
    ["--set", "x" * 5000 + "=1"],
    ["--set", "lr=" + "[" * 5000],
    ["--set", "epochs=" + "9" * 5000],
    # numbers
    ["--set", "lr=.inf"],
    ["--set", "lr=-.inf"],
    ["--set", "lr=.nan"],
    ["--set", "lr=0"],
    ["--set", "lr=1e-3"[:4] + "x"],
    ["--set", "clip=.inf"],
    ["--set", "clip=-1"],
    ["--set", "weight_decay=.nan"],
    ["--set", "weight_decay=.inf"],
    ["--set", "warmup=1"],
    ["--set", "warmup=.nan"],
    ["--set", "validation=1"],
    ["--set", "validation=.nan"],
    ["--set", "momentum=.inf"],
    ["--set", "optimizer=adam"],
    ["--set", "precision=float16"],
    ["--epochs=0"],
    ["--epochs=-1"],
    ["--epochs=1.5"],
    ["--epochs="],
    ["--batch-size=0"],
    ["--image-size=8"],
    ["--image-size=1000000"],
    ["--image-size=٣٣x"],
    ["--limit=0"],
    ["--folds=1"],
    ["--folds=0"],
    ["--folds=many"],
    ["--folds=9000"],
    ["--seeds="],
    ["--seeds=-1"],
    ["--seeds=1,,2"],
    ["--seeds=1.5"],
    ["--seeds=18446744073709551616"],
    ["--seeds=" + "9" * 5000],
    ["--jobs=0"],
    ["--jobs=many"],
    # components
    ["--methods=focal[gamma=inf]"],
    ["--methods=focal[gamma=nan]"],
    ["--methods=focal[gamma=]"],
    ["--methods=focal[gamma]"],
    ["--methods=focal[gamma=1"],
    ["--methods=focal]"],
    ["--methods=focal[gamma=1,gamma=2]"],
    ["--methods=focal[" + "x" * 300 + "=1]"],
    ["--methods=" + "m" * 5000],
    ["--methods=ib\nplus"],
    ["--methods=../../etc/passwd"],
    ["--methods=ib:"],
    ["--methods=nobody:ib"],
    ["--methods=ib[loss=focall]"],
    ["--methods=ib,focal[sampler=bi]"],
    ["--methods=ours[subsets=relation]"],
    ["--methods=ib[loss=focal[gamma=x]]"],
    ["--metrics=mapp"],
    ["--engine=locall"],
    ["--engine=local[x=1]"],
    ["--engine="],
    ["--set", "head=lineer"],
    ["--set", "head=linear[dropout=nan]"],
    ["--set", "explanation=grad-kam"],
    ["--set", "floors=al-negative"],
    ["--backbones=resnet5O"],
    ["--backbones=resnet18[weights=]"],
    ["--backbones=resnet18[weights=/nowhere.pth]"],
    ["--backbones="],
    ["--backbones=crossvit_9_240[weights=random]", "--image-size=96"],
    ["--dataset=fundus"],
    ["--dataset=fundus-sim[patients=-1]"],
    ["--source=idrid=/nowhere"],
    ["--source=["],
    ["--source=nobody=/tmp"],
    ["--device=gpu"],
    ["--device=cuda:x"],
    ["--device="],
    # places
    ["--out="],
    ["--out=/dev/null"],
    ["--out=/dev/null/below"],
    ["--out=/proc/below"],
    ["--out=~nobody-of-this-name/out"],
    ["--out=\udcff"],
    ["--out=" + "o" * 300],
    ["--cache-dir="],
    ["--cache-dir=/dev/null"],
    ["--cache-dir=/dev/null/below/it"],
    ["--cache-dir=\udcfe"],
    ["--cache-dir=" + "c" * 300],
    ["--set", 'out="a\\0b"'],
    ["--data-dir=\udcff", "--dataset=odir5k"],
    ["--cache-dir=c", "--out=c/artifacts/mine"],
    ["--cache-dir=c", "--out=c"],
    ["--config="],
    ["--config=/nowhere.yaml"],
    ["--config=."],
    # the command line
    ["--epoch=3"],
    ["--epochs"],
    ["extra"],
    ["--set"],
]

FILES = [
    BOMB,
    "a: &a [*a]\n",
    "epochs: 1\nepochs: 2\n",
    "augment:\n  flip: true\n  flip: false\n",
    "epochs: !!int 3\n",
    "methods: !!python/tuple [ib]\n",
    "<<: {epochs: 1}\n",
    "- ib\n",
    "just a text\n",
    "3\n",
    "epochs: [1\n",
    "epochs: 1\n\tlr: 2\n",
    "? [a]\n: b\n",
    "1: 2\n",
    "null: 2\n",
    "epochs: 1\n---\nepochs: 2\n",
    "epochs: 2024-02-31\n",
    "\x00",
    "\udcff",
    "{" * 3000,
    "nothing: here\n",
    "epochs: {a: b}\n",
]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(arguments, capsys, folder):
    cache = os.environ["LTMLBENCH_CACHE"]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1, shown.err
    assert shown.err.startswith("ltmlbench: ")
    assert len(shown.err) < 1500
    assert shown.out == ""
    assert list(folder.iterdir()) == []
    assert os.listdir(cache) == []
    return shown.err


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: ascii(" ".join(mistake))[1:50])
def test_a_mistaken_option_is_one_line_and_writes_nothing(mistake, empty, capsys):
    refused(["run", "--backbones=test_resnet[weights=random]", *mistake], capsys, empty)


@pytest.mark.parametrize("text", FILES, ids=lambda text: ascii(text)[1:30])
def test_a_file_that_holds_no_settings_is_one_line_and_writes_nothing(
    text, empty, tmp_path, capsys
):
    file = tmp_path / "given.yaml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    error = refused(["plan", f"--config={file}"], capsys, empty)
    assert "given.yaml" in error or "setting" in error


def test_a_headline_that_no_metric_answers_to_is_refused_before_anything_is_decoded(
    empty, capsys, monkeypatch
):
    from ltmlbench import load

    kind = type(load("dataset", "fundus-sim"))
    honest = kind.load

    def unknown(self, folder):
        samples = honest(self, folder)
        protocol = samples.protocol.model_copy(update={"headline": ("map", "kappa9")})
        return replace(samples, protocol=protocol)

    monkeypatch.setattr(kind, "load", unknown)
    said = refused(["run", "--limit=20"], capsys, empty)
    assert "headline of data set 'fundus-sim'" in said
    assert "kappa9" in said


def test_what_is_meant_is_said():
    for given, meant in (
        (["--device=gpu"], "did you mean cuda?"),
        (["--set", "epochs.x=1"], "setting epochs has no options"),
        (["--set", "lr=.inf"], "finite number"),
        (["--set", "lr=[1"], "--set 'lr=[1'"),
        (["--epoch=3"], "ltmlbench run --help"),
        (["--out=\udcff"], "not UTF-8"),
        (["--cache-dir=/dev/null/x"], "the cache /dev/null/x cannot be used"),
    ):
        stderr = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stderr", stderr)
            assert main(["run", "--backbones=test_resnet[weights=random]", *given]) == 2
        assert meant in stderr.getvalue()


@pytest.mark.parametrize("command", ["why", "explain"])
@pytest.mark.parametrize("name", ["**", "*", "[", "../..", "\udcff", "x" * 5000, "", "a\nb", "?"])
def test_odd_names_of_runs_are_one_line(command, name, empty, capsys):
    (empty / "out" / "runs" / "ib-net-fold_1-s0-abc").mkdir(parents=True)
    (empty / "out" / "runs" / "ib-net-fold_1-s0-abc" / "other.txt").write_text("")
    assert main([command, name, *([name] if command == "why" else [])]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_home_is_the_home_folder_wherever_a_place_is_named(empty, monkeypatch, tmp_path, capsys):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    labels = ["--dataset=fundus-sim[patients=6]", "--out=~/labels.csv"]
    assert main(["data", "labels", *labels]) == 0
    assert (home / "labels.csv").exists()
    (home / "settings.yaml").write_text("out: ~/there\ncache_dir: ~/cache\nepochs: none\n")
    assert main(["plan", "--config=~/settings.yaml"]) == 2
    assert "epochs=none" in capsys.readouterr().err

    from ltmlbench.config import make_config

    config = make_config({"out": "~/there", "cache_dir": "~/cache", "data_dir": "~"})
    assert (config.out, config.cache_dir, config.data_dir) == (home / "there", home / "cache", home)


def test_an_ascii_terminal_gets_replacements_not_a_traceback(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "ltmlbench", "info", "loss/db"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.isascii()
    assert run.stderr == b""


def test_digests_of_pictures_are_remembered_in_the_chosen_cache(tmp_path):
    from ltmlbench.store import cache_folder, caching_in

    with caching_in(tmp_path / "chosen"):
        assert cache_folder() == tmp_path / "chosen"
        assert cache_folder(tmp_path / "said") == tmp_path / "said"
    assert str(cache_folder()) == os.environ["LTMLBENCH_CACHE"]
