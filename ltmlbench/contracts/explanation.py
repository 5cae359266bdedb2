"""Explanations: where a network looks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ltmlbench.contracts.component import Component

if TYPE_CHECKING:
    from ltmlbench.stages import ModelStage, Stage
    from ltmlbench.task import Task

POINTING = (
    "label",
    "samples",
    "empty",
    "energy",
    "energy_uniform",
    "hits",
    "hits_uniform",
    "cells",
)
"""Columns of ``pointing.csv``, one row per label: ``samples`` that have the label and are looked
at; ``empty``, maps that are 0 everywhere; ``energy``, mean share of a map inside the structure;
``hits``, share of maps whose strongest cell holds a part of it (both without the empty ones; empty
if there are no others); ``..._uniform``, the same of a map that is equal everywhere; ``cells``, the
size of a map, "7×7"."""


class Explanation(Component, ABC):
    """Where a trained network looks, as pictures, and as numbers where the place is known.

    >>> class Nowhere(Explanation):
    ...     def plan(self, model, task, *, samples=(), labels=()):
    ...         return None if not model.has_network else ...
    >>> from ltmlbench.registry import load
    >>> Nowhere().plan(load("method", "majority").plan(None), None) is None
    True
    """

    kind: ClassVar[str] = "explanation"

    @abstractmethod
    def plan(
        self,
        model: ModelStage,
        task: Task,
        *,
        samples: tuple[str, ...] = (),
        labels: tuple[str, ...] = (),
    ) -> Stage | None:
        """The stage that looks into ``model``, which is one of its inputs; None if there is no
        network to look into.

        It writes ``gallery.png``. With neither ``samples`` nor ``labels`` given, and where masks
        and `Protocol.evidence` say where to look, also ``pointing.csv``: one row per label, with
        the columns of `POINTING`.

        Args:
            samples: ids to show; none: test samples of its own choice, the same for every model of
                a split.
            labels: names of the labels to show; none: those a sample has.
        """
