"""The rows that are compared with a reference, wherever they lie: here, or on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from holdfast.domain.contract import Contract
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile

__all__ = ["CurrentRows"]


class CurrentRows(Protocol):
    """Rows that stay where they are: only counts, and samples if they are asked for, come here."""

    @property
    def schema(self) -> pa.Schema:
        """Names and clean types of the columns.

        Raises:
            DataFileError: If the data is missing, empty or unreadable.
        """
        ...

    def oldest(self, column: str) -> datetime | None:
        """Return the first moment of a column of times; None if it is absent, or bears none."""
        ...

    def count(self, contract: Contract, grid: Grid, *, moments: str | None = None) -> Profile:
        """Count all rows on a grid, as `holdfast.ports.engine.ProfileEngine` does.

        Args:
            contract: What the columns are; others are ignored.
            grid: Whose cells to count in.
            moments: The column that says when each row was, if dates are to be aged by it.

        Raises:
            ColumnError: If a feature is absent, or its type cannot become the contract's.
            DataFileError: If rows cannot be read.
        """
        ...

    def sample(self, columns: Sequence[str], most: int) -> pa.Table:
        """Return at most so many rows, drawn at random; cells may be uncleaned.

        Args:
            columns: Those wanted; each is there.
            most: Rows of the sample.

        Raises:
            DataFileError: If rows cannot be read.
        """
        ...
