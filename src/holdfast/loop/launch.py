"""Train on a data set and register the release; the first one goes into production."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from holdfast.domain.errors import CorruptProfileError, CorruptReleaseError
from holdfast.domain.tables import conform
from holdfast.drift.fitting import grid_to_keep
from holdfast.loop.deliver import deliver
from holdfast.loop.develop import develop
from holdfast.loop.disperse import dated_rows
from holdfast.loop.fetch_reference import fetch_reference
from holdfast.loop.promote import promote
from holdfast.loop.register import build_release, register
from holdfast.loop.tune import for_training

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.domain.ids import ModelVersion, ReleaseId
    from holdfast.domain.releases import ModelMetrics, ReleaseRecord, Tuned
    from holdfast.drift.grid import Grid
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.loop.ingest import TrainingData
    from holdfast.loop.register import ReleaseBundle
    from holdfast.ports.release_store import Deployment

__all__ = ["Launch", "enter", "launch", "shared_grid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What came of a training by hand."""

    version: ModelVersion
    release_id: ReleaseId
    trainer: str
    n_rows: int
    threshold: float
    aim: str
    metrics: ModelMetrics
    champion: ModelVersion  # in production now: this version, or one before it
    competition: dict[str, float] = field(default_factory=dict)  # validation Brier score of each
    failures: dict[str, str] = field(default_factory=dict)  # why a trainer gave no model
    search: dict[str, Tuned] = field(default_factory=dict)  # what was found for each trainer

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "version": self.version,
            "release_id": self.release_id,
            "trainer": self.trainer,
            "n_rows": self.n_rows,
            "threshold": self.threshold,
            "aim": self.aim,
            "n_test": self.metrics.n,
            "metrics": self.metrics.figures,
            "intervals": self.metrics.intervals,
            "champion": self.champion,
            "competition": self.competition,
            "failures": self.failures,
            "search": {name: asdict(tuned) for name, tuned in self.search.items()},
        }


def launch(
    ports: ControlPorts,
    plan: ControlPlan,
    data: TrainingData,
    *,
    actor: str,
    progress: Callable[[str, int, float], None] | None = None,
) -> Launch:
    """Train, evaluate, build, register; and promote, if nothing is in production yet.

    A later release is counted on the champion's grid, if that still resolves its rows.

    Args:
        ports: The control plane's ports.
        plan: The aim and the seed, and whether hyperparameters are searched before.
        data: Labelled rows.
        actor: Who asked for it, for the audit.
        progress: Told of each trial of a search: the trainer, its trials so far, and its
            best Brier score.

    Raises:
        TargetError: If a part of the split holds too few rows of a class.
        TrainingFailedError: If no trainer produced a model.
        ParityError: If the export does not repeat the model's scores.
    """
    searched = for_training(ports, plan, data, progress=progress)
    candidate = develop(
        data.features,
        data.labels,
        feature_specs=data.feature_specs,
        target=data.target,
        data_digest=data.digest,
        trainers=searched.trainers,
        aim=plan.aim,
        seed=plan.seed,
        ordered=data.times is not None,
        entities=None if data.entities is None else data.entities.tolist(),
        runtime=ports.runtime,
    )
    recipe = replace(candidate.recipe, search=searched.tuned)
    candidate = replace(candidate, recipe=recipe)
    before = ports.releases.deployment()
    bundle = build_release(
        candidate,
        features=data.features,
        labels=data.labels,
        model_name=plan.model_name,
        runtime=ports.runtime,
        aim=plan.aim,
        grid=shared_grid(
            ports, before, conform(data.features, candidate.contract), candidate.contract
        ),
        dated=None if data.times is None else dated_rows(plan, data.times),
    )
    record, champion = enter(ports, bundle, actor=actor, origin="train")
    return Launch(
        version=record.version,
        release_id=record.release_id,
        trainer=candidate.recipe.trainer,
        n_rows=len(data.labels),
        threshold=candidate.contract.threshold,
        aim=plan.aim.describe(),
        metrics=candidate.metrics,
        champion=champion,
        competition=candidate.brier_by_trainer,
        failures=candidate.failures,
        search=searched.tuned,
    )


def enter(
    ports: ControlPorts, bundle: ReleaseBundle, *, actor: str, origin: Literal["train", "register"]
) -> tuple[ReleaseRecord, ModelVersion]:
    """Register a release that a person asked for; the first of all becomes the champion.

    Args:
        ports: The control plane's ports.
        bundle: The release's files.
        actor: Who asked for it, for the audit.
        origin: By which command.

    Returns:
        The release, and which one is in production now.
    """
    record = register(
        bundle,
        objects=ports.objects,
        events=ports.events,
        predictions=ports.predictions,
        releases=ports.releases,
        clock=ports.clock,
        actor=actor,
        origin=origin,
    )
    deployment = ports.releases.deployment()
    if deployment is not None:
        champion = deployment.champion.version
    else:
        # Of two that are first at once, the key lets one pass, and tells the other which.
        reason, key = "the first release", "first/promoted"
        champion = promote(ports, record.version, reason=reason, actor=actor, key=key).version
    deliver(ports, now=ports.clock.now())
    return record, champion


def shared_grid(
    ports: ControlPorts, deployment: Deployment | None, rows: pa.Table, contract: Contract
) -> Grid | None:
    """Return the champion's grid if a new release can share it: its counts go on then.

    Args:
        ports: The control plane's ports.
        deployment: What is in production, if anything.
        rows: The new release's reference, as `conform` returns it.
        contract: The new release's.
    """
    if deployment is None:
        return None
    try:
        reference, _ = fetch_reference(ports.objects, deployment.champion.release_id)
    except (CorruptReleaseError, CorruptProfileError):
        return None  # to bring a new model is a way out of this, and must not fail of it
    return grid_to_keep(reference.grid, rows, contract)
