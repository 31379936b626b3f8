"""What was so, in words: a project at a moment, and a retraining from its start to its end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.narration import headline, story
from holdfast.domain.stages import Stage
from holdfast.policy.performance_words import performance_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from holdfast.domain.events import Event
    from holdfast.loop.recall import Past
    from holdfast.ports.release_store import StagedRelease
    from holdfast.ports.tick_log import LoopTimes

__all__ = ["attempt_in_words", "loop_in_words", "past_in_words"]

_OVERDUE = timedelta(minutes=1)  # more than jitter and the last tick's end take

_BESIDE = {
    Stage.SHADOW: ("Shadow:", "scored beside it"),
    Stage.CANARY: ("Canary:", "answered {share:.3g} of the requests"),
    Stage.PROBATION: ("Probation:", "scored beside it"),
}


def past_in_words(past: Past) -> Iterator[str]:
    """Yield how a project stood at a moment, line by line."""
    moment, deployment = f"{past.at:%Y-%m-%d %H:%M} UTC", past.deployment
    if deployment is None or past.deployed is None:
        yield f"Nothing was in production at {moment}."
        return
    record = deployment.champion
    yield (
        f"{record.version} was in production at {moment}, since "
        f"{deployment.since:%Y-%m-%d %H:%M} UTC (release {record.release_id[:12]})."
    )
    yield f"Why:           {headline(past.deployed)} (event {past.deployed.seq})"
    if deployment.previous is not None:
        yield f"Before it:     {deployment.previous.version}"
    if deployment.challenger is not None:
        yield _beside(deployment.challenger)
    standing = past.standings
    named = (f"{r.version} {standing[r.version].value}" for r in reversed(past.releases))
    yield f"Releases:      {', '.join(named)}"
    if past.attempt is not None:
        yield f"Retraining:    {past.attempt} was under way"
    if past.judged is not None:
        for word, line in performance_in_words(past.judged, past.track):
            yield f"{word + ':':14} {line}"
    yield from (f"Alert:         [{a.severity}] {a.message}" for a in past.open_alerts)


def attempt_in_words(events: Sequence[Event]) -> Iterator[str]:
    """Yield what happened in a retraining, event by event."""
    for event in events:
        first, *rest = story(event)
        yield f"{event.at:%Y-%m-%d %H:%M}  #{event.seq:<4} {first}"
        yield from (f"  {line}" for line in rest)


def loop_in_words(times: LoopTimes, *, now: datetime) -> list[str]:
    """Say when the loop last ticked and when it will again, or that nothing is known to run.

    Args:
        times: What the store knows.
        now: The machine's own time, by which loops are scheduled.
    """
    last, following = times.last_tick_at, times.next_tick_at
    if following is None:
        word = "no control loop is known to run; see: holdfast control --help"
    elif now > following + _OVERDUE:
        due = f"{following:%Y-%m-%d %H:%M:%S} UTC"
        word = f"was due at {due}: a tick is under way, or its loop died"
    else:
        word = f"{following:%Y-%m-%d %H:%M:%S} UTC"
    ended = (
        "none on the log yet; holdfast check makes one"
        if last is None
        else f"{last:%Y-%m-%d %H:%M:%S} UTC"
    )
    return [f"Last tick:     {ended}", f"Next tick:     {word}"]


def _beside(challenger: StagedRelease) -> str:
    what, how = _BESIDE[challenger.stage]
    done = how.format(share=challenger.share)
    since = f"since {challenger.since:%Y-%m-%d %H:%M} UTC"
    return f"{what:14} {challenger.record.version} {done} {since}"
