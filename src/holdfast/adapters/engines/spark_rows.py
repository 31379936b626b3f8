"""Current rows that Spark reads: Parquet or delimited text, wherever the cluster can see it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.adapters.engines.spark import SparkEngine, placed
from holdfast.adapters.engines.spark_errors import named_errors
from holdfast.domain.cleaning import TIMESTAMP, clean_type, cleaned
from holdfast.domain.sampling import sample_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pyspark.sql import DataFrame, SparkSession

    from holdfast.domain.contract import Contract
    from holdfast.drift.grid import Grid
    from holdfast.drift.profile import Profile

__all__ = ["SparkRows", "read_with_spark"]

_TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
_SPARE = 1.2  # times the rows wanted are drawn: a share of rows is hit only about


class SparkRows:
    """`CurrentRows` of a DataFrame: counted where they lie.

    Args:
        session: Of the DataFrame.
        frame: Any; its columns may be more than those compared.
        where: What errors call it.
    """

    def __init__(self, session: SparkSession, frame: DataFrame, *, where: str) -> None:
        self._session, self._frame, self._where = session, frame, where
        self._cluster = session.conf.get("spark.master") or "an unknown address"

    @cached_property
    def schema(self) -> pa.Schema:
        """See `CurrentRows.schema`; columns of lists and structs are left out."""
        stored = self._fetched(self._frame.limit(0), self._frame.columns).schema
        kinds = [(field.name, clean_type(field.type)) for field in stored]
        return pa.schema([(name, kind) for name, kind in kinds if kind is not None])

    def oldest(self, column: str) -> datetime | None:
        """See `CurrentRows.oldest`."""
        if column not in self.schema.names or self.schema.field(column).type != TIMESTAMP:
            return None
        from pyspark.sql import functions  # noqa: PLC0415 - an extra

        least = self._placed([column]).agg(functions.min("c0"))
        found = cleaned(self._fetched(least, [column]).column(0), TIMESTAMP)[0]
        moment: datetime | None = found.as_py()
        return moment

    def count(self, contract: Contract, grid: Grid, *, moments: str | None = None) -> Profile:
        """See `CurrentRows.count`."""
        engine = SparkEngine(self._session, where=self._where)
        return engine.profile(self._frame, contract, grid, moments=moments)

    def sample(self, columns: Sequence[str], most: int) -> pa.Table:
        """See `CurrentRows.sample`."""
        with named_errors(self._cluster):
            share = min(1.0, _SPARE * most / max(1, self._frame.count()))
        wanted = self._placed(columns)
        drawn = wanted if share == 1.0 else wanted.sample(share, seed=0)
        return sample_rows([self._fetched(drawn, columns)], most)

    def _placed(self, columns: Sequence[str]) -> DataFrame:
        """Select columns, named ``c0``, ``c1`` and so on in the order asked for."""
        return placed(self._frame, columns).toDF(*(f"c{i}" for i in range(len(columns))))

    def _fetched(self, frame: DataFrame, names: Sequence[str]) -> pa.Table:
        with named_errors(self._cluster):
            return frame.toArrow().rename_columns(list(names))


def read_with_spark(
    session: SparkSession, where: str, *, delimiter: str | None = None, header: bool = True
) -> SparkRows:
    """Return the rows that Spark finds at an address; nothing but their columns is read yet.

    Args:
        session: Of any cluster.
        where: A file or a folder that every executor can read: a path, or an address such
            as ``hdfs://…`` or ``s3a://…``.
        delimiter: Separator of delimited text. What ends in ``.csv``, ``.tsv`` or ``.txt``
            is text (comma if None), as is anything for which it is given; the rest is
            Parquet.
        header: Whether the first row of a text file holds the column names.

    Raises:
        DataFileError: If it cannot be read.
    """
    # A name without a scheme would be looked for on the cluster's own file system first.
    place = f"file://{Path(where).resolve()}" if Path(where).exists() else where
    with named_errors(session.conf.get("spark.master") or where):
        if delimiter is None and not where.lower().endswith(_TEXT):
            return SparkRows(session, session.read.parquet(place), where=where)
        separator = delimiter or ("\t" if ".tsv" in where.lower() else ",")
        frame = session.read.csv(place, sep=separator, header=header, inferSchema=True)
        names = frame.columns if header else [f"c{i + 1}" for i in range(len(frame.columns))]
        return SparkRows(session, frame.toDF(*names), where=where)
