"""The toy stages of the engines' tests have to be importable on every node."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "engines"))

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """A CSV of 120 samples with three labels and four features."""
    rng = np.random.default_rng(0)
    labels = (rng.random((120, 3)) < [0.5, 0.3, 0.2]).astype(int)
    features = rng.normal(size=(120, 4)) + np.pad(labels, ((0, 0), (0, 1)))
    frame = pd.DataFrame(labels, columns=list("abc")).join(
        pd.DataFrame(features, columns=list("wxyz"))
    )
    path = tmp_path_factory.mktemp("data") / "table.csv"
    frame.to_csv(path, index=False)
    return path
