"""Tests of how the monitors' state is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from holdfast.domain.errors import CorruptMonitorStateError
from holdfast.domain.evidence import Severity
from holdfast.domain.windows import Window
from holdfast.drift.sequential import Bank, Monitor, Tally, Watched
from holdfast.drift.wire import write_wire
from holdfast.policy.monitor_state import MonitorState

FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def track(n_indicators, n_buckets, *, seed=0):
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.1, 0.8, size=n_indicators)
    watching = Bank(
        monitors=(
            Monitor(
                name="feature:x",
                watched=Watched.FEATURE,
                subject="x",
                weight=1.0,
                indicators=("rate",) * n_indicators,
                high=rates + 0.05,
                low=rates - 0.05,
                dispersion=1.0,
            ),
        ),
        bars=np.array([1e9]),
        severity=Severity.WARNING,
    )
    gathered = watching.start()
    for number in range(n_buckets):
        start_at = FIRST + timedelta(days=number)
        tally = Tally(hits=rng.binomial(300, rates).astype(float), n=np.full(n_indicators, 300.0))
        bucket = Window(start_at=start_at, end_at=start_at + timedelta(days=1))
        gathered, _ = watching.advance(gathered, bucket, [tally])
    return gathered


def state(*, n_indicators=12, n_buckets=30):
    return MonitorState(
        digest="0" * 64,
        seen_until=FIRST + timedelta(days=30),
        learnt_until=FIRST + timedelta(days=2),
        n_seen=9_000,
        n_learnt=600,
        seeing=track(n_indicators, n_buckets),
        learning=track(3, 2),
        critical=track(0, 0) if n_indicators == 0 else track(2, 0),
    )


def refused(data):
    with pytest.raises(CorruptMonitorStateError) as caught:
        MonitorState.from_bytes(data)
    return str(caught.value)


class TestMonitorState:
    def test_comes_back_from_bytes(self):
        """Bit for bit: what follows must not depend on whether the process was restarted."""
        before = state()

        after = MonitorState.from_bytes(before.to_bytes())

        assert after == before
        assert after.seen_until == before.seen_until
        for name in ("log_m", "log_c", "since", "hits", "rows"):
            np.testing.assert_array_equal(getattr(after.seeing, name), getattr(before.seeing, name))
            assert getattr(after.seeing, name).dtype == getattr(before.seeing, name).dtype

    def test_is_compact(self):
        """Twenty features of ten rates each, after months, are a few tens of kilobytes."""
        assert len(state(n_indicators=200, n_buckets=100).to_bytes()) < 50_000

    def test_states_that_differ_are_not_equal(self):
        """And no dictionary's keys."""
        assert state() != state(n_buckets=29)
        with pytest.raises(TypeError):
            hash(state())

    @pytest.mark.parametrize("keep", [0, 3, 40, -1])
    def test_refuses_what_was_cut_short(self, keep):
        """A torn write is not taken for evidence."""
        message = refused(state().to_bytes()[:keep])

        assert "remove that state" in message

    def test_refuses_a_flipped_byte(self):
        """Somewhere in the middle."""
        data = bytearray(state().to_bytes())
        data[len(data) // 2] ^= 0xFF

        refused(bytes(data))

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"version": 9}, "version 9"),
            ({"part": {"rows": b"\x01\x00"}}, "differ in length"),
            ({"part": {"log_c": b""}}, "differ in length"),
            ({"part": {"moments": ()}}, "a moment is not there"),
        ],
    )
    def test_refuses_what_does_not_fit_together(self, change, found):
        """Or what a later Holdfast wrote."""
        wire = state()._wire()
        part = change.pop("part", None)
        if part is not None:
            change = {"seeing": msgspec.structs.replace(wire.seeing, **part)}

        assert found in refused(write_wire(msgspec.structs.replace(wire, **change)))
