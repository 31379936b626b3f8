"""What must be true of a project at every moment, whatever happened to it before."""

from __future__ import annotations

from collections import Counter

from holdfast.domain.events import (
    ChallengerJudged,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingStarted,
    verify_chain,
)
from holdfast.domain.evidence import Outcome
from holdfast.loop.fetch import fetch_file, fetch_manifest
from holdfast.policy.deciding import DecisionPolicy, cooldown_ends_at
from holdfast.policy.transitions import ControlState, fold


def require_sound(ports, *, pauses: DecisionPolicy) -> ControlState:
    """Return the state of a project that is sound, or fail with what is wrong.

    Args:
        ports: A control plane's.
        pauses: The policy whose cooldown the loop keeps.
    """
    events = list(ports.events.events())
    assert verify_chain(events) == len(events)
    state = fold(events)
    _require_what_servers_read(ports, state)
    _require_releases(ports, events)
    _require_attempts(events, pauses)
    return state


def _require_what_servers_read(ports, state) -> None:
    """One champion, or none before the first; the projections are the fold of the events."""
    deployment = ports.releases.deployment()
    if deployment is None:
        assert (state.champion, state.staged) == (None, None)
        return
    assert deployment.champion.version == state.champion
    assert deployment.since == state.champion_since
    before = None if deployment.previous is None else deployment.previous.version
    assert before == state.previous
    beside = deployment.challenger
    assert (beside is None) == (state.staged is None)
    if beside is not None and state.staged is not None:
        read = (beside.record.version, beside.stage, beside.share, beside.seq)
        said = state.staged
        assert read == (said.version, said.stage, said.share, said.seq)


def _require_releases(ports, events) -> None:
    """Each has a version of its own, without a gap, and every byte that it was released with."""
    registered = [e.body for e in events if isinstance(e.body, ReleaseRegistered)]
    records = ports.releases.releases()
    assert [(r.version, r.release_id) for r in records] == [
        (body.version, body.release_id) for body in registered
    ]
    assert [r.version for r in records] == [f"v{i + 1}" for i in range(len(records))]
    assert {r.release_id for r in records} <= set(ports.objects.groups())
    for record in records:
        manifest = fetch_manifest(ports.objects, record.release_id)
        for name in manifest.files:
            fetch_file(ports.objects, record.release_id, manifest, name)


def _require_attempts(events, pauses) -> None:
    """None is judged twice or ended twice, and the loop begins none inside a cooldown."""
    bodies = [event.body for event in events]
    judged = [b for b in bodies if isinstance(b, ChallengerJudged)]
    ends = [b.attempt_id for b in bodies if isinstance(b, RetrainingFailed)]
    ends += [b.attempt_id for b in judged if b.report.outcome is not Outcome.ACCEPT]
    made = [b.attempt_id for b in bodies if isinstance(b, ReleaseRegistered) and b.attempt_id]
    for named in ([b.attempt_id for b in judged], ends, made):
        assert max(Counter(named).values(), default=1) == 1
    state = ControlState()
    for event in events:
        if isinstance(event.body, RetrainingStarted) and event.actor == "control":
            ends_at = cooldown_ends_at(pauses, state)
            assert ends_at is None or event.at >= ends_at
        state = fold([event], state)
