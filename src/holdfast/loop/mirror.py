"""Gather what people should find of a training: where it comes from, what it reached, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from holdfast.domain.canonical import canonical_json
from holdfast.domain.events import (
    ChallengerJudged,
    DecisionMade,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingStarted,
)
from holdfast.domain.evidence import Action
from holdfast.domain.releases import CURVES, IMPORTANCES, METRICS, MODEL_CARD
from holdfast.loop.illustrate import CAPTIONS
from holdfast.ports.model_registry import TrainingRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from holdfast.domain.contract import Contract
    from holdfast.domain.events import Event
    from holdfast.domain.evidence import Check, GuardReport
    from holdfast.domain.ids import EventId
    from holdfast.domain.releases import Manifest, ModelMetrics

__all__ = ["SHOWN", "Origin", "attempt_run", "origin_of", "release_run"]

SHOWN = (MODEL_CARD, *CAPTIONS, METRICS, CURVES, IMPORTANCES)
"""The files of a release that people look at, if it has them; the card links the pictures."""

_FOLDER = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a training came about, as far as the events tell.

    Attributes:
        event: What is mirrored: a registration, a refusal, a failure.
        started: The retraining's beginning; None of a training by hand.
        decision: The decision that asked for it; None if a person did.
        judged: What the guard said; None if it was not asked.
    """

    event: Event
    started: RetrainingStarted | None = None
    decision: Event | None = None
    judged: ChallengerJudged | None = None

    @property
    def tags(self) -> dict[str, str]:
        """Say it in tags; what is not known has none."""
        found = {"actor": self.event.actor}
        if self.started is not None:
            found["attempt_id"] = self.started.attempt_id
            found["against"] = self.started.champion
            found["cause"] = self.started.cause
        if self.decision is not None:
            found["decision_id"] = self.decision.event_id
        if self.judged is not None:
            found["guard"] = self.judged.report.outcome.value
            found["guard_rule"] = self.judged.report.rule
            found["guard_reason"] = self.judged.report.reason
        return {f"holdfast.{key}": value for key, value in found.items()}


def origin_of(event_id: EventId, events: Iterable[Event]) -> Origin:
    """Find out how a training came about.

    Args:
        event_id: Of a registration, a judgement or a failed retraining.
        events: All that happened, in order, at least up to that.

    Raises:
        LookupError: If the event is not among them.
    """
    decision: Event | None = None
    started: dict[str, tuple[RetrainingStarted, Event | None]] = {}
    judged: dict[str, ChallengerJudged] = {}
    for event in events:
        match event.body:
            case DecisionMade(decision=made):
                decision = event if made.action is Action.RETRAIN else None
            case RetrainingStarted(attempt_id=attempt):
                # What a person asked for follows no decision, whatever stands before it.
                asked = decision if _caused(event.body, decision) else None
                started[attempt] = (event.body, asked)
            case ChallengerJudged(attempt_id=attempt):
                judged[attempt] = event.body
        if event.event_id == event_id:
            attempt_id = getattr(event.body, "attempt_id", None) or ""
            begun, asked = started.get(attempt_id, (None, None))
            return Origin(event=event, started=begun, decision=asked, judged=judged.get(attempt_id))
    raise LookupError(f"no event {event_id} stands in the log")


def release_run(
    origin: Origin,
    *,
    manifest: Manifest,
    contract: Contract,
    metrics: ModelMetrics,
    files: Mapping[str, bytes],
) -> TrainingRun:
    """Return what people should find of a release's training.

    Args:
        origin: How it came about; its event is the registration.
        manifest: The release's.
        contract: The release's.
        metrics: Of the tested model.
        files: Those of `SHOWN` that it has, by name.
    """
    body = origin.event.body
    assert isinstance(body, ReleaseRegistered)  # what `record_release` is owed for
    recipe, report = manifest.recipe, _report(origin)
    return TrainingRun(
        event_id=origin.event.event_id,
        name=body.version,
        note=_note(body, contract, metrics, report),
        params={
            "trainer": recipe.trainer,
            "seed": str(recipe.seed),
            "training_window": recipe.training_window,
            "split": recipe.split,
            "n_train": str(recipe.n_train),
            "n_validation": str(recipe.n_validation),
            "n_test": str(recipe.n_test),
            "threshold": str(contract.threshold),
            **{name: str(value) for name, value in recipe.parameters.items()},
            **{f"search_trials/{name}": str(one.n_trials) for name, one in recipe.search.items()},
        },
        figures={
            **_with_bounds(metrics),
            "confidence": metrics.confidence,
            **_competition(recipe.competition),
            **_guard_figures(report),
        },
        tags={
            **origin.tags,
            "holdfast.origin": body.origin,
            "holdfast.release_id": body.release_id,
            "holdfast.data_digest": contract.data_digest,
            "holdfast.code_version": manifest.software,
        },
        files={
            **{f"{_FOLDER}/{name}": data for name, data in files.items()},
            **_guard_files(report),
        },
    )


