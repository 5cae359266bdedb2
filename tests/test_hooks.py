"""Hook specifications: each docstring holds an example, and the example is one."""

import re

import pytest

from ltmlbench import hooks
from ltmlbench.hooks import KINDS, Record


@pytest.mark.parametrize("name", sorted(KINDS.values()))
def test_the_example_of_a_hook_is_a_record(name):
    text = " ".join(getattr(hooks.ComponentHooks, name).__doc__.split())
    example = re.search(r"``(Record\(.*?\))``", text)
    assert example, f"{name} shows no example"
    record = eval(example[1], {"Record": Record})
    assert re.fullmatch(r"[\w.]+:\w+", record.target)
    assert record.summary
