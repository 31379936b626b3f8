"""Take in a model trained elsewhere: check it, measure it on a reference, register it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from holdfast.domain.binary_target import read_target
from holdfast.domain.canonical import sha256_hex
from holdfast.domain.contract import Contract
from holdfast.domain.errors import InvalidRowsError, ModelFileError, TargetError
from holdfast.domain.features import describe
from holdfast.domain.releases import Recipe
from holdfast.domain.tables import conform, encode_table
from holdfast.drift.profile import reference_profile
from holdfast.loop.crossfit import OutOfFold
from holdfast.loop.disperse import dated_rows
from holdfast.loop.illustrate import illustrate
from holdfast.loop.launch import enter, shared_grid
from holdfast.loop.model_card import brought_card
from holdfast.loop.register import Papers, bundled
from holdfast.performance.curves import trace
from holdfast.performance.importance import permutation_importance
from holdfast.performance.realised import measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.ids import ModelVersion, ReleaseId
    from holdfast.domain.releases import ModelMetrics
    from holdfast.drift.grid import Grid
    from holdfast.loop.contract_file import ContractFile
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.ports.data_source import DataSource
    from holdfast.ports.model_intake import ModelIntake, TakenIn

__all__ = ["Adopted", "Brought", "adopt"]

_BROUGHT = "brought"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What its owner hands over.

    Attributes:
        name: The model's file name.
        model: Its ONNX bytes.
        contract: What the owner says of features, target and threshold.
        reference: Labelled rows, which later windows are compared with.
        held_out: Whether the owner says that the model was not fitted on them.
        time: The column of the reference that says when a row was, if there is one.
    """

    name: str
    model: bytes
    contract: ContractFile
    reference: DataSource
    held_out: bool
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What came of it."""

    version: ModelVersion
    release_id: ReleaseId
    inputs: str  # how rows reach the model's own inputs
    held_out: bool
    threshold: float
    metrics: ModelMetrics  # on the reference
    champion: ModelVersion  # in production now: this version, or one before it

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "version": self.version,
            "release_id": self.release_id,
            "inputs": self.inputs,
            "held_out": self.held_out,
            "threshold": self.threshold,
            "n_reference": self.metrics.n,
            "metrics": self.metrics.figures,
            "intervals": self.metrics.intervals,
            "champion": self.champion,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reference:
    contract: Contract
    rows: pa.Table
    labels: NDArray[np.bool_]
    times: NDArray[np.datetime64] | None  # None: nobody knows when they were


def adopt(
    ports: ControlPorts, plan: ControlPlan, intake: ModelIntake, brought: Brought, *, actor: str
) -> Adopted:
    """Check a model, measure it, register it; and promote it, if nothing is in production yet.

    Args:
        ports: The control plane's ports.
        plan: The model's name and the seed.
        intake: Fits models of other makers to a contract.
        brought: The model and what its owner says of it.
        actor: Who asked for it, for the audit.

    Raises:
        ModelFileError: If it is no usable model, or does not answer the reference rows.
        TargetError: If the reference does not hold the target's two classes.
        ColumnError: If a feature is not in the reference, or of another type.
    """
    reference = _read(brought)
    taken = intake.take_in(brought.model, reference.contract, name=brought.name)
    before = ports.releases.deployment()
    grid = shared_grid(ports, before, reference.rows, reference.contract)
    papers = _papers(ports, plan, brought, reference, taken, grid=grid)
    bundle = bundled(
        papers,
        model=taken.model,
        rows=reference.rows,
        labels=reference.labels,
        model_name=plan.model_name,
    )
    record, champion = enter(ports, bundle, actor=actor, origin="register")
    return Adopted(
        version=record.version,
        release_id=record.release_id,
        inputs=taken.inputs,
        held_out=brought.held_out,
        threshold=papers.contract.threshold,
        metrics=papers.metrics,
        champion=champion,
    )


def _papers(
    ports: ControlPorts,
    plan: ControlPlan,
    brought: Brought,
    reference: _Reference,
    taken: TakenIn,
    *,
    grid: Grid | None,
) -> Papers:
    """Score the reference and write down what that says of the model.

    Raises:
        ModelFileError: If a row has no answer, or the answers are upside down.
    """
    contract, rows, labels = reference.contract, reference.rows, reference.labels
    model, matrix = ports.runtime.load(taken.model, contract), encode_table(rows, contract)
    try:
        scores = model.score(matrix)
    except InvalidRowsError as error:
        raise _unanswered(brought.name, error, len(labels)) from error
    metrics = measure(labels, scores, threshold=contract.threshold)
    _refuse_upside_down(brought.name, metrics, contract)
    recipe = _recipe(brought, taken.inputs, n=len(labels), seed=plan.seed)
    importances = permutation_importance(
        model.score, matrix, labels, contract=contract, seed=plan.seed
    )
    curves = trace(labels, scores, threshold=contract.threshold)
    pictures = illustrate(curves, metrics, contract.target)
    card = brought_card(
        model_name=plan.model_name,
        contract=contract,
        recipe=recipe,
        metrics=metrics,
        curves=curves,
        importances=importances,
        held_out=brought.held_out,
        pictures=pictures,
    )
    profile = reference_profile(rows, contract, scores, labels=labels, grid=grid)
    scored = OutOfFold(scores=scores, labels=labels, metrics=metrics)
    dated = None if reference.times is None else dated_rows(plan, reference.times)
    return Papers(
        contract=contract,
        recipe=recipe,
        metrics=metrics,
        curves=curves,
        baseline=metrics,
        importances=importances,
        reference=profile,
        card=card,
        pictures=pictures,
        dispersion={} if dated is None else dated.measure(rows, scored, profile),
    )


def _read(brought: Brought) -> _Reference:
    """Read the labelled rows, and describe what the contract leaves open as they show it."""
    said = brought.contract
    table = brought.reference.read()
    labelled = read_target(table, said.target, said.positive)
    target = labelled.target
    if said.negative is not None and said.negative != target.negative:
        raise TargetError(
            said.target,
            f"holds {target.negative!r}, the contract says {said.negative!r}",
            remedy="Give a reference in the contract's words.",
        )
    draft = Contract(
        features=said.features,
        target=target,
        threshold=said.threshold,
        data_digest=said.data_digest or brought.reference.digest,
    )
    table = table.filter(pa.array(labelled.known))
    rows = conform(table, draft)
    contract = draft if said.complete else replace(draft, features=describe(rows, draft))
    return _Reference(
        contract=contract, rows=rows, labels=labelled.labels, times=_times(table, brought.time)
    )


def _times(table: pa.Table, name: str | None) -> NDArray[np.datetime64] | None:
    """Return when each row was, UTC; None if no column of moments says so."""
    if name is None or name not in table.column_names:
        return None
    column = table.column(name)
    if not pa.types.is_timestamp(column.type):
        return None
    times: NDArray[np.datetime64] = column.to_numpy()
    return times


def _unanswered(name: str, error: InvalidRowsError, n: int) -> ModelFileError:
    return ModelFileError(
        name,
        f"it has no probability for {len(error.issues):,} of {n:,} reference rows, the first of "
        f"them row {error.issues[0].row} (counted from 0)",
        remedy="A score is a finite number in [0, 1]; missing numbers come as NaN, missing "
        "categories as an empty text.",
    )


def _refuse_upside_down(name: str, metrics: ModelMetrics, contract: Contract) -> None:
    low_high = metrics.intervals.get("roc_auc")
    if low_high is None or low_high[1] >= 0.5:
        return
    raise ModelFileError(
        name,
        f"it ranks the reference upside down (ROC AUC {metrics.figures['roc_auc']:.3f}): rows of "
        f"{contract.target.positive!r} get the lower scores",
        remedy="Look whether 'positive' names the class that it scores, and whether the features "
        "stand in the order of its columns.",
    )


def _recipe(brought: Brought, inputs: str, *, n: int, seed: int) -> Recipe:
    seen = "held out, as its owner says" if brought.held_out else "in-sample, as far as is known"
    return Recipe(
        trainer=_BROUGHT,
        parameters={
            "file": brought.name,
            "file_digest": sha256_hex(brought.model),
            "inputs": inputs,
            "held_out": brought.held_out,
        },
        seed=seed,
        training_window="unknown",
        calibration="unknown",
        n_train=0,
        n_validation=0,
        n_test=n,
        split=seen,
    )
