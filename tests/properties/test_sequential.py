"""What alarms over time promise: no evidence by chance, and few alarms without a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from holdfast.domain.evidence import Severity
from holdfast.domain.windows import Window
from holdfast.drift.counts import NumericCounts
from holdfast.drift.grid import NumericCells
from holdfast.drift.indicators import feature_indicators
from holdfast.drift.sequential import Bank, Monitor, Tally, Watched
from holdfast.policy.monitor_state import MonitorState
from holdfast.stats.e_detector import log_bets, log_gains
from holdfast.stats.rate_bounds import rate_bounds

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SHARES = st.integers(0, 1_000).map(lambda thousandths: thousandths / 1_000)
INSIDE = st.floats(0.001, 0.999)
FACTORS = st.floats(1.0, 20.0)


def bucket(number):
    start_at = FIRST + timedelta(days=number)
    return Window(start_at=start_at, end_at=start_at + timedelta(days=1))


def monitor(high, low, *, dispersion=1.0):
    return Monitor(
        name="feature:x",
        watched=Watched.FEATURE,
        subject="x",
        weight=1.0,
        indicators=tuple(f"rate {number}" for number in range(len(high))),
        high=np.asarray(high, dtype=float),
        low=np.asarray(low, dtype=float),
        dispersion=dispersion,
    )


def bank(*monitors, bar):
    bars = np.full(len(monitors), bar)
    return Bank(monitors=monitors, bars=bars, severity=Severity.WARNING)


def run(watching, tallies):
    track, raised = watching.start(), []
    for number, each in enumerate(tallies):
        track, alarms = watching.advance(track, bucket(number), each)
        raised += alarms
    return track, raised


class TestEvidence:
    @given(bound=INSIDE, share=SHARES, n=st.integers(0, 60), dispersion=FACTORS)
    def test_is_worth_one_at_most_within_the_bound(self, bound, share, n, dispersion):
        """Summed over all that can happen, whatever the rate within the bound is."""
        rate = share * bound
        hits = np.arange(n + 1.0)

        bets = log_bets(
            hits, np.full(n + 1, float(n)), rates=np.full(n + 1, bound), dispersion=dispersion
        )

        mean = binom.pmf(hits, n, rate) @ np.exp(bets)
        assert (mean <= 1 + 1e-9).all()

    @given(bound=INSIDE, outcomes=st.lists(SHARES, min_size=1, max_size=20))
    def test_holds_for_losses_of_any_size(self, bound, outcomes):
        """For outcomes anywhere in [0, 1] whose mean is within the bound."""
        surplus = max(1.0, float(np.mean(outcomes)) / bound)
        losses = np.array(outcomes) / surplus

        gains = log_gains(losses, rates=np.full(losses.size, bound), dispersion=1.0)

        assert (np.exp(gains).mean(axis=0) <= 1 + 1e-9).all()

    @given(
        n=st.integers(1, 500), share=SHARES, z=st.floats(0.5, 5), factor=FACTORS, tolerance=SHARES
    )
    def test_bounds_hold_the_rate_and_stay_inside(self, n, share, z, factor, tolerance):
        """A reference never contradicts itself."""
        hits, rows = np.array([float(round(share * n))]), np.array([float(n)])

        low, high = rate_bounds(hits, rows, z=z, dispersion=factor, tolerance=tolerance)

        assert 0.0 <= low[0] <= hits[0] / n + 1e-12
        assert hits[0] / n - 1e-12 <= high[0] <= 1.0


class TestAlarms:
    def test_come_once_in_so_many_buckets_at_most(self):
        """With all rates at the very bounds, for 4,000 buckets, at a bar of 20."""
        rng = np.random.default_rng(0)
        n_buckets, bar = 4_000, 20.0
        each = monitor([0.3, 0.5, 0.1], [0.0, 0.5, 0.0])

        hits = rng.binomial(30, each.high, size=(n_buckets, 3)).astype(float)
        _, raised = run(bank(each, bar=bar), [[Tally(hits=k, n=np.full(3, 30.0))] for k in hits])

        assert 10 < len(raised) <= n_buckets / bar

    def test_keep_to_it_if_days_differ_and_that_is_known(self):
        """Rows that vary together are bet on as the fewer rows that they are worth."""
        rng = np.random.default_rng(0)
        n_buckets, bar, n = 2_000, 20.0, 100
        rates = rng.beta(30, 70, size=(n_buckets, 1))  # 0.3 on average
        dispersion = 1 + (n - 1) / 101

        hits = rng.binomial(n, rates).astype(float)
        tallies = [[Tally(hits=k, n=np.full(1, float(n)))] for k in hits]
        known = bank(monitor([0.3], [0.3], dispersion=dispersion), bar=bar)
        _, raised = run(known, tallies)

        unknown = bank(monitor([0.3], [0.3]), bar=bar)
        assert len(raised) <= n_buckets / bar
        assert len(run(unknown, tallies)[1]) > n_buckets / bar

    @given(
        seed=st.integers(0, 999),
        order=st.permutations(range(4)),
        rise=st.sampled_from([0.0, 0.15, 0.3]),
    )
    @settings(max_examples=25)
    def test_do_not_depend_on_the_order_of_indicators(self, seed, order, rise):
        """Features of a contract may be listed in any."""
        rng = np.random.default_rng(seed)
        rates = rng.uniform(0.1, 0.6, size=4)
        n = np.full(4, 80.0)
        hits = rng.binomial(80, rates + np.array([rise, 0.0, 0.0, 0.0]), size=(15, 4)).astype(float)
        there = list(order)

        _, one = run(
            bank(monitor(rates + 0.03, rates - 0.03), bar=30.0),
            [[Tally(hits=k, n=n)] for k in hits],
        )
        _, other = run(
            bank(monitor((rates + 0.03)[there], (rates - 0.03)[there]), bar=30.0),
            [[Tally(hits=k[there], n=n)] for k in hits],
        )

        def plain(alarm):
            return (alarm.raised_at, alarm.onset_at, round(alarm.rate, 9), round(alarm.bound, 9))

        assert [plain(alarm) for alarm in one] == [plain(alarm) for alarm in other]

    @given(seed=st.integers(0, 999), cut=st.integers(0, 12))
    @settings(max_examples=25)
    def test_do_not_depend_on_when_the_process_was_restarted(self, seed, cut):
        """State that was written down and read back goes on as if nothing had happened."""
        rng = np.random.default_rng(seed)
        watching = bank(monitor([0.3, 0.6], [0.2, 0.4]), bar=15.0)
        tallies = [
            [Tally(hits=k, n=np.full(2, 50.0))]
            for k in rng.binomial(50, [0.3, 0.6], size=(12, 2)).astype(float)
        ]
        whole, alarms = run(watching, tallies)

        track, raised = run(watching, tallies[:cut])
        state = MonitorState(
            digest="",
            seen_until=FIRST,
            learnt_until=FIRST,
            n_seen=0,
            n_learnt=0,
            seeing=track,
            learning=bank(bar=1.0).start(),
            critical=bank(bar=1.0).start(),
        )
        track = MonitorState.from_bytes(state.to_bytes()).seeing
        for number, each in enumerate(tallies[cut:], start=cut):
            track, more = watching.advance(track, bucket(number), each)
            raised += more

        assert raised == alarms
        assert replace(state, seeing=track) == replace(state, seeing=whole)


class TestIndicators:
    @given(
        reference=st.lists(st.integers(0, 40), min_size=7, max_size=7),
        current=st.lists(st.integers(0, 40), min_size=7, max_size=7),
        missing=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    )
    def test_any_reference_is_safe(self, reference, current, missing):
        """Tiny, constant or all missing: nothing is NaN, and nothing is certain."""
        cells = NumericCells(
            name="x", edges=np.array([1.0, 2.0, 3.0]), median=2.0, low=1.0, high=3.0
        )
        before, after = (
            NumericCounts(
                name="x",
                cells=np.array(rows),
                sums=np.zeros(4),
                n_missing=absent,
                n_non_finite=0,
                minimum=None,
                maximum=None,
            )
            for rows, absent in zip((reference, current), missing, strict=True)
        )
        rated = feature_indicators(before, cells, tolerance=0.02)
        low, high = rated.bounds(z=3.0, dispersion=1.0, tolerance=0.02)
        tally = rated.tally(after)

        each = monitor(high, low)
        track, _ = run(bank(*[each] * each.bets, bar=1e9), [[tally] * each.bets] * 2)

        assert ((low >= 0.0) & (low < high) & (high <= 1.0)).all()
        assert ((tally.hits >= 0) & (tally.hits <= tally.n)).all()
        assert not np.isnan(track.log_m).any()
