"""When windows begin and end, when their labels are known, and which row is when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.errors import InputError
from holdfast.loop.timetable import Schedule, Timeline, schedule, schedule_by_time

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 5, tzinfo=UTC)  # the first day of a seven-day window since 1970


def days(*numbers, hour=0):
    """Return moments on days after the first, as columns of times hold them."""
    first = np.datetime64("2026-03-05T00", "us")
    return first + np.array(numbers) * np.timedelta64(1, "D") + np.timedelta64(hour, "h")


class TestSchedule:
    @pytest.mark.parametrize(
        ("n", "window", "warm_up", "n_windows"),
        [
            (18_159, 1000, 3000, 15),
            (20_000, 1000, 4000, 16),
            (19_999, 1000, 3000, 16),
            (100_000, 1000, 20_000, 80),
            (4000, 1000, 3000, 1),
            (4999, 1000, 3000, 1),
            (7, 1, 3, 4),
        ],
    )
    def test_divides_rows_as_the_design_says(self, n, window, warm_up, n_windows):
        """Warm-up max(3W, ⌊0.2·n/W⌋·W), then whole windows; a rest is dropped."""
        timing = schedule(n, window=window, label_delay=1)

        assert (timing.warm_up, timing.n_windows) == (warm_up, n_windows)
        assert timing.bounds(0) == (warm_up, warm_up + window)
        assert n - window < timing.bounds(n_windows - 1)[1] <= n

    @pytest.mark.parametrize("delay", [1, 2, 5])
    def test_labels_of_a_window_are_known_when_that_many_have_passed(self, delay):
        """Those of window k immediately before window k + delay is scored, no row earlier."""
        timing = schedule(20_000, window=1000, label_delay=delay)

        for k in range(10):
            end = timing.bounds(k)[1]
            assert timing.known(k + delay - 1) == end
            assert timing.known(k + delay - 2) < end

    def test_a_delay_longer_than_the_history_leaves_nothing_known(self):
        """Not a row before the first."""
        timing = schedule(5000, window=1000, label_delay=50)

        assert timing.known(0) == 0

    @pytest.mark.parametrize(
        ("n", "window", "delay", "words"),
        [
            (3999, 1000, 1, "3999 rows are too few for windows of 1000"),
            (5000, 0, 1, "must be at least 1; found 0 and 1"),
            (5000, 1000, 0, "must be at least 1; found 1000 and 0"),
        ],
    )
    def test_refuses_what_leaves_nothing_to_score(self, n, window, delay, words):
        """And says what to choose."""
        with pytest.raises(InputError, match=words):
            schedule(n, window=window, label_delay=delay)


class TestScheduleByTime:
    def test_windows_are_stretches_of_the_calendar(self):
        """As many rows as came in each of them."""
        times = np.sort(np.concatenate([days(*range(35)), days(8, 9, 22)]))

        timing = schedule_by_time(times, window=7 * DAY, label_delay=1)

        assert timing.n_warm_up == 3
        assert timing.edges == (0, 7, 16, 23, 31, 38)
        assert timing.bounds(0) == (23, 31)
        assert timing.period(0) == (MONDAY + 21 * DAY, MONDAY + 28 * DAY)

    def test_a_period_without_rows_is_an_empty_window(self):
        """It is a window all the same: the calendar does not wait."""
        times = days(*range(21), *range(28, 35))

        timing = schedule_by_time(times, window=7 * DAY, label_delay=1)

        assert [timing.bounds(k) for k in range(2)] == [(21, 21), (21, 28)]
        assert timing.window == 7

    def test_rows_before_the_first_whole_window_join_the_warm_up(self):
        """They are labelled, and old."""
        times = days(*range(4, 35))

        timing = schedule_by_time(times, window=7 * DAY, label_delay=1)

        assert timing.edges[:2] == (0, 10)
        assert timing.n_windows == 1

    def test_a_last_window_that_is_cut_off_is_dropped(self):
        """Rows that bear no more than a date fill their day."""
        whole, cut = days(*range(35)), days(*range(34))

        assert schedule_by_time(whole, window=7 * DAY, label_delay=1).n_windows == 2
        assert schedule_by_time(cut, window=7 * DAY, label_delay=1).n_windows == 1

    def test_labels_wait_for_as_many_windows_as_said(self):
        """Also over an empty one."""
        times = days(*range(21), *range(28, 42))

        timing = schedule_by_time(times, window=7 * DAY, label_delay=2)

        assert [timing.known(k) for k in range(3)] == [21, 21, 28]

    def test_refuses_a_history_of_too_few_windows(self):
        """And says what to choose."""
        with pytest.raises(InputError, match="fill 3 whole windows of that length: 3 train"):
            schedule_by_time(days(*range(21)), window=7 * DAY, label_delay=1)


class TestTimeline:
    def test_windows_of_rows_take_the_time_that_they_stand_for(self):
        """Whatever number of rows that is."""
        timeline = schedule(5000, window=1000, label_delay=1).timeline(7 * DAY)

        assert timeline.moment(1500) - timeline.moment(1000) == 3.5 * DAY

    def test_windows_with_times_keep_them(self):
        """However many rows came in each."""
        times = np.sort(np.concatenate([days(*range(35)), days(*[23] * 7)]))

        timeline = schedule_by_time(times, window=7 * DAY, label_delay=1).timeline(DAY)

        assert timeline.moment(21) == MONDAY + 21 * DAY
        assert timeline.moment(28) == MONDAY + 24.5 * DAY
        assert timeline.moment(35) == MONDAY + 28 * DAY

    def test_a_close_is_the_end_of_the_window_that_had_rows(self):
        """Not that of the empty ones after it."""
        timeline = Timeline([0, 5, 5, 5, 10], [MONDAY + k * DAY for k in range(5)])

        assert timeline.moment(5) == MONDAY + DAY

    @given(
        sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=8),
        part=st.floats(0, 1),
        hours=st.integers(1, 1000),
    )
    def test_each_row_comes_back_from_its_moment(self, sizes, part, hours):
        """Moments are whole microseconds, and rows are further apart than these."""
        edges = np.cumsum([0, *sizes]).tolist()
        moments = [MONDAY + k * timedelta(hours=hours) for k in range(len(edges))]
        row = int(part * edges[-1])

        timeline = Timeline(edges, moments)

        assert timeline.row(timeline.moment(row)) == row


class TestMatured:
    def test_labels_with_times_of_their_own_overrule_the_delay(self):
        """A close knows those that were old enough by then."""
        timing = Schedule(edges=(0, 10, 20, 30), n_warm_up=1, matured=(10, 17))

        assert [timing.known(k) for k in range(2)] == [10, 17]
