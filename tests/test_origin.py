"""Whose code made a stage is written down, and an edited plugin is pointed out."""

import hashlib
import importlib
import json
import os
import subprocess
import sys

import pytest

from ltmlbench.origin import changed_files, distribution_of, origin_of

PLUGIN = """
from ltmlbench.contracts import Method
from ltmlbench.hooks import Record, hookimpl

class Mine(Method):
    def plan(self, task):
        from ltmlbench.plugin import Fit, load
        return Fit(loss=load("loss", "weighed"), sampler=load("sampler", "ib"),
                   head=load("head", task.head))

@hookimpl
def ltmlbench_methods():
    return [Record("mine", "weighed_plugin:Mine", "my own method")]

@hookimpl
def ltmlbench_losses():
    return [Record("weighed", "weighed_plugin.losses:Weighed", "BCE times a number")]
"""
LOSS = """
from ltmlbench.contracts import Loss

FACTOR = 1

class Weighed(Loss):
    def bind(self, labels):
        from torch.nn.functional import binary_cross_entropy_with_logits as bce
        return lambda logits, targets, weights=None, reduction="mean": FACTOR * bce(
            logits.float(), targets, reduction=reduction)
"""


@pytest.fixture
def site(tmp_path):
    """A folder with an installed plugin package."""
    package = tmp_path / "site" / "weighed_plugin"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PLUGIN)
    (package / "losses.py").write_text(LOSS)
    info = package.parent / "weighed_plugin-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weighed-plugin\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text("[ltmlbench]\nweighed = weighed_plugin\n")
    return package.parent


def run(site, *more):
    paths = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    given = [
        "--methods=mine,ib",
        "--backbones=test_resnet[weights=random]",
        "--image-size=32",
        "--folds=2",
        "--epochs=1",
        "--limit=60",
        "--set=explanation=none",
        "--set=floors=none",
        f"--out={site.parent / 'out'}",
        f"--cache-dir={site.parent / 'cache'}",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "ltmlbench", "run", *given, *more],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_whoever_edits_a_plugin_and_sees_the_old_numbers_is_told_once(site):
    assert "was changed" not in run(site)
    manifests = [json.loads(p.read_text()) for p in site.parent.glob("cache/artifacts/*/*/a*.json")]
    origins = {part["name"]: part for m in manifests for part in m.get("origin", ())}
    loss = origins["weighed_plugin.losses:Weighed"]
    assert (loss["distribution"], loss["version"]) == ("weighed-plugin", "1.5")
    assert loss["file"] == "weighed_plugin/losses.py"
    assert origins["ltmlbench_imbalance.losses:BinaryCrossEntropy"]["distribution"] == "ltmlbench"
    assert "source" not in origins["ltmlbench.fit:Fit"]

    (site / "weighed_plugin" / "losses.py").write_text(LOSS.replace("FACTOR = 1", "FACTOR = 50"))
    error = run(site)
    assert "everything is stored already" in error
    told = [line for line in error.splitlines() if "was changed" in line]
    assert told == [
        "ltmlbench: mine was changed since fold 1 of 2 was trained (weighed_plugin/losses.py): "
        "--fresh mine does it again, Record.version keeps both"
    ]
    assert "4 stages to do" in run(site, "--fresh", "mine")
    assert "was changed" not in run(site)


def test_an_edit_is_noticed_by_a_process_that_has_looked_before(tmp_path, monkeypatch):
    file = tmp_path / "edited_meanwhile.py"
    file.write_text("FACTOR = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("edited_meanwhile")
    source = hashlib.sha256(file.read_bytes()).hexdigest()
    part = {"name": "edited_meanwhile:Any", "file": "edited_meanwhile.py", "source": source}
    assert changed_files({"origin": [part]}) == []
    file.write_text("FACTOR = 50\n")
    assert changed_files({"origin": [part]}) == ["edited_meanwhile.py"]
    file.unlink()
    assert changed_files({"origin": [part]}) == []


def test_the_plugins_in_the_same_wheel_are_ours():
    assert distribution_of("ltmlbench_vision.backbone")[0] == "ltmlbench"
    assert distribution_of("ltmlbench.stages")[0] == "ltmlbench"
    assert distribution_of("json.decoder") == ("", "")


def test_a_class_of_nobody_is_followed_by_its_source():
    from ltmlbench.stages import Stage

    class Own(Stage):
        depends = frozenset()

        def run(self, work):
            pass

    (part,) = origin_of(Own(), None)
    assert part["distribution"] == ""
    assert part["file"].endswith("test_origin.py")
    assert len(part["source"]) == 64
