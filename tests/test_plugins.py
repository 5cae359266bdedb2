"""Nobody else's bug harms a run: broken packages are named, each in a line, and nothing changes."""

import json
import os
import subprocess
import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ltmlbench.cli import main
from ltmlbench.hooks import KINDS, VERSIONED, Record
from ltmlbench.plugins import refusal
from ltmlbench.registry import Registry

HEAD = "from ltmlbench.hooks import Record, hookimpl\nfrom ltmlbench.contracts import *\n"


def hook(kind, *records):
    return f"\n@hookimpl\ndef ltmlbench_{kind}():\n    return [{', '.join(records)}]\n"


LOSS = "\nclass Mine(Loss):\n    def bind(self, labels): return None\n"

BROKEN = {
    # name of the package: (its source, a part of the one line that is said of it)
    "b_exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "b_interpreter": ("raise GeneratorExit('odd')", "GeneratorExit: odd"),
    "b_import": ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    "b_syntax": ("x = 1\ndef f(:\n", "SyntaxError: invalid syntax ("),
    "b_raise": ("1 / 0", "ZeroDivisionError: division by zero ("),
    "b_text": (
        "class E(Exception):\n    def __str__(self): return 1\nraise E()",
        "E (",
    ),
    "b_api": ("LTMLBENCH_API = 99", "written for plugin API 99"),
    "b_api_text": ("LTMLBENCH_API = 'two'", "LTMLBENCH_API is 'two': it has to be a whole number"),
    "b_moves": (
        "import os\n" + HEAD + LOSS + hook("losses") + "os.chdir('/')\n",
        "changed the working directory, which was changed back",
    ),
    "b_closes": (
        "import sys\n" + HEAD + LOSS + hook("losses") + "sys.stdout.close()\nsys.stderr.close()\n",
        "closed standard output, which stays open",
    ),
    "b_unmarked": (
        HEAD + hook("losses", "Record('unmarked', 'b_unmarked:M', '')").replace("@hookimpl", ""),
        "ltmlbench_losses is not used: mark it with @hookimpl (from ltmlbench.plugin)",
    ),
    "b_nothing": ("VERSION = 1", "brings nothing"),
    "b_misspelled": (HEAD + hook("loses"), "did you mean 'ltmlbench_losses'"),
    "b_arguments": (
        HEAD + "@hookimpl\ndef ltmlbench_losses(flavour): return []\n",
        "flavour",
    ),
    "b_hook_raises": (
        HEAD + "@hookimpl\ndef ltmlbench_losses(): raise KeyError('licence')\n",
        "ltmlbench_losses is not used: KeyError: 'licence' (",
    ),
    "b_hook_exits": (
        HEAD + "@hookimpl\ndef ltmlbench_losses(): raise SystemExit('bye')\n",
        "ltmlbench_losses is not used: SystemExit: bye",
    ),
    "b_half_way": (
        HEAD + "@hookimpl\ndef ltmlbench_losses():\n"
        "    yield Record('half', 'b_half_way:M', '')\n    raise OSError('gone')\n",
        "OSError: gone",
    ),
    "b_one_record": (
        HEAD + "@hookimpl\ndef ltmlbench_losses(): return Record('one', 'b_one_record:M', '')\n",
        "not a list of Records",
    ),
    "b_none": (HEAD + "@hookimpl\ndef ltmlbench_losses(): return None\n", "it returned None"),
    "b_string": (HEAD + hook("losses", "'focal'"), "it returned 'focal', not a Record"),
    "b_own_name": (
        HEAD + hook("methods", "Record('ib', 'b_own_name:M', 'takes ib')"),
        "method 'ib' is a name of ltmlbench's own and stays that: write b-own-name:ib",
    ),
    "b_own_loss": (
        HEAD + hook("losses", "Record('bce', 'b_own_loss:M', 'takes bce')"),
        "loss 'bce' is a name of ltmlbench's own",
    ),
    "b_own_alias": (
        HEAD + hook("methods", "Record('mydb', 'b_own_alias:M', '', aliases=('focal',))"),
        "method 'focal' is a name of ltmlbench's own",
    ),
    "b_double": (
        HEAD
        + hook(
            "losses", "Record('dup', 'b_double:A', '')", "Record('dup', 'b_double:B', 'second')"
        ),
        "loss 'dup' is not used: 'b-double' has a loss 'dup' already; the first is used",
    ),
    "b_target_twice": (
        HEAD
        + hook(
            "losses", "Record('t1', 'b_target_twice:A', '')", "Record('t2', 'b_target_twice:A', '')"
        ),
        "loss 't2' is not used: 'b_target_twice:A' is registered already",
    ),
    "b_empty_name": (HEAD + hook("losses", "Record('', 'b_empty_name:M', '')"), "loss '' is not"),
    "b_bracket_name": (
        HEAD + hook("losses", "Record('a,b[c]', 'b_bracket_name:M', '')"),
        "the name 'a,b[c]' cannot be asked for",
    ),
    "b_colon_name": (
        HEAD + hook("losses", "Record('x:y', 'b_colon_name:M', '')"),
        "the name 'x:y' cannot be asked for",
    ),
    "b_blank_alias": (
        HEAD + hook("losses", "Record('blank', 'b_blank_alias:M', '', aliases=('sp ace',))"),
        "the name 'sp ace' cannot be asked for",
    ),
    "b_target": (
        HEAD + hook("losses", "Record('nocolon', 'b_target.gone', '')"),
        "the target 'b_target.gone' is not package.module:Class",
    ),
    "b_method_version": (
        HEAD + hook("methods", "Record('versioned', 'b_method_version:M', '', version=7)"),
        "version=7 would be in no identity of a method: raise `version` of the Stage",
    ),
    "b_version": (
        HEAD + hook("losses", "Record('verse', 'b_version:M', '', version='two')"),
        "version 'two' is not a whole number",
    ),
    "b_prints": ("print('WELCOME!')\n" + HEAD + LOSS + hook("losses"), "printed 'WELCOME!'"),
    "b_observer": (
        HEAD
        + LOSS
        + hook("losses", "Record('observed', 'b_observer:Mine', 'a sound loss')")
        + "@hookimpl\ndef ltmlbench_stage_started(title): raise SystemExit(title)\n",
        "",  # said when it happens
    ),
    "b_nowhere": (
        HEAD + hook("losses", "Record('nowhere', 'b_nowhere.losses:Gone', '')"),
        "",  # points at nothing: said to who asks for it
    ),
    "b_wrong_type": (
        HEAD
        + "class Mine(Method):\n    def plan(self, task): return 'a model'\n"
        + hook("methods", "Record('wrong-type', 'b_wrong_type:Mine', '')")
        + hook("losses", "Record('wrong-kind', 'b_wrong_type:Mine', '')"),
        "",
    ),
    "b_unstable": (
        HEAD
        + "class Mine(Method):\n    tag: object = object()\n"
        + "    def plan(self, task): return None\n"
        + hook("methods", "Record('unstable', 'b_unstable:Mine', '')"),
        "",
    ),
    "b_greedy": (
        HEAD + hook("backbones", "Record('any', 'b_greedy:Net', '', catch_all='model')"),
        "",  # a catch-all beside the bench's own: harmless
    ),
}


