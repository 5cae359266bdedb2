"""Checks of one component, for the command line and for the tests of plugins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar

from ltmlbench.contracts import Component
from ltmlbench.registry import load
from ltmlbench.testing.checking import ALL, Check, NotApplicable


def checks_of(kind: str | Component) -> Iterator[Check]:
    """The checks of a component, or of a kind, in the order in which they are worth reading.

    >>> [str(check) for check in checks_of("sampler")][-1]
    'takes one label, and rows that all have it'
    """
    from ltmlbench.testing import checks  # noqa: F401

    name = kind if isinstance(kind, str) else kind.kind
    general = [check for check in ALL if not check.kinds]
    return iter([*general, *(check for check in ALL if name in check.kinds)])


class ComponentContract:
    """A pytest class with a test per check. Subclass it and say which component it is about:

        class TestContract(ComponentContract):
            component = "loss/mine[gamma=3]"

    ``component``: ``KIND/NAME[option=value,...]``, or a component.
    """

    component: ClassVar[str | Component]

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Tells pytest of the checks; those that take seconds are marked slow."""
        import pytest

        given = metafunc.cls.component
        kind = given.partition("/")[0] if isinstance(given, str) else given
        params = [
            pytest.param(check, id=check.name, marks=pytest.mark.slow if check.slow else ())
            for check in checks_of(kind)
        ]
        metafunc.parametrize("check", params)

    def test_contract(self, check: Check) -> None:
        import pytest

        given = type(self).component
        try:
            flaw = check.flaw(named(given) if isinstance(given, str) else given)
        except NotApplicable as cause:
            pytest.skip(str(cause))
        assert not flaw, flaw


@cache
def named(text: str) -> Component:
    """The component that ``KIND/NAME[option=value,...]`` names."""
    kind, _, name = text.partition("/")
    component: Component = load(kind, name)  # type: ignore[call-overload]
    return component
