"""Labels in a file become the rows that the ledger's decoder takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from holdfast.domain.columns import as_words
from holdfast.domain.errors import ColumnError
from holdfast.loop.label import LABEL_FIELDS

if TYPE_CHECKING:
    from holdfast.domain.contract import Target

__all__ = ["label_rows"]


def label_rows(
    table: pa.Table, target: Target, *, treated: str | None = None
) -> list[dict[str, object]]:
    """Return one mapping a row, with the keys of `LABEL_FIELDS` that hold a value.

    Args:
        table: As a `DataSource` returns it. The label may stand under the target's name.
        target: Whose words the labels are.
        treated: The column that says who was acted upon. Only if it is named: a file may
            hold a feature of that name.

    Raises:
        ColumnError: If there is neither a column `label` nor who was treated, or nothing
            says which prediction.
    """
    names = {"label": target.name} if "label" not in table.column_names else {}
    wanted = {field: names.get(field, field) for field in LABEL_FIELDS if field != "treated"}
    if treated is not None:
        if treated not in table.column_names:
            raise ColumnError(
                treated, "is not in the file", remedy="Name a column of true or false."
            )
        wanted["treated"] = treated
    present = {field: name for field, name in wanted.items() if name in table.column_names}
    if not present.keys() & {"label", "treated"}:
        raise ColumnError(
            "label",
            "is not in the file",
            remedy=f"Add it, or a column {target.name!r}, with the target's words.",
        )
    if not present.keys() & {"prediction_id", "entity"}:
        raise ColumnError(
            "prediction_id",
            "is not in the file, and neither is entity",
            remedy="One of the two must say which prediction a label is about.",
        )
    columns = {field: _texts(table, name) for field, name in present.items()}
    return [
        {field: values[i] for field, values in columns.items() if values[i] is not None}
        for i in range(table.num_rows)
    ]


def _texts(table: pa.Table, name: str) -> list[str | None]:
    """Return a column as text: times in ISO 8601, numbers and booleans as their words."""
    column = table.column(name)
    if pa.types.is_timestamp(column.type):
        return [None if moment is None else moment.isoformat() for moment in column.to_pylist()]
    words: list[str | None] = as_words(column, table.schema.field(name)).to_pylist()
    return words
