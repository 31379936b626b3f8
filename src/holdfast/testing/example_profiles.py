"""Small, real profiles for tests (needs pyarrow)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.testing.examples import example_contract, example_rows

if TYPE_CHECKING:
    from holdfast.drift.profile import Profile

__all__ = ["example_profile"]


def example_profile(n: int, *, grid_of: int = 10) -> Profile:
    """Return the profile of `n` rows of `example_contract`.

    Args:
        n: How many rows are counted.
        grid_of: How many rows the grid is cut from; other numbers make other grids.
    """
    contract = example_contract()
    return profile(_table(n), cut_grid(_table(grid_of), contract))


def _table(n: int) -> pa.Table:
    names = example_contract().names
    columns = zip(*(request.values for request in example_rows(n)[0]), strict=True)
    return pa.table({name: list(values) for name, values in zip(names, columns, strict=True)})