def install(folder, name, source, points=None):
    """A package as an installer would leave it, in a folder for PYTHONPATH."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    distribution = name.replace("_", "-")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    points = points or f"{name} = {name}"
    (info / "entry_points.txt").write_text(f"[ltmlbench]\n{points}\n")


@pytest.fixture(scope="module")
def thirty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    for name, (source, _) in BROKEN.items():
        install(folder, name, source)
    assert len(BROKEN) >= 30
    return folder


def ltmlbench(arguments, cache, *paths, **environment):
    found = [*map(str, paths), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "ltmlbench", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(found), "LTMLBENCH_CACHE": str(cache)}
        | environment,
        capture_output=True,
        text=True,
        timeout=250,
    )


def test_thirty_broken_plugins_leave_a_run_as_it_is(thirty, tmp_path, without_cost):
    tiny = ["run", "--methods=focal", "--limit=40", "--epochs=1", "--folds=2", "--image-size=32"]
    tiny += ["--backbones=test_resnet[weights=random]", "--set=precision=float32"]
    tiny += ["--set=explanation=none", "--set=floors=none"]
    tables = []
    for name, paths in (("without", []), ("with", [thirty])):
        out = tmp_path / name
        run = ltmlbench([*tiny, f"--out={out}"], tmp_path / f"cache-{name}", *paths)
        assert run.returncode == 0, run.stderr
        tables.append([without_cost(out / "table.md"), (out / "results.csv").read_bytes()])
    assert tables[0] == tables[1]
    lines = [line for line in run.stderr.splitlines() if "plugin '" in line]
    assert "Traceback" not in run.stderr
    assert len(lines) == len(set(lines))
    assert sum("'b_observer'" in line for line in lines) == 1
    for name in ("b_exit", "b_own_name", "b_own_loss", "b_hook_exits"):
        assert sum(f"'{name}'" in line for line in lines) == 1, name


def test_thirty_broken_plugins_leave_the_list_as_it_is_and_get_a_line_each(thirty, tmp_path):
    before = ltmlbench(["list"], tmp_path)
    after = ltmlbench(["list"], tmp_path, thirty)
    assert (before.returncode, after.returncode) == (0, 0)
    shown = [" ".join(line.split()) for line in after.stdout.splitlines()]
    assert [" ".join(line.split()) for line in before.stdout.splitlines() if line.strip()] == [
        line for line in shown if line in {" ".join(x.split()) for x in before.stdout.splitlines()}
    ]
    assert "WELCOME" not in after.stdout
    lines = after.stderr.splitlines()
    for name, (_, said) in BROKEN.items():
        own = [line for line in lines if f"plugin '{name}' of '{name.replace('_', '-')}'" in line]
        assert len(own) == bool(said), own
        assert said in "".join(own)
    assert len(lines) == sum(bool(said) for _, said in BROKEN.values())


def test_what_is_sound_of_a_broken_plugin_is_used_and_plugins_says_what_is_not(tmp_path):
    source = (
        HEAD
        + LOSS
        + hook("losses", "Record('sound', 'partly:Mine', 'fine')", "Record('', 'partly:Mine', '')")
        + "\n@hookimpl\ndef ltmlbench_samplers(): raise RuntimeError('boom')\n"
    )
    install(tmp_path / "site", "partly", source)
    run = ltmlbench(["plugins"], tmp_path, tmp_path / "site")
    own = run.stdout[run.stdout.index("partly  (partly 1.0)") :].split("\n")
    assert own[0].endswith("USED IN PART")
    assert "RuntimeError: boom" in "".join(own[1:])
    assert "loss '' is not used" in "".join(own[1:])
    assert "  brings: loss sound" in own
    assert "sound" in ltmlbench(["info", "loss/sound"], tmp_path, tmp_path / "site").stdout


def test_missing_targets_are_marked_when_plugins_are_asked_for(tmp_path):
    source = HEAD + hook(
        "losses",
        "Record('nomodule', 'targets.gone:M', '')",
        "Record('noclass', 'targets:Gone', '')",
    )
    install(tmp_path / "site", "targets", source)
    quick = ltmlbench(["plugins"], tmp_path, tmp_path / "site")
    assert quick.returncode == 0
    assert "NOT USABLE: loss nomodule" in quick.stdout
    whole = ltmlbench(["plugins", "--check"], tmp_path, tmp_path / "site")
    assert whole.returncode == 1
    assert whole.stdout.count("NOT USABLE") == 2
    assert "Gone" in whole.stdout
    assert main(["plugins", "--check"]) == 0


def test_a_plugin_that_imports_torch_when_listed_is_named(tmp_path):
    install(tmp_path / "site", "slowplug", "import torch\n" + HEAD + LOSS + hook("losses"))
    run = ltmlbench(["plugins"], tmp_path, tmp_path / "site")
    own = run.stdout[run.stdout.index("slowplug  (") :]
    assert "slow to list: imports torch" in own
    assert run.stderr == ""


def test_two_distributions_may_call_their_entry_point_alike(tmp_path):
    for name, loss in (("first", "l1"), ("second", "l2")):
        source = HEAD + LOSS + hook("losses", f"Record('{loss}', '{name}:Mine', '')")
        install(tmp_path / "site", name, source, points=f"plug = {name}")
    run = ltmlbench(["list", "loss"], tmp_path, tmp_path / "site")
    assert run.stderr == ""
    assert {"l1", "l2"} <= {line.split()[0] for line in run.stdout.splitlines()}


def test_a_plugin_installed_twice_is_used_once(tmp_path):
    source = HEAD + LOSS + hook("losses", "Record('once', 'same:Mine', '')")
    install(tmp_path / "site", "same", source, points="a = same\nb = same")
    run = ltmlbench(["list", "loss"], tmp_path, tmp_path / "site")
    assert run.stdout.count("once") == 1
    assert run.stderr.count("\n") == 1
    assert "the same module as 'a'" in run.stderr


def test_a_package_without_metadata_is_used_under_no_name(tmp_path):
    site = tmp_path / "site"
    install(site, "bare", HEAD + LOSS + hook("losses", "Record('bare', 'bare:Mine', '')"))
    (site / "bare-1.0.dist-info" / "METADATA").unlink()
    run = ltmlbench(["list", "loss"], tmp_path, site)
    assert (run.returncode, run.stderr) == (0, "")
    assert {"bce", "bare"} <= {line.split()[0] for line in run.stdout.splitlines()}


def test_names_of_the_bench_stay_its_own_and_others_are_asked_for_by_distribution(tmp_path):
    source = textwrap.dedent(
        """
        class Mine(Loss):
            '''Not the built-in one.'''
            def bind(self, labels): return None

        class Net(Backbone):
            def resolve(self): return self
            def build(self): return None
        """
    )
    source = HEAD + source + hook("losses", "Record('bce', 'taker:Mine', 'MINE')")
    source += hook("backbones", "Record('resnet18', 'taker:Net', '')")
    install(tmp_path / "site", "taker", source)
    code = (
        "from ltmlbench import load\n"
        "print(type(load('loss', 'bce')).__module__, type(load('loss', 'taker:bce')).__module__,"
        " type(load('backbone', 'resnet18')).__name__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["ltmlbench_imbalance.losses", "taker", "Timm"]
    assert run.stderr.count("\n") == 1
    listed = ltmlbench(["list", "loss"], tmp_path, tmp_path / "site").stdout
    assert "taker:bce" in listed


UNMADE = {
    "abstract": ("class Mine(Method): pass", "does not define plan"),
    "exits": ("import sys\nsys.exit(1)", "SystemExit: 1"),
    "number": ("Mine = 3", "is no method component"),
    "borrowed": ("from ltmlbench_imbalance.methods import Bce as Mine", "that class is"),
    "validated": (
        "from pydantic import field_validator\n"
        "class Mine(Method):\n"
        "    x: int = 1\n"
        "    @field_validator('x')\n"
        "    @classmethod\n"
        "    def _v(cls, x): return {}[x]\n"
        "    def plan(self, task): return None\n",
        "KeyError: 3",
    ),
}
"""Name of the method -> its module, and what is said of it."""


def test_a_component_that_cannot_be_made_gets_one_line(tmp_path):
    site = tmp_path / "site"
    records = [f"Record('{name}', 'owner_{name}:Mine', '')" for name in UNMADE]
    install(site, "owner", HEAD + hook("methods", *records))
    for name, (code, _) in UNMADE.items():
        module = f"from ltmlbench.contracts import Method\n{code}\n"
        (site / f"owner_{name}.py").write_text(module)
    planned = [name for name in UNMADE if name != "validated"]
    run = ltmlbench(["plan", f"--methods={','.join(planned)}"], tmp_path, site)
    assert run.returncode == 0
    assert "Traceback" not in run.stderr
    for name in planned:
        told = [line for line in (run.stdout + run.stderr).splitlines() if UNMADE[name][1] in line]
        assert len(told) == 3, "once per fold"
        assert f"'{name}'" in told[0] or name in told[0].split()
        assert "cannot be planned" in told[0]
    # a value that its validator breaks over is the user's to mend: nothing is planned
    run = ltmlbench(["plan", "--methods=validated[x=3]"], tmp_path, site)
    assert run.returncode == 2
    (told,) = [line for line in run.stderr.splitlines() if UNMADE["validated"][1] in line]
    assert "validated" in told
    assert "Traceback" not in run.stderr


VERSIONED_PLUGIN = """
import os
from ltmlbench.hooks import Record, hookimpl

