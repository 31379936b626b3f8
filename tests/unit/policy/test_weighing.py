"""Whether what drifted does harm, and what the rules say of a window."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.drift.rules import DriftShare, PsiBands
from holdfast.policy.policies import DecisionPolicy
from holdfast.policy.weighing import Evidence, benign, rows_to_see, rule_outcomes


def evidence(*alerts, **changes):
    of = tuple(
        Alert(trigger=trigger, severity=severity, subject="x", message="x moved")
        for trigger, severity in alerts
    )
    return Evidence(**{"n_rows": 100, "alerts": of, "n_labels": 5_000, **changes})


DRIFT = (Trigger.FEATURE_DRIFT, Severity.WARNING)


class TestBenign:
    def test_is_drift_without_harm_that_had_its_chance_to_show(self):
        """Enough labels came, and none of them says that the model does worse."""
        assert benign(evidence(DRIFT), DecisionPolicy())

    @pytest.mark.parametrize("trigger", [Trigger.PERFORMANCE, Trigger.HARM, Trigger.CONCEPT])
    def test_is_nothing_that_comes_with_harm(self, trigger):
        """Of any kind, from a warning on."""
        harm, note = (trigger, Severity.WARNING), (trigger, Severity.INFO)

        assert not benign(evidence(DRIFT, harm), DecisionPolicy())
        assert benign(evidence(DRIFT, note), DecisionPolicy())

    def test_is_nothing_on_which_too_few_labels_came(self):
        """619 rows would have shown five more errors in 100."""
        assert not benign(evidence(DRIFT, n_labels=618), DecisionPolicy())
        assert benign(evidence(DRIFT, n_labels=619), DecisionPolicy())

    def test_goes_by_the_rows_that_the_champion_scored(self):
        """Another model's rows say nothing of how well it does."""
        assert not benign(evidence(DRIFT, n_seen=618), DecisionPolicy())

    def test_is_not_said_where_performance_fell(self):
        """Nor where nothing drifted."""
        assert not benign(evidence(DRIFT, performance_held=False), DecisionPolicy())
        assert not benign(evidence(), DecisionPolicy())
        assert not benign(evidence((Trigger.ESTIMATE, Severity.WARNING)), DecisionPolicy())


class TestRowsToSee:
    def test_grow_with_the_square_of_what_is_to_be_seen(self):
        """Half the rise takes four times the rows."""
        assert rows_to_see(0.05) == 619
        assert rows_to_see(0.025) == pytest.approx(4 * 619, rel=0.01)


class TestRuleOutcomes:
    @pytest.fixture(name="report")
    def _report(self):
        own = DriftShare(at=0.1)
        return SimpleNamespace(outcome=own.judge(()), features=())

    def test_are_the_projects_own_and_the_policys(self, report):
        """So that the policy can act on its rule, whatever the reports show."""
        found = rule_outcomes(report, DecisionPolicy(name="psi"))

        assert [one.rule for one in found] == ["drift_share >= 0.1", PsiBands().words]

    @pytest.mark.parametrize("name", ["drift_share", "harm"])
    def test_keep_the_projects_own_bound(self, report, name):
        """A bound that was set holds for the policy of the same name."""
        (only,) = rule_outcomes(report, DecisionPolicy(name=name))

        assert only.rule == "drift_share >= 0.1"
