"""Turn a tested model into an immutable release, and write it down as registered."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holdfast import __version__
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import VersionTakenError
from holdfast.domain.events import ReleaseRegistered
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import (
    BASELINE,
    CONTRACT,
    CURVES,
    DISPERSION,
    IMPORTANCES,
    MANIFEST,
    METRICS,
    MODEL,
    MODEL_CARD,
    PROFILE,
    REFERENCE,
    Manifest,
    ReleaseRecord,
    manifest_files,
)
from holdfast.domain.tables import conform, encode_table
from holdfast.drift.profile import reference_profile
from holdfast.loop.illustrate import illustrate
from holdfast.loop.model_card import model_card
from holdfast.loop.parity import check_parity
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.curves import Curves
    from holdfast.domain.ids import ReleaseId
    from holdfast.domain.releases import Dispersed, Importances, ModelMetrics, Recipe
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import ReferenceProfile
    from holdfast.loop.crossfit import OutOfFold
    from holdfast.loop.disperse import Dated
    from holdfast.loop.train import CalibratedModel
    from holdfast.policy.thresholds import Aim
    from holdfast.ports.clock import Clock
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.lease import Fence
    from holdfast.ports.object_store import ObjectStore
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.release_store import ReleaseStore
    from holdfast.ports.runtime import Runtime

__all__ = ["Papers", "Releasable", "ReleaseBundle", "build_release", "bundled", "register"]

_MOST_REFERENCE_ROWS = 200_000
_MOST_RACES = 20  # lost to others in a row; each of them has registered a release


class Releasable(Protocol):
    """A tested model with its papers: a `Candidate`, or a challenger that was accepted."""

    @property
    def model(self) -> CalibratedModel:
        """The model to release."""
        ...

    @property
    def contract(self) -> Contract:
        """What it takes and what its answers mean."""
        ...

    @property
    def recipe(self) -> Recipe:
        """How it was made."""
        ...

    @property
    def metrics(self) -> ModelMetrics:
        """What the tested model reached."""
        ...

    @property
    def curves(self) -> Curves:
        """What the tested model does at every threshold."""
        ...

    @property
    def importances(self) -> Importances:
        """How much the tested model rests on each feature."""
        ...

    @property
    def out_of_fold(self) -> OutOfFold:
        """Scores of the rows it learnt from, each by a model that had not seen it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseBundle:
    """A release's files in memory, the manifest among them; nothing is stored yet."""

    files: dict[str, bytes]
    manifest: Manifest
    contract: Contract
    metrics: ModelMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What a release says of its model, beside the model itself.

    Attributes:
        contract: What it takes and what its answers mean.
        recipe: How it was made.
        metrics: What it reached.
        curves: The same at every threshold.
        baseline: What monitors compare with.
        importances: How much it rests on each feature.
        reference: The profile that windows are compared with.
        card: All of it for a person.
        pictures: Of its curves, by the names of their files.
        dispersion: By how much rows of a bucket go together, by monitor; empty if not known.
    """

    contract: Contract
    recipe: Recipe
    metrics: ModelMetrics
    curves: Curves
    baseline: ModelMetrics
    importances: Importances
    reference: ReferenceProfile
    card: str
    pictures: dict[str, bytes]
    dispersion: Mapping[str, Dispersed] = field(default_factory=dict)


def build_release(
    candidate: Releasable,
    *,
    features: pa.Table,
    labels: NDArray[np.bool_],
    model_name: str,
    runtime: Runtime,
    aim: Aim | None = None,
    grid: Grid | None = None,
    dated: Dated | None = None,
) -> ReleaseBundle:
    """Export a model, check the export, and put its release together.

    The same arguments give the same bytes: the release's id depends on nothing else.

    Args:
        candidate: The tested model.
        features: The rows it learnt from: the reference of its windows.
        labels: Theirs, shape ``(n,)``.
        model_name: The project's model.
        runtime: Executes the export, as serving will.
        aim: What the threshold serves, for the card.
        grid: The project's grid; None cuts the first one from `features`.
        dated: When the rows were; None if nobody knows, and they count as independent.

    Raises:
        ParityError: If the export does not repeat the model's scores.
        CorruptReleaseError: If the runtime does not take the export.
    """
    contract, recipe, seed = candidate.contract, candidate.recipe, candidate.recipe.seed
    rows = conform(features, contract)
    exported = candidate.model.to_onnx()
    parity = check_parity(
        candidate.model,
        runtime.load(exported, contract),
        encode_table(rows, contract),
        contract,
        seed=seed,
    )
    reference = reference_profile(
        rows,
        contract,
        candidate.out_of_fold.scores,
        labels=candidate.out_of_fold.labels,
        grid=grid,
    )
    pictures = illustrate(candidate.curves, candidate.metrics, contract.target)
    card = model_card(
        model_name=model_name,
        contract=contract,
        recipe=recipe,
        metrics=candidate.metrics,
        curves=candidate.curves,
        aim="the project's aim" if aim is None else aim.describe(),
        parity=parity,
        n_reference=rows.num_rows,
        importances=candidate.importances,
        pictures=pictures,
    )
    return bundled(
        Papers(
            contract=contract,
            recipe=recipe,
            metrics=candidate.metrics,
            curves=candidate.curves,
            baseline=candidate.out_of_fold.metrics,
            importances=candidate.importances,
            reference=reference,
            card=card,
            pictures=pictures,
            dispersion={}
            if dated is None
            else dated.measure(rows, candidate.out_of_fold, reference),
        ),
        model=exported,
        rows=rows,
        labels=labels,
        model_name=model_name,
    )


def bundled(
    papers: Papers, *, model: bytes, rows: pa.Table, labels: NDArray[np.bool_], model_name: str
) -> ReleaseBundle:
    """Put a release's files together; the same arguments give the same bytes.

    Args:
        papers: What is known of the model.
        model: Its ONNX bytes, checked.
        rows: The reference, as `conform` returns it.
        labels: Theirs, shape ``(n,)``.
        model_name: The project's model.
    """
    contract, recipe = papers.contract, papers.recipe
    files = {
        MODEL: model,
        CONTRACT: canonical_json(contract),
        PROFILE: papers.reference.to_bytes(),
        REFERENCE: _reference_rows(rows, labels, contract, seed=recipe.seed),
        METRICS: canonical_json(papers.metrics),
        CURVES: canonical_json(papers.curves),
        IMPORTANCES: canonical_json(papers.importances),
        BASELINE: canonical_json(papers.baseline),
        MODEL_CARD: papers.card.encode(),
        **papers.pictures,
    }
    if papers.dispersion:
        files[DISPERSION] = canonical_json(papers.dispersion)
    manifest = Manifest(
        model_name=model_name, files=manifest_files(files), recipe=recipe, software=__version__
    )
    files[MANIFEST] = manifest.to_bytes()
    return ReleaseBundle(files=files, manifest=manifest, contract=contract, metrics=papers.metrics)


def register(
    bundle: ReleaseBundle,
    *,
    objects: ObjectStore,
    events: EventLog,
    predictions: PredictionLog,
    releases: ReleaseStore,
    clock: Clock,
    actor: str,
    origin: str,
    attempt_id: str | None = None,
    fence: Fence | None = None,
) -> ReleaseRecord:
    """Store a release and append its event; run again after a crash, it is registered once.

    The files come first and the event last: an event never names what is not there.

    Args:
        bundle: The release.
        objects: Where its files go.
        events: Where the registration is written, with the effect that mirrors it.
        predictions: Gets the table in which this release's predictions will be logged.
        releases: Tells which versions exist.
        clock: Dates the event.
        actor: Who registers: "control", "cli".
        origin: "train", "retrain" or "register".
        attempt_id: The retraining that it came of, if any.
        fence: The lease under which this runs.

    Raises:
        LeaseLostError: If another control loop has taken over.
        StoreUnavailableError: If the store did not commit.
        VersionTakenError: If others took every version that was free when it looked.
    """
    release_id = bundle.manifest.release_id
    schema = bundle.contract.schema_digest
    objects.put(release_id, bundle.files)
    predictions.prepare(bundle.contract)
    body = ReleaseRegistered(
        version=_next_version(releases),
        release_id=release_id,
        schema_digest=schema,
        origin=origin,
        trainer=bundle.manifest.recipe.trainer,
        metrics=bundle.metrics.figures,
        attempt_id=attempt_id,
        competition=bundle.manifest.recipe.competition,
        failures=bundle.manifest.recipe.failures,
    )
    for _ in range(_MOST_RACES):
        draft = Draft(
            body=body,
            actor=actor,
            key=f"{release_id}/registered",
            effects=_mirrored(body.version, release_id, releases),
        )
        try:
            (event,) = events.append([draft], at=clock.now(), fence=fence)
        except VersionTakenError:
            # Another process registered between the look and the write; the store let one pass.
            body = replace(body, version=_next_version(releases))
            continue
        # After a crash the log returns the event of the first run, whose version stands.
        assert isinstance(event.body, ReleaseRegistered)
        version = event.body.version
        return ReleaseRecord(version=version, release_id=release_id, schema_digest=schema)
    raise VersionTakenError(body.version)


def _mirrored(
    version: ModelVersion, release_id: ReleaseId, releases: ReleaseStore
) -> tuple[Effect, ...]:
    """Return what the registry is owed: the release, and the alias it bears until it serves."""
    payloads: list[dict[str, Any]] = [
        {"do": "record_release", "version": version, "release_id": release_id}
    ]
    if releases.deployment() is not None:
        payloads.append({"do": "set_aliases", "aliases": {"challenger": version}})
    return tuple(Effect(channel="registry", payload=payload) for payload in payloads)


def _next_version(releases: ReleaseStore) -> ModelVersion:
    taken = [int(record.version.removeprefix("v")) for record in releases.releases()]
    return ModelVersion(f"v{max(taken, default=0) + 1}")


def _reference_rows(
    rows: pa.Table, labels: NDArray[np.bool_], contract: Contract, *, seed: int
) -> bytes:
    labelled = rows.append_column(contract.target.name, pa.array(labels))
    if labelled.num_rows > _MOST_REFERENCE_ROWS:
        rng = np.random.default_rng(seed)
        drawn = rng.choice(labelled.num_rows, _MOST_REFERENCE_ROWS, replace=False)
        labelled = labelled.take(np.sort(drawn))  # in their order, which may be that of time
    written = io.BytesIO()
    pq.write_table(labelled, written, compression="zstd")
    return written.getvalue()
