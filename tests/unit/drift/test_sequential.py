"""Tests of monitors, their evidence and their alarms."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from holdfast.domain.evidence import Severity
from holdfast.domain.windows import Window
from holdfast.drift.sequential import Alarm, Bank, Monitor, Tally, Watched

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
STAKES = [2.0**-power for power in range(1, 8)]


def day(number):
    start_at = FIRST + timedelta(days=number)
    return Window(start_at=start_at, end_at=start_at + timedelta(days=1))


def monitor(name="feature:tenure", *, high=(0.3,), low=(0.1,), dispersion=1.0, lesser=0.0):
    return Monitor(
        name=name,
        watched=Watched.FEATURE,
        subject=name.rpartition(":")[2],
        weight=0.1,
        indicators=tuple(f"rate {number}" for number in range(len(high))),
        high=np.array(high),
        low=np.array(low),
        dispersion=dispersion,
        lesser=lesser,
    )


def bank(*monitors, bar=50.0, severity=Severity.WARNING):
    return Bank(monitors=monitors, bars=np.full(len(monitors), bar), severity=severity)


def tally(hits, n=100, *, lesser=None):
    hits = np.atleast_1d(np.array(hits, dtype=float))
    return Tally(
        hits=hits,
        n=np.broadcast_to(np.array(n, dtype=float), hits.shape).copy(),
        lesser=None if lesser is None else np.atleast_1d(np.array(lesser, dtype=float)),
    )


def run(watching, days):
    """Return the last track, and the alarms with their day."""
    track, raised = watching.start(), []
    for number, tallies in enumerate(days):
        track, alarms = watching.advance(track, day(number), tallies)
        raised += [(number, alarm) for alarm in alarms]
    return track, raised


def oracle(each, tallies, *, bar):
    """Return the days of a monitor's alarms, by plain loops over bets and stakes."""
    bets = [(i, q, False) for i, q in enumerate(each.high) if q < 1]
    bets += [(i, 1 - q, True) for i, q in enumerate(each.low) if q > 0]
    evidence = {(bet, stake): 0.0 for bet in bets for stake in STAKES}
    alarmed = []
    for number, counted in enumerate(tallies):
        for (i, q, falls), f in evidence:
            n, k = counted.n[i], counted.hits[i]
            if n == 0:
                continue
            k = n - k if falls else k
            log_e = k * math.log(1 + f * (1 - q) / q) + (n - k) * math.log(1 - f)
            key = ((i, q, falls), f)
            evidence[key] = math.exp(log_e / each.dispersion) * (evidence[key] + 1)
        if sum(evidence.values()) / len(evidence) >= bar:
            alarmed.append(number)
            evidence = dict.fromkeys(evidence, 0.0)
    return alarmed


