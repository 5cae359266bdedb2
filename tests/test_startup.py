"""Commands that only look things up stay instant: they import no heavy package."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "timm", "torchvision", "scipy", "pandas", "sklearn", "cv2", "matplotlib")


def imported(arguments):
    code = (
        "import sys, contextlib, io\n"
        "from ltmlbench.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = main({arguments!r})\n"
        f"print(code, *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.split()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list"], ["list", "loss"], ["plugins"], ["--version"]]
)
def test_looking_things_up_imports_nothing_heavy(arguments):
    assert imported(arguments) == ["0"]


def test_dividing_the_labels_of_a_file_needs_no_torch(tmp_path):
    (tmp_path / "f.csv").write_text("a,b,c\n0,1,1\n1,0,1\n1,1,0\n")
    found = imported(["subsets", str(tmp_path / "f.csv"), "--out", str(tmp_path / "out")])
    assert found[0] == "0"
    assert not {"torch", "timm", "torchvision"} & set(found)


def test_what_is_finished_is_asked_again_without_torch(tmp_path):
    from ltmlbench.cli import main

    rows = (f"{i % 2},{i % 3 // 2},{i % 5},{i % 7}\n" for i in range(60))
    (tmp_path / "f.csv").write_text("a,b,x,y\n" + "".join(rows))
    given = [f"--data-dir={tmp_path / 'f.csv'}", "--dataset=table", "--backbones=mlp[width=8]",
             "--methods=ib", "--folds=2", "--epochs=1", "--jobs=1", "--set=explanation=none",
             "--device=cpu", f"--cache-dir={tmp_path / 'cache'}"]  # fmt: skip
    run = ["run", *given, f"--out={tmp_path / 'out'}"]
    assert main(run) == 0
    found = imported(run)
    assert found[0] == "0"
    assert not {"torch", "timm", "torchvision"} & set(found)


def test_info_of_every_component_imports_nothing_heavy():
    from ltmlbench.hooks import KINDS
    from ltmlbench.registry import Registry

    registry = Registry()
    names = [f"{kind}/{e.record.name}" for kind in KINDS for e in registry.entries(kind)]
    code = (
        "import sys, contextlib, io\n"
        "from ltmlbench.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    codes = [main(['info', name]) for name in {names!r}]\n"
        "print(sum(codes))\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["0"]


@pytest.mark.parametrize(
    "module",
    [
        "hooks",
        "registry",
        "contracts",
        "config",
        "identity",
        "store",
        "report.table",
        "cli",
        "stages",
    ],
)
def test_light_modules_import_no_torch(module):
    code = f"import ltmlbench.{module}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "verb", ["audit", "cache", "compare", "completion", "doctor", "explain", "merge", "run"]
)
def test_help_of_a_verb_that_computes_imports_nothing_heavy(verb):
    code = (
        "import sys\n"
        "from ltmlbench.cli import main\n"
        f"code = main([{verb!r}, '--help'])\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], 'nothing', code)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "nothing 0"


def test_the_public_names_are_what_they_say():
    import ltmlbench

    assert ltmlbench.__all__ == sorted(ltmlbench.__all__)
    for name in ltmlbench.__all__:
        assert getattr(ltmlbench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ltmlbench.nothing
