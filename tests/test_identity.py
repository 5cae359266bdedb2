import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from ltmlbench import load
from ltmlbench.contracts import Loss
from ltmlbench.errors import RequestError
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


class _Odd(Loss):
    """A component that no plugin registers."""

    value: Any = None

    def bind(self, labels):
        return None


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (torch.ones(2), "Tensor cannot be part of an identity: use a tuple of numbers"),
        (np.ones(2), "ndarray cannot be part of an identity: use a tuple of numbers"),
        (Path("map.json"), "PosixPath cannot be part of an identity: read the file"),
        (float("nan"), "nan cannot be part of an identity: use a finite number"),
        ({"inner": [float("-inf")]}, "-inf cannot be part of an identity: use a finite number"),
        (b"bytes", "bytes cannot be part of an identity"),
        (frozenset({object()}), "object cannot be part of an identity"),
    ],
)
def test_a_value_without_canonical_form_is_named_with_component_and_field(value, what):
    with pytest.raises(RequestError) as caught:
        canonical(_Odd(value=value))
    assert str(caught.value).startswith(f"{__name__}:_Odd, field value: {what}")
    assert "\n" not in str(caught.value)


def test_a_field_of_a_registered_component_is_named_as_users_know_it():
    focal = load("loss", "focal").model_copy(update={"gamma": torch.ones(1)})
    with pytest.raises(RequestError, match="loss 'focal' of 'ltmlbench', field gamma: Tensor"):
        canonical(focal)


def test_sets_have_one_form_whatever_their_order():
    words = [f"word{i}" for i in range(40)]
    backwards = words[::-1]
    assert canonical(_Odd(value=frozenset(words))) == canonical(_Odd(value=set(backwards)))
    assert canonical(_Odd(value={3, 1, 2}))["options"]["value"] == [1, 2, 3]
    assert canonical(np.float64(0.5)) == 0.5
    assert type(canonical(np.int64(3))) is int


def _identity_in_a_process(folder, body):
    (folder / "unregistered.py").write_text(
        f"from ltmlbench.contracts import Loss\nclass Mine(Loss):\n{body}"
    )
    code = (
        "from unregistered import Mine; from ltmlbench.identity import canonical, digest;"
        "print(digest(canonical(Mine())))"
    )
    run = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_two_classes_behind_one_unregistered_name_have_two_identities(tmp_path):
    one = "    def bind(self, labels): return 1\n"
    other = "    def bind(self, labels): return 2\n"
    first = _identity_in_a_process(tmp_path, one)
    assert _identity_in_a_process(tmp_path, other) != first
    assert _identity_in_a_process(tmp_path, one) == first


def test_a_class_made_inside_a_function_has_no_identity():
    class Inner(Loss):
        def bind(self, labels):
            return None

    with pytest.raises(RequestError, match="Inner is made inside a function"):
        canonical(Inner())
