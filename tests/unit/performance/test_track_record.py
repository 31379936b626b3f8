"""Tests of what estimates were worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from holdfast.domain.estimates import EstimatedFigure, MaturedEstimate
from holdfast.domain.windows import Window
from holdfast.performance.track_record import MOST_MATURED, track_record, with_matured

START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def matured(week, error=0.0, *, label_error=0.02):
    """A week's ROC AUC, estimated as 0.80."""
    figure = EstimatedFigure(
        estimate=0.80, low=0.75, high=0.85, standard_error=0.025, label_error=label_error
    )
    start_at = START + week * WEEK
    return MaturedEstimate(
        window=Window(start_at=start_at, end_at=start_at + WEEK),
        n=500,
        estimated={"roc_auc": figure},
        realised={"roc_auc": 0.80 + error},
    )


class TestTrackRecord:
    def test_tells_the_mean_error_and_the_coverage(self):
        """Realised minus estimated: below zero if estimates were too high."""
        record = track_record("roc_auc", [matured(0, -0.04), matured(1, 0.0), matured(2, -0.08)])

        assert record is not None
        assert record.n == 3
        assert record.coverage == pytest.approx(2 / 3)
        assert record.mean_error == pytest.approx(-0.04)

    def test_the_excess_is_what_labels_alone_do_not_explain(self):
        """Mean squared error less the labels' variance."""
        record = track_record("roc_auc", [matured(0, -0.06), matured(1, 0.06)])

        assert record is not None
        assert record.excess == pytest.approx(0.06**2 - 0.02**2)

    def test_there_is_hardly_any_excess_if_scores_are_calibrated(self):
        """Errors that are the labels' noise: at most a fraction of its variance, on average."""
        rng = np.random.default_rng(0)
        windows = [
            [matured(k, e) for k, e in enumerate(rng.normal(0, 0.02, 10))] for _ in range(200)
        ]

        records = [track_record("roc_auc", each) for each in windows]

        excess = [record.excess for record in records if record is not None]
        assert len(excess) == 200
        assert np.mean(excess) < 0.25 * 0.02**2
        assert min(excess) == 0.0

    def test_says_nothing_without_a_window(self):
        """None is not a record without errors."""
        assert track_record("roc_auc", []) is None
        assert track_record("brier", [matured(0)]) is None


class TestWithMatured:
    def test_takes_windows_that_share_no_row(self):
        """Windows slide by a day; what both hold would count twice."""
        first, overlapping, next_one = matured(0), matured(0.5), matured(1)

        kept = with_matured((first,), overlapping)

        assert kept == (first,)
        assert with_matured(kept, next_one) == (first, next_one)

    def test_keeps_the_newest(self):
        """The model of last year is not in question."""
        kept: tuple[MaturedEstimate, ...] = ()
        for week in range(MOST_MATURED + 3):
            kept = with_matured(kept, matured(week))

        assert (len(kept), kept[0]) == (MOST_MATURED, matured(3))

    def test_a_tick_without_labels_changes_nothing(self):
        """There is nothing to learn from it."""
        assert with_matured((matured(0),), None) == (matured(0),)
