"""What a window's counts and the mature labels say together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import EmptyWindowError
from holdfast.domain.estimates import EstimateVerdict, MaturedEstimate
from holdfast.domain.evidence import Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.windows import Window
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.profile import profile, reference_profile
from holdfast.drift.report import DriftPolicy
from holdfast.drift.rules import PsiBands, WeightedShare
from holdfast.drift.scores import score_profile
from holdfast.performance.realised import measure
from holdfast.performance.track_record import with_matured
from holdfast.policy.assessing import MonitorPolicy, Observed, assess
from holdfast.policy.deciding import Evidence

CONTRACT = Contract(
    features=(Feature(name="tenure", kind=FeatureKind.NUMERIC, nullable=True),),
    target=Target(name="left", positive="yes", negative="no"),
    threshold=0.4,
    data_digest="0" * 64,
)
POLICY = MonitorPolicy()
NONE = np.zeros(0, np.bool_)
N = 2000


def rows(seed, *, n=N, shift=0.0, lost=0.0, reversed_concept=False):
    """Return rows, their labels and the scores of a model that knows the old concept."""
    rng = np.random.default_rng(seed)
    tenure = rng.normal(size=n)
    pull = tenure if reversed_concept else -tenure
    labels = rng.random(n) < 1 / (1 + np.exp(-1.5 * pull))
    table = pa.table({"tenure": pa.array(tenure + shift, mask=rng.random(n) < lost)})
    return table, labels, 1 / (1 + np.exp(1.5 * tenure))


TABLE, LABELS, SCORES = rows(0)
REFERENCE = reference_profile(TABLE, CONTRACT, SCORES, labels=LABELS)
SCORE_GRID: Any = REFERENCE.score_grid
BASELINE = measure(LABELS, SCORES, threshold=CONTRACT.threshold)


def observe(seed=1, *, labelled=True, scored=True, **changes):
    table, labels, scores = rows(seed, **changes)
    counted = score_profile(scores, SCORE_GRID) if scored else None
    counts = profile(table, REFERENCE.grid, scores=counted)
    return Observed(
        current=counts,
        mature=counts if labelled else None,
        labels=labels if labelled else NONE,
        scores=scores if labelled else np.zeros(0),
    )


def found(**changes):
    return assess(REFERENCE, BASELINE, observe(**changes), policy=POLICY)


class TestAssess:
    def test_finds_nothing_in_another_draw_of_the_same_world(self):
        """Performance held is a finding; there is no alert."""
        assessment = found()

        assert assessment.alerts == ()
        assert assessment.performance_held is True
        assert assessment.broken == ()

    def test_sees_a_changed_concept_by_its_labels_alone(self):
        """The rows look as before, and so do the scores."""
        assessment = found(reversed_concept=True)

        assert {alert.trigger for alert in assessment.alerts} == {Trigger.PERFORMANCE}
        assert assessment.performance_held is False
        assert assessment.drift.share_drifted == 0.0

    def test_without_labels_it_does_not_know_whether_performance_held(self):
        """Not enough data is an answer of its own: neither good nor bad."""
        assessment = found(labelled=False, reversed_concept=True)

        assert assessment.performance is None
        assert assessment.performance_held is None
        assert assessment.degradations == ()

    def test_too_few_labels_are_measured_but_not_judged(self):
        """The figures are shown; no verdict hangs on them."""
        assessment = found(n=100, reversed_concept=True)

        assert assessment.performance is not None
        assert assessment.performance.n == 100
        assert assessment.performance_held is None

    def test_drift_and_harm_are_told_apart(self):
        """A shift that the model follows is drift; the labels say that it does no harm."""
        assessment = found(shift=0.7)

        assert assessment.drift.feature("tenure").drifted
        assert assessment.performance_held is True

    def test_the_policys_rule_tells_of_the_window_as_a_whole(self):
        """Another rule, another verdict on the same drift."""
        strict = replace(POLICY, rule=PsiBands(at=100.0))
        seen = observe(shift=0.7)

        by_default, by_rule = (
            assess(REFERENCE, BASELINE, seen, policy=policy) for policy in (POLICY, strict)
        )

        assert (by_default.drift.rule, by_default.drift.drifted) == ("drift_share >= 0.5", True)
        assert (by_rule.drift.rule, by_rule.drift.drifted) == ("any psi >= 100", False)

    def test_compares_only_scores_that_the_champion_made(self):
        """Without any there is neither prediction drift nor confidence."""
        assessment = found(scored=False)

        assert assessment.prediction is None
        assert assessment.confidence is None
        assert found().prediction is not None
        assert found().confidence.reference == pytest.approx(BASELINE.confidence)

    def test_says_which_feed_is_broken(self):
        """In the current window and in the one whose labels are mature, each by itself."""
        whole, broken = observe(1), observe(2, lost=0.5)

        now = assess(REFERENCE, BASELINE, replace(whole, current=broken.current), policy=POLICY)
        then = assess(REFERENCE, BASELINE, replace(whole, mature=broken.current), policy=POLICY)

        assert now.broken[0].startswith("tenure: missing share rose from 0% to")
        assert now.broken_labels == ()
        assert then.broken == ()
        assert then.broken_labels[0].startswith("tenure: missing share rose from 0% to")

    def test_an_empty_window_is_no_window(self):
        """There is nothing to compare; the caller knows before."""
        nothing = observe(n=0, labelled=False, scored=False)

        with pytest.raises(EmptyWindowError):
            assess(REFERENCE, BASELINE, nothing, policy=POLICY)


class TestComplete:
    def test_fills_in_what_the_window_says(self):
        """And leaves what the caller counted as it was."""
        assessment = found(reversed_concept=True)

        evidence = assessment.complete(Evidence(n_rows=7, n_labels=3, n_positives=2))

        assert (evidence.n_rows, evidence.n_labels, evidence.n_positives) == (7, 3, 2)
        assert evidence.alerts == ()  # which are open is for the incidents to say
        assert evidence.performance_held is False


class TestJudged:
    WINDOW = Window(
        start_at=datetime(2026, 3, 1, tzinfo=UTC),
        end_at=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=7),
    )

    def test_records_what_was_found(self):
        """The event has the figures, so that a later reader needs no window."""
        assessment = found(shift=0.7)

        event = assessment.judged(self.WINDOW, ModelVersion("v3"))

        assert (event.n, event.n_labelled, event.model_version) == (N, N, "v3")
        assert event.drifted == ("tenure",)
        assert event.share_drifted == 1.0
        assert event.performance == assessment.performance.figures
        assert event.verdict.rule == "drift_share >= 0.5"
        assert event.verdict.fired is True
        assert event.verdict.why == assessment.drift.outcome.why

    def test_records_that_the_rule_could_not_tell(self):
        """Twenty rows show nothing; that the window did not drift would be a guess."""
        event = found(n=20).judged(self.WINDOW, ModelVersion("v1"))

        assert event.verdict.fired is None
        assert "too few rows to tell" in event.verdict.why

    def test_records_how_much_of_the_importance_drifted(self):
        """None where it is not known: that is not zero."""
        policy, seen = MonitorPolicy(rule=WeightedShare()), observe(shift=0.7)

        known = assess(REFERENCE, BASELINE, seen, policy=policy, weights={"tenure": 0.2})
        unknown = assess(REFERENCE, BASELINE, seen, policy=policy)

        said, unsaid = (one.judged(self.WINDOW, ModelVersion("v1")) for one in (known, unknown))
        assert said.verdict is not None
        assert unsaid.verdict is not None
        assert (said.weighted_share, said.verdict.fired) == (1.0, True)
        assert (unsaid.weighted_share, unsaid.verdict.fired) == (None, None)
        assert "No importance weights were given" in unsaid.verdict.why

    def test_records_that_there_was_nothing_to_measure(self):
        """None, not zero."""
        event = found(labelled=False, scored=False).judged(self.WINDOW, ModelVersion("v1"))

        assert event.performance is None
        assert event.confidence is None
        assert event.n_labelled == 0


class OurOwn:
    """A method as a package would bring it along: it sees drift everywhere."""

    name = "our_own"
    is_test = True

    def applies(self, pair):
        return pair.cells is not None  # the places of the cells come with the counts

    def compare(self, pair):
        return replace(METHODS["kolmogorov_smirnov"].compare(pair), method="our_own", p_value=0.0)


WEEK = Window(start_at=datetime(2026, 1, 1, tzinfo=UTC), end_at=datetime(2026, 1, 8, tzinfo=UTC))


def matured(n=5, **changes):
    """Weeks whose labels have come, as the fold of the events keeps them."""
    track: tuple[MaturedEstimate, ...] = ()
    for k in range(n):
        week = Window(
            start_at=WEEK.start_at + k * timedelta(days=7),
            end_at=WEEK.end_at + k * timedelta(days=7),
        )
        seen = replace(observe(seed=20 + k, **changes), labels_of=week, matured=track)
        one = assess(REFERENCE, BASELINE, seen, policy=POLICY).matured
        track = with_matured(track, one)
    return track


class TestEstimates:
    def test_stand_beside_what_the_labels_of_the_same_rows_realised(self):
        """One pair for the track record, and the estimate of the current window."""
        seen = replace(observe(), labels_of=WEEK)

        event = assess(REFERENCE, BASELINE, seen, policy=POLICY).judged(WEEK, ModelVersion("v1"))

        assert event.matured is not None
        assert event.performance is not None
        assert event.matured.window == WEEK
        assert event.matured.realised["roc_auc"] == event.performance["roc_auc"]
        assert event.matured.estimated["roc_auc"].estimate == pytest.approx(
            event.matured.realised["roc_auc"], abs=0.03
        )
        assert event.estimate is not None
        assert event.estimate.verdict is EstimateVerdict.TOO_FEW, "no window has matured before"

    def test_of_a_file_leave_no_track(self):
        """Its rows were in no window."""
        assert found().matured is None

    def test_of_few_labels_leave_none_either(self):
        """A champion's first day would take the place of its first week."""
        seen = replace(observe(n=199), labels_of=WEEK)

        assert assess(REFERENCE, BASELINE, seen, policy=POLICY).matured is None

    def test_hold_after_five_windows_in_a_quiet_world(self):
        """It is told, and raises nothing."""
        seen = replace(observe(), matured=matured())

        assessment = assess(REFERENCE, BASELINE, seen, policy=POLICY)

        assert assessment.estimate is not None
        assert assessment.estimate.verdict is EstimateVerdict.HELD
        assert assessment.levels == ()
        assert Trigger.ESTIMATE not in assessment.unjudged

    def test_that_decay_raise_a_warning_before_any_label_is_there(self):
        """Scores that all lie near the middle tell rows apart less well."""
        counts = score_profile(0.35 + 0.3 * rows(3)[2], SCORE_GRID)
        seen = observe(labelled=False)
        seen = replace(seen, current=replace(seen.current, scores=counts), matured=matured())

        assessment = assess(REFERENCE, BASELINE, seen, policy=POLICY)

        (alert,) = [a for a in assessment.levels if a.trigger is Trigger.ESTIMATE]
        assert (alert.severity, alert.subject) == (Severity.WARNING, "estimate")
        assert "without labels yet" in alert.message

    def test_do_not_see_a_changed_concept(self):
        """The scores are as before; only labels tell, and the calibration monitor by them."""
        seen = replace(observe(reversed_concept=True), matured=matured())

        assessment = assess(REFERENCE, BASELINE, seen, policy=POLICY)

        assert assessment.estimate is not None
        assert assessment.estimate.verdict is EstimateVerdict.HELD
        assert assessment.performance_held is False

    def test_are_doubted_after_the_concept_has_changed(self):
        """Five windows in which they were wrong: the interval now reaches as far."""
        seen = replace(observe(reversed_concept=True), matured=matured(reversed_concept=True))

        estimate = assess(REFERENCE, BASELINE, seen, policy=POLICY).estimate

        assert estimate is not None
        figure = estimate.figures["roc_auc"]
        assert figure.high - figure.low > 0.5

    def test_the_share_of_positives_is_shown_beside_the_references(self):
        """It informs: no alert hangs on it."""
        assessment = found()

        assert assessment.label_drift.reference == LABELS.mean()
        assert assessment.label_drift.n == N
        assert found(labelled=False).label_drift is None

    def test_rows_that_count_as_negative_are_counted(self):
        """Nobody said so; whoever reads the event is told."""
        seen = replace(observe(), n_assumed=12)

        event = assess(REFERENCE, BASELINE, seen, policy=POLICY).judged(WEEK, ModelVersion("v1"))

        assert event.n_assumed == 12


