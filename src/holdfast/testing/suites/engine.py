"""What every `ProfileEngine` must do: count to the last row, however the rows are split."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import ColumnError, DataFileError
from holdfast.drift.counts import CategoryCounts, NumericCounts
from holdfast.drift.grid import cut_grid
from holdfast.drift.rows import count_rows, countable

if TYPE_CHECKING:
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile
    from holdfast.ports.engine import ProfileEngine

__all__ = ["PartedRows", "ProfileEngineSuite", "assert_same_counts"]

PartedRows = Callable[[pa.Table, int], Any]
"""Takes a table and a number of parts; returns its rows so split, in the engine's own form."""

_N = 640
_WORDS = ("basic", "größer 🚀", " blank ", "", "N/A", "None", "new", None)
_ACCOUNTS = (2**53, 2**53 + 1, 415, 3, None)  # as doubles, the first two are one
_NUMBERS = (0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e300, -3.5, None)
_START = datetime(2026, 1, 5, tzinfo=UTC)
_CONTRACT = Contract(
    features=(
        Feature(name="charge", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="🙂 usage", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="account", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="auto pay", kind=FeatureKind.BOOLEAN, nullable=True),
    ),
    target=Target(name="churned", positive="yes", negative="no"),
    threshold=0.5,
    data_digest="",
)


