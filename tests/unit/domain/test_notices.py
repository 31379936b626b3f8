"""What people are told: enough to act on, at night, on a telephone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import EventId, ModelVersion
from holdfast.domain.notices import Notice, NoticeKind

EVENT = EventId("019b76da-a800-7000-8000-000000000001")
NOTICE = Notice(
    kind=NoticeKind.RAISED,
    alert=Alert(
        trigger=Trigger.PERFORMANCE,
        severity=Severity.CRITICAL,
        subject="roc_auc",
        message="ROC AUC fell from 0.840 to 0.760 on mature labels",
        statistic=0.08,
    ),
    model_version=ModelVersion("v2"),
    event_id=EVENT,
    at=datetime(2026, 7, 4, 2, 5, tzinfo=UTC),
    incident_id="i-0123456789",
    since=datetime(2026, 6, 30, tzinfo=UTC),
    deeds=("Decided to retrain: ROC AUC fell", "Promoted v3 over v2: a gain"),
)


class TestTitle:
    @pytest.mark.parametrize(
        ("kind", "beginning"),
        [
            (NoticeKind.RAISED, "[CRITICAL] churn: ROC AUC fell"),
            (NoticeKind.UPDATED, "[STILL CRITICAL] churn: ROC AUC fell"),
            (NoticeKind.RESOLVED, "[OVER] churn: ROC AUC fell"),
            (NoticeKind.TRIED, "[TEST] churn: ROC AUC fell"),
        ],
    )
    def test_says_how_bad_it_is_and_of_which_model(self, kind, beginning):
        """All that a locked telephone shows."""
        assert replace(NOTICE, kind=kind).title("churn").startswith(beginning)

    def test_is_one_line_that_is_not_too_long(self):
        """A line break in a subject would be another header."""
        alert = replace(NOTICE.alert, message="a\r\nBcc: x " * 50)

        title = replace(NOTICE, alert=alert).title("churn")

        assert len(title) == 120
        assert title.endswith("…")
        assert title.split("\n") == [title]
        assert "\r" not in title


class TestBody:
    def test_says_what_since_when_and_what_was_done(self):
        """And how to look further, and under which id it stands."""
        assert NOTICE.body("churn", dashboard="https://ops/churn").splitlines() == [
            "ROC AUC fell from 0.840 to 0.760 on mature labels",
            "",
            "Since: about 2026-06-30 00:00 UTC",
            "Found: 2026-07-04 02:05 UTC",
            "Figure: 0.08",
            "About: roc_auc (performance, critical)",
            "Model: churn v2",
            "What the loop did: Decided to retrain: ROC AUC fell",
            "What the loop did: Promoted v3 over v2: a gain",
            "",
            f"To look further: holdfast explain {EVENT}",
            "To say that you know: holdfast alerts ack i-0123456789",
            "Incident: i-0123456789",
            "Dashboard: https://ops/churn",
        ]

    def test_of_the_end_says_why(self):
        """Under the same id; there is nothing left to acknowledge."""
        over = replace(
            NOTICE, kind=NoticeKind.RESOLVED, reason="quiet since 2026-07-01", since=None
        )

        lines = over.body("churn").splitlines()

        assert "Over: quiet since 2026-07-01" in lines
        assert "Incident: i-0123456789" in lines
        assert not any("ack" in line for line in lines)

    def test_of_an_update_says_what_is_new(self):
        """Else it reads like the first one."""
        again = replace(NOTICE, kind=NoticeKind.UPDATED, reason="alarmed again")

        assert "New: alarmed again" in again.body("churn").splitlines()

    def test_of_a_test_says_little(self):
        """There is nothing to explain."""
        tried = replace(NOTICE, kind=NoticeKind.TRIED)

        assert "explain" not in tried.body("churn")
