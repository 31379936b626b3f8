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
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
)

from holdfast.adapters.stores.sql import schema
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
        _described(**row).table.create(connection)
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
            self._remember(row) for row in connection.execute(select(schema.prediction_tables))
        )

    def _find(self, connection: Connection, digest: str) -> PredictionTable | None:
        if digest in self._known:
            return self._known[digest]
        where = schema.prediction_tables.c.schema_digest == digest
        row = connection.execute(select(schema.prediction_tables).where(where)).first()
        return None if row is None else self._remember(row)

    def _remember(self, row: Row[Any]) -> PredictionTable:
        if row.schema_digest not in self._known:
            self._known[row.schema_digest] = _described(**row._mapping)  # noqa: SLF001  # public in spite of its underscore
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


def _described(*, schema_digest: str, table_name: str, columns: str) -> PredictionTable:
    features = tuple(from_json(columns.encode(), list[tuple[str, FeatureKind, str]]))
    types = {
        FeatureKind.NUMERIC: Float,
        FeatureKind.BOOLEAN: Boolean,
        FeatureKind.CATEGORICAL: Text,
    }
    table = Table(
        table_name,
        MetaData(),
        Column("position", Integer, primary_key=True),  # in the order of commits
        Column("prediction_id", Text, nullable=False, unique=True),
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
        # A position is never given twice, also after the newest rows were erased: a reader's
        # cursor would pass over the rows that got one again.
        sqlite_autoincrement=True,
    )
    names = tuple(column for _, _, column in features)
    return PredictionTable(schema_digest, features, names, table)
