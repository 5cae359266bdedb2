"""The checks of every kind; importing this makes them known to `ltmlbench.testing.checking`."""

from ltmlbench.testing.checks import (  # noqa: F401
    data,
    every,
    loss,
    method,
    metric,
    network,
    running,
    sampler,
    subsets,
    teaching,
)
