"""Poly-1. Nothing heavy is imported here: it is read whenever ltmlbench starts."""

from ltmlbench.plugin import Record, hookimpl

LTMLBENCH_API = 1
PAPER = "Leng et al., PolyLoss, ICLR 2022, eq. 6"


@hookimpl
def ltmlbench_losses() -> list[Record]:
    return [Record("poly", "ltmlbench_poly.loss:Poly", "binary Poly-1", citation=PAPER)]


@hookimpl
def ltmlbench_methods() -> list[Record]:
    summary = "Poly-1 loss, instance-balanced sampling"
    return [Record("poly", "ltmlbench_poly.method:PolyMethod", summary, citation=PAPER)]
