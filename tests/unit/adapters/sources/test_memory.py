"""Tests of rows that are in memory: Arrow tables and pandas data frames."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from holdfast.adapters.sources import TableSource
from holdfast.domain.errors import ColumnError, DataFileError


class TestTableSource:
    def test_names_columns_that_share_a_name(self):
        """Arrow itself allows it."""
        source = TableSource(pa.table([[1], [2]], names=["a", "a"]))

        with pytest.raises(ColumnError, match="'a': is the name of 2 columns"):
            source.read()
        with pytest.raises(ColumnError, match="'a': is the name of 2 columns"):
            list(source.scan(["a"], 10))

    def test_names_text_that_is_not_utf8(self):
        """Before anything is made of it."""
        words = pa.array([b"stra\xdfe"]).view(pa.string())

        with pytest.raises(ColumnError, match="'street': holds text that is not UTF-8"):
            TableSource(pa.table({"street": words})).read()

    def test_leaves_out_what_is_of_no_use(self):
        """A union of types is none that a feature can have."""
        mixed = pa.UnionArray.from_sparse(
            pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]
        )

        assert TableSource(pa.table({"x": [1, 2], "mixed": mixed})).read().column_names == ["x"]

    def test_refuses_a_table_without_rows(self):
        """There is nothing to compare."""
        with pytest.raises(DataFileError, match="columns but no rows"):
            _ = TableSource(pa.table({"x": pa.nulls(0)})).schema


class TestOfFrame:
    def test_takes_the_frames_columns(self):
        """Gaps are None, NaN or NaT; the index is no column."""
        frame = pd.DataFrame(
            {"n": [1.0, float("nan")], "plan": ["a", None], 7: [True, False]}, index=[5, 9]
        )

        assert TableSource.of_frame(frame).read().to_pydict() == {
            "n": [1.0, None],
            "plan": ["a", None],
            "7": [True, False],
        }

    @pytest.mark.parametrize(
        ("cells", "kinds"),
        [
            ([1, "a", None], "int, str"),
            (["a", 2.5], "float, str"),
            ([{"a": 1}, 3], "dict, int"),
            ([2**70, 1], "int"),
        ],
    )
    def test_names_a_column_of_mixed_objects(self, cells, kinds):
        """Which of them the column is about is for its owner to say."""
        frame = pd.DataFrame({"x": [1.0] * len(cells), "mixed": pd.Series(cells, dtype=object)})

        with pytest.raises(ColumnError, match=f"'mixed': holds .*: {kinds}. Convert it"):
            TableSource.of_frame(frame)

    def test_names_columns_that_share_a_name(self):
        """Also those that only become alike as text."""
        frame = pd.DataFrame([[1, 2]], columns=["1", 1])

        with pytest.raises(ColumnError, match="'1': is the name of 2 columns"):
            TableSource.of_frame(frame)
