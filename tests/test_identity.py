import json
import subprocess
import sys

import pytest
from pydantic import BaseModel

from ltmlbench import load
from ltmlbench.identity import canonical, difference, digest


def test_an_identity_names_component_version_and_every_option():
    form = canonical(load("loss", "focal[gamma=3]"))
    assert form["component"] == "ltmlbench:focal"
    assert form["options"]["gamma"] == 3.0
    assert "alpha" in form["options"], "defaults are written out, so that a new default is seen"


def test_every_option_changes_the_identity():
    base = load("loss", "db")
    for name in type(base).model_fields:
        value = getattr(base, name)
        if isinstance(value, float):
            other = base.model_copy(update={name: value + 0.01})
            assert digest(canonical(other)) != digest(canonical(base)), name


def test_the_digest_is_that_of_sorted_compact_json():
    import hashlib

    value = {"b": [1, 2.5], "a": "ü"}
    text = '{"a":"ü","b":[1,2.5]}'
    assert digest(value) == hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_does_not_depend_on_the_process():
    code = (
        "from ltmlbench import load; from ltmlbench.identity import canonical, digest;"
        "print(digest(canonical(load('loss', 'db[mu=0.25]'))))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == digest(canonical(load("loss", "db[mu=0.25]")))


def test_what_cannot_be_identified_is_refused():
    with pytest.raises(TypeError, match="function"):
        canonical(lambda: None)
    with pytest.raises(ValueError, match="JSON"):
        digest(float("nan"))


def test_a_field_left_out_of_the_dump_is_left_out_of_the_identity():
    a = load("backbone", "timm[model=resnet18,weights=/a.pth,digest=abc]")
    b = load("backbone", "timm[model=resnet18,weights=/elsewhere/b.pth,digest=abc]")
    assert canonical(a) == canonical(b)


def test_differences_name_the_place_and_both_values():
    class Inner(BaseModel):
        lr: float = 0.1

    a = {"schedule": canonical(Inner()), "rows": [1, 2], "only": 1}
    b = {"schedule": canonical(Inner(lr=0.2)), "rows": [1, 3]}
    assert difference(a, b) == ["only: 1 -> (absent)", "rows[1]: 2 -> 3", "schedule.lr: 0.1 -> 0.2"]
    assert difference(a, json.loads(json.dumps(a))) == []
