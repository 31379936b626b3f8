"""Who counts the current rows of a comparison: this machine, or a cluster."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import open_source
from holdfast.loop.compare import SourceRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.ports.current_rows import CurrentRows

__all__ = ["open_current_rows"]


@contextmanager
def open_current_rows(
    where: str, *, spark: str | None = None, delimiter: str | None = None, header: bool = True
) -> Iterator[CurrentRows]:
    """Open the rows that are compared, and let go of the cluster afterwards.

    Args:
        where: A file or folder; for Spark also any address that it can read.
        spark: Address of a Spark master, as in ``local[2]``; None counts here.
        delimiter: Separator of a text file; found if None, but a comma for Spark.
        header: Whether a text file's first row holds the column names.

    Raises:
        ClusterError: If the cluster does not answer, or gives no executor.
        DataFileError: If there is nothing to read.
        MissingExtraError: If pyspark is not installed.
        MissingProgramError: If there is no Java.
    """
    if spark is None:
        source = open_source(Path(where), delimiter=delimiter, header=header)
        yield SourceRows(source=source, engine=LocalEngine())
        return
    from holdfast.adapters.engines.spark import spark_session  # noqa: PLC0415 - seconds, an extra
    from holdfast.adapters.engines.spark_rows import read_with_spark  # noqa: PLC0415 - the same

    session = spark_session(spark, "holdfast drift")
    try:
        yield read_with_spark(session, where, delimiter=delimiter, header=header)
    finally:
        session.stop()
