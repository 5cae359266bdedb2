"""YAML without what settings have no use for: aliases (a few hundred bytes of them fill a memory),
tags, and keys that stand twice, of which the last would win without a word."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ltmlbench.errors import RequestError


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse("write the value out: & and * are not taken", event)
        if getattr(event, "tag", None):
            _refuse(f"the tag {event.tag} is not taken", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.tag == "tag:yaml.org,2002:merge":
                _refuse("<< is not taken", key)
            if key.value in names:
                _refuse(f"{key.value} stands twice", key)
            names.add(key.value)
        return super().construct_mapping(node, deep)


_PLAIN = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    "float": (
        r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}
"""What is no text: what YAML 1.1 and 1.2 read alike, so not 1:30, 010, yes or a date."""

_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] in ("null", "merge")]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, (_form, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_form})\Z"), list(_first)
    )


def _refuse(why: str, at: Any) -> None:
    raise yaml.MarkedYAMLError(problem=why, problem_mark=at.start_mark)


def parse_yaml(text: str) -> Any:
    """The value of a YAML text, of plain scalars, lists and mappings.

    Raises:
        RequestError: it is not YAML, or uses what is not taken; with line and column.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise RequestError(f"{error.problem or error.context}{where}") from None
    except RecursionError:
        raise RequestError("too many brackets within one another") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, LookupError) as error:
        # besides its own errors PyYAML lets through those of int() and datetime()
        raise RequestError(" ".join(str(error).split())[:200]) from None
