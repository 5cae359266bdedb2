"""Made-up label matrices of any size, to try subset generators on."""

from __future__ import annotations

from typing import Any

import numpy as np


def make_long_tailed(
    n_samples: int,
    n_labels: int,
    *,
    per_sample: float = 4.5,
    topics: int = 20,
    random_state: int = 0,
) -> Any:
    """N×C sparse labels: frequencies by Zipf's law, half of the labels of a sample from its topic.

    Args:
        per_sample: labels drawn per sample (Poisson mean); repeats fall together.
        topics: label c belongs to topic c mod ``topics``, a sample to one topic.
    """
    from scipy import sparse

    generator = np.random.default_rng(random_state)
    topic = generator.integers(0, topics, size=n_samples, dtype=np.int32)
    row = np.repeat(
        np.arange(n_samples, dtype=np.int32), generator.poisson(per_sample, size=n_samples)
    )
    label = (n_labels ** generator.random(len(row))).astype(np.int32) - 1
    own = (label // topics) * topics + topic[row]
    label = np.minimum(np.where(generator.random(len(row)) < 0.5, own, label), n_labels - 1)
    ones = np.ones(len(row), dtype=np.int32)
    labels = sparse.csr_array((ones, (row, label)), shape=(n_samples, n_labels))
    labels.data[:] = 1
    return labels
