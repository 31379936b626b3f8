"""Whom a stream of days is made of: real Telco customers, their scores and labels, and shifts.

One champion is fitted on customers that are then put aside. The others are the population:
references and days are drawn from it with replacement. So the rows of a day are independent
draws from one known distribution, as are those of the reference, which is finite and errs as
any sample does; and its scores are those of rows that the champion has never seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.detection_rows import FILE
from benchmarks.detection_tools import contract_of
from scipy import optimize

from holdfast.adapters.sources import open_source
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.arrow import float_values
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.train import fit_on
from holdfast.policy.thresholds import FBeta

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.loop.train import CalibratedModel

    Floats = NDArray[np.float64]
    Labels = NDArray[np.bool_]

__all__ = ["SHIFTS", "Population", "Shift", "read_population"]

_N_POPULATION = 5_000  # the other 2,043 fit the champion
_N_FIT = 1_500  # of those; the rest calibrate it and choose its threshold


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """The customers that days are drawn from.

    Attributes:
        table: Their 19 features, as `conform` returns them.
        contract: What the columns are; its threshold is the champion's.
        model: The champion.
        labels: Whether they left.
        scores: The champion's, of rows it was not fitted on.
    """

    table: pa.Table
    contract: Contract
    model: CalibratedModel
    labels: Labels
    scores: Floats

    @cached_property
    def charges(self) -> Floats:
        """The monthly charges: the numeric feature that single-stream detectors watch."""
        return np.asarray(float_values(self.table.column("MonthlyCharges")))

    @cached_property
    def leanings(self) -> Floats:
        """What a day can be richer in than others: shape ``(n, 3)``, in standard deviations."""
        raw = [
            float_values(self.table.column("tenure")),
            self.charges,
            pc.equal(self.table.column("PaperlessBilling"), "Yes").to_numpy(),
        ]
        columns = np.column_stack([np.asarray(column, dtype=np.float64) for column in raw])
        standardised: Floats = (columns - columns.mean(axis=0)) / columns.std(axis=0)
        return standardised

    def dearer(self, rise: float) -> Population:
        """Return the same customers with every monthly charge raised, and scored anew."""
        prices = pc.round(pc.multiply(self.table.column("MonthlyCharges"), 1 + rise), ndigits=2)
        place = self.table.column_names.index("MonthlyCharges")
        table = self.table.set_column(place, "MonthlyCharges", prices)
        return Population(
            table=table,
            contract=self.contract,
            model=self.model,
            labels=self.labels,
            scores=_scored(self.model, table, self.contract),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shift:
    """What changes from one day on, and stays so.

    Attributes:
        population: Whom days are drawn from then.
        weights: How likely each row is, up to a factor, shape ``(n,)``; None: all alike.
        turning: Chance that a row labelled negative is positive now, shape ``(n,)``.
    """

    population: Population
    weights: Floats | None = None
    turning: Floats | None = None


def read_population(folder: Path) -> Population:
    """Fit the champion on some of Telco's 7,043 customers, and score the others.

    Args:
        folder: Where real data sets lie.
    """
    rows = open_source(folder / FILE).read()
    labels = np.asarray(pc.equal(rows.column("Churn"), "Yes"))
    features = rows.drop_columns(["customerID", "Churn"]).combine_chunks()
    contract = contract_of(features)
    table = conform(features, contract)
    order = np.random.default_rng(0).permutation(labels.size)
    kept, aside = order[:_N_POPULATION], order[_N_POPULATION:]
    model = fit_on(
        encode_table(table, contract),
        labels,
        train=aside[:_N_FIT],
        validation=aside[_N_FIT:],
        trainer=LogisticRegressionTrainer(),
        contract=contract,
        seed=0,
    )
    held = table.take(pa.array(aside[_N_FIT:]))
    threshold = FBeta().choose(labels[aside[_N_FIT:]], _scored(model, held, contract))
    population = table.take(pa.array(kept)).combine_chunks()
    return Population(
        table=population,
        contract=replace(contract, threshold=threshold),
        model=model,
        labels=labels[kept],
        scores=_scored(model, population, contract),
    )


def _scored(model: CalibratedModel, table: pa.Table, contract: Contract) -> Floats:
    return model.predict(encode_table(table, contract))


def _more_monthly(population: Population, by: float) -> Shift:
    """Raise the share of month-to-month contracts; what goes with them rises, too."""
    monthly = np.asarray(pc.equal(population.table.column("Contract"), "Month-to-month"))
    return Shift(population=population, weights=_raised(monthly, by))


def _dearer(population: Population, by: float) -> Shift:
    """Raise every monthly charge; the customers are as before."""
    return Shift(population=population.dearer(by))


def _higher_scores(population: Population, by: float) -> Shift:
    """Make rows more likely the higher their score, until the mean score is so much higher."""
    scores = population.scores
    aim = float(scores.mean()) + by

    def missing(tilt: float) -> float:
        return float(np.average(scores, weights=np.exp(tilt * scores))) - aim

    tilt = float(optimize.brentq(missing, 0.0, 50.0))
    return Shift(population=population, weights=np.exp(tilt * scores))


def _more_leave(population: Population, by: float) -> Shift:
    """Raise the share of those who leave; each class looks as before."""
    return Shift(population=population, weights=_raised(population.labels, by))


def _loyal_leave(population: Population, by: float) -> Shift:
    """Let a share of the loyal half leave, whom the champion is sure of; no feature changes."""
    loyal = population.scores < np.median(population.scores)
    return Shift(population=population, turning=np.where(loyal, by, 0.0))


def _raised(which: Labels, by: float) -> Floats:
    share = float(which.mean())
    return np.where(which, (share + by) / share, (1 - share - by) / (1 - share))


SHIFTS: dict[str, tuple[Callable[[Population, float], Shift], tuple[float, ...]]] = {
    "contract": (_more_monthly, (0.05, 0.1, 0.2)),
    "charges": (_dearer, (0.05, 0.1, 0.2)),
    "scores": (_higher_scores, (0.05, 0.1, 0.2)),
    "label": (_more_leave, (0.05, 0.1, 0.2)),
    "concept": (_loyal_leave, (0.1, 0.2, 0.4)),
}
