"""Whether an exported model repeats the trained one's scores, row for row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.contract import MISSING_CATEGORY
from holdfast.domain.errors import InvalidRowsError, ParityError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.domain.validation import FLOAT32_LIMIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.loop.train import CalibratedModel
    from holdfast.ports.runtime import LoadedModel

__all__ = ["TOLERANCE", "check_parity", "edge_rows", "made_up_rows"]

TOLERANCE = 1e-5  # honest exports differ by some 1e-7; wrong ones by 0.08 and more
_MOST_ROWS = 20_000
_LEAST_ROWS = 10_000  # of the data and made up
_LEAST_MADE_UP = 3_000
_MISSING = 0.02  # of the cells of made-up rows, beside those that training data misses
_NEW = 0.01  # of their words
_UNSEEN = "\N{SNOWMAN} a category that no training data holds"


def check_parity(
    model: CalibratedModel,
    exported: LoadedModel,
    rows: FeatureMatrix,
    contract: Contract,
    *,
    seed: int,
    tolerance: float = TOLERANCE,
) -> float:
    """Score rows with both and return the largest difference.

    Beside the rows given (at most 20,000 of them, drawn by the seed) the two meet at least
    3,000 that are made up of their values (`made_up_rows`), so that they are 10,000 in any
    case, and rows that training data seldom holds: all missing, unseen categories, ends of
    the ranges and the largest numbers that a client may send.

    Args:
        model: As it was trained.
        exported: As it will serve.
        rows: Rows of the training data.
        contract: What the columns are.
        seed: Fixes the draw.
        tolerance: The largest difference in probability that passes.

    Raises:
        ParityError: If any row differs by more; it names the worst one.
    """
    drawn = np.arange(len(rows))
    if len(rows) > _MOST_ROWS:
        drawn = np.sort(np.random.default_rng(seed).choice(len(rows), _MOST_ROWS, replace=False))
    edges = edge_rows(contract)
    n_made_up = max(_LEAST_ROWS - drawn.size, _LEAST_MADE_UP)
    made_up = made_up_rows(rows, seed=seed, n=n_made_up)
    names = [
        *(f"{row} of the data" for row in drawn.tolist()),
        *(f"{row} of those made up" for row in range(len(made_up))),
        *edges,
    ]
    sample = _stacked([rows.take(drawn), made_up, *edges.values()])
    difference = np.abs(_scores(exported, sample, names, tolerance) - model.predict(sample))
    difference = np.where(np.isnan(difference), np.inf, difference)
    worst = int(np.argmax(difference))
    if difference[worst] > tolerance:
        raise ParityError(worst=float(difference[worst]), tolerance=tolerance, row=names[worst])
    return float(difference[worst])


def made_up_rows(rows: FeatureMatrix, *, seed: int, n: int = _LEAST_ROWS) -> FeatureMatrix:
    """Return rows whose every value was drawn from its column, and often moved a little.

    Trees split halfway between two values of the training data, or at one of them. So a
    third of the numbers lie halfway to their neighbour, a third next to one as float32
    counts. Some values are missing, and some words new.

    Args:
        rows: Rows of the training data.
        seed: Fixes the draws.
        n: How many are made up.
    """
    if not len(rows):
        return rows
    rng = np.random.default_rng(seed)
    numeric = [_near(column, n, rng) for column in rows.numeric.T]
    words = [_reworded(column, n, rng) for column in rows.categorical.T]
    return FeatureMatrix(
        numeric=np.array(numeric, dtype=np.float32).reshape(len(numeric), n).T,
        categorical=np.array(words, dtype=object).reshape(len(words), n).T,
    )


def _near(column: NDArray[np.float32], n: int, rng: np.random.Generator) -> NDArray[np.float32]:
    values = np.unique(column[~np.isnan(column)])  # in order, each once
    if not values.size:
        return np.full(n, np.nan, dtype=np.float32)
    at = np.searchsorted(values, drawn := rng.choice(column, n))
    after = values[np.minimum(at + 1, values.size - 1)].astype(np.float64)
    ends = np.array([-FLOAT32_LIMIT, FLOAT32_LIMIT], dtype=np.float32)
    beside = np.nextafter(drawn, rng.choice(ends, n))
    halfway = (drawn.astype(np.float64) + after) / 2
    moved = np.choose(rng.integers(0, 3, n), [drawn, halfway, beside])
    moved[rng.random(n) < _MISSING] = np.nan
    within: NDArray[np.float32] = np.clip(moved, *ends).astype(np.float32)
    return within


def _reworded(column: NDArray[np.object_], n: int, rng: np.random.Generator) -> NDArray[np.object_]:
    drawn = column[rng.integers(0, len(column), n)]
    drawn[rng.random(n) < _MISSING] = MISSING_CATEGORY
    drawn[rng.random(n) < _NEW] = _UNSEEN
    return drawn


def edge_rows(contract: Contract) -> dict[str, FeatureMatrix]:
    """Return single rows at the edges of what a model may meet, by what they are."""
    lows = [feature.minimum or 0.0 for feature in contract.numeric]
    highs = [1.0 if feature.maximum is None else feature.maximum for feature in contract.numeric]
    usual = [
        feature.categories[0] if feature.categories else MISSING_CATEGORY
        for feature in contract.categorical
    ]
    k, m = len(lows), len(usual)
    alternating = [FLOAT32_LIMIT * (-1) ** i for i in range(k)]
    return {
        "'all missing'": _row([np.nan] * k, [MISSING_CATEGORY] * m),
        "'all categories unseen'": _row(lows, [_UNSEEN] * m),
        "'all numbers at their minimum'": _row(lows, usual),
        "'all numbers at their maximum'": _row(highs, usual),
        "'all numbers as small as can be'": _row([-FLOAT32_LIMIT] * k, usual),
        "'all numbers as large as can be'": _row([FLOAT32_LIMIT] * k, usual),
        "'extreme numbers of both signs'": _row(alternating, usual),
    }


def _row(numbers: list[float], categories: list[str]) -> FeatureMatrix:
    return FeatureMatrix(
        numeric=np.array(numbers, dtype=np.float32).reshape(1, -1),
        categorical=np.array(categories, dtype=object).reshape(1, -1),
    )


def _stacked(parts: list[FeatureMatrix]) -> FeatureMatrix:
    return FeatureMatrix(
        numeric=np.concatenate([part.numeric for part in parts]),
        categorical=np.concatenate([part.categorical for part in parts]),
    )


def _scores(
    exported: LoadedModel, sample: FeatureMatrix, names: list[str], tolerance: float
) -> NDArray[np.float64]:
    try:
        return exported.score(sample)
    except InvalidRowsError as error:  # the export has no probability where training had one
        row = names[error.issues[0].row]
        raise ParityError(worst=float("inf"), tolerance=tolerance, row=row) from error
