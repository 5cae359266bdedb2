import math

import numpy as np
import pandas as pd
import pytest

from ltmlbench.evaluation.comparison import Pairs, compare_cells
from ltmlbench.evaluation.paired import corrected_t


def compare(values, baseline, test_share, rope, draws=None, **given):
    return Pairs(values, test_share, draws, **given).against(baseline, rope)


def frame(rows, seeds=1):
    """``rows``: values per fold, or per fold and seed."""
    folds = len(next(iter(rows.values()))) // seeds
    index = pd.MultiIndex.from_product([range(folds), range(seeds)], names=["fold", "seed"])
    return pd.DataFrame(rows, index=index)


FIVE = frame(
    {
        "ib": [0.40, 0.42, 0.41, 0.43, 0.40],
        "good": [0.60, 0.63, 0.61, 0.62, 0.61],
        "like": [0.41, 0.42, 0.40, 0.44, 0.39],
    }
)


def test_differences_are_paired_and_adjusted_for_all_rows():
    found = compare(FIVE, "ib", 0.25, rope=0.01)
    expected = corrected_t(FIVE["good"] - FIVE["ib"], 0.25)
    assert found.differences["good"] == expected
    assert found.adjusted["good"] == pytest.approx(2 * expected.p)
    assert found.decided("good")
    assert not found.decided("like")
    assert found.leader == "good"


def test_a_decided_leader_stands_alone_and_the_others_share_their_places():
    found = compare(FIVE, "ib", 0.25, rope=0.01)
    assert found.ranks == {"good": (1, 1), "like": (2, 3), "ib": (2, 3)}


def test_seeds_of_a_fold_are_no_further_evidence():
    once = frame({"a": [0.5, 0.6, 0.4], "b": [0.45, 0.5, 0.41]})
    thrice = frame({name: np.repeat(once[name], 3).to_numpy() for name in once}, seeds=3)
    one, three = compare(once, "b", 0.5, 0.01), compare(thrice, "b", 0.5, 0.01)
    assert three.differences["a"].p == pytest.approx(one.differences["a"].p)
    assert three.differences["a"].n == 3
    assert three.seeds == 3


def test_a_fold_that_one_row_lacks_is_left_out_of_its_difference_alone():
    values = FIVE.copy()
    values.loc[(4, 0), "good"] = np.nan
    found = compare(values, "ib", 0.25, 0.01)
    assert found.differences["good"].n == 4
    assert found.differences["like"].n == 5


def test_more_rows_need_larger_differences():
    found = compare(FIVE, "ib", 0.25, 0.01)
    assert found.resolves > found.resolves_alone > 0


def test_a_single_split_is_tested_over_resamples():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, 999)
    draws = {"ib": 0.4 + noise, "good": 0.5 + noise + rng.normal(0, 0.01, 999)}
    found = compare(frame({"ib": [0.4], "good": [0.5]}), "ib", 0.25, 0.01, draws)
    difference = found.differences["good"]
    assert (difference.low, difference.high) == pytest.approx((0.48 - 0.4, 0.12), abs=0.003)
    assert difference.p == pytest.approx(2 / 1000)
    assert found.leads == {"good": 1, "ib": 0}


def test_a_single_split_without_predictions_decides_nothing():
    found = compare(frame({"ib": [0.4], "good": [0.9]}), "ib", 0.25, 0.01)
    assert math.isnan(found.adjusted["good"])
    assert math.isnan(found.resolves)
    assert found.ranks == {"good": (1, 2), "ib": (1, 2)}


def test_rows_that_are_level_in_a_resample_share_its_lead():
    draws = {"a": np.array([0.5, 0.5, 0.4, np.nan]), "b": np.array([0.5, 0.4, 0.5, np.nan])}
    found = compare(frame({"a": [0.5], "b": [0.5]}), "a", 0.25, 0.01, draws)
    assert found.leads == {"a": 0.5, "b": 0.5}


def test_cells_are_adjusted_all_together():
    cells, adjusted = compare_cells({"D": FIVE, "G": FIVE}, "ib", 0.25, {})
    assert set(cells) == {(part, row) for part in "DG" for row in ("good", "like")}
    assert adjusted["D", "good"] == pytest.approx(4 * cells["D", "good"].p)


def test_where_lower_is_better_everything_is_turned_round():
    draws = {name: 0.1 * np.arange(3) + FIVE[name].mean() for name in FIVE}
    up = compare(1 - FIVE, "ib", 0.25, 0.01, {name: 1 - d for name, d in draws.items()})
    down = compare(FIVE, "ib", 0.25, 0.01, draws, higher=False)
    assert down.leader == up.leader
    assert list(down.means) == list(up.means)
    assert down.ranks == up.ranks
    assert down.leads == up.leads
    for row in down.probabilities:
        assert down.probabilities[row] == pytest.approx(up.probabilities[row])
    assert down.differences["good"].mean == pytest.approx(-up.differences["good"].mean)
