"""A file over time: each window against the reference, without a project."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest

from holdfast.adapters.sources.csv import CsvSource
from holdfast.adapters.sources.memory import TableSource
from holdfast.domain.errors import ColumnError, WindowError
from holdfast.domain.windows import WindowSpec
from holdfast.drift.report import Verdict
from holdfast.drift.rules import PsiBands
from holdfast.loop import drift_history as history
from holdfast.loop.baseline import Comparing
from holdfast.loop.drift_history import compare_windows

YEAR = datetime(2025, 1, 2, tzinfo=UTC)  # a multiple of five days since 1970
DAY = timedelta(days=1)
BY_TIME = Comparing(time="seen")


def rows(n_days, *, seed, begin=YEAR, per_day=150, shift_from=None, summer=False):
    """Rows whose `charges` rise by 30 from a day on, or every second half-year."""
    rng = np.random.default_rng(seed)
    n = n_days * per_day
    days = np.arange(n) // per_day
    charges = rng.normal(70, 10, n)
    if shift_from is not None:
        charges += 30.0 * (days >= shift_from)
    if summer:
        charges += 30.0 * (days % 364 >= 182)
    moments = [begin + i * DAY / per_day for i in range(n)]
    return pa.table(
        {
            "seen": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "tenure": rng.uniform(0, 72, n),
            "charges": charges,
            "plan": rng.choice(["monthly", "yearly"], n),
        }
    )


REFERENCE = rows(20, seed=1, begin=YEAR - 30 * DAY)


def in_windows(current, spec, how=BY_TIME, *, reference=REFERENCE, **options):
    return compare_windows(TableSource(reference), TableSource(current), spec, how, **options)


def told(
    current, window="5d", step=None, *, how=BY_TIME, reference=REFERENCE, period=None, **options
):
    spec = WindowSpec.parse(window, step, period=period)
    return in_windows(current, spec, how, reference=reference, **options).history


class TestDriftHistory:
    def test_shows_since_when_a_feature_drifts(self):
        """Two windows before the change, and two after it."""
        found = told(rows(20, seed=2, shift_from=10))

        matrix = found.matrix()
        charges = matrix.features.index("charges")
        assert [w.n for w in found.windows] == [750, 750, 750, 750]
        assert matrix.verdicts[charges] == ("stable", "stable", "drifted", "drifted")
        assert set(matrix.verdicts[matrix.features.index("tenure")]) == {"stable"}
        assert matrix.effects[charges][3] > 0.5
        assert matrix.effects[charges][0] < 0.1

    def test_the_order_of_the_rows_does_not_matter(self):
        """Files are often sorted by something else than time."""
        current = rows(20, seed=2, shift_from=10)
        shuffled = current.take(pa.array(np.random.default_rng(0).permutation(len(current))))

        assert told(shuffled).to_json() == told(current).to_json()

    def test_batches_do_not_matter(self, monkeypatch):
        """Each row is counted once, into its bucket."""
        current = rows(20, seed=2, shift_from=10)
        whole = told(current, "6d", "2d").to_json()

        monkeypatch.setattr(history, "_BATCH", 333)

        assert told(current, "6d", "2d").to_json() == whole

    def test_an_empty_window_is_no_window_without_drift(self):
        """Its verdict is that there was nothing."""
        current = pa.concat_tables([rows(5, seed=2), rows(10, seed=3, begin=YEAR + 10 * DAY)])

        found = told(current)

        assert [w.n for w in found.windows] == [750, 0, 750, 750]
        empty = found.to_json()["windows"][1]
        assert (empty["status"], empty["drifted"], empty["share_drifted"]) == ("empty", None, None)
        assert {row[1] for row in found.matrix().verdicts} == {"empty"}
        assert {row[1] for row in found.matrix().effects} == {None}
        assert "1 of 4 windows hold no row: nothing is known of them" in found.notes()

    def test_counts_what_is_in_no_window(self):
        """Rows without a time, and those where the data end inside a window."""
        current = rows(12, seed=2)
        moments = [None, *current.column("seen").to_pylist()[1:]]
        current = current.set_column(0, "seen", pa.array(moments, pa.timestamp("us", tz="UTC")))

        found = told(current)
        more = told(current, partial_windows=True)

        assert (found.n_current, found.n_undated, found.n_left_out) == (1800, 1, 300)
        assert len(list(found.notes())) == 2
        assert [w.span.complete for w in more.windows] == [True, True, False]
        assert (more.windows[-1].n, more.n_left_out) == (300, 0)

    def test_a_season_is_compared_with_the_same_one(self):
        """
        Half of each year charges are higher: against the whole reference every window
        drifts, against the same season's none.
        """
        last = rows(364, seed=1, begin=YEAR - 364 * DAY, per_day=20, summer=True)
        this = rows(364, seed=2, per_day=20, summer=True)

        whole = told(this, "28d", reference=last)
        seasonal = told(this, "28d", reference=last, period="364d")

        assert {w.report.feature("charges").verdict for w in whole.windows} == {"drifted"}
        assert {w.report.feature("charges").drifted for w in seasonal.windows} == {False}
        assert all(w.reference.fallback is None for w in seasonal.windows)
        assert seasonal.to_json()["windows"][0]["reference"] == "same_season"

    def test_names_the_windows_whose_season_is_not_covered(self):
        """They were compared with all of the reference."""
        found = told(rows(20, seed=2), period="365d")

        assert {w.reference.counts.n_rows for w in found.windows} == {len(REFERENCE)}
        assert any("the reference does not cover 2024-0" in note for note in found.notes())

    def test_windows_of_rows_come_in_the_order_of_time_if_it_is_known(self):
        """Else in the file's."""
        current = rows(10, seed=2, shift_from=5)
        backwards = current.take(pa.array(np.arange(len(current))[::-1]))

        by_time = told(backwards, "750")
        by_row = told(backwards, "750", how=Comparing(drop=["seen"]))

        assert _charges(by_time) == ("stable", "drifted")
        assert _charges(by_row) == ("drifted", "stable")

    def test_the_reference_needs_no_times_without_a_season(self):
        """Training sets seldom have any."""
        found = told(rows(10, seed=2), reference=REFERENCE.drop_columns(["seen"]))

        assert found.features == ("tenure", "charges", "plan")
        with pytest.raises(ColumnError, match="'seen'"):
            told(rows(10, seed=2), reference=REFERENCE.drop_columns(["seen"]), period="364d")

    def test_a_rule_that_reads_a_method_gets_it(self):
        """Those that have no part in a verdict are not asked otherwise."""
        current = rows(10, seed=2, shift_from=0)

        (first, *_) = told(current, how=Comparing(time="seen", rule=PsiBands())).windows

        assert first.report.drifted is True

    def test_reads_the_same_from_a_file(self, tmp_path):
        """Times that are text become times."""
        current = rows(10, seed=2)
        for name, table in (("reference.csv", REFERENCE), ("current.csv", current)):
            pa_csv.write_csv(table, tmp_path / name)

        found = compare_windows(
            CsvSource(tmp_path / "reference.csv"),
            CsvSource(tmp_path / "current.csv"),
            WindowSpec.parse("5d"),
            BY_TIME,
        ).history

        assert [w.n for w in found.windows] == [w.n for w in told(current).windows]

    def test_is_strict_json(self):
        """With its version, for other programs."""
        text = json.dumps(told(rows(12, seed=2)).to_json(), allow_nan=False)

        read = json.loads(text)
        assert read["schema_version"] == 1
        assert (read["unit"], read["window"], read["step"]) == ("time", "5d", "5d")
        assert read["windows"][0]["start_time"] == "2025-01-02T00:00:00+00:00"
        assert [len(row) for row in read["matrix"]["effects"]] == [2, 2, 2]

    def test_refuses_windows_of_time_without_times(self):
        """And says which option names them."""
        with pytest.raises(WindowError, match=r"Windows of 5d need to know .*--time"):
            told(rows(10, seed=2), how=Comparing())

    def test_names_a_column_that_is_not_there(self):
        """The nearest is suggested."""
        current = rows(10, seed=2).rename_columns(["sen", "tenure", "charges", "plan"])

        with pytest.raises(ColumnError, match=r"'seen': is not among .* Did you mean 'sen'"):
            told(current)


