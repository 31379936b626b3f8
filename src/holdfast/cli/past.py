"""What was so, in words: a project at a moment, and a retraining from its start to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.narration import headline, story
from holdfast.domain.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.events import Event
    from holdfast.loop.recall import Past
    from holdfast.ports.release_store import StagedRelease

__all__ = ["attempt_in_words", "past_in_words"]

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
    yield from (f"Alert:         [{a.severity}] {a.message}" for a in past.open_alerts)


def attempt_in_words(events: Sequence[Event]) -> Iterator[str]:
    """Yield what happened in a retraining, event by event."""
    for event in events:
        first, *rest = story(event)
        yield f"{event.at:%Y-%m-%d %H:%M}  #{event.seq:<4} {first}"
        yield from (f"  {line}" for line in rest)


def _beside(challenger: StagedRelease) -> str:
    what, how = _BESIDE[challenger.stage]
    done = how.format(share=challenger.share)
    since = f"since {challenger.since:%Y-%m-%d %H:%M} UTC"
    return f"{what:14} {challenger.record.version} {done} {since}"