def record(name, target):
    return [Record(name, f"verse_code:{target}", "", version=int(os.environ["VERSION"]))]

@hookimpl
def ltmlbench_datasets(): return record("verse", "Data")
@hookimpl
def ltmlbench_feeds(): return record("verse", "Food")
@hookimpl
def ltmlbench_backbones(): return record("verse", "Net")
@hookimpl
def ltmlbench_heads(): return record("verse", "Top")
@hookimpl
def ltmlbench_losses(): return record("verse", "Cost")
@hookimpl
def ltmlbench_samplers(): return record("verse", "Draw")
@hookimpl
def ltmlbench_subsets(): return record("verse", "Parts")
@hookimpl
def ltmlbench_distillations(): return record("verse", "Teach")
"""

VERSIONED_CODE = """
from ltmlbench.feeds.pictures.feed import Pictures
from ltmlbench_distill.losses import Weighted
from ltmlbench_imbalance.losses import BinaryCrossEntropy
from ltmlbench_imbalance.samplers import InstanceBalanced
from ltmlbench_retina.fundus_sim import FundusSim
from ltmlbench_subsets.generators import ByShot
from ltmlbench_vision.backbone import Timm
from ltmlbench_vision.heads import Linear

class Data(FundusSim): pass
class Food(Pictures): pass
class Net(Timm): model: str = "test_resnet"
class Top(Linear): pass
class Cost(BinaryCrossEntropy): pass
class Draw(InstanceBalanced): pass
class Parts(ByShot): pass
class Teach(Weighted): pass
"""

IDENTITIES = """
import json
import os
from dataclasses import replace
from ltmlbench import load
from ltmlbench.hooks import VERSIONED
from ltmlbench.identity import canonical, digest
from ltmlbench.benchmark import configure, make_benchmark
from ltmlbench.registry import registry

