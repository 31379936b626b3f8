"""What becomes of a retraining that broke off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.events import ChallengerJudged, RetrainingStarted
from holdfast.domain.evidence import GuardReport, Outcome
from holdfast.domain.ids import ModelVersion
from holdfast.policy.resuming import MOST_TRIES, Course, resumption
from holdfast.policy.transitions import Attempt

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, WINDOW = timedelta(hours=1), timedelta(days=7)
V1, V2 = ModelVersion("v1"), ModelVersion("v2")
STARTED = RetrainingStarted(
    attempt_id="a1", champion=V1, cause="harm", n_rows=900, rows_digest="d" * 64
)
BEGUN = Attempt(started=STARTED, at=START, seq=7)
JUDGED = replace(
    BEGUN,
    judgement=ChallengerJudged(
        attempt_id="a1",
        champion=V1,
        report=GuardReport(
            outcome=Outcome.ACCEPT, rule="better", reason="a gain", n=900, n_positive=300
        ),
        guard_until=START,
        trainer="xgboost",
        training_window="recent",
        margins={},
    ),
)
REGISTERED = replace(JUDGED, version=V2)


def judged(attempt, *, after=HOUR):
    return resumption(attempt, stale_after=WINDOW, now=START + after)


class TestResumption:
    @pytest.mark.parametrize(
        ("attempt", "course", "words"),
        [
            (BEGUN, Course.AGAIN, "no challenger was judged"),
            (JUDGED, Course.AGAIN, "the guard had accepted a challenger, which was not registered"),
            (REGISTERED, Course.RELEASE, "v2 is registered, and was not put into production"),
        ],
    )
    def test_goes_on_where_it_broke_off(self, attempt, course, words):
        """What is done already is not done again."""
        found = judged(attempt)

        assert found.course is course
        assert found.reason == f"it broke off; {words}"

    @pytest.mark.parametrize("attempt", [BEGUN, JUDGED, REGISTERED])
    def test_gives_up_what_never_comes_to_its_end(self, attempt):
        """It may be what ends the process: then it is to blame, and the pause doubles."""
        found = judged(replace(attempt, n_tries=MOST_TRIES))

        assert found.course is Course.CLOSE
        assert not found.interrupted
        assert found.reason.startswith("it was begun 3 times and never came to its end")

    def test_is_tried_again_until_then(self):
        """Twice."""
        assert judged(replace(BEGUN, n_tries=MOST_TRIES - 1)).course is Course.AGAIN

    @pytest.mark.parametrize("attempt", [BEGUN, JUDGED, REGISTERED])
    def test_gives_up_what_is_older_than_a_window(self, attempt):
        """Nobody is to blame; the release, if there is one, is named."""
        found = judged(attempt, after=WINDOW + HOUR)

        assert found.course is Course.CLOSE
        assert found.interrupted
        assert found.reason.startswith("it began 2026-03-02 00:00 UTC, longer than a window ago")
        assert ("v2" in found.reason) == (attempt is REGISTERED)

    def test_a_clock_that_was_set_back_makes_nothing_old(self):
        """Then it began in what is the future now."""
        assert judged(BEGUN, after=-WINDOW).course is Course.AGAIN

    def test_cannot_ask_a_file_for_its_rows_again(self):
        """The person can."""
        found = judged(replace(BEGUN, started=replace(STARTED, from_file=True)))

        assert found.course is Course.CLOSE
        assert "holdfast retrain --data" in found.reason

    def test_needs_no_rows_to_promote_what_is_registered(self):
        """Of a file or not."""
        attempt = replace(REGISTERED, started=replace(STARTED, from_file=True, rows_digest=None))

        assert judged(attempt).course is Course.RELEASE

    def test_closes_what_an_earlier_version_left(self):
        """It did not write down which rows it began with."""
        found = judged(replace(BEGUN, started=replace(STARTED, rows_digest=None)))

        assert found.course is Course.CLOSE
        assert "on which rows" in found.reason
