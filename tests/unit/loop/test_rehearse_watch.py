"""A replay's buckets are tenths of its windows, and its budget is that of its buckets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.releases import ReleaseRecord
from holdfast.domain.tables import encode_table
from holdfast.drift.profile import reference_profile
from holdfast.loop.control import Incumbent
from holdfast.loop.rehearse import History
from holdfast.loop.rehearse_watch import PARTS, Watch, borders, budgeted
from holdfast.testing.project import PLAN, QUIET, World, example_candidate, world_rows

WARM_UP, WINDOW = 2000, 500
FIRST = example_candidate()
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REVERSED = World(reversed_concept=True)


def moment(row):
    return BEGIN + row * timedelta(minutes=1)


def watch(*worlds):
    """Return the monitors of the first model, and a stream with a window of each world."""
    parts = [world_rows(WARM_UP, seed=1000)]
    parts += [world_rows(WINDOW, seed=i, world=w) for i, w in enumerate(worlds, start=1)]
    table = pa.concat_tables([rows for rows, _ in parts])
    history = History(
        features=table,
        matrix=encode_table(table, FIRST.contract),
        labels=np.concatenate([labels for _, labels in parts]),
    )
    held_out, contract = FIRST.out_of_fold, FIRST.contract
    champion = Incumbent(
        record=ReleaseRecord(
            version=ModelVersion("v1"), release_id=ReleaseId("v1"), schema_digest="0"
        ),
        contract=contract,
        model=OnnxRuntime().load(FIRST.model.to_onnx(), contract),
        reference=reference_profile(
            table.slice(0, WARM_UP), contract, held_out.scores, labels=held_out.labels
        ),
        baseline=held_out.metrics,
    )
    plan = budgeted(PLAN, dated=False)
    return Watch(history, champion, plan, since=WARM_UP, moment=moment)


def sound(known):
    return np.ones(known, dtype=np.bool_)


class TestBorders:
    @pytest.mark.parametrize(("start", "end"), [(0, 1000), (7, 1007), (3, 28)])
    def test_divide_a_window_into_tenths(self, start, end):
        """As even as whole rows allow, without a gap."""
        found = borders(start, end)
        sizes = [after - first for first, after in pairwise(found)]

        assert (found[0], found[-1], len(sizes)) == (start, end, PARTS)
        assert max(sizes) - min(sizes) <= 1

    def test_a_bucket_holds_at_least_one_row(self):
        """A window of three rows has three."""
        assert borders(5, 8) == [5, 6, 7, 8]
        assert borders(5, 5) == [5]


class TestBudgeted:
    def test_counts_alarms_by_buckets_where_rows_have_no_time(self):
        """One in a hundred buckets: one in ten windows, of which two tests have 5% each."""
        plan = budgeted(PLAN, dated=False)

        assert plan.sequential == PLAN.sequential_by_rows
        assert plan.monitor.degradation.alpha == pytest.approx(0.05 / 10)

    def test_counts_them_by_years_where_they_have(self):
        """A bucket is a tenth of the window: here of four days."""
        plan = budgeted(PLAN, dated=True)

        assert plan.sequential.buckets_per_year == pytest.approx(365.25 / 4 * PARTS)
        assert plan.sequential.alarms_per_year == PLAN.sequential.alarms_per_year

    def test_leaves_the_rest_of_the_plan_alone(self):
        """The decision and the guard are the live loop's."""
        plan = budgeted(PLAN, dated=True)

        assert replace(plan, sequential=PLAN.sequential, monitor=PLAN.monitor) == PLAN


class TestWatch:
    def test_says_nothing_of_quiet_windows(self):
        """Neither of their rows nor of their labels."""
        watched = watch(QUIET, QUIET)

        seen = [watched.see(WARM_UP + k * WINDOW, WARM_UP + (k + 1) * WINDOW) for k in range(2)]
        learnt = watched.learn(WARM_UP + 2 * WINDOW, sound(WARM_UP + 2 * WINDOW))

        assert (*seen[0], *seen[1], *learnt) == ()

    def test_dates_a_drift_from_its_bucket(self):
        """Charges rise from the second window on."""
        watched = watch(QUIET, World(shift=25.0))
        watched.see(WARM_UP, WARM_UP + WINDOW)

        alarms = watched.see(WARM_UP + WINDOW, WARM_UP + 2 * WINDOW)

        assert {alarm.subject for alarm in alarms} == {"charges"}
        assert alarms[0].onset_at == moment(WARM_UP + WINDOW)

    def test_learns_a_bucket_once_all_its_labels_are_known(self):
        """And no earlier, and never again."""
        watched = watch(REVERSED)
        watched.see(WARM_UP, WARM_UP + WINDOW)

        early = watched.learn(WARM_UP + 40, sound(WARM_UP + 40))
        mature = watched.learn(WARM_UP + WINDOW, sound(WARM_UP + WINDOW))
        again = watched.learn(WARM_UP + WINDOW, sound(WARM_UP + WINDOW))

        assert (early, again) == ((), ())
        assert {"calibration", "harm"} & {alarm.watched for alarm in mature}

    def test_learns_nothing_from_rows_that_are_not_sound(self):
        """Those of a broken feed, or without a label."""
        watched = watch(REVERSED)
        watched.see(WARM_UP, WARM_UP + WINDOW)

        assert watched.learn(WARM_UP + WINDOW, np.zeros(WARM_UP + WINDOW, np.bool_)) == ()
