"""From settings to the control plane's ports and plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from holdfast.adapters.notifiers.console import ConsoleNotifier
from holdfast.adapters.registries.mlflow import MlflowRegistry
from holdfast.domain.errors import HoldfastError, MissingExtraError, SettingsError
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.rules import WeightedShare
from holdfast.loop.search import Budget, SearchPlan
from holdfast.policy.guarding import RULES
from holdfast.policy.thresholds import Capacity, Costs, FBeta, Fixed, RecallAtLeast
from holdfast.policy.training_windows import WINDOWS
from holdfast.policy.trying import TrialPolicy
from holdfast.settings import settings_for
from holdfast.wiring import control as wiring
from holdfast.wiring.control import aim_of, open_control, plan_of


@pytest.fixture(autouse=True)
def _own_logging():
    """What opening a project says about the log ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(name="settings")
def _settings(tmp_path):
    """Settings of a project in an empty folder, with these sections changed."""

    def of(**sections):
        return settings_for(tmp_path, **({"data": {"target": "left"}} | sections))

    return of


class OurOwn:
    """A method as a package would bring it along."""

    name = "our_own"
    is_test = True

    def applies(self, pair):
        return METHODS["kolmogorov_smirnov"].applies(pair)

    def compare(self, pair):
        return METHODS["kolmogorov_smirnov"].compare(pair)


class TestPlanOf:
    def test_carries_over_what_the_project_says(self, settings):
        """Each word of holdfast.toml reaches the policy that it is about."""
        plan = plan_of(
            settings(
                model={"name": "churn"},
                train={"seed": 7},
                monitor={"bucket": "12h", "window": "3d", "label_maturity": "10d"},
                policy={
                    "name": "any",
                    "cooldown": "2d",
                    "min_labels": 900,
                    "min_positives": 90,
                },
                guard={"rule": "no_worse", "min_rows": 700, "max_latency_ms": 2.5},
            )
        )

        assert (plan.model_name, plan.seed) == ("churn", 7)
        assert (plan.bucket, plan.window) == (timedelta(hours=12), timedelta(days=3))
        assert plan.label_maturity == timedelta(days=10)
        assert plan.decision.name == "any"
        assert plan.decision.cooldown == timedelta(days=2)
        assert plan.decision.cooldown_limit == timedelta(days=10)
        assert (plan.decision.min_labels, plan.decision.min_positives) == (900, 90)
        assert plan.guard.rule == "no_worse"
        assert (plan.guard.min_rows, plan.guard.min_class) == (700, 50)
        assert plan.guard.max_latency == timedelta(microseconds=2500)

    @pytest.mark.parametrize(
        ("said", "before"), [({}, None), ({"missing_at_maturity": "negative"}, 10)]
    )
    def test_carries_over_what_a_missing_label_is(self, settings, said, before):
        """Unknown, or negative from the label maturity on."""
        monitor = {"label_maturity": "10d", **said}
        now = datetime(2026, 3, 20, tzinfo=UTC)

        found = plan_of(settings(monitor=monitor)).negative_before(now)

        assert found == (None if before is None else now - timedelta(days=before))

    def test_carries_over_how_a_challenger_is_tried(self, settings):
        """At once by default."""
        promote = {"path": "canary", "share": 0.2, "shadow_for": "6h", "canary_for": "2d"}

        assert plan_of(settings()).trial.path == "direct"
        assert plan_of(settings(promote=promote)).trial == TrialPolicy(
            path="canary",
            share=0.2,
            shadow_for=timedelta(hours=6),
            canary_for=timedelta(days=2),
        )

    @pytest.mark.parametrize(
        ("promote", "lasts"),
        [({}, 44), ({"probation": "14d"}, 14), ({"probation": "0d"}, 0)],
    )
    def test_a_probation_lasts_until_two_windows_have_labels(self, settings, promote, lasts):
        """By default; or as long as the project says, which may be not at all."""
        found = plan_of(settings(promote=promote, guard={"min_rows": 90})).probation

        assert (found.lasts, found.min_rows) == (timedelta(days=lasts), 90)

    def test_refuses_a_probation_whose_rows_would_be_dropped(self, settings):
        """It could not compare what is no longer there."""
        promote, store = {"probation": "90d"}, {"retention": "80d"}

        with pytest.raises(SettingsError, match=r"probation lasts 90d, but rows leave .* of 80d"):
            plan_of(settings(promote=promote, store=store))

    def test_refuses_a_trial_that_the_next_attempt_would_end(self, settings):
        """No challenger would ever get through it."""
        promote = {"path": "canary", "canary_for": "7d"}

        with pytest.raises(SettingsError, match=r"cooldown is 7d, but a trial.* lasts 8d"):
            plan_of(settings(promote=promote))

    def test_the_guard_and_the_decision_agree_on_what_is_enough(self, settings):
        """An attempt that the guard could only defer would cost its cooldown for nothing."""
        plan = plan_of(settings())

        assert plan.decision.guard_rows == plan.guard.min_rows
        assert plan.decision.guard_class == plan.guard.min_class

    def test_carries_over_which_windows_compete(self, settings):
        """All that there are, unless the project names some."""
        assert plan_of(settings()).windows == WINDOWS
        assert plan_of(settings(train={"windows": ["recent", "all"]})).windows == ("recent", "all")
        with pytest.raises(SettingsError, match="windows"):
            settings(train={"windows": ["ancient"]})

    def test_takes_the_rule_that_weighs_features(self, settings, tmp_path):
        """Its weights come with each release."""
        asked = settings(drift={"rule": "weighted_share", "rule_at": 0.3})

        with open_control(asked, create=True):
            assert plan_of(asked).monitor.rule == WeightedShare(at=0.3)

    def test_hands_on_the_methods_of_installed_packages(self, settings, monkeypatch):
        """The monitors may ask them, and settings name one that decides."""
        ours = OurOwn()
        monkeypatch.setattr(wiring, "drift_methods", lambda: {**METHODS, "our_own": ours})

        monitor = plan_of(settings(drift={"numeric_test": "our_own"})).monitor

        assert monitor.methods["our_own"] is ours
        assert monitor.drift.decisive[0] == "our_own"

    def test_performance_alarms_keep_to_the_budget_at_any_pace(self, settings):
        """Twice as many ticks a year, half the level of each."""
        daily = plan_of(settings(monitor={"bucket": "1d"})).monitor.degradation.alpha
        hourly = plan_of(settings(monitor={"bucket": "1h"})).monitor.degradation.alpha

        assert daily == pytest.approx(24 * hourly)
        assert 2 * 365.25 * daily == pytest.approx(0.1 * 4, rel=1e-3)

    def test_monitors_keep_to_the_same_budget(self, settings):
        """By time as many alarms a year; by rows, which have none, as many in 100 buckets."""
        plan = plan_of(settings(monitor={"bucket": "1h", "alarms_per_100_buckets": 2.0}))

        by_time, by_rows = plan.sequential, plan.sequential_by_rows
        assert by_time.buckets_per_year == pytest.approx(365.25 * 24)
        assert (by_time.alarms_per_year, by_time.critical_per_year) == (4.0, 0.05)
        assert (by_rows.buckets_per_year, by_rows.alarms_per_year) == (100, 2.0)
        assert by_rows.critical_per_year == pytest.approx(2.0 * 0.05 / 4)

    @pytest.mark.parametrize("rule", RULES)
    def test_settings_know_every_rule_of_the_guard(self, settings, rule):
        """They list the rules themselves, without loading what judges."""
        assert plan_of(settings(guard={"rule": rule})).guard.rule == rule

    @pytest.mark.parametrize(
        ("train", "search"),
        [
            ({}, None),
            ({"search": "5m"}, SearchPlan(budget=Budget(time=timedelta(minutes=5)))),
            (
                {"search": 40, "search_again": True},
                SearchPlan(budget=Budget(n_trials=40), again=True),
            ),
        ],
    )
    def test_searches_as_the_project_says(self, settings, train, search):
        """Not at all, for so long, or for so many trials."""
        assert plan_of(settings(train=train)).search == search

    def test_refuses_a_search_without_what_searches(self, settings, monkeypatch):
        """At once, and not in the middle of a retraining."""
        monkeypatch.setattr(wiring, "find_spec", lambda _: None)

        with pytest.raises(MissingExtraError, match=r"Run: pip install \"holdfast\[search\]\""):
            plan_of(settings(train={"search": 5}))


