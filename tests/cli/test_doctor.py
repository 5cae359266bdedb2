"""The doctor names what is installed and what is amiss."""

import os
import subprocess
import sys

from ltmlbench.cli import main


def test_a_sound_installation_has_nothing_amiss(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LTMLBENCH_CACHE", str(tmp_path / "cache"))
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert all(f"{title}:\n" in told for title in ("versions", "extras", "device", "plugins"))
    assert told.endswith("nothing is amiss\n")
    assert not (tmp_path / "cache").exists()


def test_a_missing_extra_is_told_with_the_line_that_installs_it(capsys, monkeypatch):
    from ltmlbench.cli import doctor

    monkeypatch.setattr(doctor, "_installed", lambda name: name != "igraph")
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "communities: without igraph: pip install 'ltmlbench[communities]'" in told


def test_a_broken_plugin_is_named_with_its_cause(tmp_path):
    (tmp_path / "broken_guest.py").write_text("import nowhere_at_all\n")
    info = tmp_path / "broken_guest-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-guest\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ltmlbench]\nguest = broken_guest\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "ltmlbench", "doctor"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "AMISS: plugin 'guest' of 'broken-guest': ModuleNotFoundError" in done.stdout


def test_a_cache_under_a_file_is_amiss(capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LTMLBENCH_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["doctor"]) == 1
    assert "AMISS: the cache" in capsys.readouterr().out
