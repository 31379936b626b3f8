"""From a table and its survey to what a contract says of each feature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET

from holdfast.domain.column_survey import Role
from holdfast.domain.columns import as_words
from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.dated import derived_values
from holdfast.domain.errors import ColumnError
from holdfast.domain.tables import ARROW_TYPES
from holdfast.domain.validation import FLOAT32_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    times = survey.of(Role.TIME)
    moments = table.column(times[0].name) if times and times[0].name in table.column_names else None
    return pa.table(
        dict(pair for column in survey.features for pair in _typed(table, column, moments))
    )


def features_of(table: pa.Table, survey: Survey) -> tuple[Feature, ...]:
    """Describe each feature as the rows show it, for a contract.

    Args:
        table: The rows to describe, at least one; surveyed columns may come in the
            source's types or the contract's.
        survey: What the table holds.
    """
    typed = feature_table(table, survey)
    return tuple(feature for column in survey.features for feature in _descriptions(column, typed))


def describe(table: pa.Table, contract: Contract) -> tuple[Feature, ...]:
    """Describe a contract's features anew, as other rows show them.

    What clients may send only widens: a feature that could be missing still can.

    Args:
        table: Rows that conform to the contract, at least one.
        contract: Tells names, kinds and what may be missing.
    """
    return tuple(
        replace(
            shown,
            nullable=shown.nullable or feature.nullable,
            derived=feature.derived,
            missing=feature.missing,
        )
        for feature in contract.features
        for shown in [_described(feature.name, feature.kind, table.column(feature.name))]
    )


def _descriptions(column: ColumnSurvey, typed: pa.Table) -> Iterator[Feature]:
    """Yield what a contract says of a column: of a date, of each feature that comes of it."""
    for derivation in column.derivations:
        values = typed.column(derivation.name)
        shown = _described(derivation.name, FeatureKind.NUMERIC, values)
        # A date's features are missing together; an age may be where no time is known.
        yield replace(shown, nullable=column.n_missing > 0, derived=derivation)
    if not column.derivations:
        shown = _described(column.name, FeatureKind(column.kind.value), typed.column(column.name))
        yield replace(shown, missing=column.codes or UNSET)


def _typed(
    table: pa.Table, column: ColumnSurvey, moments: pa.ChunkedArray | None
) -> Iterator[tuple[str, pa.ChunkedArray]]:
    for derivation in column.derivations:
        counted_before = derivation.name in table.column_names
        yield (
            derivation.name,
            table.column(derivation.name)
            if counted_before
            else derived_values(table.column(column.name), derivation, moments),
        )
    if not column.derivations:
        yield column.name, _typed_as(table, column)


def _typed_as(table: pa.Table, column: ColumnSurvey) -> pa.ChunkedArray:
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
