"""What a stranger does: installs the examples with pip into a fresh environment, and follows the
tutorials word by word."""

import os
import re
import site
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").iterdir())
FOLLOWED = ("first-method.md", "own-data.md")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_BLOCK = re.compile(r'^``` ?(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The environment variables of a fresh virtual environment with ltmlbench and nothing else
    installed; what ltmlbench needs is seen where it is already (nothing is downloaded)."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    seen = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "seen.pth").write_text("\n".join(seen or site.getsitepackages()))
    environment = {
        **os.environ,
        "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "LTMLBENCH_CACHE": str(folder / "cache"),
    }
    pip_install(environment, str(ROOT))
    return environment


def pip_install(environment, *packages):
    shell(f"pip install --quiet --no-deps --no-build-isolation {' '.join(packages)}", environment)


def shell(script, environment, folder=None):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=environment, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_installs_and_passes_its_tests(example, stranger, tmp_path):
    copy = tmp_path / example.name
    shell(f"cp -r {example} {copy}", stranger)
    pip_install(stranger, str(copy))
    tests = shell("python -m pytest -q -p no:cacheprovider --import-mode=importlib", stranger, copy)
    assert " passed" in tests
    assert "failed" not in tests
    shell(f"pip uninstall --yes --quiet {example.name}", stranger)


def site_hook():
    spec = spec_from_file_location("docs_site", DOCS / "site.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def steps(page):
    """What a reader of a page does: types the commands, and writes the files that have a title."""

    text = site_hook().with_files(page)
    for language, title, body in _BLOCK.findall(text):
        if title:
            folder = os.path.dirname(title) or "."
            yield f"mkdir -p '{folder}'; cat > '{title}' <<'END OF FILE'\n{body}END OF FILE"
        elif language == "bash":
            yield body


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_tutorial_works_word_by_word(page, stranger, tmp_path):
    done = list(steps((DOCS / page).read_text()))
    assert len(done) >= 3
    told = shell("\n".join(done), stranger, tmp_path)
    assert "table.md" in told
