"""What holds for every database: one translation of failures, and lists in pieces."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import exc

from holdfast.adapters.stores.sql.database import chunks, translated
from holdfast.domain.errors import StoreUnavailableError


class DriverError(Exception):
    """What a driver raises, with its code."""

    def __init__(self, words, **code):
        super().__init__(words)
        for name, value in code.items():
            setattr(self, name, value)


class TestTranslated:
    @pytest.mark.parametrize(
        ("code", "trouble"),
        [
            ({"sqlite_errorname": "SQLITE_FULL"}, "the disk is full"),
            ({"sqlstate": "53100"}, "the disk is full"),
            ({"sqlstate": "57P01"}, "the database server is stopping or starting"),
            ({"sqlstate": None}, "the database server does not answer"),
            ({"sqlstate": "42P01"}, None),
            ({}, None),
        ],
    )
    def test_says_what_anybody_may_read(self, code, trouble):
        """By the driver's code; its own words, in one line, are for the operator."""
        failure = exc.OperationalError("SELECT 1", None, DriverError("no\n  way", **code))

        with pytest.raises(StoreUnavailableError) as unavailable, translated():
            raise failure

        assert unavailable.value.trouble == trouble
        assert unavailable.value.found == "no way"

    def test_takes_what_the_standard_library_raises(self):
        """Outside SQLAlchemy, as by a checkpoint."""
        with pytest.raises(StoreUnavailableError, match="locked"), translated():
            raise sqlite3.OperationalError("database is locked")

    @pytest.mark.parametrize("kind", [exc.IntegrityError, exc.DataError])
    def test_does_not_disguise_a_defect_of_the_caller(self, kind):
        """To try again would not help."""
        with pytest.raises(kind), translated():
            raise kind("INSERT", None, DriverError("no"))


class TestChunks:
    def test_lose_no_value(self):
        """In order, in pieces that one statement can take."""
        values = [str(i) for i in range(1_201)]

        pieces = list(chunks(values))

        assert [value for piece in pieces for value in piece] == values
        assert [len(piece) for piece in pieces] == [500, 500, 201]
