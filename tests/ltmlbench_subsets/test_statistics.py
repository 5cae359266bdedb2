"""Counting labels, in memory and out of core."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltmlbench import LabelMatrix
from ltmlbench_subsets import RelationalSubsets, Statistics

tag_lists = st.lists(
    st.lists(st.sampled_from(["a", "b", "c d", "é|;", "'q", '"'])), min_size=1, max_size=30
)


@settings(max_examples=25, deadline=None)
@given(tag_lists)
def test_counts_out_of_core_are_those_in_memory(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("table") / "it's.parquet"
    pd.DataFrame({"id": range(len(rows)), "my tags": rows}).to_parquet(file)
    labels = LabelMatrix.from_tags(rows)
    inside = Statistics.count(labels)
    outside = Statistics.count_parquet(file, "my tags", names=labels.names)
    assert outside.names == inside.names
    assert outside.n_samples == inside.n_samples
    np.testing.assert_array_equal(outside.counts, inside.counts)
    np.testing.assert_array_equal(outside.cooccurrence().toarray(), inside.cooccurrence().toarray())


def test_several_files_give_the_subsets_of_the_whole(tmp_path):
    generator = np.random.default_rng(0)
    rows = [[f"t{i}" for i in np.flatnonzero(generator.random(15) < 0.2)] for _ in range(400)]
    for part in range(4):
        frame = pd.DataFrame({"tags": rows[part::4]})
        frame.to_parquet(tmp_path / f"{part}.parquet", row_group_size=20)
    counted = Statistics.count_parquet(tmp_path / "*.parquet", "tags", memory="200MB")
    whole = RelationalSubsets(4).fit(rows)
    again = RelationalSubsets(4).fit_statistics(counted)
    assert [{counted.names[c] for c in block} for block in again.subsets_] == [
        {whole.labels_[c] for c in block} for block in whole.subsets_
    ]


def test_what_cannot_be_counted_is_one_clear_error(tmp_path):
    file = tmp_path / "tags.parquet"
    pd.DataFrame({"tags": [["a"], ["b"]]}).to_parquet(file)
    with pytest.raises(ValueError, match="no row holds the tag 'z'"):
        Statistics.count_parquet(file, "tags", names=["a", "z"])
    for path, column in [(file, "nothing"), (tmp_path / "none.parquet", "tags")]:
        with pytest.raises(ValueError, match=r".") as caught:
            Statistics.count_parquet(path, column)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_cooccurrence_is_the_share_of_the_rarer_label():
    rows = [["a", "b"], ["a"], ["a", "c"], ["b", "c"], ["a"]]
    expected = [[0, 1 / 2, 1 / 2], [1 / 2, 0, 1 / 2], [1 / 2, 1 / 2, 0]]
    found = Statistics.count(LabelMatrix.from_tags(rows)).cooccurrence().toarray()
    np.testing.assert_array_equal(found, expected)
