"""What the documentation shows is run: its Python blocks, from top to bottom, as one script."""

import re
import sys
from functools import reduce
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from ltmlbench.plugin import Engine, LabelMatrix, Predict, Store, Tracker, load
from ltmlbench.testing import bars, made, task_of, vectors

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script(document):
    """The Python blocks, each at its own lines, so that a traceback names the right one."""
    text = (ROOT / document).read_text()
    written = ""
    for match in _BLOCK.finditer(text):
        written += "\n" * (text.count("\n", 0, match.start(1)) - written.count("\n")) + match[1]
    return written


def shown(document, folder, **given):
    """The names a document has defined at its end. It is imported from a file, as the module of an
    author would be: identities hold the source of classes that no plugin registers."""
    name = "shown_in_" + re.sub(r"\W", "_", document)
    file = folder / f"{name}.py"
    file.write_text(script(document))
    spec = spec_from_file_location(name, file)
    module = sys.modules[name] = module_from_spec(spec)
    vars(module).update(given)
    spec.loader.exec_module(module)
    return vars(module)


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    return shown("docs/plugins.md", tmp_path_factory.mktemp("shown"))


@pytest.fixture(scope="module")
def readme(tmp_path_factory):
    import torch

    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 3)) < [0.6, 0.4, 0.2]).astype(int)
    np.savez(folder / "songs.npz", X=Y + rng.normal(size=Y.shape), Y=Y)
    logits = rng.normal(size=Y.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LTMLBENCH_CACHE", str(folder / "cache"))
        return shown(
            "README.md",
            folder,
            Y=Y,
            names=["calm", "happy", "sad"],
            scores=1 / (1 + np.exp(-logits)),
            logits=torch.tensor(logits),
            targets=torch.tensor(Y).float(),
        )


def test_every_document_with_python_in_it_is_run_here():
    found = {
        str(path.relative_to(ROOT))
        for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
        if "```python\n" in path.read_text()  # with a title it is a file: tests/test_guests.py
    }
    assert found == {"README.md", "docs/plugins.md", "docs/subsets.md"}


class TestReadme:
    def test_its_python_gives_a_loss_a_score_and_a_table(self, readme):
        assert readme["value"].ndim == 0
        assert 0 < readme["score"] < 1
        assert {"focal", "db"} <= set(readme["result"].results["method"])
        assert len(readme["subsets"].subsets_) >= 1

    def test_its_method_can_be_trained(self, readme, tmp_path):
        task = task_of(vectors())
        folder = made(readme["Mine"]().plan(task), task, Store(tmp_path / "store"))
        assert (folder / "model.safetensors").is_file()


class TestSubsets:
    def test_its_python_divides_labels(self, tmp_path, monkeypatch):
        pd = pytest.importorskip("pandas")
        pytest.importorskip("duckdb")
        monkeypatch.chdir(tmp_path)
        rng = np.random.default_rng(0)
        Y = (rng.random((60, 16)) < 0.3).astype(int)
        names = [chr(ord("a") + c) for c in range(16)]
        table = pd.DataFrame(Y, columns=names).assign(study=range(60))
        table.to_csv("train.csv", index=False)
        Path("tags").mkdir()
        tags = [[n for n, y in zip(names, row, strict=True) if y] for row in Y]
        pd.DataFrame({"tags": tags}).to_parquet("tags/part.parquet")
        names = shown("docs/subsets.md", tmp_path, Y=Y, names=names, Path=Path)
        assert names["found"].labels.n_labels == 16
        assert names["subsets"].subsets_


class TestPlugins:
    def predicted(self, stage, task, folder):
        return (made(Predict(model=stage), task, Store(folder)) / "predictions.parquet").is_file()

    def test_the_data_set_is_read_and_trained_on(self, plugins, tmp_path):
        task = task_of(plugins["Songs"]().load(None))
        assert self.predicted(load("method", "ib").plan(task), task, tmp_path)

    def test_the_feed_feeds(self, plugins, tmp_path):
        task = task_of(vectors(), feed=plugins["Ranks"]())
        assert self.predicted(load("method", "ib").plan(task), task, tmp_path)

    @pytest.mark.parametrize("name", ["Retrained", "Moved"])
    def test_the_methods_predict(self, plugins, name, tmp_path):
        task = task_of(vectors())
        assert self.predicted(plugins[name]().plan(task), task, tmp_path)

    def test_the_loss_is_its_formula(self, plugins):
        import torch

        Y = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]])
        z = np.random.default_rng(1).normal(size=Y.shape)
        share = (Y.sum(0) + 1) / 6
        chance = 1 / (1 + np.exp(-z - np.log(share / (1 - share))))
        loss = plugins["Shifted"]().bind(LabelMatrix(Y))
        value = loss(torch.tensor(z).float(), torch.tensor(Y).float(), reduction="none")
        expected = -np.log(np.where(Y == 1, chance, 1 - chance))
        np.testing.assert_allclose(value.numpy(), expected, rtol=1e-5)

    def test_the_loss_that_changes_changes_late(self, plugins):
        labels = plugins["LabelMatrix"]([[1, 0], [0, 0]])
        loss = plugins["Deferred"]().bind(labels)
        assert isinstance(loss, plugins["DeferredFn"])
        assert [loss.at(progress, 0) is loss.late for progress in (0.0, 0.79, 0.8)] == [
            False,
            False,
            True,
        ]

    def test_the_stage_trains_from_public_parts_alone(self, plugins, tmp_path):
        task = task_of(bars())
        stage = plugins["Consistent"](
            loss=load("loss", "bce"), sampler=load("sampler", "ib"), head=load("head", "linear")
        )
        assert self.predicted(stage, task, tmp_path)

    def test_the_metric_counts_what_is_wrong(self, plugins):
        assert plugins["Wrong"]()([[1, 0], [0, 1]], [[0.9, 0.2], [0.8, 0.6]]) == 0.25

    def test_the_tracker_prints_a_score(self, plugins, capsys):
        tracker = plugins["Scores"](metric="map")
        assert isinstance(tracker, Tracker)
        tracker.run_finished({"method": "ib", "metrics": {"sample": {"map": 0.5}}})
        assert capsys.readouterr().out == "ib 0.5\n"

    def test_the_engine_and_the_verb_are_such(self, plugins):
        assert isinstance(plugins["Threaded"](), Engine)
        assert [command.verb for command in plugins["ltmlbench_commands"]()] == ["folds"]

    def test_its_tests_pass(self, plugins, tmp_path):
        plugins["test_my_method_predicts_every_test_row"](tmp_path)
        plugins["test_the_loss_is_the_formula_written_out"]()


def places(document):
    """What a document calls `module:name`."""
    return sorted(set(re.findall(r"`([a-z_.]+):([A-Za-z_.]+)`", (ROOT / document).read_text())))


@pytest.mark.parametrize(("module", "name"), places("docs/design.md"))
def test_what_the_path_of_a_run_names_is_there(module, name):
    if not module.startswith("ltmlbench"):
        module = f"ltmlbench.{module}"
    reduce(getattr, name.split("."), import_module(module))
