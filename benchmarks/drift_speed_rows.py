"""The rows that drift speed is measured on: fourteen numbers and six words, new each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["COLUMNS", "CONTRACT", "WORDS", "fresh_rows", "write_folder"]

# What tables of customers hold: measurements, amounts in cents, counts, shares, long tails.
_SHAPES: tuple[Callable[[np.random.Generator, int], NDArray[np.float64]], ...] = (
    lambda rng, n: rng.standard_normal(n),
    lambda rng, n: rng.normal(40.0, 12.0, n),
    lambda rng, n: rng.lognormal(3.0, 1.0, n),
    lambda rng, n: rng.exponential(30.0, n),
    lambda rng, n: rng.random(n),
    lambda rng, n: rng.gamma(2.0, 20.0, n).round(2),
    lambda rng, n: rng.poisson(3.0, n).astype(np.float64),
)
_LEVELS = (2, 3, 4, 10, 50, 500)
_MISSING = 0.02  # of every second column
NUMBERS = tuple(f"number_{i}" for i in range(2 * len(_SHAPES)))
WORDS = tuple(f"word_{i}" for i in range(len(_LEVELS)))
COLUMNS = NUMBERS + WORDS
CONTRACT = Contract(
    features=tuple(
        Feature(
            name=name,
            kind=FeatureKind.CATEGORICAL if name in WORDS else FeatureKind.NUMERIC,
            nullable=True,
        )
        for name in COLUMNS
    ),
    target=Target(name="", positive="1", negative="0"),
    threshold=0.5,
    data_digest="sha256:" + "0" * 64,
)


def fresh_rows(n: int, rng: np.random.Generator) -> pa.Table:
    """Return rows without drift: all draws are from the same distributions."""
    columns = [_numbers(n, i, rng) for i in range(len(NUMBERS))]
    columns += [_words(n, i, rng) for i in range(len(WORDS))]
    return pa.table(columns, names=list(COLUMNS))


def write_folder(folder: Path, *, n_rows: int, rows_per_file: int, seed: int) -> int:
    """Write rows file by file, never all in memory; return the bytes on disk."""
    folder.mkdir(parents=True)
    starts = range(0, n_rows, rows_per_file)
    for i, child in enumerate(np.random.SeedSequence(seed).spawn(len(starts))):
        n = min(rows_per_file, n_rows - starts[i])
        table = fresh_rows(n, np.random.default_rng(child))
        pq.write_table(table, folder / f"part-{i:04}.parquet")
    return sum(path.stat().st_size for path in folder.iterdir())


def _numbers(n: int, i: int, rng: np.random.Generator) -> pa.Array:
    values = _SHAPES[i % len(_SHAPES)](rng, n)
    return pa.array(values, mask=rng.random(n) < _MISSING if i % 2 else None)


def _words(n: int, i: int, rng: np.random.Generator) -> pa.Array:
    weights = 1 / np.arange(1, _LEVELS[i] + 1)  # few words are frequent
    codes = rng.choice(_LEVELS[i], size=n, p=weights / weights.sum()).astype(np.int32)
    indices = pa.array(codes, mask=rng.random(n) < _MISSING if i % 2 else None)
    words = pa.array([f"{WORDS[i]}: level {level}" for level in range(_LEVELS[i])])
    return pa.DictionaryArray.from_arrays(indices, words).cast(pa.string())