class TestMonitorPolicy:
    def test_asks_the_methods_that_it_is_given(self):
        """Those of an installed package, too; and they may decide."""
        policy = MonitorPolicy(
            methods={**METHODS, "our_own": OurOwn()}, drift=DriftPolicy(decisive=("our_own",))
        )

        assessment = assess(REFERENCE, BASELINE, observe(shift=0.7), policy=policy)

        tests = {test.result.method: test for test in assessment.drift.features[0].tests}
        assert tests["our_own"].drifted
        assert tests["anderson_darling"].p_adjusted is None

    @pytest.mark.parametrize(("budget", "ticks"), [(4, 365), (1, 8760), (4, 52)])
    def test_false_performance_alarms_keep_to_their_share_of_the_budget(self, budget, ticks):
        """Two metrics at each tick, at the level that this gives."""
        policy = MonitorPolicy.within(alarms_per_year=budget, ticks_per_year=ticks)

        expected = 2 * ticks * policy.degradation.alpha

        assert expected == pytest.approx(0.1 * budget)

    def test_a_rare_tick_is_no_reason_for_a_loose_test(self):
        """No level above a report's 5%."""
        policy = MonitorPolicy.within(alarms_per_year=100, ticks_per_year=12)

        assert policy.degradation.alpha == 0.05