class ProfileEngineSuite:
    """Needs the fixtures `engine` and `make_rows`, a `PartedRows` for it."""

    @pytest.mark.parametrize("n_parts", [1, 2, 7, 64])
    def test_counts_the_whole_however_rows_are_split(
        self, engine: ProfileEngine[Any], make_rows: PartedRows, n_parts: int
    ) -> None:
        """Numbers, words, booleans and dates that are aged by each row's own time."""
        rows, grid = _rows(), _grid()

        counted = engine.profile(make_rows(rows, n_parts), _CONTRACT, grid, moments="seen_at")

        assert counted.n_rows == _N
        assert_same_counts(counted, count_rows(rows, _CONTRACT, grid, moments="seen_at"))

    def test_counts_what_is_there(self, engine: ProfileEngine[Any], make_rows: PartedRows) -> None:
        """Counted by hand: no engine can agree with the kernel by sharing its fault."""
        counted = engine.profile(make_rows(_rows(), 3), _CONTRACT, _grid())

        each = _N // 8
        usage, plan = _of(counted, "🙂 usage"), _of(counted, "plan")
        assert isinstance(usage, NumericCounts)
        assert isinstance(plan, CategoryCounts)
        assert usage.n_missing + usage.n_non_finite == 4 * each
        assert (usage.minimum, usage.maximum) == (-3.5, 1e300)
        assert plan.n_missing == 3 * each
        assert dict(plan.unseen) == {"new": each}

    def test_tells_wide_whole_numbers_apart(
        self, engine: ProfileEngine[Any], make_rows: PartedRows
    ) -> None:
        """Two accounts that differ in the last digit stay two; 3 is the word "3"."""
        counted = engine.profile(make_rows(_rows(), 2), _CONTRACT, _grid())

        accounts = _of(counted, "account")
        assert isinstance(accounts, CategoryCounts)
        known = dict(zip(_words_of(_grid(), "account"), accounts.known.tolist(), strict=True))
        each = _N // len(_ACCOUNTS)
        assert known == {"3": each, "415": each, str(2**53): each}
        assert accounts.unseen == ((str(2**53 + 1), each),)

    def test_ages_dates_by_the_moments_that_are_named(
        self, engine: ProfileEngine[Any], make_rows: PartedRows
    ) -> None:
        """And by the newest date of the reference where none are."""
        rows, grid = make_rows(_rows(), 2), _grid()

        aged = engine.profile(rows, _CONTRACT, grid, moments="seen_at")
        fixed = engine.profile(rows, _CONTRACT, grid)

        age = "joined_at (age in days)"
        one, other = _of(aged, age), _of(fixed, age)
        assert isinstance(one, NumericCounts)
        assert isinstance(other, NumericCounts)
        assert (one.minimum, one.maximum) == (30.0, 30.0)
        assert other.minimum != other.maximum

    @pytest.mark.parametrize("absent", ["plan", "joined_at", "seen_at"])
    def test_names_a_column_that_is_absent(
        self, engine: ProfileEngine[Any], make_rows: PartedRows, absent: str
    ) -> None:
        """A feature, a date or the time of the row."""
        rows = make_rows(_rows().drop_columns([absent]), 2)

        with pytest.raises(ColumnError, match=f"'{absent}': is not in the data"):
            engine.profile(rows, _CONTRACT, _grid(), moments="seen_at")

    @pytest.mark.parametrize(
        ("name", "cells"),
        [
            ("charge", ["a lot", "1.5"]),
            ("account", [0.5, 1.0]),
            ("auto pay", [0.7, 12.0]),
            ("joined_at", ["yesterday", "today"]),
            ("joined_at", [20_000.0, 20_001.0]),
            ("seen_at", ["soon", "later"]),
        ],
    )
    def test_names_a_column_of_another_type(
        self, engine: ProfileEngine[Any], make_rows: PartedRows, name: str, cells: list[Any]
    ) -> None:
        """Values that a cast would bend until they fit would read as no drift."""
        rows = _rows()
        column = pa.array(cells * (_N // 2))
        other = rows.set_column(rows.column_names.index(name), name, column)

        with pytest.raises(ColumnError, match=f"^Column '{name}': holds") as caught:
            engine.profile(make_rows(other, 2), _CONTRACT, _grid(), moments="seen_at")

        assert "\n" not in str(caught.value)

    def test_has_no_profile_of_no_rows(
        self, engine: ProfileEngine[Any], make_rows: PartedRows
    ) -> None:
        """An export that failed is no quiet day."""
        with pytest.raises(DataFileError, match="no rows"):
            engine.profile(make_rows(_rows().slice(0, 0), 1), _CONTRACT, _grid())


def assert_same_counts(counted: Profile, expected: Profile) -> None:
    """Fail unless counts, minima and maxima are the same, and sums agree to 1e-9.

    Args:
        counted: What is looked at.
        expected: On the same grid.
    """
    assert counted.grid_digest == expected.grid_digest
    assert (counted.n_rows, counted.rows_outside) == (expected.n_rows, expected.rows_outside)
    for one, other in zip(counted.features, expected.features, strict=True):
        if isinstance(one, CategoryCounts) or isinstance(other, CategoryCounts):
            assert one.to_wire() == other.to_wire()
            continue
        assert one.cells.tolist() == other.cells.tolist()
        assert (one.n_missing, one.n_non_finite) == (other.n_missing, other.n_non_finite)
        assert (one.minimum, one.maximum) == (other.minimum, other.maximum)
        np.testing.assert_allclose(one.sums, other.sums, rtol=1e-9, atol=1e-7)


@cache
def _rows() -> pa.Table:
    rng = np.random.default_rng(3)
    whole = np.arange(_N)
    joined = [None if i % 11 == 0 else _START + timedelta(hours=5 * i) for i in range(_N)]
    seen = [_START + timedelta(hours=5 * i, days=30) for i in range(_N)]
    moment = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "charge": pa.array(rng.lognormal(3.0, 1.0, _N), mask=rng.random(_N) < 0.1),
            "not asked for": pa.array(whole),
            "🙂 usage": pa.array([_NUMBERS[i % 8] for i in range(_N)], pa.float64()),
            "plan": pa.array([_WORDS[i % 8] for i in range(_N)], pa.string()),
            "account": pa.array([_ACCOUNTS[i % 5] for i in range(_N)], pa.int64()),
            "auto pay": pa.array(rng.random(_N) < 0.3, mask=rng.random(_N) < 0.1),
            "joined_at": pa.array(joined, moment),
            "seen_at": pa.array(seen, moment),
        }
    )


@cache
def _grid() -> Grid:
    """Cut the cells of a reference without "new" plans, one of the accounts, and early dates."""
    rows = _rows()
    known = [
        i
        for i, row in enumerate(rows.select(["plan", "account"]).to_pylist())
        if row["plan"] != "new" and row["account"] != 2**53 + 1 and i % 3 == 0
    ]
    reference = countable(rows.take(pa.array(known)), _CONTRACT, dates=["joined_at"])
    return cut_grid(reference, _CONTRACT, dates=["joined_at"])


def _of(counted: Profile, name: str) -> NumericCounts | CategoryCounts:
    (found,) = (feature for feature in counted.features if feature.name == name)
    return found


def _words_of(grid: Grid, name: str) -> tuple[str, ...]:
    (cells,) = (cells for cells in grid.features if cells.name == name)
    words: tuple[str, ...] = cells.categories  # type: ignore[union-attr]  # of a categorical one
    return words
