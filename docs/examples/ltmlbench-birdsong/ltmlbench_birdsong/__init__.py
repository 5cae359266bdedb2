"""Birdsong. Nothing heavy is imported here: it is read whenever ltmlbench starts."""

from ltmlbench.plugin import Record, hookimpl

LTMLBENCH_API = 1


@hookimpl
def ltmlbench_datasets() -> list[Record]:
    summary = "recordings of birds as spectrograms, or made-up songs"
    return [Record("birdsong", "ltmlbench_birdsong.dataset:Birdsong", summary)]
