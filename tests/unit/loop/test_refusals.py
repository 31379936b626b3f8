"""What was not let in, when it is tried again, and who hears of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.domain.errors import CorruptReleaseError, StoreUnavailableError
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.releases import ReleaseRecord
from holdfast.loop.refusals import Refusals
from holdfast.testing.fakes import FakeClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
V2 = ReleaseRecord(version=ModelVersion("v2"), release_id=ReleaseId("2" * 64), schema_digest="s")
BROKEN = CorruptReleaseError("2" * 64, "its model is torn")


@pytest.fixture
def heard():
    """What people were told."""
    return []


@pytest.fixture
def refusals(heard):
    """Nothing was refused yet."""
    return Refusals(FakeClock(NOW), heard.append)


class TestRefusals:
    def test_waits_twice_as_long_after_each_try(self, refusals):
        """A release that is broken for good is not loaded twice a second for ever."""
        waits = []
        for _ in range(8):
            refusals.refuse(V2, 7, BROKEN)
            waits.append(sum(iter(lambda: refusals.let_pass(7), False)))

        assert waits == [1, 2, 4, 8, 16, 32, 64, 64]

    def test_lets_another_event_through_at_once(self, refusals):
        """It may be the mend."""
        refusals.refuse(V2, 7, BROKEN)

        assert not refusals.let_pass(8)

    def test_tells_once_of_an_event(self, refusals, heard):
        """Refused or complained of, however often."""
        refusals.refuse(V2, 7, BROKEN)
        refusals.refuse(V2, 7, OSError())
        refusals.complain(V2, 7, "it fails")
        refusals.complain(V2, 8, "it fails")

        assert [(one.seq, one.at) for one in heard] == [(7, NOW), (8, NOW)]
        assert "its model is torn" in heard[0].problem

    def test_tells_again_what_was_not_taken(self, heard):
        """The store was away."""
        failures = [StoreUnavailableError("it is away")]

        def hear(refusal):
            if failures:
                raise failures.pop()
            heard.append(refusal)

        refusals = Refusals(FakeClock(NOW), hear)
        with pytest.raises(StoreUnavailableError):
            refusals.refuse(V2, 7, BROKEN)

        refusals.refuse(V2, 7, BROKEN)

        assert [one.seq for one in heard] == [7]

    def test_a_complaint_is_no_refusal(self, refusals):
        """The release is in memory, and stays there."""
        refusals.complain(V2, 7, "it fails")

        assert refusals.latest is None

    def test_forgets_once_all_is_well(self, refusals):
        """And begins again with a short pause."""
        refusals.refuse(V2, 7, BROKEN)
        refusals.clear()

        assert (refusals.latest, refusals.let_pass(7)) == (None, False)
