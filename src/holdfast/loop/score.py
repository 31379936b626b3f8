"""Score a table in bulk with the model in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.domain.tables import conform, encode_table

if TYPE_CHECKING:
    from holdfast.loop.swap import ServedModel

__all__ = ["scored"]


def scored(table: pa.Table, served: ServedModel) -> pa.Table:
    """Return the table with the columns `score`, `decision`, `model_version` after its own.

    Args:
        table: Rows with at least the contract's features.
        served: The model to score with.

    Raises:
        ColumnError: If a feature is missing, or of another type.
    """
    contract = served.contract
    scores = served.model.score(encode_table(conform(table, contract), contract))
    words = [contract.target.word(positive=bool(flag)) for flag in scores >= contract.threshold]
    added = {
        "score": pa.array(scores),
        "decision": pa.array(words, type=pa.string()),
        "model_version": pa.array([served.record.version] * table.num_rows, type=pa.string()),
    }
    for name, column in added.items():
        # A column of the same name would make the file ambiguous: it is replaced.
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, column)
    return table
