"""What happened: events in the past tense, hash-chained, without personal data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.domain.alarms import (
    AlertAcknowledged,
    AlertRaised,
    AlertResolved,
    AlertSilenced,
    AlertUpdated,
    SilenceLifted,
)
from holdfast.domain.canonical import canonical_json, digest, sha256_hex
from holdfast.domain.errors import BrokenChainError
from holdfast.domain.estimates import LabelDrift, MaturedEstimate, WindowEstimate
from holdfast.domain.evidence import Alert, Decision, GuardReport
from holdfast.domain.housekeeping import EntityErased, KeyCreated, KeyRevoked, RowsDropped
from holdfast.domain.ids import EventId, ModelVersion, ReleaseId
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.treatments import RowsUsed
from holdfast.domain.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "GENESIS",
    "AlertAcknowledged",
    "AlertRaised",
    "AlertResolved",
    "AlertSilenced",
    "AlertUpdated",
    "ChallengerJudged",
    "ChallengerStaged",
    "ChampionPromoted",
    "ChampionRolledBack",
    "DecisionMade",
    "EntityErased",
    "Event",
    "EventBody",
    "KeyCreated",
    "KeyRevoked",
    "ProbationJudged",
    "ReleaseRegistered",
    "RetrainingFailed",
    "RetrainingResumed",
    "RetrainingStarted",
    "RowsDropped",
    "SilenceLifted",
    "StageEnded",
    "WindowJudged",
    "WindowRevised",
    "WindowVerdict",
    "chain",
    "decode_body",
    "kind_of",
    "verify_chain",
]

GENESIS = "0" * 64  # what the first event names as its predecessor


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRegistered:
    """A model passed its parity check and stands in the release store."""

    version: ModelVersion
    release_id: ReleaseId
    schema_digest: str
    origin: str  # "train", "retrain", "register"
    trainer: str
    metrics: dict[str, float]
    attempt_id: str | None = None
    competition: dict[str, float] = field(default_factory=dict)  # validation Brier score of each
    failures: dict[str, str] = field(default_factory=dict)  # why a trainer gave no model


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionPromoted:
    """A release went into production."""

    version: ModelVersion
    release_id: ReleaseId
    previous: ModelVersion | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionRolledBack:
    """Production went back to an earlier release."""

    version: ModelVersion  # the one that serves now
    release_id: ReleaseId
    replaced: ModelVersion
    reason: str
    report: GuardReport | None = None  # what its probation showed; None: a person asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengerStaged:
    """A release came to stand beside the champion, or went on to its next stage there."""

    version: ModelVersion
    release_id: ReleaseId
    stage: Stage
    share: float | None  # of the requests that a canary answers; None for a shadow
    champion: ModelVersion
    reason: str
    until: datetime | None = None  # when the champion's probation ends; None of other stages


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEnded:
    """A release stopped standing beside the champion."""

    version: ModelVersion
    stage: Stage
    ending: Ending
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbationJudged:
    """A champion on probation was compared with the one before it."""

    champion: ModelVersion
    previous: ModelVersion
    report: GuardReport
    judged_until: datetime  # rows predicted before this were looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowVerdict:
    """What the project's rule said of a window as a whole."""

    rule: str  # with its bounds, in words
    fired: bool | None  # None: it could not be told
    why: str  # one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowJudged:
    """A tick compared the current window with the champion's reference."""

    window: Window
    model_version: ModelVersion
    n: int
    drifted: tuple[str, ...]
    underpowered: tuple[str, ...]
    share_drifted: float
    confidence: float | None = None  # mean |p - 0.5|
    n_labelled: int = 0  # mature rows behind the performance figures
    from_file: bool = False  # a file stood in for the window; the log's rows were not looked at
    performance: dict[str, float] | None = None
    settled_until: datetime | None = None  # buckets before this were over when it was judged
    n_settled: int | None = None  # rows in those buckets; what comes to them is late
    weighted_share: float | None = None  # by importance; None: of a release without any
    verdict: WindowVerdict | None = None  # None: written before verdicts were kept
    n_assumed: int = 0  # of the mature rows, those that count as negative for want of a label
    estimate: WindowEstimate | None = None  # of the window, without labels; None: no scores
    matured: MaturedEstimate | None = None  # the same of the mature rows, beside their labels
    label_drift: LabelDrift | None = None  # of the mature rows; None without labels
    rows_used: RowsUsed | None = None  # behind the performance figures


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRevised:
    """Late rows came to a window after it was judged; its verdict stands.

    Late is a row that is counted into a bucket which was over when the window was judged
    for the last time. That the bucket then under way went on growing is no revision.
    """

    window: Window
    model_version: ModelVersion  # that the window was judged for
    n_judged: int  # rows when it was judged
    n: int  # rows now
    n_late: int  # late rows since it was judged, or since it was last revised
    drifted: tuple[str, ...] | None = None  # what would be said now; None: of a former champion
    share_drifted: float | None = None
    differs: bool | None = None  # whether other features drifted, or the rule says otherwise
    n_unlooked: int = 0  # older windows that got late rows, too, and were not looked at
    weighted_share: float | None = None
    verdict: WindowVerdict | None = None  # what the rule would say now


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """The policy judged the evidence."""

    decision: Decision
    model_version: ModelVersion
    alerts: tuple[Alert, ...]
    n_labels: int  # mature labelled rows since the onset
    policy_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingStarted:
    """A retraining began; it counts as an attempt whatever comes of it."""

    attempt_id: str
    champion: ModelVersion
    cause: str
    n_rows: int
    onset_at: datetime | None = None  # since when the world seemed changed
    alarmed: bool = False  # whether an alarm of harm was open, which sets the guard's level
    from_file: bool = False  # rows of a file, which the store cannot give again
    rows_digest: str | None = None  # of the rows and their division; None: it was not kept
    rows_used: RowsUsed | None = None  # of the log's; None: of a file, or not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingResumed:
    """A retraining that had broken off goes on under its own id."""

    attempt_id: str
    champion: ModelVersion
    n_tries: int  # this one among them
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingFailed:
    """A retraining ended without a challenger."""

    attempt_id: str
    champion: ModelVersion
    reason: str
    interrupted: bool = False  # it broke off and could not go on: no challenger's fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengerJudged:
    """The guard compared a challenger with the champion."""

    attempt_id: str
    champion: ModelVersion
    report: GuardReport
    guard_until: datetime  # rows predicted before this have judged a challenger
    trainer: str
    training_window: str
    margins: dict[str, float]  # validation Brier score by candidate
    calibration: str = "sigmoid"  # of the challenger; events that do not say have this one
    failures: dict[str, str] = field(default_factory=dict)  # by candidate that fell out


