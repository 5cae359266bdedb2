"""What every component is."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Component(BaseModel):
    """Anything a plugin registers. Subclass one of the kinds beside this module.

    Fields are the options that users type in brackets; they are checked, shown by `ltmlbench info`
    and part of every identity. A component never changes after it is made, and two with equal
    options are equal.

    >>> from pydantic import Field
    >>> class Smooth(Component):
    ...     eps: float = Field(0.1, ge=0, lt=1, description="how much of a label is spread")
    >>> Smooth(eps=0.2) == Smooth(eps=0.2)
    True
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False
    )

    kind: ClassVar[str]
