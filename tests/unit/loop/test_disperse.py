"""By how much the reference's rows vary together, as far as its buckets tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.releases import Dispersed
from holdfast.domain.windows import Window
from holdfast.drift.profile import profile, reference_profile
from holdfast.loop.disperse import dated_rows, dispersion_of
from holdfast.policy.monitoring import Monitors, SequentialPolicy
from holdfast.testing.project import DAY, PLAN, example_candidate, world_rows

FIRST, N = example_candidate(), 2000
ROWS, _ = world_rows(N, seed=1000)
POLICY = SequentialPolicy(buckets_per_year=365.25)
FIRST_DAY = np.datetime64("2026-01-01", "us")
DAILY = FIRST_DAY + np.arange(N) // 100 * np.timedelta64(1, "D")  # 20 days of 100 rows
NOBODY_KNOWS = np.datetime64("NaT", "us")


def measured(rows=ROWS, *, buckets=20):
    held_out = FIRST.out_of_fold
    reference = reference_profile(rows, FIRST.contract, held_out.scores, labels=held_out.labels)
    borders = [k * N // buckets for k in range(buckets + 1)]
    return dispersion_of(
        rows, held_out, reference, held_out.metrics, borders=borders, policy=POLICY
    )


class TestDispersionOf:
    def test_rows_that_are_independent_are_worth_themselves(self):
        """About one, for every monitor."""
        found = measured()

        assert {"feature:tenure", "feature:charges", "feature:plan"} <= set(found)
        assert all(1.0 <= effect < 1.6 for effect in found.values())

    def test_a_feature_that_moves_from_bucket_to_bucket_is_worth_less(self):
        """Charges have good days and bad ones; the others do not."""
        days = np.repeat(np.random.default_rng(0).normal(0, 15, 20), N // 20)
        charges = ROWS.column("charges").to_numpy() + days
        moody = ROWS.set_column(1, "charges", pa.array(charges))

        found = measured(moody)

        assert found["feature:charges"] > 5
        assert found["feature:plan"] < 1.6

    def test_too_few_buckets_tell_nothing(self):
        """Then rows are taken as independent, which is said of what is absent."""
        assert measured(buckets=5) == {}

    def test_an_empty_bucket_is_passed_over(self):
        """Two borders at one row."""
        held_out = FIRST.out_of_fold
        reference = reference_profile(ROWS, FIRST.contract, held_out.scores)
        borders = sorted([0, 0, *(k * 100 for k in range(21))])

        found = dispersion_of(
            ROWS, held_out, reference, held_out.metrics, borders=borders, policy=POLICY
        )

        assert found["feature:charges"] == pytest.approx(measured()["feature:charges"])


def counted(rows=ROWS):
    held_out = FIRST.out_of_fold
    return reference_profile(rows, FIRST.contract, held_out.scores, labels=held_out.labels)


def dated(times=DAILY, *, rows=ROWS, held_out=FIRST.out_of_fold, otherwise=None):
    return dated_rows(PLAN, times, otherwise=otherwise).measure(rows, held_out, counted(rows))


def moody(rows, days, *, sd=15.0, seed=0):
    """Return rows whose charges have good days and bad ones; `days` has each row's."""
    moods = np.random.default_rng(seed).normal(0, sd, int(days.max()) + 1)
    charges = rows.column("charges").to_numpy() + moods[days]
    return rows.set_column(1, "charges", pa.array(charges))


class TestDated:
    def test_measures_over_the_buckets_of_the_times(self):
        """Every monitor, with how many buckets of how many rows it rests on."""
        found = dated()

        assert {name: one.value for name, one in found.items()} == measured()
        assert {(one.n_buckets, one.rows) for one in found.values()} == {(20, 100.0)}
        assert {"feature:charges", "score", "label", "calibration", "harm"} <= set(found)

    def test_rows_may_lie_in_any_order(self):
        """Scores and labels go with their rows."""
        turned, held_out = np.arange(N)[::-1], FIRST.out_of_fold
        backwards = replace(
            held_out, scores=held_out.scores[turned], labels=held_out.labels[turned]
        )

        found = dated(DAILY[turned], rows=ROWS.take(pa.array(turned)), held_out=backwards)

        assert {name: one.value for name, one in found.items()} == pytest.approx(measured())

    def test_rows_without_a_time_tell_nothing(self):
        """So a drift between them and the others is no unrest."""
        drifted = np.repeat([300.0, 0.0], [500, 1500])
        charges = ROWS.column("charges").to_numpy() + drifted
        rows = ROWS.set_column(1, "charges", pa.array(charges))

        blind = dated(rows=rows)
        told = dated(np.where(drifted > 0, NOBODY_KNOWS, DAILY), rows=rows)

        assert blind["feature:charges"].value > 10
        assert told["feature:charges"].value < 1.6
        assert told["feature:charges"].n_buckets == 15

    @pytest.mark.parametrize(
        "times",
        [FIRST_DAY + (DAILY - FIRST_DAY) // 4, np.full(N, NOBODY_KNOWS)],
        ids=["few", "none"],
    )
    def test_for_too_few_buckets_takes_what_was_known_before(self, times):
        """Or nothing, if nothing was."""
        before = {"score": Dispersed(value=3.0, n_buckets=30, rows=80.0)}

        assert dated(times, otherwise=before) == before
        assert dated(times) == {}

    def test_scores_of_fewer_rows_say_nothing_of_buckets(self):
        """Features are measured all the same."""
        held_out = FIRST.out_of_fold
        fewer = replace(held_out, scores=held_out.scores[:900], labels=held_out.labels[:900])

        found = dated(held_out=fewer)

        assert "feature:charges" in found
        assert not {"score", "label", "calibration", "harm"} & set(found)

    def test_reads_the_newest_year_of_days(self):
        """Bounds the work, whatever a history holds."""
        found = dated(FIRST_DAY + np.arange(N) // 4 * np.timedelta64(1, "D"))

        assert found["label"].n_buckets == 366
        assert found["label"].rows == 4.0


class TestUnlikeDays:
    def test_raise_alarms_only_where_nobody_knows_that_days_are_unlike(self):
        """The same forty days, which differ as the reference's own do."""
        rows = moody(ROWS, np.arange(N) // 100)
        reference, baseline = counted(rows), FIRST.out_of_fold.metrics
        known = {name: one.value for name, one in dated(rows=rows).items()}
        days, _ = world_rows(40 * 100, seed=7)
        days = moody(days, np.arange(40 * 100) // 100, seed=8)

        def alarms(dispersion):
            monitors = Monitors.of(reference, baseline, policy=POLICY, dispersion=dispersion)
            begin = datetime(2026, 2, 1, tzinfo=UTC)
            state, n_alarms = monitors.start(begin), 0
            for day in range(40):
                start_at = begin + timedelta(days=day)
                counts = profile(days.slice(day * 100, 100), reference.grid)
                bucket = Window(start_at=start_at, end_at=start_at + DAY)
                state, found = monitors.see(state, bucket, counts)
                n_alarms += len(found)
            return n_alarms

        assert alarms({}) > 5
        assert alarms(known) == 0
