"""What every `EventLog` must do: one chain, whoever writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from holdfast.domain.errors import (
    LeaseLostError,
    UnknownEventError,
    UnknownReleaseError,
    VersionTakenError,
)
from holdfast.domain.events import GENESIS, RetrainingFailed, WindowJudged, verify_chain
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.windows import Window
from holdfast.ports.event_log import Draft
from holdfast.testing.examples import START, promoted, registered

if TYPE_CHECKING:
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.lease import Lease

__all__ = ["EventLogSuite"]

_DAY = timedelta(days=1)


class EventLogSuite:
    """Needs the fixtures `events` and `leases`, empty and of the same store."""

    def test_chains_what_is_appended(self, events: EventLog) -> None:
        """Each event names its predecessor's digest, over several calls."""
        first, second = events.append([registered("v1"), promoted("v1")], at=START)
        (third,) = events.append([registered("v2")], at=START + _DAY)

        assert [event.seq for event in (first, second, third)] == [1, 2, 3]
        assert first.previous_digest == GENESIS
        assert (second.previous_digest, third.previous_digest) == (first.digest, second.digest)

    def test_reads_back_exactly_what_it_returned(self, events: EventLog) -> None:
        """The chain verifies on what is read, so that nothing may be rounded or retyped."""
        body = RetrainingFailed(
            attempt_id="a1", champion=ModelVersion("v1"), reason="ROC AUC .84 → .76, “too few”"
        )
        written = events.append(
            [registered("v1"), Draft(body=body, actor="control"), _judged(share=0)], at=START
        )

        assert tuple(events.events()) == written
        assert verify_chain(events.events()) == 3

    def test_keeps_the_moment_whatever_its_offset(self, events: EventLog) -> None:
        """The same moment, in UTC."""
        elsewhere = START.astimezone(timezone(timedelta(hours=5, minutes=30)))

        (event,) = events.append([_judged(zone=elsewhere)], at=elsewhere)

        assert event.at == START
        assert event.at.utcoffset() == timedelta(0)
        assert verify_chain(events.events()) == 1

    def test_refuses_a_naive_moment(self, events: EventLog) -> None:
        """It would mean another time on each machine."""
        with pytest.raises(ValueError, match="aware"):
            events.append([registered("v1")], at=START.replace(tzinfo=None))

    def test_appends_a_keyed_draft_once(self, events: EventLog) -> None:
        """A step that is run again after a crash finds its event there."""
        (before,) = events.append([registered("v1", key="train/1")], at=START)

        again, new = events.append(
            [registered("v1", key="train/1"), promoted("v1", key="promote/1")], at=START + _DAY
        )

        assert again == before
        assert [event.seq for event in events.events()] == [1, 2]
        assert new.seq == 2

    def test_appends_a_key_that_comes_twice_in_one_batch_once(self, events: EventLog) -> None:
        """Both drafts are answered by the one event."""
        first, second = events.append(
            [registered("v1", key="k"), registered("v1", key="k")], at=START
        )

        assert first == second
        assert len(list(events.events())) == 1

    def test_yields_the_events_after_a_number(self, events: EventLog) -> None:
        """Whoever followed the log goes on where it stopped."""
        events.append([registered("v1"), registered("v2"), registered("v3")], at=START)

        assert [event.seq for event in events.events(after=1)] == [2, 3]
        assert list(events.events(after=3)) == []

    def test_lets_the_reader_append_while_it_reads(self, events: EventLog) -> None:
        """No lock is held between two events."""
        events.append([registered("v1"), registered("v2")], at=START)

        for event in events.events():
            if event.seq == 1:
                events.append([promoted("v1")], at=START)

        assert verify_chain(events.events()) == 3

    def test_finds_an_event_by_a_prefix(self, events: EventLog) -> None:
        """People type the first letters of an id."""
        first, _ = events.append([registered("v1")], at=START) + events.append(
            [registered("v2")], at=START + _DAY
        )

        assert events.get(first.event_id) == first
        assert events.get(EventId(first.event_id[:12])) == first

    @pytest.mark.parametrize("wanted", ["", "019", "ffff", "%", "_19"])
    def test_says_when_a_prefix_names_no_single_event(self, events: EventLog, wanted: str) -> None:
        """Nothing, several, and what a database would take for a pattern."""
        events.append([registered("v1"), registered("v2")], at=START)

        with pytest.raises(UnknownEventError) as unknown:
            events.get(EventId(wanted))

        assert unknown.value.event_id == wanted

    def test_writes_all_of_a_batch_or_nothing(self, events: EventLog) -> None:
        """A promotion of what was never registered takes its whole batch down."""
        with pytest.raises(UnknownReleaseError):
            events.append([registered("v1"), promoted("v9")], at=START)

        assert list(events.events()) == []

    def test_registers_a_version_once(self, events: EventLog) -> None:
        """Of two trainings that both found v1 free, the second is told so."""
        events.append([registered("v1")], at=START)

        with pytest.raises(VersionTakenError) as taken:
            events.append([registered("v1")], at=START + _DAY)

        assert taken.value.version == "v1"
        assert len(list(events.events())) == 1

    def test_refuses_a_writer_whose_lease_was_taken_over(
        self, events: EventLog, leases: Lease
    ) -> None:
        """The fence is checked inside the transaction; nothing is written."""
        stale = leases.acquire("control", holder="first", ttl=timedelta(minutes=1))
        assert stale is not None
        events.append([registered("v1")], at=START, fence=stale)
        leases.release(stale)
        fresh = leases.acquire("control", holder="second", ttl=timedelta(minutes=1))

        with pytest.raises(LeaseLostError):
            events.append([registered("v2")], at=START, fence=stale)

        events.append([registered("v3")], at=START, fence=fresh)
        assert len(list(events.events())) == 2

    def test_refuses_a_writer_that_gave_its_lease_back(
        self, events: EventLog, leases: Lease
    ) -> None:
        """Also where nobody has taken it since."""
        fence = leases.acquire("control", holder="first", ttl=timedelta(minutes=1))
        assert fence is not None
        leases.release(fence)

        with pytest.raises(LeaseLostError):
            events.append([registered("v1")], at=START, fence=fence)

    def test_keeps_one_chain_under_several_writers(self, events: EventLog) -> None:
        """Appending is serialised on the chain's head."""

        def append(number: int) -> None:
            events.append([registered(f"v{number}")], at=START)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(append, range(20)))

        assert verify_chain(events.events()) == 20


def _judged(*, share: float = 0.25, zone: datetime = START) -> Draft:
    return Draft(
        body=WindowJudged(
            window=Window(start_at=zone - _DAY, end_at=zone),
            model_version=ModelVersion("v1"),
            n=100,
            drifted=("tenure",),
            underpowered=(),
            share_drifted=share,
            confidence=None,
            performance={"roc_auc": 1},
        ),
        actor="control",
    )