class TestBank:
    @pytest.mark.parametrize("dispersion", [1.0, 2.5])
    def test_does_what_the_formula_says(self, dispersion):
        """M becomes e (M + 1) for each bet; their mean alarms; then all begin anew."""
        rng = np.random.default_rng(0)
        each = monitor(high=(0.3, 0.6, 1.0), low=(0.1, 0.4, 0.0), dispersion=dispersion)
        rates = np.where(np.arange(120)[:, np.newaxis] < 60, [0.2, 0.5, 0.5], [0.38, 0.36, 0.9])
        tallies = [tally(rng.binomial(100, rate)) for rate in rates]
        tallies[10] = tally([0, 0, 0], n=0)

        _, raised = run(bank(each), [[counted] for counted in tallies])

        expected = oracle(each, tallies, bar=50.0)
        assert [number for number, _ in raised] == expected
        assert expected

    def test_names_what_rose_since_when_and_how_far(self):
        """The strongest bet speaks, not the whole monitor."""
        each = monitor(high=(0.3, 0.3), low=(0.1, 0.1))
        days = [[tally([20, 20])]] * 5 + [[tally([20, 45])]] * 3

        _, [(number, alarm), *_] = run(bank(each), days)

        assert number <= 6
        assert alarm == Alarm(
            monitor="feature:tenure",
            watched=Watched.FEATURE,
            subject="tenure",
            severity=Severity.WARNING,
            raised_at=day(number).end_at,
            onset_at=day(5).start_at,
            indicator="rate 1 rose",
            rate=0.45,
            bound=0.3,
        )

    def test_names_what_fell(self):
        """Rates are those of the indicator itself, also where its opposite was bet on."""
        _, [(_, alarm), *_] = run(bank(monitor()), [[tally(1)]] * 3)

        assert alarm.indicator == "rate 0 fell"
        assert alarm.rate == pytest.approx(0.01)
        assert alarm.bound == pytest.approx(0.1)

    def test_begins_anew_after_an_alarm(self):
        """What has been said is not said again from the same rows."""
        track, raised = run(bank(monitor()), [[tally(60)], [tally(20)], [tally(20)]])

        assert [number for number, _ in raised] == [0]
        assert (np.exp(track.log_m) < 3).all()

    def test_the_onset_after_an_alarm_lies_after_it(self):
        """It tells of what has been seen since."""
        _, raised = run(bank(monitor()), [[tally(60)]] * 3)

        assert [alarm.onset_at for _, alarm in raised] == [day(n).start_at for n in range(3)]

    def test_monitors_do_not_disturb_each_other(self):
        """Two in one bank do what each does alone."""
        rng = np.random.default_rng(1)
        left, right = monitor("feature:a"), monitor("feature:b", high=(0.5, 0.9), low=(0.2, 0.0))
        days = [[tally(rng.binomial(100, 0.33)), tally(rng.binomial(100, [0.6, 0.7]))]] * 20

        _, both = run(bank(left, right), days)

        _, alone = run(bank(left), [[a] for a, _ in days])
        _, beside = run(bank(right), [[b] for _, b in days])
        assert sorted(both, key=str) == sorted([*alone, *beside], key=str)

    def test_an_indicator_without_rows_learns_nothing(self):
        """Standing still is no evidence: M would grow by one with each empty bucket."""
        watching = bank(monitor(high=(0.3, 0.3), low=(0.1, 0.1)))
        track, _ = watching.advance(watching.start(), day(0), [tally([25, 25])])

        after, _ = watching.advance(track, day(1), [tally([25, 0], n=[100, 0])])

        still = watching._bets.indicator == 1
        np.testing.assert_array_equal(after.log_m[still], track.log_m[still])
        assert (after.log_m[~still] != track.log_m[~still]).any()

    def test_a_flood_of_rows_does_not_overflow(self):
        """A feed that goes missing under ten million rows a bucket."""
        track, raised = run(bank(monitor()), [[tally(10_000_000, n=10_000_000)]] * 2)

        assert [number for number, _ in raised] == [0, 1]
        assert not np.isnan(track.log_m).any()

    def test_half_a_loss_wins_half_a_bet(self):
        """Each row's factor is 1 + f (x - q) / q, whatever its outcome x in [0, 1] is."""
        each = monitor(high=(0.2,), low=(0.0,), lesser=0.25)

        track, _ = run(bank(each, bar=1e9), [[tally(7, n=40, lesser=12)]])

        losses = [1.0] * 7 + [0.25] * 12 + [0.0] * 21
        expected = [sum(math.log(1 + f * (x - 0.2) / 0.2) for x in losses) for f in STAKES]
        np.testing.assert_allclose(track.log_m[0], expected, rtol=1e-6)

    def test_the_mean_loss_is_what_an_alarm_tells(self):
        """Seven whole losses and twelve quarters of one among forty rows."""
        each = monitor(high=(0.02,), low=(0.0,), lesser=0.25)

        _, [(_, alarm)] = run(bank(each), [[tally(7, n=40, lesser=12)]])

        assert alarm.rate == pytest.approx(10 / 40)

    def test_refuses_a_monitor_that_bets_on_nothing(self):
        """It would never alarm, and nobody would know."""
        with pytest.raises(ValueError, match="feature:b"):
            bank(monitor("feature:a"), monitor("feature:b", high=(1.0,), low=(0.0,)))

    def test_without_monitors_nothing_happens(self):
        """A project whose reference had no labels still hands its labels in."""
        track, raised = run(bank(), [[], []])

        assert raised == []
        assert track.log_m.shape == (0, 7)


class TestMonitor:
    @pytest.mark.parametrize(
        ("high", "low", "bets"), [(1.0, 0.0, False), (0.9, 0.0, True), (1.0, 0.1, True)]
    )
    def test_knows_whether_anything_could_speak(self, high, low, bets):
        """A rate that may be anything between 0 and 1 cannot be bet on."""
        assert monitor(high=(high,), low=(low,)).bets is bets


class TestAlarm:
    def test_is_written_down_and_read_back(self):
        """It travels in events."""
        _, [(_, alarm)] = run(bank(monitor()), [[tally(60)]])

        assert msgspec.json.decode(msgspec.json.encode(alarm), type=Alarm) == alarm
