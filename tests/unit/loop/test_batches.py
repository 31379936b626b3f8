"""The files of a history: each holds what was known at its turn, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.loop.batches import batches, order_of, rows_as_they_were
from holdfast.loop.ingest import DataSpec
from holdfast.loop.timetable import schedule, schedule_by_time

N = 50
ROWS = pa.table({"x": np.arange(N), "y": ["yes" if i % 3 else "no" for i in range(N)]})
HOURS = np.datetime64("2026-03-05T00", "us") + np.arange(N) * np.timedelta64(1, "h")


def files(*, delay=1, times=None):
    timing = schedule(N, window=10, label_delay=delay)
    return list(batches(ROWS, timing, target="y", times=times))


def end_of(timing, index):
    period = timing.period(index)
    assert period is not None
    return period[1]


class TestBatches:
    def test_windows_come_without_their_labels(self):
        """Only the warm-up has them."""
        found = {each.name: each.rows for each in files()}

        assert found["warm-up"].column_names == ["row", "x", "y"]
        assert found["window-0001"].column_names == ["row", "x"]
        assert found["window-0001"].column("x").to_pylist() == list(range(30, 40))

    @pytest.mark.parametrize(
        ("delay", "order"),
        [
            (1, ["warm-up", "window-0001", "labels-0001", "window-0002", "labels-0002"]),
            (2, ["warm-up", "window-0001", "window-0002", "labels-0001"]),
            (3, ["warm-up", "window-0001", "window-0002"]),
        ],
    )
    def test_labels_follow_when_they_become_known(self, delay, order):
        """Immediately before the window so many places later."""
        assert [each.name for each in files(delay=delay)] == order

    def test_labels_name_the_rows_of_their_window(self):
        """In the columns that `holdfast label` takes."""
        windows = {each.name: each for each in files()}

        labels = windows["labels-0002"]

        assert labels.labels_of == "window-0002"
        assert labels.rows.column_names == ["entity", "label"]
        named = windows["window-0002"].rows.column("row").to_pylist()
        assert labels.rows.column("entity").to_pylist() == named
        assert labels.rows.column("label").to_pylist() == ROWS.column("y").to_pylist()[40:]

    def test_labels_bear_when_they_became_known_if_rows_have_times(self):
        """That of the last row of the window after which they are known."""
        labels = next(each for each in files(delay=2, times=HOURS) if each.labels_of)

        (observed,) = set(labels.rows.column("observed_at").to_pylist())
        assert observed.isoformat() == "2026-03-07T01:00:00+00:00"

    def test_labels_of_windows_of_time_are_known_at_their_end(self):
        """The calendar's, not the last row's."""
        timing = schedule_by_time(HOURS, window=timedelta(hours=10), label_delay=1)

        found = [each for each in batches(ROWS, timing, target="y") if each.labels_of]

        observed = {each.rows.column("observed_at")[0].as_py() for each in found}
        assert observed == {end_of(timing, k) for k in range(timing.n_windows)}

    def test_a_column_of_that_name_is_left_alone(self):
        """It is the user's."""
        rows = ROWS.append_column("row", pa.array(range(N)))

        found = next(batches(rows, schedule(N, window=10, label_delay=1), target="y"))

        assert found.rows.column_names == ["replayed_row", "x", "y", "row"]


class TestOrderOf:
    def test_lists_the_files_and_says_when_labels_are_known(self):
        """Who plays them by hand needs no more."""
        words = order_of(files(delay=2), ending=".csv", delay=2)

        assert "before the window 2 places later opens" in words
        assert "1. `warm-up.csv`: 30 labelled rows" in words
        assert "4. `labels-0001.csv`: 10 labels, of window-0001" in words


class TestRowsAsTheyWere:
    def test_orders_and_leaves_out_as_a_replay_does(self):
        """Rows without a time or a label; and columns that are to be left out."""
        table = pa.table(
            {
                "at": pa.array([3, 1, None, 2, 4], pa.timestamp("us")),
                "x": [30, 10, 0, 20, 40],
                "leak": [0, 0, 0, 0, 0],
                "y": ["no", "yes", "no", "no", None],
            }
        )

        rows = rows_as_they_were(table, DataSpec(target="y", time="at", drop=("leak",)))

        assert rows.column_names == ["at", "x", "y"]
        assert rows.column("x").to_pylist() == [10, 20, 30]
