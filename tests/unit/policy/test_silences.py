"""What is silenced, until when, and what ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.events import AlertSilenced, SilenceLifted
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.policy.silences import Silence, is_silenced, silences_after

NOW = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DRIFT = Alert(
    trigger=Trigger.FEATURE_DRIFT, severity=Severity.WARNING, subject="tenure", message="…"
)


def silence(**about):
    return Silence(until=NOW + HOUR, by="ada", reason="", **about)


class TestIsSilenced:
    @pytest.mark.parametrize(
        ("about", "covered"),
        [
            ({"trigger": Trigger.FEATURE_DRIFT}, True),
            ({"trigger": Trigger.HARM}, False),
            ({"subject": "tenure"}, True),
            ({"subject": "charges"}, False),
            ({"trigger": Trigger.FEATURE_DRIFT, "subject": "charges"}, False),
            ({"incident_id": "i-1"}, True),
            ({"incident_id": "i-2"}, False),
        ],
    )
    def test_covers_what_fits_all_its_words(self, about, covered):
        """A word that is not given fits anything."""
        assert is_silenced([silence(**about)], "i-1", DRIFT, at=NOW) is covered

    def test_ends_by_itself(self):
        """At the very moment that it names."""
        one = silence(subject="tenure")

        assert is_silenced([one], None, DRIFT, at=NOW + HOUR - timedelta(seconds=1))
        assert not is_silenced([one], None, DRIFT, at=NOW + HOUR)


class TestSilencesAfter:
    def test_a_later_one_of_the_same_words_takes_the_place(self):
        """Also to make it shorter."""
        longer = AlertSilenced(until=NOW + 9 * HOUR, by="ada", reason="", subject="tenure")

        after = silences_after((silence(subject="tenure"),), longer, at=NOW)

        assert [one.until for one in after] == [NOW + 9 * HOUR]

    def test_one_is_lifted_by_its_words(self):
        """Another one stands."""
        kept = silence(trigger=Trigger.HARM)

        after = silences_after(
            (silence(subject="tenure"), kept), SilenceLifted(by="ada", subject="tenure"), at=NOW
        )

        assert after == (kept,)

    def test_those_that_ran_out_are_let_go(self):
        """Else the state would grow for ever."""
        new = AlertSilenced(until=NOW + 9 * HOUR, by="ada", reason="", subject="charges")

        after = silences_after((silence(subject="tenure"),), new, at=NOW + 2 * HOUR)

        assert [one.subject for one in after] == ["charges"]
