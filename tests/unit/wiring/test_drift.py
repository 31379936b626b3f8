"""From the section [drift] to a policy and a rule."""

from __future__ import annotations

import pytest

from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import SettingsError
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.rules import RULES, DriftShare, KolmogorovSmirnovShare, PsiBands
from holdfast.drift.verdicts import DriftPolicy
from holdfast.settings import settings_for
from holdfast.wiring.control import plan_of
from holdfast.wiring.drift import decisive_tests, drift_policy_of, rule_of


@pytest.fixture(name="settings")
def _settings(tmp_path):
    """Settings of a project in an empty folder, with this said of drift."""

    def of(**drift):
        return settings_for(tmp_path, data={"target": "left"}, drift=drift)

    return of


class TestDriftPolicyOf:
    def test_nothing_said_means_the_defaults(self, settings):
        """Those of holdfast.toml are those of a report without a project."""
        assert drift_policy_of(settings()) == DriftPolicy()

    def test_carries_over_what_the_project_says(self, settings):
        """Missing values and unseen categories decide whatever tests the values."""
        policy = drift_policy_of(
            settings(alpha=0.01, min_effect=0.1, numeric_test="kolmogorov_smirnov")
        )

        assert (policy.alpha, policy.min_effect) == (0.01, 0.1)
        assert policy.decisive == (
            "kolmogorov_smirnov",
            "chi_square",
            "missingness",
            "unseen_categories",
        )

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            (
                {"numeric_test": "kolmogorov_smirnof"},
                "'kolmogorov_smirnof' is no test of numeric features. Did you mean 'kolmogorov_s",
            ),
            ({"numeric_test": "chi_square"}, "It takes one of"),
            ({"categorical_test": "kolmogorov_smirnov"}, "is no test of categorical features"),
            ({"categorical_test": "population_stability_index"}, "chi_square"),
        ],
    )
    def test_refuses_a_test_that_does_not_fit(self, settings, said, words):
        """Else no number, or no category, would ever count as drifted."""
        with pytest.raises(SettingsError) as caught:
            drift_policy_of(settings(**said))

        (key,) = said
        assert f"[drift] {key}: " in str(caught.value)
        assert words in str(caught.value)

    def test_takes_a_test_of_an_installed_package(self, settings):
        """If it is among the methods in use; the built-in ones alone do not have it."""
        methods = {**METHODS, "our_test": _OurTest()}

        policy = drift_policy_of(settings(numeric_test="our_test"), methods)

        assert policy.decisive[0] == "our_test"
        with pytest.raises(SettingsError, match="'our_test' is no test of numeric features"):
            drift_policy_of(settings(numeric_test="our_test"))


class _OurTest:
    name = "our_test"
    is_test = True

    def applies(self, pair):
        return pair.numbers is not None

    def compare(self, pair):
        raise AssertionError("nothing is compared where tests are only named")


class TestDecisiveTests:
    def test_every_method_says_itself_what_it_applies_to(self):
        """Sizes without a test do not decide, and missing values are no values."""
        numeric = decisive_tests(FeatureKind.NUMERIC)
        categorical = decisive_tests(FeatureKind.CATEGORICAL)

        assert "kolmogorov_smirnov" in numeric
        assert "chi_square" in categorical
        assert all(METHODS[name].is_test for name in (*numeric, *categorical))
        assert {"missingness", "unseen_categories"}.isdisjoint({*numeric, *categorical})


class TestRuleOf:
    @pytest.mark.parametrize(
        ("said", "rule"),
        [
            ({}, DriftShare()),
            ({"rule": "drift_share", "rule_at": 0.2}, DriftShare(at=0.2)),
            ({"rule": "psi"}, PsiBands()),
            ({"rule": "psi", "rule_at": 0.25}, PsiBands(at=0.25)),
            ({"rule": "ks_share", "alpha": 0.01}, KolmogorovSmirnovShare(alpha=0.01, at=0.3)),
        ],
    )
    def test_builds_what_is_named(self, settings, said, rule):
        """With its bound, if one is given."""
        assert rule_of(settings(**said)) == rule

    @pytest.mark.parametrize("name", RULES)
    def test_knows_every_rule(self, settings, name):
        """Of those on the reports of features."""
        assert rule_of(settings(rule=name)).name == name


class TestPlan:
    def test_both_reach_the_monitors(self, settings):
        """Where each tick judges by them."""
        monitor = plan_of(settings(alpha=0.01, rule="any_feature")).monitor

        assert monitor.drift.alpha == 0.01
        assert monitor.rule.name == "any_feature"
