"""A bounded, reproducible sample of rows that arrive batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.domain.arrow import index_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["sample_rows"]


def sample_rows(batches: Iterable[pa.Table], most: int, *, seed: int = 0) -> pa.Table:
    """Return at most so many rows, each as likely as any other, in the order they came in.

    Every row draws a number, and those with the smallest are kept; memory stays bounded
    by the sample and a batch.

    Args:
        batches: At least one; all of the same columns.
        most: Rows of the sample.
        seed: Fixes the draw.

    Source:
        Efraimidis and Spirakis (2006), *Weighted random sampling with a reservoir*.

    >>> rows = pa.table({"x": range(10)})
    >>> sample_rows([rows.slice(0, 5), rows.slice(5)], 3)["x"].to_pylist()
    [1, 2, 3]
    """
    rng = np.random.default_rng(seed)
    kept: pa.Table | None = None
    draws = np.empty(0)
    for batch in batches:
        drawn = rng.random(batch.num_rows)
        likely = _smallest(drawn, most)
        arrived = batch.take(index_array(likely))
        draws = np.concatenate([draws, drawn[likely]])
        both = arrived if kept is None else pa.concat_tables([kept, arrived])
        chosen = _smallest(draws, most)
        kept, draws = both.unify_dictionaries().take(index_array(chosen)), draws[chosen]
    if kept is None:
        raise ValueError("there is no batch to sample from")
    return kept


def _smallest(draws: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    if draws.size <= most:
        return np.arange(draws.size)
    return np.sort(np.argpartition(draws, most)[:most])
