"""Packages to start from: every kind's installs, is listed, and passes its own tests."""

import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET

import pytest
import yaml

from ltmlbench.errors import RequestError
from ltmlbench.hooks import KINDS
from ltmlbench.scaffold import Package, create


def _install(package, site):
    """What pip would leave of an editable install: metadata, entry points, a path."""
    project = tomllib.loads((package.folder / "pyproject.toml").read_text())["project"]
    ((group, points),) = project["entry-points"].items()
    info = site / f"{package.module}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    named = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(named)
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(packages by kind, environment in which they are installed)"""
    folder = tmp_path_factory.mktemp("packages")
    packages = {kind: create(kind, f"made-{kind}", folder) for kind in KINDS}
    site = folder / "site"
    for package in packages.values():
        _install(package, site)
    paths = [str(site), *(str(package.folder) for package in packages.values())]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "LTMLBENCH_CACHE": str(folder / "cache"),
    }
    return packages, environment


def _run(*arguments, environment):
    return subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, env=environment
    )


def test_every_package_is_listed_and_nothing_is_wrong_with_it(made):
    packages, environment = made
    listed = _run("ltmlbench", "list", environment=environment)
    assert listed.stderr == ""
    assert all(f"made-{kind}" in listed.stdout for kind in packages)
    plugins = _run("ltmlbench", "plugins", "--check", environment=environment)
    assert plugins.returncode == 0, plugins.stdout
    assert "slow to list" not in plugins.stdout


@pytest.fixture(scope="module")
def outcomes(made, tmp_path_factory):
    """(how many tests ran, failures) by kind, of all contract tests in one process."""
    packages, environment = made
    report = tmp_path_factory.mktemp("report") / "report.xml"
    files = [str(package.folder / "tests") for package in packages.values()]
    done = _run(
        "pytest", *files, "-q", "-p", "no:cacheprovider", "--import-mode=importlib",
        "-m", "not slow", "-o", "markers=slow: takes seconds", f"--junitxml={report}",
        environment=environment,
    )  # fmt: skip
    assert report.is_file(), done.stdout + done.stderr
    found = {kind: [0, []] for kind in packages}
    for case in ET.parse(report).iter("testcase"):
        kind = re.search(r"ltmlbench_made_(\w+)\.", case.get("classname") + ".")[1]
        found[kind][0] += 1
        for failure in (*case.findall("failure"), *case.findall("error")):
            found[kind][1].append(f"{case.get('name')}: {failure.get('message')}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_its_contract_test_passes(kind, outcomes):
    number, failures = outcomes[kind]
    assert number >= 6
    assert failures == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_imports_the_public_face_alone(kind, tmp_path):
    texts = create(kind, "made", tmp_path).texts()
    code = [text for place, text in texts.items() if not place.startswith("tests")]
    imported = set(re.findall(r"(?:from|import) (ltmlbench[\w.]*)", "\n".join(code)))
    assert imported - {"ltmlbench.plugin"} == set()


def test_its_ci_file_runs_the_tests_of_the_component(tmp_path):
    texts = create("loss", "made", tmp_path).texts()
    steps = yaml.safe_load(texts[".github/workflows/test.yml"])["jobs"]["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [
        'pip install ".[test]"',
        "ltmlbench check loss/made",
        "python -m pytest",
    ]
    assert "${{ matrix.python }}" in texts[".github/workflows/test.yml"]


@pytest.mark.slow
def test_pip_installs_it_without_a_network_or_build_isolation(tmp_path):
    package = create("loss", "made", tmp_path)
    done = _run(
        "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--target",
        str(tmp_path / "site"), str(package.folder), environment=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    path = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    assert "  made" in _run("ltmlbench", "list", "loss", environment=path).stdout


@pytest.mark.parametrize(
    ("name", "cls"), [("my-loss", "MyLoss"), ("steep", "MySteep"), ("two-way-2", "MyTwoWay2")]
)
def test_its_class_is_told_from_the_contract_once(name, cls, tmp_path):
    assert Package("loss", name, tmp_path).cls == cls


def test_nothing_is_overwritten(tmp_path):
    package = create("loss", "mine", tmp_path)
    place = package.folder / package.module / "loss.py"
    place.write_text("my work")
    with pytest.raises(RequestError, match=r"ltmlbench-mine exists, and nothing is overwritten"):
        create("loss", "mine", tmp_path)
    assert place.read_text() == "my work"


@pytest.mark.parametrize(
    "name", ["", "Mine", "my_loss", "-x", "a--b", "1st", "none", "a/b", "../a"]
)
def test_a_name_that_could_not_be_asked_for_is_refused(name, tmp_path):
    with pytest.raises(RequestError, match="cannot be a name"):
        create("loss", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_would_hide_another_is_refused(tmp_path):
    with pytest.raises(RequestError, match="there is a package 'ltmlbench_vision' already"):
        create("loss", "vision", tmp_path)


def test_an_unknown_kind_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(RequestError, match="there is no kind 'los', did you mean 'loss'"):
        create("los", "mine", tmp_path)
