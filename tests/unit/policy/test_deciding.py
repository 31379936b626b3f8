"""Every row of the decision table, and that the table has no holes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.evidence import Action, Alert, Severity, Trigger
from holdfast.policy.deciding import DecisionPolicy, Evidence, cooldown_ends_at, decide
from holdfast.policy.transitions import ControlState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HARM = Alert(
    trigger=Trigger.PERFORMANCE,
    severity=Severity.CRITICAL,
    subject="roc_auc",
    message="ROC AUC fell from 0.84 to 0.71",
)
DRIFT = Alert(
    trigger=Trigger.FEATURE_DRIFT,
    severity=Severity.WARNING,
    subject="monthly_charge",
    message="monthly_charge drifted",
)


def evidence(**changes) -> Evidence:
    enough = {"n_rows": 1000, "n_labels": 800, "n_positives": 200}
    return Evidence(**{**enough, **changes})


class TestDecide:
    def test_keeps_when_nothing_drifted(self):
        """Quiet evidence is a decision too, with its reason."""
        decision = decide(
            evidence(performance_held=True), DecisionPolicy(), ControlState(), now=NOW
        )

        assert decision.action is Action.KEEP
        assert "performance held on the mature labels" in decision.reasons

    def test_keeps_when_there_was_no_traffic(self):
        """An empty window says nothing about the model, whatever the labels say."""
        decision = decide(
            evidence(n_rows=0, alerts=(HARM,)), DecisionPolicy(), ControlState(), now=NOW
        )

        assert decision.action is Action.KEEP
        assert "no predictions" in decision.reasons[0]

    def test_harm_retrains_on_harm(self):
        """A measured loss of performance with enough fresh labels is acted on."""
        decision = decide(
            evidence(alerts=(HARM,), performance_held=False, onset_at=NOW),
            DecisionPolicy(name="harm"),
            ControlState(),
            now=NOW,
        )

        assert decision.action is Action.RETRAIN
        assert decision.reasons[0] == HARM.message
        assert decision.onset_at == NOW

    def test_harm_only_watches_drift_that_does_no_harm(self):
        """Feature drift with held performance alerts; it does not retrain."""
        decision = decide(
            evidence(alerts=(DRIFT,), performance_held=True),
            DecisionPolicy(name="harm"),
            ControlState(),
            now=NOW,
        )

        assert decision.action is Action.ALERT
        assert any("drift without harm" in reason for reason in decision.reasons)

    def test_says_so_when_it_cannot_tell_whether_drift_harms(self):
        """Too few labels is a reason of its own, not a silent pass."""
        decision = decide(
            evidence(alerts=(DRIFT,), performance_held=None),
            DecisionPolicy(name="harm"),
            ControlState(),
            now=NOW,
        )

        assert decision.action is Action.ALERT
        assert any("too few mature labels" in reason for reason in decision.reasons)

    def test_any_retrains_on_drift(self):
        """The policy `any` acts on drift itself."""
        decision = decide(
            evidence(alerts=(DRIFT,)), DecisionPolicy(name="any"), ControlState(), now=NOW
        )

        assert decision.action is Action.RETRAIN

    def test_info_alerts_trigger_nothing(self):
        """An alert below the policy's severity is recorded, not acted on."""
        quiet = Alert(
            trigger=Trigger.PERFORMANCE, severity=Severity.INFO, subject="roc_auc", message="fine"
        )

        decision = decide(evidence(alerts=(quiet,)), DecisionPolicy(), ControlState(), now=NOW)

        assert decision.action is Action.KEEP

    def test_never_trains_on_a_broken_feed(self):
        """A broken feed outranks every other alarm: its rows are garbage."""
        decision = decide(
            evidence(alerts=(HARM, DRIFT), broken=("data_gb is missing in 70% of rows",)),
            DecisionPolicy(name="any"),
            ControlState(),
            now=NOW,
        )

        assert decision.action is Action.FIX_UPSTREAM
        assert "70%" in decision.reasons[0]

    def test_harm_on_rows_of_a_broken_feed_is_the_feeds(self):
        """Labels that mature after the feed was mended do not retrain on its rows."""
        decision = decide(
            evidence(alerts=(HARM,), broken_labels=("data_gb was missing",)),
            DecisionPolicy(),
            ControlState(),
            now=NOW,
        )

        assert decision.action is Action.FIX_UPSTREAM

    @pytest.mark.parametrize(
        ("n_labels", "n_positives", "words"),
        [(749, 200, "749 of the 750"), (800, 74, "74 of the 75"), (800, 780, "20 of the 75")],
    )
    def test_defers_until_enough_labels_are_mature(self, n_labels, n_positives, words):
        """What is missing is named, for rows and for the rarer class."""
        decision = decide(
            evidence(alerts=(HARM,), n_labels=n_labels, n_positives=n_positives),
            DecisionPolicy(),
            ControlState(),
            now=NOW,
        )

        assert decision.action is Action.DEFER
        assert words in decision.reasons[-1]
        assert decision.retry_at is None

    def test_defers_within_the_cooldown(self):
        """The end of the cooldown is given, so that a person knows when to look again."""
        state = ControlState(last_attempt_at=NOW - timedelta(days=6))

        decision = decide(evidence(alerts=(HARM,)), DecisionPolicy(), state, now=NOW)

        assert decision.action is Action.DEFER
        assert decision.retry_at == NOW + timedelta(days=1)

    def test_acts_when_the_cooldown_ends(self):
        """The end itself is no longer within it."""
        state = ControlState(last_attempt_at=NOW - timedelta(days=7))

        decision = decide(evidence(alerts=(HARM,)), DecisionPolicy(), state, now=NOW)

        assert decision.action is Action.RETRAIN

    def test_is_total_and_always_gives_reasons(self):
        """Every combination of evidence, policy and state has one decision with reasons."""
        combinations = itertools.product(
            (0, 1000),
            ((), (HARM,), (DRIFT,), (HARM, DRIFT)),
            ((), ("broken",)),
            ((), ("broken",)),
            (None, True, False),
            (0, 800),
            ("harm", "any", "never"),
            (None, NOW - timedelta(days=1), NOW - timedelta(days=90)),
        )
        for n_rows, alerts, broken, broken_labels, held, n_labels, name, attempt in combinations:
            decision = decide(
                Evidence(
                    n_rows=n_rows,
                    alerts=alerts,
                    broken=broken,
                    broken_labels=broken_labels,
                    performance_held=held,
                    n_labels=n_labels,
                    n_positives=n_labels // 4,
                ),
                DecisionPolicy(name=name),
                ControlState(last_attempt_at=attempt),
                now=NOW,
            )

            assert decision.reasons
            assert all(decision.reasons)
            if decision.action is Action.RETRAIN:
                assert alerts
                assert not broken
                assert not broken_labels
                assert n_labels == 800
                assert name != "never"


class TestCooldown:
    def test_doubles_with_each_refusal_up_to_the_limit(self):
        """Refused challengers slow the loop down, but never beyond the label maturity."""
        policy = DecisionPolicy()
        ends = [
            cooldown_ends_at(policy, ControlState(last_attempt_at=NOW, refusals=refusals))
            for refusals in (0, 1, 2, 9, 10_000)
        ]

        assert [(end - NOW).days for end in ends if end] == [7, 14, 28, 30, 30]

    def test_there_is_none_before_the_first_attempt(self):
        """A young project may retrain as soon as its labels allow."""
        assert cooldown_ends_at(DecisionPolicy(), ControlState()) is None


class TestDecisionPolicy:
    def test_refuses_a_name_it_does_not_know(self):
        """A misspelt policy must not pass for one that never acts."""
        with pytest.raises(ValueError, match="harm, any, never; found 'hram'"):
            DecisionPolicy(name="hram")
