"""How the cost of relational subsets grows, beside SciPy's bare YᵀY on the same labels.

    OMP_NUM_THREADS=1 python benchmarks/subsets_growth.py [largest number of samples]

Each size runs in a process of its own, which reads the labels from a file: medians of the CPU
seconds of the bare product and of the whole ``RelationalSubsets(n_subsets=16).fit(Y)``, measured
in turn, and the median of their ratios. Peak memory is that of the whole process (resident set):
interpreter, libraries, the labels and all that is made of them; first with the bare product alone.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from tabulate import tabulate

from ltmlbench_subsets import RelationalSubsets
from ltmlbench_subsets.datasets import make_long_tailed

SIZES = ((10**4, 10**2), (10**5, 10**3), (10**6, 10**4), (10**7, 10**5))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def make(size, path):
    sparse.save_npz(path, make_long_tailed(*size), compressed=False)


def measure(size, path):
    Y = sparse.load_npz(path)
    repeats = 3 if size[0] > 10**6 else 7
    RelationalSubsets(n_subsets=2).fit(make_long_tailed(1000, 20))  # what is imported late
    held = (Y.data.nbytes + Y.indices.nbytes + Y.indptr.nbytes) / 2**20
    times, peaks = [], []
    for _ in range(repeats):
        bare = seconds(lambda: Y.T @ Y)
        peaks.append(peak())
        times.append((bare, seconds(lambda: RelationalSubsets(n_subsets=16).fit(Y))))
    bare, fit = np.median(times, axis=0)
    ratio = np.median([fit / bare for bare, fit in times])
    return [*size, Y.nnz, bare, fit, ratio, held, peaks[0], peak()]


def main():
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7
    context = multiprocessing.get_context("spawn")
    rows = []
    for size in SIZES:
        if size[0] > largest:
            break
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "labels.npz"
            for work, given in ((make, (size, path)), (measure, (size, path))):
                with context.Pool(1) as pool:
                    result = pool.apply(work, given)
            rows.append(result)
    headers = ["samples", "labels", "positives", "YᵀY s", "fit s", "ratio"]
    headers += ["Y MiB", "peak, YᵀY MiB", "peak, fit MiB"]
    floats = ("", "", "", ".3f", ".3f", ".2f", ".0f", ".0f", ".0f")
    print(tabulate(rows, headers, floatfmt=floats))


if __name__ == "__main__":
    main()
