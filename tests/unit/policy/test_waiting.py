"""What a retraining lacks, and when it can be had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.waiting import Maturing, Shortage, maturing, wait_for

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def shortage(n_labels=0, n_rarer=0):
    return Shortage(n_labels=n_labels, n_rarer=n_rarer, labels_needed=750, rarer_needed=75)


def daily(n_rows, n_days, *, first=1):
    return tuple(
        Maturing(mature_at=NOW + i * DAY, n_rows=n_rows) for i in range(first, first + n_days)
    )


class TestShortage:
    def test_counts_what_is_missing(self):
        """Of all rows and of the rarer class, each for itself."""
        found = shortage(n_labels=700, n_rarer=80)

        assert (found.labels, found.rarer, bool(found)) == (50, 0, True)

    def test_is_none_once_enough_are_there(self):
        """More than enough is not less than nothing."""
        assert not shortage(n_labels=800, n_rarer=75)

    def test_asks_for_more_rows_where_the_rarer_class_is_rare(self):
        """Of a class that one row in fifty is of, a thousand rows bring twenty."""
        found = shortage(n_labels=1_000, n_rarer=20)

        assert found.rows(label_share=1.0) == pytest.approx(55 * 50, rel=0.05)

    def test_takes_a_class_that_was_not_seen_for_rare(self):
        """Not for impossible, for which nobody could wait."""
        assert 75 <= shortage(n_labels=100).rows(label_share=1.0) < 10_000


class TestWaitFor:
    def test_ends_when_enough_of_the_rows_are_mature(self):
        """With 100 rows a day, 250 missing labels take three days."""
        wait = wait_for(shortage(500, 100), daily(100, 10), label_share=1.0, now=NOW)

        assert wait.until == NOW + 3 * DAY

    def test_is_longer_where_few_rows_get_a_label(self):
        """At every other row it takes twice as many."""
        wait = wait_for(shortage(500, 100), daily(100, 10), label_share=0.5, now=NOW)

        assert wait.until == NOW + 5 * DAY

    def test_goes_on_at_the_same_pace_where_the_rows_will_not_do(self):
        """500 rows in five days: the other 250 take two and a half more."""
        wait = wait_for(shortage(0, 75), daily(100, 5), label_share=1.0, now=NOW)

        assert wait.until == NOW + 7.5 * DAY

    @pytest.mark.parametrize(
        ("awaited", "share", "why"),
        [
            ((), 1.0, "no rows that wait for their labels were predicted since"),
            (daily(100, 3, first=-5), 1.0, "no rows that wait"),
            (daily(100, 3), 0.0, "none of the rows that are old enough got a label"),
            (daily(1, 100), 0.01, "more than ten years"),
        ],
    )
    def test_says_why_it_cannot_tell(self, awaited, share, why):
        """No date is better than an invented one."""
        wait = wait_for(shortage(), awaited, label_share=share, now=NOW)

        assert wait.until is None
        assert why in wait.why

    @given(
        n_labels=st.integers(0, 749),
        n_rarer=st.integers(0, 74),
        rows=st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 10_000)), max_size=12),
        share=st.floats(0.0, 1.0),
    )
    def test_ends_in_the_future_or_has_a_reason(self, n_labels, n_rarer, rows, share):
        """Whatever the traffic was."""
        awaited = [Maturing(mature_at=NOW + i * DAY, n_rows=n) for i, n in rows]
        found = shortage(n_labels, min(n_rarer, n_labels))

        wait = wait_for(found, awaited, label_share=share, now=NOW)

        assert wait.until > NOW if wait.until else wait.why

    @given(more=st.integers(1, 500))
    def test_never_ends_later_for_more_labels(self, more):
        """What has come need not be waited for."""
        before = wait_for(shortage(100, 50), daily(60, 8), label_share=0.9, now=NOW)
        after = wait_for(shortage(100 + more, 75), daily(60, 8), label_share=0.9, now=NOW)

        assert before.until is not None
        assert after.until is not None
        assert after.until <= before.until


class TestMaturing:
    def test_leaves_out_what_is_old_enough_and_what_is_empty(self):
        """Labels of those are there, or will never be."""
        rows = {NOW - 3 * DAY: 5, NOW - 2 * DAY: 7, NOW - DAY: 0, NOW: 9}

        awaited = maturing(rows, bucket=DAY, label_maturity=2 * DAY, now=NOW)

        assert awaited == (
            Maturing(mature_at=NOW + DAY, n_rows=7),
            Maturing(mature_at=NOW + 3 * DAY, n_rows=9),
        )
