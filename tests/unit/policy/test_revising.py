"""Late rows are told apart from a bucket that grows, by counts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.events import WindowJudged, WindowRevised, WindowVerdict, chain
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.windows import Window
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import compare
from holdfast.policy.revising import late_rows, revision, standings

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = Window(start_at=START, end_at=START + 4 * DAY)


def judged(**changes):
    fields: dict[str, Any] = {
        "window": WEEK,
        "model_version": "v1",
        "n": 35,
        "drifted": (),
        "underpowered": (),
        "share_drifted": 0.0,
        "settled_until": START + 3 * DAY,
        "n_settled": 30,
    }
    return WindowJudged(**(fields | changes))


def log(*bodies):
    return [
        chain(body, seq=i, event_id=EventId(str(i)), at=START, actor="control", previous="0")
        for i, body in enumerate(bodies, start=1)
    ]


def days(*counts):
    return {START + i * DAY: n for i, n in enumerate(counts)}


def late(events, counts, *, before=START + 4 * DAY):
    return [n for _, n in late_rows(standings(events).values(), counts, before=before)]


class TestLateRows:
    def test_counts_what_came_to_buckets_that_were_over(self):
        """Three days were over, with 30 rows; there are 32 now."""
        assert late(log(judged()), days(10, 12, 10, 5)) == [2]

    def test_passes_over_the_bucket_then_under_way(self):
        """It grew from 5 to 50 until its end: nobody was late."""
        assert late(log(judged()), days(10, 10, 10, 50)) == []

    def test_passes_over_a_window_that_is_not_over(self):
        """It is judged again by the very next tick."""
        assert late(log(judged()), days(10, 12, 10, 5), before=START + 3 * DAY) == []

    def test_takes_the_last_judgement_of_a_window(self):
        """What was late for an earlier one, the last one has seen."""
        events = log(judged(), judged(n=37, n_settled=32))

        assert late(events, days(10, 12, 10, 5)) == []

    def test_tells_of_a_row_once(self):
        """What a revision has told of is known; more rows are news."""
        told = WindowRevised(
            window=WEEK, model_version=ModelVersion("v1"), n_judged=35, n=37, n_late=2
        )

        assert late(log(judged(), told), days(10, 12, 10, 5)) == []
        assert late(log(judged(), told), days(10, 12, 13, 5)) == [3]

    def test_fewer_rows_are_no_revision(self):
        """A new grid is counted only as far back as open windows reach."""
        assert late(log(judged()), days(0, 0, 10, 5)) == []

    @pytest.mark.parametrize(
        "unknown", [{"n_settled": None}, {"settled_until": None}, {"from_file": True}]
    )
    def test_passes_over_judgements_that_rest_on_other_rows(self, unknown):
        """Files that stood in for a window, and events of earlier versions."""
        assert standings(log(judged(**unknown))) == {}

    def test_lists_the_newest_first(self):
        """A tick looks at so many, beginning with those."""
        earlier = Window(start_at=START - DAY, end_at=START + 3 * DAY)
        events = log(judged(window=earlier, settled_until=START + 2 * DAY, n_settled=1), judged())

        found = late_rows(standings(events).values(), days(10, 12, 10, 5), before=START + 4 * DAY)

        assert [(standing.judged.window, n) for standing, n in found] == [(WEEK, 2), (earlier, 21)]


class TestRevision:
    def test_says_nothing_of_a_former_champion(self):
        """Its reference is not what counts now; that rows came late is told all the same."""
        (standing,) = standings(log(judged())).values()

        body = revision(standing, 2, n=40, report=None, n_unlooked=7)

        assert body == WindowRevised(
            window=WEEK, model_version=ModelVersion("v1"), n_judged=35, n=40, n_late=2, n_unlooked=7
        )

    @pytest.mark.parametrize(
        ("before", "differs"),
        [
            (WindowVerdict(rule="drift_share >= 0.5", fired=False, why="…"), False),
            (WindowVerdict(rule="drift_share >= 0.5", fired=None, why="…"), True),
            (WindowVerdict(rule="drift_share >= 0.5", fired=True, why="…"), True),
            (WindowVerdict(rule="any_feature", fired=True, why="…"), False),
            (None, False),
        ],
        ids=["the same", "was untold", "had fired", "another rule", "not kept"],
    )
    def test_differs_if_the_same_rule_says_otherwise(self, before, differs):
        """
        No feature drifted then or now. A rule that was never asked cannot have changed its
        mind.
        """
        rows = pa.table({"x": np.arange(2000.0)})
        contract = Contract(
            features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True),),
            target=Target(name="y", positive="1", negative="0"),
            threshold=0.5,
            data_digest="",
        )
        counts = profile(rows, cut_grid(rows, contract))
        (standing,) = standings(log(judged(verdict=before))).values()

        body = revision(standing, 2, n=40, report=compare(counts, counts))

        assert body.verdict is not None
        assert body.verdict.fired is False
        assert body.drifted == ()
        assert body.differs is differs