class TestNewest:
    def test_is_the_newest_that_the_data_fill(self):
        """With every method's figures: it is the one that is looked at closely."""
        found = in_windows(rows(20, seed=2), WindowSpec.parse("5d"))

        assert found.newest.span == found.history.windows[-1].span
        assert found.newest.current.n_rows == 750
        methods = {test.result.method for test in found.newest.report.feature("charges").tests}
        assert "wasserstein" in methods
        judged = found.history.windows[-1].report
        assert found.newest.report.names(Verdict.STABLE) == judged.names(Verdict.STABLE)

    def test_one_that_is_cut_off_comes_last(self):
        """It is looked at only where there is no other."""
        cut = {"partial_windows": True}

        whole = in_windows(rows(12, seed=2), WindowSpec.parse("5d"), **cut)
        none_whole = in_windows(rows(3, seed=2), WindowSpec.parse("5d"), **cut)

        assert whole.newest.span == whole.history.windows[1].span
        assert not whole.history.windows[2].span.complete
        assert not none_whole.newest.span.complete
        assert in_windows(rows(3, seed=2), WindowSpec.parse("5d")).newest is None

    def test_json_says_what_was_left_out(self):
        """As that of a comparison without windows does."""
        found = in_windows(rows(5, seed=2), WindowSpec.parse("5d")).to_json()

        assert found["left_out"] == [{"column": "seen", "reason": "says when the row was"}]


def _charges(found):
    return found.matrix().verdicts[found.features.index("charges")]
