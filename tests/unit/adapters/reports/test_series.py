"""The windows of a series, in a chart and in lines."""

from __future__ import annotations

from holdfast.adapters.reports.sections import PastWindow
from holdfast.adapters.reports.series import MOST_WINDOWS, series, span_name
from holdfast.domain.windows import Unit, WindowSpan

HOUR = 3_600_000_000


def past(name="May", *, n=900, part: float | None = 0.25, drifted: bool | None = False):
    return PastWindow(name=name, n_rows=n, share_drifted=part, drifted=drifted)


class TestSeries:
    def test_says_how_many_drifted(self):
        """What cannot be told, and what is empty, is told apart."""
        found = series(
            [past(), past(drifted=True), past(drifted=None), past(n=0, part=None, drifted=None)]
        )

        assert found is not None
        assert found.says == (
            "1 of 4 windows drifted; of 1 it cannot be told; 1 held no rows. "
            "At most 25% of the features drifted at once."
        )
        assert [one.says for one in found.windows] == [
            "not drifted",
            "drifted",
            "cannot be told",
            "no rows",
        ]
        assert [one.share for one in found.windows] == ["25%", "25%", "25%", "–"]

    def test_a_window_that_was_not_judged_is_not_called_empty(self):
        """It has rows; nothing was said of them."""
        found = series([past(part=None, drifted=None)])

        assert found is not None
        assert found.windows[0].says == "not judged"

    def test_shows_the_newest_of_many_and_folds_them(self):
        """Their chart stays."""
        found = series([past(name=f"w{i}") for i in range(500)])

        assert found is not None
        assert len(found.windows) == MOST_WINDOWS
        assert found.windows[-1].name == "w499"
        assert found.folded
        assert "newest of 500" in found.says

    def test_few_stand_open(self):
        """And none is no series."""
        one = series([past()])

        assert one is not None
        assert not one.folded
        assert series([]) is None


class TestSpanName:
    def test_is_as_short_as_can_be(self):
        """Midnights are left out, other hours are not."""
        days = WindowSpan(unit=Unit.TIME, start=0, end=24 * HOUR)
        hours = WindowSpan(unit=Unit.TIME, start=0, end=6 * HOUR)

        assert span_name(days) == "1970-01-01 to 1970-01-02"
        assert span_name(hours) == "1970-01-01 00:00 to 1970-01-01 06:00"
