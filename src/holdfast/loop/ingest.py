"""From a data source to rows that can be trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.binary_target import read_target
from holdfast.domain.codes import with_codes_missing
from holdfast.domain.columns import as_words
from holdfast.domain.features import feature_table, features_of
from holdfast.domain.survey import survey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from holdfast.domain.contract import Feature, Target
    from holdfast.domain.survey import Survey
    from holdfast.ports.data_source import DataSource

__all__ = ["DataSpec", "TrainingData", "ingest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """What the columns of a data set are, as its owner says.

    Attributes:
        target: The column to predict.
        positive: Its word that counts as positive; guessed if None.
        time: The column that orders the rows; the source's order counts if None.
        entity: The column that says whom a row is about.
        drop: Columns to leave out.
        categorical: Columns whose numbers are codes, and become text.
        dates: Columns of dates that say something of their row, and not when it was.
        as_of: What the ages of dates are counted to where no time is named; the newest date
            if None.
        missing: By column, the numbers that stand for a missing value.
    """

    target: str
    positive: str | None = None
    time: str | None = None
    entity: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    as_of: datetime | None = None
    missing: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingData:
    """Labelled rows, in prediction order.

    Attributes:
        features: One column a feature, in contract order and Arrow type.
        labels: True where positive, shape ``(n,)``.
        feature_specs: What a contract says of each feature.
        target: The predicted column and its two words.
        entities: Whom each row is about, as text, None where unknown, shape ``(n,)``.
        times: When each row was, UTC, shape ``(n,)``; None if rows are in source order.
        digest: SHA-256 of the source's bytes.
        survey: What the source holds, with what was left out and why.
    """

    features: pa.Table
    labels: NDArray[np.bool_]
    feature_specs: tuple[Feature, ...]
    target: Target
    entities: NDArray[np.object_] | None
    times: NDArray[np.datetime64] | None
    digest: str
    survey: Survey

    def __len__(self) -> int:
        return len(self.labels)


def ingest(source: DataSource, spec: DataSpec) -> TrainingData:
    """Read labelled rows and find out what their columns are.

    Rows without a label, or without a time where one is named, are left out and counted.
    With a time the rows are sorted by it; rows of one moment keep the source's order.

    Args:
        source: Where the rows are.
        spec: What its columns are.

    Raises:
        DataFileError: If the source cannot be read.
        TargetError: If the target does not hold exactly two classes.
        ColumnError: If a named column is not there or cannot be used so.
    """
    table = with_codes_missing(source.read(), spec.missing)
    found = survey(
        table,
        target=spec.target,
        positive=spec.positive,
        time=spec.time,
        entity=spec.entity,
        drop=spec.drop,
        categorical=spec.categorical,
        dates=spec.dates,
        as_of=spec.as_of,
        missing=spec.missing,
    )
    dated = table if spec.time is None else _in_order(table, spec.time)
    labelled = read_target(dated, spec.target, spec.positive)
    rows = dated.filter(pa.array(labelled.known))
    features = feature_table(rows, found)
    return TrainingData(
        features=features,
        labels=labelled.labels,
        feature_specs=features_of(features, found),
        target=labelled.target,
        entities=_entities(rows, spec.entity),
        times=None if spec.time is None else rows.column(spec.time).to_numpy(),
        digest=source.digest,
        survey=found,
    )


def _in_order(table: pa.Table, time: str) -> pa.Table:
    dated = table.filter(pc.is_valid(table.column(time)))
    order = np.argsort(dated.column(time).to_numpy(), kind="stable")
    return dated.take(pa.array(order))


def _entities(rows: pa.Table, name: str | None) -> NDArray[np.object_] | None:
    if name is None:
        return None
    words = as_words(rows.column(name), rows.schema.field(name))
    entities: NDArray[np.object_] = words.to_numpy(zero_copy_only=False)
    return entities
