"""Reasons are sentences that a manager understands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.policy.policies import DecisionPolicy
from holdfast.policy.reasons import harmless, lacking, quiet
from holdfast.policy.waiting import Shortage
from holdfast.policy.weighing import Evidence

ONSET = datetime(2026, 3, 1, tzinfo=UTC)


def moved(subject, severity=Severity.WARNING):
    return Alert(
        trigger=Trigger.FEATURE_DRIFT,
        severity=severity,
        subject=subject,
        message=f"{subject} drifted by 0.20 (KS distance)",
    )


class TestHarmless:
    def test_names_what_drifted_and_how_it_is_known(self):
        """Each subject once, however many alerts speak of it."""
        alerts = (moved("price"), moved("tenure"), moved("price"))

        words = harmless(Evidence(n_rows=9, alerts=alerts, n_labels=1_234), DecisionPolicy())

        assert words[0] == "price, tenure drifted, harmless so far: watched"
        assert words[-1] == (
            "1,234 labelled rows since then show no harm; "
            "5 more errors in 100 rows would have shown"
        )


class TestQuiet:
    @pytest.mark.parametrize(
        ("evidence", "words"),
        [
            (Evidence(n_rows=0), ("no predictions in the window, nothing to judge",)),
            (
                Evidence(n_rows=0, performance_held=True),
                (
                    "no predictions in the window; judged by the labels of earlier ones",
                    "performance held on the mature labels",
                ),
            ),
            (
                Evidence(n_rows=9, underpowered=("a",)),
                (
                    "nothing raised an alarm",
                    "too few rows to tell about 1 feature; holdfast check names them",
                    "too few mature labels to measure performance yet",
                ),
            ),
            (
                Evidence(n_rows=9, alerts=(moved("a", Severity.INFO),), performance_held=True),
                (
                    "a drifted by 0.20 (KS distance)",
                    "nothing else drifted; this is too little to act on",
                    "performance held on the mature labels",
                ),
            ),
        ],
    )
    def test_says_what_was_looked_at(self, evidence, words):
        """That nothing was found is worth nothing without it."""
        assert quiet(evidence) == words


class TestLacking:
    def test_counts_both(self):
        """All rows, and the rarer class among them."""
        shortage = Shortage(n_labels=90, n_rarer=5, labels_needed=1_750, rarer_needed=75)

        assert lacking(shortage, onset_at=ONSET) == (
            "only 90 of the 1,750 labelled rows needed since 2026-03-01 00:00 UTC are mature: "
            "1,660 are missing, 70 of the rarer class among them"
        )

    def test_counts_one(self):
        """In good grammar."""
        shortage = Shortage(n_labels=900, n_rarer=74, labels_needed=750, rarer_needed=75)

        assert lacking(shortage, onset_at=None) == (
            "only 74 of the 75 rows needed of the rarer class are mature: 1 is missing"
        )
