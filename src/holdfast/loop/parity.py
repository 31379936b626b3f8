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

__all__ = ["TOLERANCE", "check_parity", "edge_rows"]

TOLERANCE = 1e-5  # honest exports differ by some 1e-7; wrong ones by 0.08 and more
_MOST_ROWS = 20_000
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

    Beside the rows given (at most 20,000 of them, drawn by the seed) the two meet rows
    that training data seldom holds: all missing, unseen categories, ends of the ranges
    and the largest numbers that a client may send.

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
    names = [f"{row} of the data" for row in drawn.tolist()] + list(edges)
    sample = _stacked([rows.take(drawn), *edges.values()])
    difference = np.abs(_scores(exported, sample, names, tolerance) - model.predict(sample))
    difference = np.where(np.isnan(difference), np.inf, difference)
    worst = int(np.argmax(difference))
    if difference[worst] > tolerance:
        raise ParityError(worst=float(difference[worst]), tolerance=tolerance, row=names[worst])
    return float(difference[worst])


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
