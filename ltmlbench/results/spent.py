"""Where the time of a run went: its stages, shared ones too, by phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ltmlbench.grid import Grid, Outcome, Run
from ltmlbench.results.cost import with_inputs
from ltmlbench.store import Store

PHASES = (
    "feed",
    "train",
    "validate",
    "checkpoints",
    "other",
    "predict",
    "explain",
    "waiting",
)
"""``feed``: for the next batch; ``train``: forward, backward and step; ``other``: of the stages of
the model what is none of these; ``predict`` and ``explain``: these stages whole; ``waiting``: for
another process that made the same stage."""


def spent_on(
    run: Run, grid: Grid, store: Store, outcomes: Mapping[str, Outcome]
) -> dict[str, float]:
    """Seconds by phase; a stage that is stored took them when it was made. What an earlier version
    stored without a word is ``other``."""
    found = dict.fromkeys(PHASES, 0.0)
    for identity in with_inputs(run.model, grid):
        if artifact := store.get(identity):
            phases = artifact.manifest.get("spent") or {"other": artifact.seconds}
            for phase, seconds in phases.items():
                found[phase if phase in PHASES else "other"] += seconds
    for phase, identity in (("predict", run.identity), ("explain", run.explanation)):
        artifact = store.get(identity) if identity else None
        found[phase] += artifact.seconds if artifact else 0.0
    found["waiting"] = sum(_waited(_all_of(run, grid), outcomes))
    return {phase: round(seconds, 3) for phase, seconds in found.items() if seconds}


def _all_of(run: Run, grid: Grid) -> set[str]:
    return set(with_inputs(run.model, grid)) | {i for i in (run.identity, run.explanation) if i}


def _waited(identities: Iterable[str], outcomes: Mapping[str, Outcome]) -> Iterable[float]:
    return (outcomes[identity].waited for identity in identities if identity in outcomes)
