"""What one process says of the challenger beside the champion: for its status and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.loop.predict import explain
from holdfast.serving.exposition import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.domain.predictions import Prediction, PredictionRequest
    from holdfast.loop.swap import ServedModel
    from holdfast.ports.release_store import Deployment, StagedRelease
    from holdfast.ports.views import Status
    from holdfast.serving.server import Server

__all__ = [
    "challenger_state",
    "explained_by_whom",
    "probation_json",
    "roles_of",
    "shadow_families",
    "staged_json",
]


def explained_by_whom(
    served: ServedModel,
    requests: Sequence[PredictionRequest],
    predictions: Sequence[Prediction],
    explanations: Sequence[dict[str, float]],
) -> list[dict[str, float] | None]:
    """Return each answer's explanation by the model that gave it.

    A logged answer, given again, may be by a version that is no longer in memory: None.

    Args:
        served: The champion, and who stands beside it.
        requests: The rows.
        predictions: Their answers.
        explanations: The champion's, one for each.
    """
    version = served.record.version
    explained = [
        explanation if prediction.model_version == version else None
        for prediction, explanation in zip(predictions, explanations, strict=True)
    ]
    beside = None if served.challenger is None else served.challenger.served
    rows = [
        i
        for i, prediction in enumerate(predictions)
        if beside is not None and prediction.model_version == beside.record.version
    ]
    if beside is None or not rows:
        return explained
    try:
        found = explain(beside, [requests[i].values for i in rows])
    except Exception:  # noqa: BLE001 - whatever a new model raises: the answers stand in the log
        return explained
    for i, explanation in zip(rows, found, strict=True):
        explained[i] = explanation
    return explained


def staged_json(staged: StagedRelease | None) -> dict[str, Any] | None:
    """Return who should stand beside the champion, as the store says it."""
    if staged is None:
        return None
    return {
        "version": staged.record.version,
        "stage": staged.stage.value,
        "share": staged.share,
        "since": staged.since,
        "until": staged.until,
    }


def probation_json(deployment: Deployment | None) -> dict[str, Any] | None:
    """Return who is on probation against whom, and until when."""
    beside = None if deployment is None else deployment.challenger
    if deployment is None or beside is None or beside.until is None:
        return None
    return {
        "version": deployment.champion.version,
        "against": beside.record.version,
        "since": beside.since,
        "until": beside.until,
    }


def roles_of(status: Status) -> dict[str, Any]:
    """Return the logged rows by role and version, and what shadows missed."""
    return {
        "n_predictions_by_role": {role.value: n for role, n in status.n_by_role.items() if n},
        "n_shadow_dropped": status.n_shadow_dropped,
    }


def challenger_state(server: Server) -> dict[str, Any]:
    """Return who stands beside the champion in this process, and what its shadow did."""
    served, shadow = server.ports.champion.now(), server.shadow
    beside = None if served is None else served.challenger
    refusal = server.ports.champion.challenger_refusal
    return {
        "challenger": beside
        and {
            "model_version": beside.served.record.version,
            "stage": beside.stage.value,
            "share": beside.share or None,
            "n_failed": beside.troubles.n,
        },
        "challenger_refused": refusal
        and {
            "model_version": refusal.record.version,
            "problem": refusal.problem,
            "at": refusal.at,
        },
        "shadow": {
            "n_waiting": shadow.n_waiting,
            "n_scored": shadow.n_scored,
            "n_dropped": shadow.n_dropped,
        },
    }


def shadow_families(server: Server) -> list[Family]:
    """Return the same for Prometheus, but for what is counted over all workers (`Metrics`)."""
    served, shadow = server.ports.champion.now(), server.shadow
    beside = None if served is None else served.challenger
    loaded: list[Sample] = []
    if beside is not None:
        version = beside.served.record.version
        loaded = [Sample(1, {"version": version, "stage": beside.stage.value})]
    return [
        Family(
            name="holdfast_challenger_info",
            kind="gauge",
            meaning="The release that stands beside the one that answers.",
            samples=loaded,
        ),
        Family(
            name="holdfast_challenger_refused",
            kind="gauge",
            meaning="1 while a challenger that should stand there could not be loaded.",
            samples=[Sample(server.ports.champion.challenger_refusal is not None, {})],
        ),
        Family(
            name="holdfast_shadow_waiting_rows",
            kind="gauge",
            meaning="Answered rows that a shadow has yet to score.",
            samples=[Sample(shadow.n_waiting, {})],
        ),
    ]
