"""Which hyperparameters the trainers compete with: their own, or what a search found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from holdfast.domain.contract import Contract
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.fetch import fetch_manifest
from holdfast.loop.search import Searched, folds_of, search, with_found
from holdfast.loop.split import split_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.loop.challenge import Challenge, LabelledRows
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.loop.ingest import TrainingData

    Progress = Callable[[str, int, float], None]

__all__ = ["for_retraining", "for_training", "recorded"]

_UNDECIDED = 0.5  # stands in the contract, whose threshold has no part in a fit


def for_training(
    ports: ControlPorts,
    plan: ControlPlan,
    data: TrainingData,
    *,
    progress: Progress | None = None,
) -> Searched:
    """Search on the rows that `develop` will fit on, if the project wants a search.

    Args:
        ports: The trainers, and who proposes.
        plan: The search's budget, and the seed.
        data: Labelled rows.
        progress: As `search` tells it.

    Raises:
        TargetError: If a part of the split holds too few rows of a class.
        MissingExtraError: If what searches is not installed.
    """
    if plan.search is None:
        return Searched(trainers=tuple(ports.trainers), tuned={})
    ordered, entities = data.times is not None, data.entities
    train = split_rows(
        data.labels, target=data.target, ordered=ordered, seed=plan.seed, entities=entities
    ).train
    contract = Contract(
        features=tuple(data.feature_specs),
        target=data.target,
        threshold=_UNDECIDED,
        data_digest=data.digest,
    )
    return _searched(
        ports,
        plan,
        encode_table(conform(data.features, contract), contract).take(train),
        data.labels[train],
        contract,
        ordered=ordered,
        entities=None if entities is None else entities[train],
        progress=progress,
    )


def for_retraining(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    rows: LabelledRows,
    *,
    n_train: int,
) -> Searched:
    """Take what the champion's training found; or search anew, if the project says so.

    Args:
        ports: The trainers, and who proposes.
        plan: Whether to search anew, with which budget.
        champion: Whose recipe tells what was found.
        rows: Mature rows in time order.
        n_train: How many of them, from the first on, are trained on.

    Raises:
        CorruptReleaseError: If the champion's recipe cannot be read.
        MissingExtraError: If what searches is not installed.
    """
    if plan.search is not None and plan.search.again:
        matrix = encode_table(rows.features.slice(0, n_train), champion.contract)
        labels = rows.labels[:n_train]
        return _searched(ports, plan, matrix, labels, champion.contract, ordered=True)
    found = fetch_manifest(ports.objects, champion.record.release_id).recipe.search
    return Searched(trainers=with_found(ports.trainers, found), tuned=found)


def recorded(outcome: Challenge, searched: Searched) -> Challenge:
    """Return a challenge whose recipe, if a challenger came out, says what was found."""
    if outcome.challenger is None:
        return outcome
    recipe = replace(outcome.challenger.recipe, search=searched.tuned)
    return replace(outcome, challenger=replace(outcome.challenger, recipe=recipe))


def _searched(
    ports: ControlPorts,
    plan: ControlPlan,
    rows: FeatureMatrix,
    labels: NDArray[np.bool_],
    contract: Contract,
    *,
    ordered: bool,
    entities: NDArray[np.object_] | None = None,
    progress: Progress | None = None,
) -> Searched:
    assert plan.search is not None
    assert ports.tuner is not None
    folds = folds_of(labels, ordered=ordered, seed=plan.seed, entities=entities)
    return search(
        ports.trainers,
        rows,
        labels,
        folds,
        contract=contract,
        seed=plan.seed,
        tuner=ports.tuner,
        budget=plan.search.budget,
        progress=progress,
    )
