"""What every `Outbox` must do, filled by its `EventLog`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.ports.outbox import Effect
from holdfast.testing.examples import START, registered

if TYPE_CHECKING:
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.outbox import Outbox

__all__ = ["OutboxSuite"]

_LATER = START + timedelta(minutes=5)


class OutboxSuite:
    """Needs the fixtures `outbox` and `events`, empty and of the same store."""

    def test_keeps_effects_in_order_with_their_event(
        self, outbox: Outbox, events: EventLog
    ) -> None:
        """The receiver gets what was written, and the event's id to recognise it by."""
        effects = (_effect("registry", 1), _effect("registry", 2))
        (event,) = events.append([replace(registered("v1"), effects=effects)], at=START)

        pending = outbox.pending(due_at=START)

        assert [one.effect for one in pending] == list(effects)
        assert {one.event_id for one in pending} == {event.event_id}
        assert {one.attempts for one in pending} == {0}

    def test_owes_nothing_for_an_event_that_was_there(
        self, outbox: Outbox, events: EventLog
    ) -> None:
        """A step that is run again after a crash does not send its alert twice."""
        draft = replace(registered("v1", key="once"), effects=(_effect("notifier", 1),))

        events.append([draft], at=START)
        events.append([draft], at=_LATER)

        assert len(outbox.pending(due_at=_LATER)) == 1

    def test_forgets_what_was_delivered(self, outbox: Outbox, events: EventLog) -> None:
        """Saying so twice is harmless."""
        first, second = _owed(outbox, events, "registry", "registry")

        outbox.delivered(first, at=START)
        outbox.delivered(first, at=_LATER)

        assert _ids(outbox) == [second]

    def test_counts_a_failure_and_waits(self, outbox: Outbox, events: EventLog) -> None:
        """A failed effect is due again at its retry, not before."""
        (effect_id,) = _owed(outbox, events, "notifier")

        outbox.failed(effect_id, reason="connection refused", retry_at=_LATER)

        assert outbox.pending(due_at=_LATER - timedelta(microseconds=1)) == ()
        (again,) = outbox.pending(due_at=_LATER)
        assert (again.effect_id, again.attempts) == (effect_id, 1)

    def test_holds_back_the_later_effects_of_a_channel(
        self, outbox: Outbox, events: EventLog
    ) -> None:
        """An alias must not be set before its version exists; other channels go on."""
        early, stuck, mail, _ = _owed(
            outbox, events, "registry", "registry", "notifier", "registry"
        )

        outbox.failed(stuck, reason="timed out", retry_at=_LATER)

        assert _ids(outbox) == [early, mail]

    def test_does_not_wait_for_what_was_delivered_after_all(
        self, outbox: Outbox, events: EventLog
    ) -> None:
        """A failure that is reported late for a delivered effect changes nothing."""
        first, second = _owed(outbox, events, "registry", "registry")

        outbox.delivered(first, at=START)
        outbox.failed(first, reason="timed out", retry_at=_LATER)

        assert _ids(outbox) == [second]

    def test_returns_at_most_as_many_as_asked_for(self, outbox: Outbox, events: EventLog) -> None:
        """The oldest first."""
        first, second, _ = _owed(outbox, events, "registry", "notifier", "registry")

        assert [p.effect_id for p in outbox.pending(due_at=START, limit=2)] == [first, second]


def _effect(channel: str, number: int) -> Effect:
    return Effect(channel=channel, payload={"number": number, "text": "ä", "none": None})


def _owed(outbox: Outbox, events: EventLog, *channels: str) -> list[int]:
    effects = tuple(_effect(channel, number) for number, channel in enumerate(channels))
    events.append([replace(registered("v1"), effects=effects)], at=START)
    return _ids(outbox)


def _ids(outbox: Outbox) -> list[int]:
    return [pending.effect_id for pending in outbox.pending(due_at=START)]
