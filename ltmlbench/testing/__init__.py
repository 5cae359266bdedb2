"""For the tests of plugins: tiny data that need no download, and stages run without an engine."""

from ltmlbench.testing.samples import bars, task_of, vectors
from ltmlbench.testing.work import made, work_for

__all__ = ["bars", "made", "task_of", "vectors", "work_for"]
