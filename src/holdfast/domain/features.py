"""From a table and its survey to what a contract says of each feature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.columns import as_words
from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.errors import ColumnError
from holdfast.domain.tables import ARROW_TYPES
from holdfast.domain.validation import FLOAT32_LIMIT

if TYPE_CHECKING:
    from holdfast.domain.contract import Contract
    from holdfast.domain.survey import ColumnSurvey, Survey

__all__ = ["describe", "feature_table", "features_of"]


def feature_table(table: pa.Table, survey: Survey) -> pa.Table:
    """Return the survey's features from a table, in the contract's Arrow types.

    Args:
        table: Rows as the source gave them; those without a label are the caller's to drop.
        survey: What the table holds.

    Raises:
        ColumnError: If a number is beyond what a model can take.
    """
    return pa.table({column.name: _typed(table, column) for column in survey.features})


def features_of(table: pa.Table, survey: Survey) -> tuple[Feature, ...]:
    """Describe each feature as the rows show it, for a contract.

    Args:
        table: The rows to describe, at least one; surveyed columns may come in the
            source's types or the contract's.
        survey: What the table holds.
    """
    typed = feature_table(table, survey)
    return tuple(
        _described(column.name, FeatureKind(column.kind.value), typed.column(column.name))
        for column in survey.features
    )


def describe(table: pa.Table, contract: Contract) -> tuple[Feature, ...]:
    """Describe a contract's features anew, as other rows show them.

    What clients may send only widens: a feature that could be missing still can.

    Args:
        table: Rows that conform to the contract, at least one.
        contract: Tells names, kinds and what may be missing.
    """
    return tuple(
        replace(shown, nullable=shown.nullable or feature.nullable)
        for feature in contract.features
        for shown in [_described(feature.name, feature.kind, table.column(feature.name))]
    )


def _typed(table: pa.Table, column: ColumnSurvey) -> pa.ChunkedArray:
    values = table.column(column.name)
    kind = FeatureKind(column.kind.value)
    if kind is FeatureKind.CATEGORICAL:
        return as_words(values, table.schema.field(column.name))
    if kind is FeatureKind.NUMERIC:
        _check_size(column.name, values)
    return values.cast(ARROW_TYPES[kind])


def _check_size(name: str, values: pa.ChunkedArray) -> None:
    largest = pc.max(pc.abs(values)).as_py()
    if largest is not None and largest > FLOAT32_LIMIT:
        raise ColumnError(
            name,
            f"holds numbers as large as {largest:.2g}; models take at most 3.4e38",
            remedy="Rescale the column, or drop it.",
        )


def _described(name: str, kind: FeatureKind, values: pa.ChunkedArray) -> Feature:
    nullable = values.null_count > 0
    present = values.drop_null()
    if kind is FeatureKind.NUMERIC:
        numbers = present.to_numpy()
        return Feature(
            name=name,
            kind=kind,
            nullable=nullable,
            typical=float(np.median(numbers)) if len(numbers) else None,
            minimum=float(numbers.min()) if len(numbers) else None,
            maximum=float(numbers.max()) if len(numbers) else None,
            whole=bool(np.all(numbers == np.floor(numbers))),
        )
    words = _most_frequent_first(present)
    text = kind is FeatureKind.CATEGORICAL
    return Feature(
        name=name,
        kind=kind,
        nullable=nullable,
        typical=words[0] if words else None,
        categories=tuple(str(word) for word in words) if text else (),
    )


def _most_frequent_first(values: pa.ChunkedArray) -> list[str | bool]:
    counted = pc.value_counts(values).to_pylist()
    ordered = sorted(counted, key=lambda pair: (-pair["counts"], pair["values"]))
    return [pair["values"] for pair in ordered]