data = {"dataset": "verse[patients=20]", "backbones": "test_resnet[weights=random]",
        "methods": "ib", "floors": "none", "folds": 2, "image_size": 32}

def identities(version):
    os.environ["VERSION"] = version
    registry.cache_clear()
    found = {kind: digest(canonical(load(kind, "verse"))) for kind in VERSIONED}
    benchmark = make_benchmark(*configure(data), decode=False)
    task = replace(next(iter(benchmark.grid.nodes.values())).task, feed=load("feed", "verse"))
    found["fed"] = task.identity("data")["feed"]
    return found | {
        "run": benchmark.grid.runs[0].identity, "pictures": benchmark.samples.content[0]
    }

print(json.dumps([identities(version) for version in ("1", "2", "1")]))
"""


def test_a_record_s_version_is_in_every_identity_its_component_is_in(tmp_path):
    site = tmp_path / "site"
    install(site, "verse", VERSIONED_PLUGIN)
    (site / "verse_code.py").write_text(VERSIONED_CODE)
    run = subprocess.run(
        [sys.executable, "-c", IDENTITIES],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found[0] == found[2]
    assert {name for name in found[0] if found[0][name] == found[1][name]} == set()
    assert found[0].keys() == {*VERSIONED, "fed", "run", "pictures"}


def test_a_version_that_would_count_for_nothing_is_refused_with_the_place_it_belongs_to():
    for kind in KINDS:
        said = refusal(kind, Record("x", "a:B", "", version=2))
        assert bool(said) == (kind not in VERSIONED)
        assert not said or "Stage" in said
        assert refusal(kind, Record("x", "a:B", "")) == ""


def test_a_stranger_s_record_of_a_class_changes_no_identity(tmp_path):
    """Two distributions name one class: it is the one of the package it lives in."""
    site = tmp_path / "site"
    install(site, "zowner", HEAD + LOSS + hook("losses", "Record('zed', 'zowner:Mine', '')"))
    other = hook("losses", "Record('bce2', 'ltmlbench_imbalance.losses:BinaryCrossEntropy', '')")
    other = other.replace("[", "[Record('zed2', 'zowner:Mine', '', version=5), ")
    install(site, "another", HEAD + other)
    code = (
        "from ltmlbench import load\nfrom ltmlbench.identity import canonical\n"
        "print([canonical(load('loss', n))['component'] for n in ('zed', 'zed2', 'bce2')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "['zowner:zed', 'zowner:zed', 'ltmlbench:bce']"


def test_a_component_that_changes_the_working_directory_moves_no_path_of_the_user(
    tmp_path, monkeypatch
):
    source = HEAD + LOSS + hook("losses", "Record('away', 'mover_loss:Mine', '')")
    (tmp_path / "mover_plugin.py").write_text("import os\nos.chdir('/')\n" + source)
    (tmp_path / "mover_loss.py").write_text("import os\nos.chdir('/')\n" + HEAD + LOSS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    registry = Registry([EntryPoint("mover", "mover_plugin", "ltmlbench")])
    registry.load("loss", "away")
    assert Path.cwd() == tmp_path
    (plugin,) = registry.plugins.values()
    assert ["changed the working directory" in line for line in plugin.lines()] == [True, True]


def test_a_malformed_entry_point_is_named_as_such():
    (plugin,) = Registry([EntryPoint("bad", "1nv@lid", "ltmlbench")]).plugins.values()
    assert plugin.cause == "the entry point '1nv@lid' names no package.module"
