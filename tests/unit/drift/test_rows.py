"""Tests of the kernel that every engine runs: from raw cells to counts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import ColumnError
from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.drift.grid import cut_grid
from holdfast.drift.rows import columns_needed, count_rows, countable

WIDE = 2**53  # from here on, two whole numbers share a float64
WORDS = ["basic", "gold", "Größe 📦", "N/A", "  ", None, "new"]


def contract_of(**kinds):
    return Contract(
        features=tuple(Feature(name=n, kind=kind, nullable=True) for n, kind in kinds.items()),
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )


PLANS = contract_of(plan=FeatureKind.CATEGORICAL)


def grid_of(words, contract=PLANS):
    return cut_grid(pa.table({"plan": pa.array(words, pa.string())}), contract)


def counted(cells, *, words):
    """Count cells as words: those known in the order of the grid, those unseen, and gaps."""
    grid = grid_of(words)
    (found,) = count_rows(pa.table({"plan": cells}), PLANS, grid).features
    assert isinstance(found, CategoryCounts)
    return dict(zip(grid.features[0].categories, found.known.tolist(), strict=True)), found


class TestCountRows:
    @pytest.mark.parametrize("encode", [False, True], ids=["text", "dictionaries"])
    def test_counts_raw_cells_like_clean_ones(self, encode):
        """Codes for missing values and blanks around words are no categories."""
        cells = pa.array(WORDS * 3)

        known, found = counted(cells.dictionary_encode() if encode else cells, words=["basic"])

        assert known == {"basic": 3}
        assert (found.n_missing, found.n_unseen) == (9, 9)

    @pytest.mark.parametrize(
        "cells",
        [
            pa.array([WIDE, WIDE + 1, WIDE + 1, None]),
            pa.array([WIDE, WIDE + 1, WIDE + 1, None], pa.uint64()),
            pa.array([WIDE, WIDE + 1, WIDE + 1, None]).dictionary_encode(),
            pa.array([Decimal(WIDE), *[Decimal(WIDE + 1)] * 2, None], pa.decimal128(20, 0)),
            pa.array([str(WIDE), *[str(WIDE + 1)] * 2, None]),
        ],
        ids=["int64", "uint64", "dictionary", "decimal", "text"],
    )
    def test_tells_identifiers_apart_that_a_float_would_merge(self, cells):
        """9007199254740992 and ...993: as float64 they are one, and drift between them unseen."""
        known, found = counted(cells, words=[str(WIDE), str(WIDE + 1)])

        assert known == {str(WIDE): 1, str(WIDE + 1): 2}
        assert (found.n_missing, found.n_unseen) == (1, 0)

    @pytest.mark.parametrize(
        "cells",
        [
            pa.array([3, 415, None], pa.int16()),
            pa.array([3.0, 415.0, None]),
            pa.array([3.0, 415.0, float("nan")], pa.float32()),
            pa.array([3, 415, None]).dictionary_encode(),
            pa.array([Decimal("3.00"), Decimal("415.00"), None], pa.decimal128(9, 2)),
            pa.array(["3", " 415 ", "NA"]),
        ],
        ids=["int16", "float64", "float32", "dictionary", "decimal", "text"],
    )
    def test_one_number_is_one_word_whatever_its_type(self, cells):
        """Parquet, CSV and Spark write 3, 3.0 and "3" for the same code."""
        known, found = counted(cells, words=["3", "415"])

        assert known == {"3": 1, "415": 1}
        assert (found.n_missing, found.n_unseen) == (1, 0)

    def test_names_a_column_that_is_absent(self):
        """Not a KeyError from within a thread."""
        with pytest.raises(ColumnError, match="'plan'"):
            count_rows(pa.table({"other": [1]}), PLANS, grid_of(["a"]))

    @pytest.mark.parametrize(
        ("kind", "cells"),
        [
            (FeatureKind.NUMERIC, ["many", "1"]),
            (FeatureKind.NUMERIC, [datetime(2026, 3, 1, tzinfo=UTC)] * 2),
            (FeatureKind.BOOLEAN, [0.7, 12.0]),
            (FeatureKind.BOOLEAN, [1, 2]),
            (FeatureKind.CATEGORICAL, [[1], [2]]),
            (FeatureKind.CATEGORICAL, [2.5, 1.0]),
        ],
    )
    def test_names_a_column_of_another_type(self, kind, cells):
        """Bent until it fits, it would read as no drift."""
        contract = contract_of(x=kind)

        with pytest.raises(ColumnError, match=f"but the model takes {kind.value} ones"):
            countable(pa.table({"x": cells}), contract)

    @pytest.mark.parametrize("cells", [pa.array(["a", "b"]), pa.array([1, 2]), pa.array([True])])
    def test_names_a_column_that_holds_no_times(self, cells):
        """1 and 2 are no microseconds since 1970."""
        with pytest.raises(ColumnError, match=r"'at': holds .* where times are needed"):
            countable(pa.table({"at": cells}), contract_of(), dates=["at"])

    @pytest.mark.parametrize("cells", [pa.nulls(3), pa.nulls(3, pa.string())])
    def test_takes_a_column_without_values_for_any(self, cells):
        """A text file cannot say what its blanks would be."""
        kinds = {"n": FeatureKind.NUMERIC, "b": FeatureKind.BOOLEAN, "c": FeatureKind.CATEGORICAL}

        rows = countable(
            pa.table({"at": cells, "n": cells, "b": cells, "c": cells}),
            contract_of(**kinds),
            dates=["at"],
        )

        assert [column.null_count for column in rows.columns] == [3, 3, 3, 3]

    def test_finds_no_number_in_infinities(self):
        """They are missing, as they are for the model; both zeros are one."""
        contract = contract_of(x=FeatureKind.NUMERIC)
        grid = cut_grid(pa.table({"x": [0.0, 1.0]}), contract)
        cells = pa.array([0.0, -0.0, np.inf, -np.inf, np.nan, None])

        (found,) = count_rows(pa.table({"x": cells}), contract, grid).features

        assert isinstance(found, NumericCounts)
        assert found.cells.sum() == 2
        assert found.n_missing == 4
        assert str(found.minimum) == str(found.maximum) == "0.0"


class TestColumnsNeeded:
    def test_names_each_once(self):
        """Features, then dates, then the time of the row, which may be one of them."""
        rows = pa.table({"plan": ["a"], "at": [datetime(2026, 3, 1, tzinfo=UTC)]})
        grid = cut_grid(rows, PLANS, dates=["at"])

        assert columns_needed(PLANS, grid, moments="at") == ("plan", "at")
        assert columns_needed(PLANS, grid_of(["a"]), moments="at") == ("plan", "at")