class TestAimOf:
    @pytest.mark.parametrize(
        ("said", "meant"),
        [
            ({"recall": 0.8}, RecallAtLeast(recall=0.8)),
            ({"f_beta": 2.0}, FBeta(beta=2.0)),
            (
                {"cost_false_positive": 1, "cost_false_negative": 5},
                Costs(false_positive=1, false_negative=5),
            ),
            ({"capacity": 0.1}, Capacity(share=0.1)),
            ({"fixed": 0.4}, Fixed(threshold=0.4)),
        ],
    )
    def test_understands_each_form(self, settings, said, meant):
        """Every aim that holdfast.toml can state."""
        assert aim_of(settings(train={"aim": said})) == meant


class TestOpenControl:
    def test_opens_ports_on_one_store(self, settings):
        """What one writes, the others read."""
        with open_control(settings(registry={"mlflow": ""}), create=True) as ports:
            assert ports.registry is None
            assert ports.releases.deployment() is None
            assert ports.views.status().n_predictions == 0
            assert [type(one) for one in ports.notifiers] == [ConsoleNotifier]

    def test_closes_the_store_afterwards(self, settings):
        """Also if the work in between fails."""

        def fail():
            with open_control(settings(), create=True) as ports:
                opened.append(ports)
                raise RuntimeError("halfway")

        opened: list[Any] = []
        with pytest.raises(RuntimeError, match="halfway"):
            fail()

        with pytest.raises(HoldfastError):
            list(opened[0].events.events())

    def test_mirrors_to_mlflow_where_an_address_is_given(self, settings):
        """It is not contacted before there is something to mirror."""
        with open_control(settings(), create=True) as ports:
            assert isinstance(ports.registry, MlflowRegistry)

    def test_tells_whom_the_caller_names(self, settings):
        """In place of the settings' own."""
        silent = ()

        with open_control(settings(), create=True, notifiers=silent) as ports:
            assert ports.notifiers == silent

    def test_refuses_an_unknown_trainer_before_it_makes_a_store(self, settings, tmp_path):
        """A misspelt word leaves no empty project behind."""
        with (
            pytest.raises(SettingsError),
            open_control(settings(train={"trainers": ["perceptron"]}), create=True),
        ):
            pytest.fail("the body must not run")

        assert list(tmp_path.iterdir()) == []