def attempt_run(origin: Origin, *, code_version: str) -> TrainingRun:
    """Return what people should find of a retraining that came to no release.

    Args:
        origin: How it came about; its event is the guard's judgement, or a failure.
        code_version: Holdfast's, which is at work.
    """
    body, report = origin.event.body, _report(origin)
    assert isinstance(body, ChallengerJudged | RetrainingFailed)  # what `record_attempt` is for
    failed = isinstance(body, RetrainingFailed)
    verdict = "failed" if failed or report is None else f"guard: {report.outcome.value}"
    why = body.reason if isinstance(body, RetrainingFailed) else body.report.reason
    judged = {} if origin.judged is None else {
        "trainer": origin.judged.trainer,
        "training_window": origin.judged.training_window,
        "n_test": str(origin.judged.report.n),
    }  # fmt: skip
    rows = {} if origin.started is None else {"n_rows": str(origin.started.n_rows)}
    margins = {} if origin.judged is None else origin.judged.margins
    return TrainingRun(
        event_id=origin.event.event_id,
        name=f"attempt {body.attempt_id[-12:]}",
        note=f"No release ({verdict}): {why}",
        params=judged | rows,
        figures={**_competition(margins), **_guard_figures(report)},
        tags={
            **origin.tags,
            "holdfast.origin": "retrain",
            "holdfast.code_version": code_version,
            **({"holdfast.failure": why} if failed else {}),
        },
        files=_guard_files(report),
        failed=failed,
    )


def _caused(started: RetrainingStarted, decision: Event | None) -> bool:
    return (
        decision is not None
        and isinstance(decision.body, DecisionMade)
        and started.cause == "; ".join(decision.body.decision.reasons)
    )


def _report(origin: Origin) -> GuardReport | None:
    return None if origin.judged is None else origin.judged.report


def _note(
    body: ReleaseRegistered, contract: Contract, metrics: ModelMetrics, report: GuardReport | None
) -> str:
    """Return the release in a few lines of Markdown."""
    auc, bounds = metrics.figures.get("roc_auc"), metrics.intervals.get("roc_auc")
    reached = "" if auc is None else f", ROC AUC {auc:.3f}"
    between = "" if bounds is None else f" (95%: {bounds[0]:.3f} to {bounds[1]:.3f})"
    of_them = f"{metrics.n:,} rows, {metrics.n_positive:,} of them {contract.target.positive}"
    lines = [
        f"**{body.trainer}**{reached}{between} on {of_them}; threshold {contract.threshold:.4f}.",
        f"Release `{body.release_id}`; its card and pictures are in the folder `{_FOLDER}`.",
    ]
    if report is not None:
        lines.append(f"Guard, rule `{report.rule}`: {report.reason}.")
    return "\n\n".join(lines)


def _with_bounds(metrics: ModelMetrics) -> dict[str, float]:
    """Return each figure, followed by the bounds of its 95% interval."""
    found: dict[str, float] = {}
    for name, figure in metrics.figures.items():
        found[name] = figure
        if name in metrics.intervals:
            found[f"{name}.low"], found[f"{name}.high"] = metrics.intervals[name]
    return found


def _competition(briers: Mapping[str, float]) -> dict[str, float]:
    return {f"validation_brier.{name}": brier for name, brier in briers.items()}


def _guard_figures(report: GuardReport | None) -> dict[str, float]:
    checks = () if report is None else report.checks
    return {
        f"guard.{check.name}{ending}": figure
        for check in checks
        for ending, figure in (("", check.estimate), (".low", check.low), (".high", check.high))
        if figure is not None
    }


def _guard_files(report: GuardReport | None) -> dict[str, bytes]:
    if report is None:
        return {}
    on = f"{report.n:,} rows, {report.n_positive:,} of them positive"
    heads = ("| check | figure | interval | verdict | why |", "|---|---|---|---|---|")
    lines = [
        f"# Guard: {report.outcome.value}",
        f"Rule `{report.rule}`, on {on}: {report.reason}.",
        "\n".join([*heads, *map(_line, report.checks)]),
    ]
    return {
        "guard/report.md": ("\n\n".join(lines) + "\n").encode(),
        "guard/report.json": canonical_json(report),
    }


def _line(check: Check) -> str:
    figure = "" if check.estimate is None else f"{check.estimate:.4f}"
    known = check.low is not None and check.high is not None
    between = f"{check.low:.4f} to {check.high:.4f}" if known else ""
    verdict = "passed" if check.passed else "failed"
    why = check.reason.replace("|", "\\|").replace("\n", " ")
    return f"| {check.name} | {figure} | {between} | {verdict} | {why} |"
