"""Plugins are found, broken ones are isolated, names become components."""

import re
import sys
import textwrap
from importlib.metadata import Distribution, EntryPoint

import pytest

from ltmlbench import components, load
from ltmlbench.errors import RequestError
from ltmlbench.hooks import API_VERSION, KINDS
from ltmlbench.registry import Registry, registry

GOOD = """
    from pydantic import Field

    from ltmlbench.contracts import Loss
    from ltmlbench.hooks import Record, hookimpl

    class Good(Loss):
        gamma: float = Field(2.0, ge=0)
        steep: bool = False

        def bind(self, labels):
            return None

    @hookimpl
    def ltmlbench_losses():
        return [Record("good", "goodplug:Good", "a loss", aliases=("fine",))]
"""


class _Distribution(Distribution):
    """A distribution that is nowhere on disk."""

    def __init__(self, name):
        self._name = name

    @property
    def metadata(self):
        return {"Name": self._name, "Version": "1.0"}

    @property
    def name(self):
        return self._name

    @property
    def version(self):
        return "1.0"

    def read_text(self, filename):
        return None

    def locate_file(self, path):
        return path


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Writes a module and gives an entry point for it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, source, distribution="some-dist"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.delitem(sys.modules, name, raising=False)
        point = EntryPoint(name, name, "ltmlbench")
        return point._for(_Distribution(distribution))

    return make


def test_the_installed_plugins_bring_the_components_of_the_readme():
    assert {"ib", "cb", "focal", "db", "bce"} <= {record.name for record in components("method")}
    assert {"fundus-sim", "odir5k"} <= {record.name for record in components("dataset")}
    assert load("loss", "db[mu=0.25]").mu == 0.25


def test_every_registered_component_can_be_imported_and_is_of_its_kind():
    registry = Registry()
    for kind in KINDS:
        for entry in registry.entries(kind):
            assert registry.component_class(entry).kind == kind
            assert entry.record.summary


