"""Who counts a data set's rows on a grid: threads on this machine, or a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile

__all__ = ["ProfileEngine"]

Rows_contra = TypeVar("Rows_contra", contravariant=True)


class ProfileEngine(Protocol[Rows_contra]):
    """Counts rows wherever they lie; every engine counts alike, to the last row."""

    def profile(
        self, rows: Rows_contra, contract: Contract, grid: Grid, *, moments: str | None = None
    ) -> Profile:
        """Count all rows on a grid.

        However the rows are split, counts, minima and maxima are the same; sums agree to
        1e-9 relative. Where there is no row there is no profile: an export that failed must
        not pass for a quiet day.

        Args:
            rows: In the form that this engine reads.
            contract: What the columns are; others are ignored.
            grid: Whose cells to count in.
            moments: The column that says when each row was, if dates are to be aged by it.

        Raises:
            ColumnError: If a column is absent, is there twice, or its type cannot become the
                contract's, or a time where one is needed.
            DataFileError: If rows cannot be read, or there is none.
            ClusterError: If a cluster does the counting and executors are lost, or lack
                Holdfast.
        """
        ...