EventBody = (
    ReleaseRegistered
    | ChampionPromoted
    | ChampionRolledBack
    | ChallengerStaged
    | StageEnded
    | ProbationJudged
    | WindowJudged
    | WindowRevised
    | AlertRaised
    | AlertUpdated
    | AlertResolved
    | AlertAcknowledged
    | AlertSilenced
    | SilenceLifted
    | DecisionMade
    | RetrainingStarted
    | RetrainingResumed
    | RetrainingFailed
    | ChallengerJudged
    | KeyCreated
    | KeyRevoked
    | RowsDropped
    | EntityErased
)

_BODIES: dict[str, type[Any]] = {
    "release_registered": ReleaseRegistered,
    "champion_promoted": ChampionPromoted,
    "champion_rolled_back": ChampionRolledBack,
    "challenger_staged": ChallengerStaged,
    "stage_ended": StageEnded,
    "probation_judged": ProbationJudged,
    "window_judged": WindowJudged,
    "window_revised": WindowRevised,
    "alert_raised": AlertRaised,
    "alert_updated": AlertUpdated,
    "alert_resolved": AlertResolved,
    "alert_acknowledged": AlertAcknowledged,
    "alert_silenced": AlertSilenced,
    "silence_lifted": SilenceLifted,
    "decision_made": DecisionMade,
    "retraining_started": RetrainingStarted,
    "retraining_resumed": RetrainingResumed,
    "retraining_failed": RetrainingFailed,
    "challenger_judged": ChallengerJudged,
    "key_created": KeyCreated,
    "key_revoked": KeyRevoked,
    "rows_dropped": RowsDropped,
    "entity_erased": EntityErased,
}
_KINDS = {body: kind for kind, body in _BODIES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the log: a body, its place in the chain, who and when.

    The digest covers `data`, the bytes that were written, not the body as this version
    reads it: a later version that knows more fields still verifies an old log.
    """

    seq: int  # 1, 2, 3 …
    event_id: EventId
    at: datetime
    actor: str  # "control", "cli" …
    body: EventBody
    data: bytes  # the body's canonical JSON, as it is stored
    previous_digest: str
    digest: str

    @property
    def kind(self) -> str:
        """The body's name in snake_case."""
        return kind_of(self.body)


def kind_of(body: EventBody) -> str:
    """Return a body's name in snake_case, as it is stored."""
    return _KINDS[type(body)]


def decode_body(kind: str, data: bytes) -> EventBody:
    """Read a stored body back.

    Raises:
        ValueError: If no event of that kind is known.
    """
    if kind not in _BODIES:
        raise ValueError(f"unknown event kind {kind!r}; this store was written by a newer version")
    body: EventBody = msgspec.json.decode(data, type=_BODIES[kind])
    return body


def chain(
    body: EventBody, *, seq: int, event_id: EventId, at: datetime, actor: str, previous: str
) -> Event:
    """Return the event that follows `previous` in the chain."""
    unsealed = Event(
        seq=seq,
        event_id=event_id,
        at=at,
        actor=actor,
        body=body,
        data=canonical_json(body),
        previous_digest=previous,
        digest="",
    )
    return replace(unsealed, digest=_seal(unsealed))


def verify_chain(events: Iterable[Event], *, previous: str = GENESIS, after: int = 0) -> int:
    """Check every link of the chain and return how many events were checked.

    Raises:
        BrokenChainError: At the first event that was changed, dropped or moved.
    """
    seq = after
    for event in events:
        seq += 1
        if event.seq != seq:
            raise BrokenChainError(seq, f"is gone; the log goes on with event {event.seq}")
        if event.previous_digest != previous:
            raise BrokenChainError(seq, "does not follow the event before it")
        if event.digest != _seal(event):
            raise BrokenChainError(seq, "has other content than its digest says")
        previous = event.digest
    return seq - after


def _seal(event: Event) -> str:
    return digest(
        {
            "seq": event.seq,
            "event_id": event.event_id,
            "at": event.at,
            "actor": event.actor,
            "kind": event.kind,
            "data": sha256_hex(event.data),
            "previous": event.previous_digest,
        }
    )
