"""Identifiers whose order is that of time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

from holdfast.domain.ids import uuid7

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class TestUuid7:
    def test_is_a_version_seven_uuid(self):
        """By RFC 9562: version 7, variant 10, whatever the randomness."""
        for entropy in (bytes(10), b"\xff" * 10):
            found = uuid.UUID(uuid7(NOON, entropy=entropy))

            assert (found.version, found.variant) == (7, uuid.RFC_4122)

    def test_carries_the_moment_to_the_millisecond(self):
        """The time is the partition key of the log, in any zone."""
        moment = NOON + timedelta(milliseconds=789)
        elsewhere = moment.astimezone(timezone(timedelta(hours=-7)))

        for at in (moment, elsewhere):
            milliseconds = uuid.UUID(uuid7(at)).int >> 80

            assert milliseconds == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
                milliseconds=1
            )

    def test_differs_within_one_moment(self):
        """74 random bits: two rows of a batch share the moment."""
        assert len({uuid7(NOON) for _ in range(1000)}) == 1000

    def test_uses_every_random_bit_that_has_a_place(self):
        """All ones fill everything beside the time, the version and the variant."""
        found = uuid7(NOON, entropy=b"\xff" * 10)

        assert found.endswith("-7fff-bfff-ffffffffffff")
