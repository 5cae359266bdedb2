"""Engines for more than one machine: Ray and Slurm."""

from __future__ import annotations

from ltmlbench.plugin import Record, hookimpl


@hookimpl
def ltmlbench_engines() -> list[Record]:
    return [
        Record(
            "ray",
            "ltmlbench_cluster.ray_engine:Ray",
            "the nodes of a Ray cluster (pip install 'ltmlbench[ray]')",
        ),
        Record(
            "slurm",
            "ltmlbench_cluster.slurm_engine:Slurm",
            "jobs of a Slurm cluster, through submitit (pip install 'ltmlbench[slurm]')",
        ),
    ]
