"""How the cost of relational subsets grows, beside SciPy's bare YᵀY on the same labels.

    OMP_NUM_THREADS=1 python benchmarks/subsets_growth.py [largest number of samples]

Each size runs in a process of its own: CPU seconds of the bare product and of the whole
``RelationalSubsets(n_subsets=16).fit(Y)``, their ratio, and the peak memory the fit adds to Y.
"""

import multiprocessing
import resource
import sys
import time

from tabulate import tabulate

from ltmlbench_subsets import RelationalSubsets
from ltmlbench_subsets.datasets import make_long_tailed

SIZES = ((10**4, 10**2), (10**5, 10**3), (10**6, 10**4), (10**7, 10**5))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def clock(work, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return sorted(times)[len(times) // 2]


def measure(size):
    n_samples, n_labels = size
    Y = make_long_tailed(n_samples, n_labels)
    repeats = 5 if n_samples <= 10**5 else 3 if n_samples <= 10**6 else 1
    held = Y.data.nbytes + Y.indices.nbytes + Y.indptr.nbytes
    RelationalSubsets(n_subsets=2).fit(make_long_tailed(1000, 20))  # what is imported late
    fit = clock(lambda: RelationalSubsets(n_subsets=16).fit(Y), repeats)
    most = peak()
    bare = clock(lambda: Y.T @ Y, repeats)
    return [n_samples, n_labels, Y.nnz, bare, fit, fit / bare, held / 2**20, most]


def main():
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7
    context = multiprocessing.get_context("spawn")
    rows = []
    for size in SIZES:
        if size[0] <= largest:
            with context.Pool(1) as pool:
                rows.append(pool.apply(measure, (size,)))
    headers = ["samples", "labels", "positives", "YᵀY s", "fit s", "ratio", "Y MiB", "peak MiB"]
    print(tabulate(rows, headers, floatfmt=("", "", "", ".3f", ".3f", ".2f", ".0f", ".0f")))


if __name__ == "__main__":
    main()
