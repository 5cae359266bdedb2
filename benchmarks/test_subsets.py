"""Counting co-occurrence: ours beside scikit-multilearn-ng's graph builder, where installed.

pytest benchmarks/test_subsets.py --benchmark-only
"""

import pytest
from scipy.sparse import lil_matrix

from ltmlbench import LabelMatrix
from ltmlbench_subsets import Statistics
from ltmlbench_subsets.datasets import make_long_tailed


@pytest.mark.parametrize("by", ["ltmlbench", "scikit-multilearn-ng"])
def test_counting(benchmark, by):
    benchmark.group = "co-occurrence of 1e5 samples × 1e3 labels"
    Y = make_long_tailed(10**5, 10**3)
    if by == "ltmlbench":
        benchmark.pedantic(lambda: Statistics.count(LabelMatrix(Y)), rounds=5)
        return
    graphs = pytest.importorskip("skmultilearn.cluster")
    builder = graphs.LabelCooccurrenceGraphBuilder(
        weighted=True, include_self_edges=False, normalize_self_edges=False
    )
    rows = lil_matrix(Y)
    benchmark.pedantic(lambda: builder.transform(rows), rounds=3)
