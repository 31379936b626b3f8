"""Profiles of Spark DataFrames: the local kernel on every partition, then summed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from holdfast import __version__
from holdfast.adapters.engines.spark_errors import named_errors
from holdfast.adapters.engines.spark_partitions import (
    ROW,
    Failure,
    Task,
    count_partition,
    sum_partitions,
)
from holdfast.adapters.engines.spark_session import spark_session
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import ClusterError, ColumnError, DataFileError
from holdfast.domain.tables import column_of
from holdfast.drift.profile import Profile, total
from holdfast.drift.rows import columns_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from holdfast.domain.contract import Contract
    from holdfast.drift.grid import Grid

__all__ = ["SparkEngine", "placed", "spark_session"]


class SparkEngine:
    """`ProfileEngine` on a Spark cluster: counts equal those of the same rows read locally.

    Rows stay where they are. Each partition is counted by the function that counts
    locally, on Arrow batches; the profiles, some tens of kilobytes each, are added up on
    executors in a few groups, and the driver adds those.

    The executors need this very version of Holdfast, and pyarrow.

    Args:
        session: Of any cluster; `spark_session` makes a quiet one.
        n_groups: In how many groups the partitions' profiles are added on executors. The
            driver gets one profile for each.
        where: What the error calls rows of which there is none.
    """

    def __init__(
        self, session: SparkSession, *, n_groups: int = 8, where: str = "The Spark query"
    ) -> None:
        self._session = session
        self._n_groups = n_groups
        self._where = where

    def profile(
        self, rows: DataFrame, contract: Contract, grid: Grid, *, moments: str | None = None
    ) -> Profile:
        """Count all rows on a grid.

        Args:
            rows: Any DataFrame of the session; its columns may be more than the contract's.
            contract: What the columns are.
            grid: Whose cells to count in.
            moments: The column that says when each row was, if dates are to be aged by it.

        Raises:
            ColumnError: If a column is absent, is there twice, or its type cannot become the
                contract's, or a time where one is needed.
            DataFileError: If the query that makes the rows fails, or gives none.
            ClusterError: If executors are lost, or lack Holdfast.
        """
        cluster = self._session.conf.get("spark.master") or "an unknown address"
        names = columns_needed(contract, grid, moments=moments)
        task = Task(
            contract=canonical_json(contract),
            grid=grid.to_bytes(),
            version=__version__,
            moments=moments,
        )
        with named_errors(cluster):
            counted = placed(rows, names).mapInArrow(partial(count_partition, task), ROW)
            # Grouped and ordered by content: sums are added in the same order every time.
            grouped = counted.repartition(self._n_groups, "counts").sortWithinPartitions("counts")
            found = grouped.mapInArrow(sum_partitions, ROW).collect()
        _refuse([bytes(row.failure) for row in found if row.failure is not None], cluster)
        groups = sorted(bytes(row.counts) for row in found)
        if not groups:
            raise DataFileError(
                self._where,
                "it has columns but no rows",
                remedy="Write the data again, mend the query, or widen the window.",
            )
        return total(map(Profile.from_bytes, groups))


def placed(rows: DataFrame, wanted: Sequence[str]) -> DataFrame:
    """Select columns by place: names may differ in case alone, or hold dots.

    Raises:
        ColumnError: If one is absent, or there are two of its name.
    """
    names = list(rows.columns)
    for name in wanted:
        column_of(_no_rows(names), name)
        if names.count(name) > 1:
            raise ColumnError(
                name,
                f"is the name of {names.count(name)} columns",
                remedy="Give each column a name of its own.",
            )
    by_place = rows.toDF(*(f"c{i}" for i in range(len(names))))
    return by_place.select([f"c{names.index(name)}" for name in wanted])


def _refuse(failures: list[bytes], cluster: str) -> None:
    if not failures:
        return
    failure = msgspec.json.decode(min(failures), type=Failure)
    if failure.column is None:
        raise ClusterError(cluster, failure.found, remedy=failure.remedy)
    raise ColumnError(failure.column, failure.found, remedy=failure.remedy)


def _no_rows(names: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.nulls(0) for name in names})
