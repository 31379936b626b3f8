"""Which pairs of models the guard's benchmark judges: real scores of real rows, drawn anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.csv
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.matrix import FeatureMatrix
from holdfast.performance.calibration import fit_platt, sigmoid
from holdfast.stats.auc import roc_auc

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["EQUAL", "GAINS", "Pair", "Population", "draw", "read_population"]

FILE = "default_credit_card_uci/UCI_Credit_Card.csv.gz"
TARGET = "default.payment.next.month"
EQUAL = 0.0
GAINS = (0.01, 0.02)
_N_TRAIN = 9_000  # rows that each of two models learns from; the rest is the population
_FLAGGED = 0.2  # the champion's share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Rows that no model here has seen, with their scores.

    Attributes:
        matrix: Their features.
        contract: What the columns are.
        labels: Whether the next payment was missed.
        scores: By two models of the same kind, from separate rows.
        weaker: By how much a model's true ROC AUC is below the first one's, and its scores.
        threshold: Of every champion.
    """

    matrix: FeatureMatrix
    contract: Contract
    labels: Labels
    scores: tuple[Floats, Floats]
    weaker: dict[float, Floats]
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """A champion and a challenger on rows drawn for them."""

    matrix: FeatureMatrix
    labels: Labels
    champion: Floats
    challenger: Floats


def read_population(folder: Path) -> Population:
    """Fit the models on part of 30,000 holders of a credit card, and score the others.

    Args:
        folder: Where real data sets lie.
    """
    table = pyarrow.csv.read_csv(folder / FILE).drop_columns(["ID"])
    names = [name for name in table.column_names if name != TARGET]
    labels = np.array(table.column(TARGET)).astype(np.bool_)
    rows = np.column_stack([np.array(table.column(name), dtype=np.float64) for name in names])
    order = np.random.default_rng(0).permutation(labels.size)
    first, second, held = np.split(order, [_N_TRAIN, 2 * _N_TRAIN])
    truth = labels[held]
    log_odds = [_boosted(rows, labels, part, held) for part in (first, second)]
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    plain = linear.fit(rows[first], labels[first]).decision_function(rows[held])
    contract = Contract(
        features=tuple(
            Feature(name=name, kind=FeatureKind.NUMERIC, nullable=False) for name in names
        ),
        target=Target(name=TARGET, positive="1", negative="0"),
        threshold=0.5,
        data_digest="0" * 64,
    )
    scores = tuple(_calibrated(truth, one) for one in log_odds)
    return Population(
        matrix=FeatureMatrix(
            numeric=rows[held].astype(np.float32),
            categorical=np.empty((held.size, 0), dtype=object),
        ),
        contract=contract,
        labels=truth,
        scores=(scores[0], scores[1]),
        weaker={gain: _weaker(truth, log_odds[0], plain, by=gain) for gain in GAINS},
        threshold=float(np.quantile(scores[0], 1 - _FLAGGED)),
    )


def draw(population: Population, gain: float, n: int, *, seed: int, repetition: int) -> Pair:
    """Draw rows with replacement, and a pair of models whose true difference is known.

    Two equal ones: each row's two scores are dealt to champion and challenger by chance, so
    that neither has any part in which it is the better one.

    Args:
        population: Where rows come from.
        gain: The challenger's, in ROC AUC over the population; 0 for an equal pair.
        n: Rows.
        seed: Fixes every draw together with the next.
        repetition: The pair's number.
    """
    rng = np.random.default_rng([seed, round(gain * 1000), n, repetition])
    rows = rng.integers(0, population.labels.size, size=n)
    challenger, champion = population.scores
    if gain == EQUAL:
        dealt = rng.random(n) < 0.5
        a, b = challenger[rows], champion[rows]
        pair = np.where(dealt, a, b), np.where(dealt, b, a)
    else:
        pair = challenger[rows], population.weaker[gain][rows]
    return Pair(
        matrix=population.matrix.take(rows),
        labels=population.labels[rows],
        challenger=pair[0],
        champion=pair[1],
    )


def _boosted(
    rows: Floats, labels: Labels, part: NDArray[np.intp], held: NDArray[np.intp]
) -> Floats:
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    found: Floats = model.fit(rows[part], labels[part]).decision_function(rows[held])
    return found


def _calibrated(labels: Labels, log_odds: Floats) -> Floats:
    slope, intercept = fit_platt(labels, log_odds)
    return sigmoid(slope * log_odds + intercept)


def _weaker(labels: Labels, strong: Floats, plain: Floats, *, by: float) -> Floats:
    """Mix a model with a plainer one until its ROC AUC is lower by so much."""
    wanted = roc_auc(labels, strong) - by

    def mixed(share: float) -> Floats:
        return (1 - share) * strong + share * plain

    low, high = 0.0, 1.0
    if roc_auc(labels, plain) > wanted:
        raise ValueError(f"no mixture is weaker by {by}")
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if roc_auc(labels, mixed(middle)) > wanted else (low, middle)
    return _calibrated(labels, mixed(high))
