"""What is worth a person's attention, how loudly, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.report import compare, compare_scores
from holdfast.drift.scores import cut_score_grid, score_profile
from holdfast.drift.sequential import Alarm, Watched
from holdfast.performance.confidence import ConfidenceDecay, ConfidenceVerdict
from holdfast.performance.degradation import Degradation, DegradationVerdict
from holdfast.policy.alerting import (
    AlertPolicy,
    alerts_of,
    by_date,
    findings_of,
    harm_is_open,
    levels_of,
)

POLICY = AlertPolicy()
CONTRACT = Contract(
    features=(
        Feature(name="tenure", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True),
    ),
    target=Target(name="left", positive="yes", negative="no"),
    threshold=0.5,
    data_digest="0" * 64,
)
N = 2000


def rows(*, shift=0.0, new=0.0, lost=0.0):
    rng = np.random.default_rng(0)
    fresh = rng.random(N) < new
    plan = np.where(fresh, "weekly", rng.choice(["monthly", "yearly"], N))
    return pa.table(
        {
            "tenure": pa.array(rng.normal(size=N) + shift, mask=rng.random(N) < lost),
            "plan": plan.tolist(),
        }
    )


GRID = cut_grid(rows(), CONTRACT)
QUIET = compare(profile(rows(), GRID), profile(rows(), GRID))


def drift(**changes):
    return compare(profile(rows(), GRID), profile(rows(**changes), GRID))


def alerts(report=QUIET, *, prediction=None, confidence=None, degradations=()):
    return alerts_of(report, prediction, confidence, tuple(degradations), policy=POLICY)


def worse(metric="roc_auc", worsening=0.08, *, verdict="degraded", informational=False):
    reference = 0.84
    sign = -1 if metric == "roc_auc" else 1
    return Degradation(
        metric=metric,
        reference=reference,
        current=reference + sign * worsening,
        worsening=worsening,
        p_value=0.001,
        verdict=DegradationVerdict(verdict),
        informational=informational,
    )


class TestFeatureDrift:
    def test_says_nothing_of_a_quiet_window(self):
        """No news is no alert."""
        assert alerts() == ()

    @pytest.mark.parametrize(("shift", "severity"), [(0.2, Severity.INFO), (0.6, Severity.WARNING)])
    def test_is_louder_the_larger_the_effect(self, shift, severity):
        """From an effect of 0.10 on it is a warning, below that a note."""
        (alert,) = alerts(drift(shift=shift))

        assert (alert.trigger, alert.subject) == (Trigger.FEATURE_DRIFT, "tenure")
        assert alert.severity is severity
        assert (alert.statistic >= POLICY.loud_effect) == (severity is Severity.WARNING)
        assert alert.message == f"tenure drifted by {alert.statistic:.2f} (KS distance)"

    def test_names_categories_that_training_never_saw(self):
        """They are an alert of their own: a new product, or a misspelling upstream."""
        found = alerts(drift(new=0.12))

        (unseen,) = [a for a in found if a.trigger is Trigger.UNSEEN_CATEGORIES]
        assert unseen.subject == "plan"
        assert "plan has categories that training never saw: weekly in 1" in unseen.message
        assert "% of the rows" in unseen.message

    def test_a_broken_feed_is_critical_and_said_once(self):
        """Not also as drift: the world did not change, the pipe did."""
        (alert,) = alerts(drift(lost=0.7))

        assert (alert.trigger, alert.severity) == (Trigger.BROKEN_FEED, Severity.CRITICAL)
        assert alert.message.startswith("tenure looks broken upstream: missing share rose from 0%")


class TestPredictionDrift:
    @staticmethod
    def scores(current):
        reference = np.random.default_rng(1).beta(2, 5, N)
        grid = cut_score_grid(reference, threshold=0.4)
        return compare_scores(score_profile(reference, grid), score_profile(current, grid))

    def test_says_by_how_much_the_scores_moved(self):
        """Once, whatever number of tests saw it."""
        moved = self.scores(np.random.default_rng(2).beta(5, 2, N))

        (alert,) = alerts(prediction=moved)

        assert (alert.trigger, alert.severity) == (Trigger.PREDICTION_DRIFT, Severity.WARNING)
        assert alert.message.startswith("the scores drifted by 0.")

    def test_one_and_the_same_score_for_all_is_critical(self):
        """A model that has stopped to tell rows apart."""
        (alert,) = alerts(prediction=self.scores(np.full(N, 0.5)))

        assert alert.severity is Severity.CRITICAL
        assert alert.message == "the model gives every row the same score"

    def test_is_silent_where_the_scores_are_as_they_were(self):
        """Another draw of the same."""
        assert alerts(prediction=self.scores(np.random.default_rng(3).beta(2, 5, N))) == ()


class TestConfidence:
    @pytest.mark.parametrize(
        ("verdict", "expected"),
        [("decayed", [Severity.WARNING]), ("held", []), ("too_few", [])],
    )
    def test_warns_of_decay_alone(self, verdict, expected):
        """Too few rows to tell is no warning."""
        decay = ConfidenceDecay(
            reference=0.3,
            current=0.25,
            fall=0.05,
            p_value=0.001,
            verdict=ConfidenceVerdict(verdict),
        )

        found = alerts(confidence=decay)

        assert [alert.severity for alert in found] == expected
        assert all("fell from 0.300 to 0.250" in alert.message for alert in found)


class TestPerformance:
    @pytest.mark.parametrize(
        ("worsening", "severity"),
        [(0.049, Severity.WARNING), (0.05, Severity.CRITICAL), (0.2, Severity.CRITICAL)],
    )
    def test_a_severe_loss_is_critical(self, worsening, severity):
        """From 0.05 on."""
        (alert,) = alerts(degradations=[worse(worsening=worsening)])

        assert (alert.trigger, alert.severity) == (Trigger.PERFORMANCE, severity)

    @pytest.mark.parametrize(
        ("metric", "words"),
        [
            ("roc_auc", "ROC AUC fell from 0.840 to 0.760 on mature labels"),
            ("brier", "Brier score rose from 0.840 to 0.920 on mature labels"),
        ],
    )
    def test_says_in_which_direction_is_worse(self, metric, words):
        """A Brier score that rises is as bad as an AUC that falls."""
        (alert,) = alerts(degradations=[worse(metric)])

        assert alert.message == words

    @pytest.mark.parametrize(
        "item",
        [
            worse(verdict="held"),
            worse(verdict="too_few"),
            worse("recall", informational=True),
        ],
        ids=["held", "too few", "informational"],
    )
    def test_is_silent_about_the_rest(self, item):
        """A changed mix of classes moves recall without any harm by the model."""
        assert alerts(degradations=[item]) == ()


class TestOrder:
    def test_the_loudest_comes_first(self):
        """Who reads one line reads the worst."""
        found = alerts(
            drift(shift=0.2, new=0.3, lost=0.0), degradations=[worse(), worse("brier", 0.02)]
        )

        ranks = [alert.severity.rank for alert in found]
        assert ranks == sorted(ranks, reverse=True)
        assert {alert.severity for alert in found} == set(Severity)


class TestLevels:
    def test_leave_drift_to_the_monitors(self):
        """They keep to a budget over time; a window that is tested anew each day does not."""
        report = drift(shift=0.6, new=0.3)

        assert alerts(report) != ()
        assert levels_of(report, None, None, (), policy=POLICY) == ()

    def test_are_what_holds_until_it_is_gone(self):
        """A broken feed, a loss on mature labels, less confidence."""
        decayed = ConfidenceDecay(
            reference=0.3, current=0.2, fall=0.1, p_value=0.0, verdict=ConfidenceVerdict.DECAYED
        )

        found = levels_of(drift(lost=0.6), None, decayed, (worse(),), policy=POLICY)

        assert [alert.trigger for alert in found] == [
            Trigger.PERFORMANCE,
            Trigger.BROKEN_FEED,
            Trigger.CONFIDENCE,
        ]


ONSET = datetime(2026, 3, 4, tzinfo=UTC)
TENURE = Alarm(
    monitor="feature:tenure",
    watched=Watched.FEATURE,
    subject="tenure",
    severity=Severity.WARNING,
    raised_at=ONSET + timedelta(days=2),
    onset_at=ONSET,
    indicator="share of tenure < 12 rose",
    rate=0.31,
    bound=0.27,
)


def findings(*alarms, levels=(), report=QUIET, begun=None):
    return findings_of(alarms, levels, report, begun=begun or {}, moment=by_date)


class TestFindings:
    def test_name_cause_and_figures(self):
        """Since when, which share, what was put up with, and how the window looks."""
        (finding,) = findings(TENURE, report=drift(shift=0.6))

        alert = finding.alert
        assert alert.message.startswith(
            "tenure drifted since 2026-03-04: share of tenure < 12 rose to 0.31, "
            "more than the 0.27 allowed; 0.2"
        )
        assert alert.message.endswith("KS distance in this window")
        assert (alert.trigger, alert.subject) == (Trigger.FEATURE_DRIFT, "tenure")
        assert (finding.raised_at, finding.onset_at) == (TENURE.raised_at, ONSET)

    def test_do_without_a_window(self):
        """One without rows shows nothing; the alarm stands."""
        (finding,) = findings(TENURE, report=None)

        assert finding.alert.message.endswith("more than the 0.27 allowed")

    @pytest.mark.parametrize(
        ("watched", "trigger", "words"),
        [
            (Watched.SCORE, Trigger.PREDICTION_DRIFT, "the scores drifted"),
            (Watched.LABEL, Trigger.LABEL_DRIFT, "the labels drifted"),
            (Watched.CALIBRATION, Trigger.CONCEPT, "what the scores mean has changed"),
            (Watched.HARM, Trigger.HARM, "the model does worse"),
        ],
    )
    def test_say_what_each_monitor_watches(self, watched, trigger, words):
        """A trigger of its own, which policies choose from."""
        (finding,) = findings(replace(TENURE, watched=watched, subject=watched.value))

        assert finding.alert.trigger is trigger
        assert finding.alert.message.startswith(f"{words} since 2026-03-04")

    @pytest.mark.parametrize(
        ("watched", "severity"),
        [
            (Watched.FEATURE, Severity.WARNING),
            (Watched.SCORE, Severity.WARNING),
            (Watched.LABEL, Severity.WARNING),
            (Watched.CALIBRATION, Severity.CRITICAL),
            (Watched.HARM, Severity.CRITICAL),
        ],
    )
    def test_only_what_rests_on_labels_is_critical(self, watched, severity):
        """Another world is no catastrophe; a worse model may be one."""
        loud = replace(TENURE, watched=watched, severity=Severity.CRITICAL)

        assert findings(loud)[0].alert.severity is severity

    def test_words_never_seen_before_are_a_trigger_of_their_own(self):
        """And are named."""
        new = replace(
            TENURE,
            monitor="feature:plan",
            subject="plan",
            indicator="share of plan never seen before rose",
        )

        (finding,) = findings(new, report=drift(new=0.3))

        assert finding.alert.trigger is Trigger.UNSEEN_CATEGORIES
        assert "unseen in training: weekly" in finding.alert.message

    def test_an_alarm_that_comes_again_is_dated_by_its_first(self):
        """The monitor began anew; the change did not. So also within one tick."""
        again = replace(
            TENURE,
            onset_at=ONSET + timedelta(days=2),
            raised_at=ONSET + timedelta(days=3),
        )
        begun = {(Trigger.FEATURE_DRIFT, "tenure"): ONSET - timedelta(days=1)}

        known = findings(again, begun=begun)
        both = findings(TENURE, again)

        assert known[0].onset_at == ONSET - timedelta(days=1)
        assert "since 2026-03-03" in known[0].alert.message
        assert [finding.onset_at for finding in both] == [ONSET, ONSET]

    def test_a_broken_feature_is_said_to_be_that_and_nothing_else(self):
        """That its values moved follows from it."""
        report = drift(lost=0.6)
        levels = levels_of(report, None, None, (), policy=POLICY)

        found = findings(TENURE, levels=levels, report=report)

        assert [finding.alert.trigger for finding in found] == [Trigger.BROKEN_FEED]
        assert found[0].raised_at is None


class TestHarmIsOpen:
    @pytest.mark.parametrize(
        ("trigger", "severity", "expected"),
        [
            (Trigger.PERFORMANCE, Severity.WARNING, True),
            (Trigger.PERFORMANCE, Severity.CRITICAL, True),
            (Trigger.PERFORMANCE, Severity.INFO, False),
            (Trigger.FEATURE_DRIFT, Severity.CRITICAL, False),
            (Trigger.CONFIDENCE, Severity.WARNING, False),
        ],
    )
    def test_asks_for_measured_harm(self, trigger, severity, expected):
        """Drift alone does not make the guard bolder."""
        alert = Alert(trigger=trigger, severity=severity, subject="x", message="…")

        assert harm_is_open([alert]) is expected
