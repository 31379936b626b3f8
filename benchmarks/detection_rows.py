"""Which windows the detection benchmark compares: real Telco rows, drawn anew each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.adapters.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CELLS", "NO_DRIFT", "SIZES", "Population", "Size", "Windows", "draw", "read_population"]

FILE = "telco_ibm/Telco-Customer-Churn.csv"
MONTHLY_SHARE = 0.63  # of month-to-month contracts in the reweighted cell; 55% in the data
NO_DRIFT = "no_drift"
PRICE_RISE = 1.05
MISSING_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many rows the two windows have."""

    n_reference: int
    n_current: int

    @property
    def name(self) -> str:
        """The two numbers as tables show them."""
        return f"{self.n_reference}/{self.n_current}"


SIZES = tuple(
    Size(n_reference=n, n_current=m)
    for n, m in ((1_000, 1_000), (5_000, 100), (5_000, 250), (5_000, 1_000), (20_000, 5_000))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The rows that windows are drawn from, and their weights where contracts shift."""

    rows: pa.Table
    reweighted: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """One repetition: a reference and, for each cell by name, a current window of its own."""

    reference: pa.Table
    current: dict[str, pa.Table]


def read_population(folder: Path) -> Population:
    """Return Telco's 7,043 customers without identifier and target: 19 features.

    Args:
        folder: Where real data sets lie.
    """
    table = open_source(folder / FILE).read().drop_columns(["customerID", "Churn"])
    monthly = pc.equal(table.column("Contract"), "Month-to-month").to_numpy()
    weights = np.where(
        monthly, MONTHLY_SHARE / monthly.sum(), (1 - MONTHLY_SHARE) / (~monthly).sum()
    )
    return Population(rows=table.combine_chunks(), reweighted=weights)


def draw(population: Population, size: Size, *, seed: int, repetition: int) -> Windows:
    """Draw one repetition: every tool is given the same rows, no two repetitions share a draw.

    Args:
        population: Drawn from with replacement, so that without drift both windows are
            independent samples of one distribution.
        size: Rows of the windows.
        seed: Of the whole run.
        repetition: Which one.
    """
    entropy = [seed, size.n_reference, size.n_current, repetition]
    own, *others = np.random.SeedSequence(entropy).spawn(1 + len(CELLS))
    reference = _sample(population, size.n_reference, np.random.default_rng(own))
    current = {}
    for (name, change), child in zip(CELLS.items(), others, strict=True):
        rng = np.random.default_rng(child)
        current[name] = change(population, size.n_current, rng, repetition)
    return Windows(reference=reference, current=current)


def _sample(
    population: Population,
    n: int,
    rng: np.random.Generator,
    weights: NDArray[np.float64] | None = None,
) -> pa.Table:
    drawn = rng.choice(population.rows.num_rows, size=n, p=weights)
    return population.rows.take(pa.array(drawn))


def _unchanged(population: Population, n: int, rng: np.random.Generator, _: int) -> pa.Table:
    return _sample(population, n, rng)


def _more_monthly(population: Population, n: int, rng: np.random.Generator, _: int) -> pa.Table:
    return _sample(population, n, rng, population.reweighted)


def _dearer(population: Population, n: int, rng: np.random.Generator, _: int) -> pa.Table:
    table = _sample(population, n, rng)
    # Prices are set in cents.
    prices = pc.round(pc.multiply(table.column("MonthlyCharges"), PRICE_RISE), ndigits=2)
    return table.set_column(table.column_names.index("MonthlyCharges"), "MonthlyCharges", prices)


def _partly_missing(
    population: Population, n: int, rng: np.random.Generator, repetition: int
) -> pa.Table:
    """Lose values of one column at random; each column has its turn."""
    table = _sample(population, n, rng)
    name = table.column_names[repetition % table.num_columns]
    lost = pa.array(rng.random(n) < MISSING_SHARE)
    column = table.column(name)
    thinned = pc.if_else(lost, pa.scalar(None, column.type), column)
    return table.set_column(table.column_names.index(name), name, thinned)


CELLS: dict[str, Callable[[Population, int, np.random.Generator, int], pa.Table]] = {
    NO_DRIFT: _unchanged,
    "monthly_contracts_55_to_63": _more_monthly,
    "monthly_charges_up_5": _dearer,
    "tenth_of_a_column_missing": _partly_missing,
}
