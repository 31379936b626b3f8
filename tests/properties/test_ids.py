"""Identifiers whose order is that of time, at any moment."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.ids import uuid7, uuid7s

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - the same
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))]
    ),
).filter(lambda moment: moment >= EPOCH)
ENTROPY = st.binary(min_size=10, max_size=10)


class TestUuid7:
    @given(at=MOMENTS, entropy=ENTROPY)
    def test_is_valid_and_carries_its_moment(self, at, entropy):
        """Version, variant and the moment, to the millisecond, whatever the randomness."""
        text = uuid7(at, entropy=entropy)

        found = uuid.UUID(text)
        assert str(found) == text
        assert (found.version, found.variant) == (7, uuid.RFC_4122)
        assert found.int >> 80 == (at - EPOCH) // MILLISECOND

    @given(first=MOMENTS, second=MOMENTS, entropies=st.tuples(ENTROPY, ENTROPY))
    def test_text_sorts_as_time_does(self, first, second, entropies):
        """A store that orders by id orders by time; only within a millisecond chance decides."""
        texts = [uuid7(at, entropy=e) for at, e in zip((first, second), entropies, strict=True)]

        if (first - EPOCH) // MILLISECOND < (second - EPOCH) // MILLISECOND:
            assert texts[0] < texts[1]
        elif (first - EPOCH) // MILLISECOND > (second - EPOCH) // MILLISECOND:
            assert texts[0] > texts[1]

    @given(at=MOMENTS, entropies=st.lists(ENTROPY, min_size=2, max_size=2, unique=True))
    def test_differs_with_all_but_six_bits_of_the_randomness(self, at, entropies):
        """74 of the 80 random bits have a place: equal ids mean that those are equal."""
        one, other = (uuid7(at, entropy=entropy) for entropy in entropies)

        bits = [int.from_bytes(entropy, "big") for entropy in entropies]
        kept = [(b >> 68, b & ((1 << 62) - 1)) for b in bits]
        assert (one == other) == (kept[0] == kept[1])


class TestUuid7s:
    @given(at=MOMENTS, entropies=st.lists(ENTROPY, max_size=5))
    def test_are_what_as_many_calls_would_give(self, at, entropies):
        """They share their time, and nothing else."""
        found = uuid7s(at, len(entropies), entropy=b"".join(entropies))

        assert found == [uuid7(at, entropy=entropy) for entropy in entropies]
