"""For the tests of plugins: what every component has to do, tiny data that need no download, and
stages run without an engine."""

from ltmlbench.testing.checking import Check, NotApplicable
from ltmlbench.testing.contract import ComponentContract, checks_of
from ltmlbench.testing.samples import bars, task_of, vectors
from ltmlbench.testing.work import made, work_for

__all__ = [
    "Check",
    "ComponentContract",
    "NotApplicable",
    "bars",
    "checks_of",
    "made",
    "task_of",
    "vectors",
    "work_for",
]
