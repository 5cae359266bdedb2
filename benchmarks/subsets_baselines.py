"""Other ways to divide labels, scored by the objective of relational subsets."""

import time

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans, SpectralClustering

from ltmlbench_subsets import search
from ltmlbench_subsets.objective import Sizes
from ltmlbench_subsets.state import State


def merged(objective, n_blocks):
    """Greedy agglomeration: always the two blocks whose union adds least to J."""
    met, points = objective.meeting.copy(), objective.points.copy()
    n = len(objective)
    sizes, home = np.ones(n), np.arange(n)
    alive = np.ones(n, dtype=bool)
    for _ in range(n - n_blocks):
        distance = ((points**2).sum(1)[:, None] + (points**2).sum(1) - 2 * points @ points.T).clip(
            0
        )
        cost = met + sizes[:, None] * sizes / (sizes[:, None] + sizes) * distance
        cost[~alive] = cost[:, ~alive] = np.inf
        np.fill_diagonal(cost, np.inf)
        a, b = np.unravel_index(int(cost.argmin()), cost.shape)
        points[a] = (sizes[a] * points[a] + sizes[b] * points[b]) / (sizes[a] + sizes[b])
        sizes[a] += sizes[b]
        met[a] += met[b]
        met[:, a] = met[a]
        alive[b] = False
        home[home == b] = a
    return np.unique(home, return_inverse=True)[1]


def spectral(objective, n_blocks):
    """Spectral clustering of "alike in frequency and rarely met"."""
    distance = ((objective.points[:, None] - objective.points) ** 2).sum(-1)
    apart = 1 - objective.meeting / max(objective.meeting.max(), 1e-12)
    affinity = np.exp(-distance / max(np.median(distance), 1e-12)) * apart
    np.fill_diagonal(affinity, 1)
    model = SpectralClustering(n_blocks, affinity="precomputed", random_state=0)
    return model.fit_predict(affinity)


def balanced_cut(objective, n_blocks):
    """Balanced max-k-cut of the co-occurrences alone, greedy: from frequent to rare, each label
    to the block that it meets least, among those that are not full."""
    n = len(objective)
    home, most = np.full(n, -1), -(-n // n_blocks)
    for c in range(n):
        met = [objective.meeting[c, home == k].sum() for k in range(n_blocks)]
        full = np.bincount(home[home >= 0], minlength=n_blocks) >= most
        home[c] = int(np.where(full, np.inf, met).argmin())
    return home


def frequency_means(objective, n_blocks):
    """k-means of the log frequencies alone."""
    return KMeans(n_blocks, n_init=10, random_state=0).fit_predict(objective.points[:, :1])


def agglomerated(objective, n_blocks):
    """scikit-learn's average linkage on the co-occurrences."""
    model = AgglomerativeClustering(n_blocks, metric="precomputed", linkage="average")
    return model.fit_predict(objective.meeting)


BUILT = {
    "greedy merging": merged,
    "spectral": spectral,
    "balanced k-cut": balanced_cut,
    "k-means of frequency": frequency_means,
    "average linkage": agglomerated,
}


def built(name, objective, n_blocks):
    """J of a built partition, J after a descent from it, and its CPU seconds."""
    start = time.process_time()
    home = BUILT[name](objective, n_blocks)
    seconds = time.process_time() - start
    state = State(objective, home, n_blocks, Sizes(1, len(home)))
    state.descend()
    return objective.value(home), state.value, seconds


def repeated(objective, n_blocks, seconds, descend):
    """The lowest J of random partitions, as they are or after a descent, within CPU seconds."""
    generator, best = np.random.default_rng(1), np.inf
    stop = time.process_time() + seconds
    while True:
        home = search.deal(len(objective), n_blocks, generator)
        if descend:
            state = State(objective, home, n_blocks, Sizes(1, len(home)))
            state.descend()
            best = min(best, state.value)
        else:
            best = min(best, objective.value(home))
        if time.process_time() > stop:
            return best


def multilearn(Y, objective):
    """name -> (K, J) of scikit-multilearn-ng's clusterers that run here; they choose K."""
    try:
        from scipy.sparse import csr_matrix, lil_matrix
        from skmultilearn import cluster
    except ImportError:
        return {}
    graph = cluster.LabelCooccurrenceGraphBuilder(
        weighted=True, include_self_edges=False, normalize_self_edges=False
    )
    found = {}
    for name, make in {
        "Louvain (NetworkX)": lambda: cluster.NetworkXLabelGraphClusterer(graph, "louvain"),
        "fast greedy (igraph)": lambda: cluster.IGraphLabelGraphClusterer(graph, "fastgreedy"),
        "k-means of label columns": lambda: cluster.MatrixLabelSpaceClusterer(
            KMeans(5, n_init=10, random_state=0)
        ),
    }.items():
        try:
            blocks = make().fit_predict(csr_matrix(Y), lil_matrix(Y))
        except Exception as error:  # optional, and it does not run with every SciPy
            found[name] = f"{type(error).__name__}: {str(error)[:60]}"
            continue
        home = np.empty(len(objective), dtype=np.int64)
        for k, block in enumerate(blocks):
            home[list(block)] = k
        found[name] = (len(blocks), objective.value(home))
    return found
