"""Which table holds the predictions of a contract, and which column each feature."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    insert,
    select,
)

from holdfast.adapters.stores.sql import schema
from holdfast.adapters.stores.sql.column_types import BigCount, IdText
from holdfast.adapters.stores.sql.partitions import Partitions
from holdfast.adapters.stores.sql.timestamps import UtcTimestamp
from holdfast.domain.canonical import canonical_json, from_json
from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from holdfast.domain.contract import Contract

__all__ = ["PredictionTable", "PredictionTables", "column_names"]

_OWN = (
    "position",
    "prediction_id",
    "model_version",
    "role",
    "entity",
    "score",
    "positive",
    "threshold",
    "predicted_at",
)
# A position is never given twice, also after the newest rows were erased: a reader's cursor
# would pass over the rows that got one again.
_IN_ONE_PIECE: dict[str, Any] = {"sqlite_autoincrement": True}
_PARTITIONED: dict[str, Any] = {"postgresql_partition_by": "RANGE (prediction_id)"}
_LONGEST = 55  # PostgreSQL cuts identifiers at 63 bytes; room for "_12345"


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """The table of every contract with one schema."""

    schema_digest: str
    features: tuple[tuple[str, FeatureKind, str], ...]  # name, kind, column
    columns: tuple[str, ...]  # the features', in contract order
    table: Table


class PredictionTables:
    """Makes and finds prediction tables; remembers those it has seen, as they never change."""

    def __init__(self) -> None:
        self._known: dict[str, PredictionTable] = {}
        self._recent: tuple[Contract, PredictionTable] | None = None
        self._partitions = Partitions()

    def prepare(self, connection: Connection, contract: Contract) -> None:
        """Create the contract's table unless it is there."""
        digest = contract.schema_digest
        if self._find(connection, digest) is not None:
            return
        names = column_names(contract.names)
        columns = [
            [feature.name, feature.kind.value, names[feature.name]] for feature in contract.features
        ]
        row = {
            "schema_digest": digest,
            "table_name": f"predictions_{digest[:12]}",
            "columns": canonical_json(columns).decode(),
        }
        table = _described(connection, **row).table
        table.create(connection)
        if _is_partitioned(connection):
            self._partitions.begin(connection, table)
        connection.execute(insert(schema.prediction_tables).values(row))

    def of(self, connection: Connection, contract: Contract) -> PredictionTable:
        """Return the contract's table.

        Raises:
            StoreUnavailableError: If it was never prepared.
        """
        # A server asks for the same object's all the time, and its digest takes as long as
        # to write a row does.
        recent = self._recent
        if recent is not None and recent[0] is contract:
            return recent[1]
        digest = contract.schema_digest
        found = self._find(connection, digest)
        if found is None:
            raise StoreUnavailableError(
                f"it has no table for predictions of schema {digest[:12]}; the control plane "
                "makes it when a release is registered"
            )
        self._recent = (contract, found)
        return found

    def of_digest(self, connection: Connection, schema_digest: str) -> PredictionTable:
        """Return the table that a request key points to."""
        found = self._find(connection, schema_digest)
        assert found is not None, "a request key is written after its table"
        return found

    def all(self, connection: Connection) -> tuple[PredictionTable, ...]:
        """Return every table, also those that other processes made meanwhile."""
        return tuple(
            self._remember(connection, row)
            for row in connection.execute(select(schema.prediction_tables)).all()
        )

    def make_room(self, connection: Connection, schema_digest: str, ids: Iterable[str]) -> None:
        """Prepare a table for rows with these ids, where it is kept in parts."""
        if _is_partitioned(connection):
            table = self.of_digest(connection, schema_digest).table
            self._partitions.make_room(connection, table, ids)

    def drop_empty(self, connection: Connection, table: PredictionTable) -> None:
        """Give back the space of rows that were deleted, where it comes in parts."""
        if _is_partitioned(connection):
            self._partitions.drop_empty(connection, table.table)

    def _find(self, connection: Connection, digest: str) -> PredictionTable | None:
        if digest in self._known:
            return self._known[digest]
        where = schema.prediction_tables.c.schema_digest == digest
        row = connection.execute(select(schema.prediction_tables).where(where)).first()
        return None if row is None else self._remember(connection, row)

    def _remember(self, connection: Connection, row: Row[Any]) -> PredictionTable:
        if row.schema_digest not in self._known:
            named = row._mapping  # noqa: SLF001  # public in spite of its underscore
            self._known[row.schema_digest] = _described(connection, **named)
        return self._known[row.schema_digest]


def column_names(features: Iterable[str]) -> dict[str, str]:
    """Map feature names to safe, unique, readable column names.

    >>> column_names(["Total Charges", "total_charges", "score"])
    {'Total Charges': 'total_charges', 'total_charges': 'total_charges_2', 'score': 'score_2'}
    """
    taken = set(_OWN)
    mapped = {}
    for feature in features:
        folded = unicodedata.normalize("NFKD", feature.casefold())
        plain = folded.encode("ascii", "ignore").decode().lower()
        stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST] or "feature"
        stem = f"f_{stem}" if stem[0].isdigit() else stem
        name, count = stem, 1
        while name in taken:
            count += 1
            name = f"{stem}_{count}"
        taken.add(name)
        mapped[feature] = name
    return mapped


def _is_partitioned(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _described(
    connection: Connection, *, schema_digest: str, table_name: str, columns: str
) -> PredictionTable:
    features = tuple(from_json(columns.encode(), list[tuple[str, FeatureKind, str]]))
    types = {
        FeatureKind.NUMERIC: Float,
        FeatureKind.BOOLEAN: Boolean,
        FeatureKind.CATEGORICAL: Text,
    }
    is_partitioned = _is_partitioned(connection)
    table = Table(
        table_name,
        MetaData(),
        *_keys(table_name, is_partitioned=is_partitioned),
        Column("model_version", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("entity", Text),
        Column("score", Float, nullable=False),
        Column("positive", Boolean, nullable=False),
        Column("threshold", Float, nullable=False),
        Column("predicted_at", UtcTimestamp, nullable=False),
        *(Column(column, types[kind]) for _, kind, column in features),
        Index(f"ix_{table_name}_predicted_at", "predicted_at"),
        Index(f"ix_{table_name}_entity", "entity", "predicted_at"),
        **(_PARTITIONED if is_partitioned else _IN_ONE_PIECE),
    )
    names = tuple(column for _, _, column in features)
    return PredictionTable(schema_digest, features, names, table)


def _keys(table_name: str, *, is_partitioned: bool) -> tuple[Column[Any] | Index, ...]:
    """Return the columns that name a row: its position, in the order of commits, and its id."""
    if is_partitioned:  # then the key has to hold the column that tells the parts apart
        return (
            Column("position", BigCount, Identity(), nullable=False),
            Column("prediction_id", IdText, primary_key=True),
            Index(f"ix_{table_name}_position", "position"),
        )
    return (
        Column("position", BigCount, primary_key=True),
        Column("prediction_id", IdText, nullable=False, unique=True),
    )