BROKEN = {
    "import error": ("import there_is_no_such_module", "there_is_no_such_module"),
    "syntax error": ("def (", "SyntaxError"),
    "raises on import": ("raise ValueError('no licence file')", "no licence file"),
    "hook that raises": (
        """
        from ltmlbench.hooks import hookimpl

        @hookimpl
        def ltmlbench_losses():
            raise RuntimeError("boom")
        """,
        "boom",
    ),
    "misspelled hook": (
        """
        from ltmlbench.hooks import hookimpl

        @hookimpl
        def ltmlbench_loses():
            return []
        """,
        "did you mean 'ltmlbench_losses'",
    ),
    "wrong arguments": (
        """
        from ltmlbench.hooks import hookimpl

        @hookimpl
        def ltmlbench_losses(flavour):
            return []
        """,
        "flavour",
    ),
    "not a record": (
        """
        from ltmlbench.hooks import hookimpl

        @hookimpl
        def ltmlbench_losses():
            return ["focal"]
        """,
        "not a Record",
    ),
    "newer API": (f"LTMLBENCH_API = {API_VERSION + 1}", "upgrade ltmlbench"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_isolated_and_reported_once(case, plugin, capsys):
    source, cause = BROKEN[case]
    registry = Registry([plugin("badplug", source, "bad-dist"), plugin("goodplug", GOOD)])
    assert [entry.record.name for entry in registry.entries("loss")] == ["good"]
    registry.entries("sampler")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "bad-dist" in lines[0]
    assert cause in lines[0]
    assert cause in " ".join(registry.plugins["bad-dist:badplug"].lines())


def test_two_plugins_of_one_entry_point_name_both_load(plugin):
    points = [plugin("goodplug", GOOD, "dist-a"), plugin("goodplug", GOOD, "dist-b")]
    assert len(Registry(points).plugins) == 2


def test_a_name_claimed_twice_is_an_error_only_when_it_is_asked_for(plugin):
    other = GOOD.replace('"good"', '"other"').replace('("fine",)', '("good",)')
    other = other.replace("goodplug:", "otherplug:")
    registry = Registry([plugin("goodplug", GOOD, "dist-a"), plugin("otherplug", other, "dist-b")])
    assert registry.load("loss", "other").kind == "loss"
    with pytest.raises(RequestError, match=r"dist-a:good and dist-b:other"):
        registry.load("loss", "good")
    assert registry.load("loss", "dist-a:good[gamma=3]").gamma == 3


def test_options_get_the_types_of_the_fields(plugin):
    registry = Registry([plugin("goodplug", GOOD)])
    good = registry.load("loss", "fine[gamma=3,steep=true]")
    assert good.gamma == 3.0
    assert isinstance(good.gamma, float)
    assert good.steep is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("goood", "did you mean 'good'"),
        ("good[gama=3]", "did you mean 'gamma'"),
        ("good[gamma=many]", "valid number"),
        ("good[gamma=-1]", "greater than or equal to 0"),
    ],
)
def test_wrong_names_and_values_are_explained_in_one_line(text, message, plugin):
    with pytest.raises(RequestError) as caught:
        Registry([plugin("goodplug", GOOD)]).load("loss", text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_mentions_plugins_that_broke(plugin):
    registry = Registry([plugin("badplug", "import nothing_like_it")])
    with pytest.raises(RequestError, match="not everything of these plugins is used: badplug"):
        registry.load("loss", "asl")


def test_a_catch_all_takes_names_nobody_registered():
    backbone = load("backbone", "resnet50[weights=random]")
    assert (backbone.model, backbone.weights) == ("resnet50", "random")
    with pytest.raises(RequestError, match="resnet50"):
        load("backbone", "resnet51")


def test_an_observer_that_raises_does_not_stop_anything(plugin, capsys):
    noisy = """
        from ltmlbench.hooks import hookimpl

        @hookimpl
        def ltmlbench_stage_started(title):
            raise RuntimeError(f"cannot reach the tracker for {title}")
    """
    registry = Registry([plugin("noisy", noisy)])
    registry.announce("stage_started", stage="ab", title="fit")
    registry.announce("stage_started", stage="cd", title="fit again")
    assert capsys.readouterr().err.count("cannot reach the tracker") == 1


VERB = """
    from ltmlbench.hooks import Command, hookimpl

    @hookimpl
    def ltmlbench_commands():
        return [Command("greet", "verbplug:greet", "says hello")]

    def greet(parser, given):
        \"\"\"Says hello to somebody.\"\"\"
        parser.add_argument("name")
        print("hello", parser.parse_args(given).name)
        return 0
"""


@pytest.fixture
def verbs(plugin, monkeypatch):
    """Runs the command line with these plugins, and no others, installed."""
    from ltmlbench.cli import main

    def run(*arguments, **sources):
        points = [plugin(name, text, f"{name}-dist") for name, text in sources.items()]
        monkeypatch.setattr("ltmlbench.registry.entry_points", lambda group: points)
        registry.cache_clear()
        return main(list(arguments))

    yield run
    registry.cache_clear()


def test_a_plugin_adds_a_verb_that_help_lists(verbs, capsys):
    assert verbs("greet", "Ada", verbplug=VERB) == 0
    assert capsys.readouterr().out == "hello Ada\n"
    assert verbs("--help", verbplug=VERB) == 0
    assert re.search(r"^  greet +says hello$", capsys.readouterr().out, re.MULTILINE)
    assert verbs("greet", "--help", verbplug=VERB) == 0
    assert "Says hello to somebody." in capsys.readouterr().out
    assert verbs("gret", verbplug=VERB) == 2
    assert "there is no command 'gret', did you mean 'greet' or" in capsys.readouterr().err


def test_a_verb_of_the_bench_itself_is_never_a_plugins(verbs, capsys):
    taken = VERB.replace('"greet"', '"list"')
    assert verbs("list", "loss", verbplug=taken) == 0
    assert verbs("--help", verbplug=taken) == 0
    shown = capsys.readouterr()
    assert "says hello" not in shown.out
    (line,) = shown.err.splitlines()
    assert "plugin 'verbplug' of 'verbplug-dist': command 'list' is not used" in line


def test_a_verb_claimed_twice_is_an_error_only_when_it_is_asked_for(verbs, capsys):
    assert verbs("--help", verbplug=VERB, otherplug=VERB) == 0
    assert capsys.readouterr().err == ""
    assert verbs("greet", "Ada", verbplug=VERB, otherplug=VERB) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "is claimed by 'otherplug-dist' and 'verbplug-dist'" in shown.err


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (VERB.replace("ltmlbench_commands", "ltmlbench_comands"), "did you mean 'ltmlbench_comm"),
        (VERB.replace('"greet"', '"Greet me"'), "'Greet me' is not used: a verb is of small lett"),
        (VERB.replace("verbplug:greet", "verbplug.greet"), "is not package.module:function"),
        (VERB.replace("[Command(", "[None, *(").replace(")]", ",)]"), "not a Command"),
        (VERB.replace("return [", "raise OSError("), "ltmlbench_commands is not used"),
    ],
    ids=["hook", "verb", "target", "kind", "raises"],
)
def test_a_misspelt_verb_is_named_and_harms_nothing_else(wrong, message, verbs, capsys):
    wrong = wrong.replace("raise OSError(Command", "raise OSError('no'); return [Command")
    assert verbs("--help", verbplug=wrong, goodplug=GOOD) == 0
    lines = capsys.readouterr().err.splitlines()
    assert all("plugin 'verbplug' of 'verbplug-dist'" in line for line in lines)
    assert message in lines[0]
    assert verbs("list", "loss", verbplug=wrong, goodplug=GOOD) == 0
    assert "good" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["verbplug:gret", "verblug:greet"])
def test_a_verb_that_cannot_be_loaded_is_one_line(target, verbs, capsys):
    assert verbs("greet", verbplug=VERB.replace("verbplug:greet", target)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"command 'greet' of 'verbplug-dist' cannot be loaded from '{target}'" in line
