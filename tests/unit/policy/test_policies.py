"""Which policies there are, and what each takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.domain.evidence import Severity, Trigger
from holdfast.policy.policies import POLICIES, DecisionPolicy, known_rule


class TestDecisionPolicy:
    def test_refuses_a_name_it_does_not_know(self):
        """A misspelt policy must not pass for one that never acts."""
        with pytest.raises(ValueError, match=r"harm, any, .*, never; found 'hram'"):
            DecisionPolicy(name="hram")

    def test_refuses_a_calendar_without_a_step(self):
        """It would retrain at each tick."""
        with pytest.raises(ValueError, match="every must be longer than 0s; found 0s"):
            DecisionPolicy(name="schedule", every=timedelta(0))

    def test_takes_the_severity_of_its_name_unless_told(self):
        """Each policy has one of its own."""
        assert DecisionPolicy().acts_from is Severity.WARNING
        assert DecisionPolicy(severity=Severity.CRITICAL).acts_from is Severity.CRITICAL

    def test_takes_the_estimate_only_where_labels_come_too_late(self):
        """Else labels are waited for: they do not guess."""
        ninety = timedelta(days=90)

        assert Trigger.ESTIMATE not in DecisionPolicy(label_maturity=ninety).acts_on
        late = DecisionPolicy(label_maturity=ninety + timedelta(seconds=1))
        assert Trigger.ESTIMATE in late.acts_on


class TestPolicies:
    def test_that_act_on_a_rule_bear_its_name(self):
        """So that a person finds the rule by the policy's name."""
        of_rules = {name: policy.rule for name, policy in POLICIES.items() if policy.rule}

        assert of_rules == {name: name for name in of_rules}
        assert {known_rule(name).name for name in of_rules} == of_rules.keys()

    def test_have_one_kind_of_cause_each(self):
        """Alerts, a rule, or the calendar."""
        for policy in POLICIES.values():
            assert policy.on_alerts + (policy.rule is not None) + policy.periodic <= 1
