"""Column types whose meaning is the same in every database, though their names are not."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Text

__all__ = ["BigCount", "IdText"]

# SQLite's INTEGER has 64 bits, and only under this name numbers rows by itself.
BigCount = BigInteger().with_variant(Integer(), "sqlite")
# Ordered by bytes, as SQLite does anyway: then the order of ids is that of time, whatever
# language a PostgreSQL database sorts by.
IdText = Text().with_variant(Text(collation="C"), "postgresql")
