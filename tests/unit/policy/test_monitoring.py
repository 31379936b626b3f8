"""Tests of a champion's monitors, from its reference to their alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import GridMismatchError
from holdfast.domain.evidence import Severity
from holdfast.domain.windows import Window
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import ReferenceProfile, profile, reference_profile
from holdfast.drift.scores import score_profile
from holdfast.performance.realised import measure
from holdfast.policy.monitoring import Monitors, SequentialPolicy, Watched
from holdfast.stats.rate_bounds import normal_quantile, rate_bounds

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = SequentialPolicy(buckets_per_year=365)
CONTRACT = Contract(
    features=(
        Feature(name="tenure", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=True),
        Feature(name="paperless", kind=FeatureKind.BOOLEAN, nullable=True),
    ),
    target=Target(name="left", positive="yes", negative="no"),
    threshold=0.4,
    data_digest="0" * 64,
)


def rows(rng, n, *, shift=0.0, paperless=0.6):
    return pa.table(
        {
            "tenure": rng.normal(shift, size=n),
            "plan": rng.choice(["basic", "plus", "max"], p=[0.5, 0.3, 0.2], size=n),
            "paperless": rng.random(n) < paperless,
        }
    )


def labelled(rng, n, *, concept=1.0):
    """Return scores and labels; a concept below 1 makes high scores promise too much."""
    scores = rng.beta(2, 3, size=n)
    return scores, rng.random(n) < scores * concept


def made(n=6_000, *, seed=0, policy=POLICY, **options):
    rng = np.random.default_rng(seed)
    scores, labels = labelled(rng, n)
    reference = reference_profile(rows(rng, n), CONTRACT, scores, labels=labels)
    baseline = measure(labels, scores, threshold=CONTRACT.threshold)
    return Monitors.of(reference, baseline, policy=policy, **options)


def day(number):
    start_at = FIRST + timedelta(days=number)
    return Window(start_at=start_at, end_at=start_at + timedelta(days=1))


def watch(monitors, days, n, *, seed=1):
    """Run buckets through all monitors; `days` says how each differs from the reference."""
    rng = np.random.default_rng(seed)
    state, raised = monitors.start(FIRST), []
    for number, change in enumerate(days):
        concept = change.get("concept", 1.0)
        table = rows(rng, n, **{key: value for key, value in change.items() if key != "concept"})
        scores, labels = labelled(rng, n, concept=concept)
        grid = monitors.reference.score_grid
        counts = profile(table, monitors.reference.grid, scores=score_profile(scores, grid))
        state, seen = monitors.see(state, day(number), counts)
        state, learnt = monitors.learn(state, day(number), score_profile(scores, grid, labels))
        raised += [(number, alarm) for alarm in (*seen, *learnt)]
    return state, raised


MONITORS = made()


def bucket(n=300, *, seed=3):
    rng = np.random.default_rng(seed)
    grid = MONITORS.reference.score_grid
    scores, labels = labelled(rng, n)
    counts = profile(rows(rng, n), MONITORS.reference.grid, scores=score_profile(scores, grid))
    return counts, score_profile(scores, grid, labels)


class TestOf:
    def test_watches_features_scores_labels_concept_and_harm(self):
        """One monitor for each, sharing one budget."""
        weights = {monitor.name: monitor.weight for monitor in MONITORS.monitors}

        assert weights == pytest.approx(
            {
                "feature:tenure": 0.4 / 3,
                "feature:plan": 0.4 / 3,
                "feature:paperless": 0.4 / 3,
                "score": 0.1,
                "label": 0.05,
                "calibration": 0.3,
                "harm": 0.05,
            }
        )

    def test_bounds_allow_for_the_noise_of_the_reference_and_the_tolerance(self):
        """A small reference promises less."""
        for small, large in zip(made(600).monitors, made(60_000).monitors, strict=True):
            known = min(small.high.size, large.high.size)  # of few rows atoms are other ones
            assert small.high[:known].mean() > large.high[:known].mean()
            assert (large.high <= 1).all()
            assert (large.low >= 0).all()

    def test_all_bounds_together_hold_with_95_percent(self):
        """Each has its part of what is left; the loss, one rate in one direction, 5% itself."""
        monitors = {monitor.name: monitor for monitor in MONITORS.monitors}
        n_rates = sum(len(monitor.indicators) for monitor in MONITORS.monitors)
        rng = np.random.default_rng(0)
        scores, labels = labelled(rng, 6_000)
        wrong = np.array([float(((scores >= 0.4) != labels).sum())])
        positive, n = np.array([float(labels.sum())]), np.array([6_000.0])

        z = normal_quantile(0.05 / (2 * n_rates))

        low, high = rate_bounds(positive, n, z=z, tolerance=0.02)
        assert (monitors["label"].low, monitors["label"].high) == (low, high)
        _, high = rate_bounds(wrong, n, z=1.645, tolerance=0.01)
        assert monitors["harm"].high == high

    def test_a_feature_that_is_not_watched_gives_its_weight_to_the_others(self):
        """Shares are those of the monitors that there are."""
        policy = SequentialPolicy(
            buckets_per_year=365, weights={Watched.FEATURE: 0.9, Watched.HARM: 0.0}
        )

        names = [monitor.name for monitor in made(policy=policy).monitors]

        assert names == ["feature:tenure", "feature:plan", "feature:paperless"]

    def test_a_reference_without_labels_watches_no_concept(self):
        """Harm and label are known from the baseline."""
        rng = np.random.default_rng(0)
        scores, labels = labelled(rng, 500)
        reference = reference_profile(rows(rng, 500), CONTRACT, scores)

        monitors = Monitors.of(reference, measure(labels, scores, threshold=0.4), policy=POLICY)

        names = {monitor.name for monitor in monitors.monitors}
        assert "calibration" not in names
        assert {"score", "label", "harm"} <= names

    def test_a_reference_without_scores_watches_features_and_labels(self):
        """A profile of rows that no model has scored."""
        rng = np.random.default_rng(0)
        scores, labels = labelled(rng, 500)
        table = rows(rng, 500)
        grid = cut_grid(table, CONTRACT)
        reference = ReferenceProfile(grid=grid, profile=profile(table, grid))

        monitors = Monitors.of(reference, measure(labels, scores, threshold=0.4), policy=POLICY)

        names = {monitor.name for monitor in monitors.monitors}
        assert names.isdisjoint({"score", "calibration"})
        state, _ = monitors.see(monitors.start(FIRST), day(0), profile(table, grid))
        assert state.n_seen == 500

    def test_the_place_in_a_cycle_of_dates_is_not_watched(self):
        """A bucket of a day holds one weekday: it would alarm every day."""
        rng = np.random.default_rng(0)
        times = [FIRST - timedelta(hours=float(age)) for age in rng.uniform(0, 9_000, size=500)]
        table = rows(rng, 500).append_column("signed", pa.array(times, pa.timestamp("us", "UTC")))
        grid = cut_grid(table, CONTRACT, dates=["signed"])
        reference = ReferenceProfile(grid=grid, profile=profile(table, grid))
        scores, labels = labelled(rng, 500)

        monitors = Monitors.of(reference, measure(labels, scores, threshold=0.4), policy=POLICY)

        about_dates = [m.subject for m in monitors.monitors if "signed" in m.subject]
        assert about_dates == ["signed (age in days)"]

    @pytest.mark.parametrize("n", [1, 2, 5])
    def test_a_tiny_reference_is_safe(self, n):
        """It puts up with nearly everything, and divides nothing by zero."""
        rng = np.random.default_rng(0)
        scores = rng.beta(2, 3, size=n)
        labels = np.zeros(n, dtype=np.bool_)  # one class
        reference = reference_profile(rows(rng, n), CONTRACT, scores, labels=labels)
        monitors = Monitors.of(reference, measure(labels, scores, threshold=0.4), policy=POLICY)

        state, _ = watch(monitors, [{}] * 3, 50)

        for track in (state.seeing, state.learning, state.critical):
            assert not np.isnan(track.log_m).any()
        assert all(0 < m.high.max() <= 1 and 0 <= m.low.min() < 1 for m in monitors.monitors)


class TestSee:
    @pytest.mark.parametrize("n", [30, 300, 3_000])
    def test_keeps_quiet_while_nothing_changes(self, n):
        """Half a year of days at every traffic: the budget would allow two alarms."""
        _, raised = watch(MONITORS, [{}] * 180, n)

        assert raised == []

    @pytest.mark.parametrize(
        ("n", "shift", "within"), [(30, 1.0, 12), (300, 0.5, 5), (3_000, 0.3, 3)]
    )
    def test_finds_a_shift_and_names_it(self, n, shift, within):
        """Which feature, which rate, and since when, to a few buckets."""
        days: list[dict[str, float]] = [{}] * 40 + [{"shift": shift}] * within

        _, raised = watch(MONITORS, days, n)

        number, alarm = raised[0]
        assert number >= 40
        assert (alarm.monitor, alarm.severity) == ("feature:tenure", Severity.WARNING)
        assert alarm.indicator.startswith("share of tenure ")
        assert alarm.indicator.endswith("fell")
        assert alarm.rate < alarm.bound
        assert abs(alarm.onset_at - day(40).start_at) <= timedelta(days=3)

    @pytest.mark.parametrize("n", [300, 3_000])
    def test_puts_up_with_what_is_tolerated(self, n):
        """A rate that moved by less than two points stays quiet for ever."""
        _, raised = watch(MONITORS, [{"paperless": 0.615}] * 120, n)

        assert raised == []

    def test_counts_no_bucket_twice(self):
        """A tick that crashed is run again."""
        counts, _ = bucket()
        state, _ = MONITORS.see(MONITORS.start(FIRST), day(0), counts)

        again, alarms = MONITORS.see(state, day(0), counts)

        assert again == state
        assert alarms == ()

    def test_an_empty_bucket_moves_the_cursor_alone(self):
        """A Sunday without rows is no evidence."""
        counts, labels = bucket()
        nothing, unlabelled = bucket(0)
        state, _ = MONITORS.see(MONITORS.start(FIRST), day(0), counts)
        state, _ = MONITORS.learn(state, day(0), labels)

        after, _ = MONITORS.see(state, day(1), nothing)
        after, _ = MONITORS.learn(after, day(1), unlabelled)

        assert (after.seen_until, after.learnt_until) == (day(1).end_at, day(1).end_at)
        assert (after.n_seen, after.n_learnt) == (300, 300)
        assert after.seeing is state.seeing
        assert after.learning is state.learning

    def test_a_bucket_that_was_seen_in_part_is_refused(self):
        """Its rows would count twice."""
        counts, _ = bucket()
        state = MONITORS.start(FIRST + timedelta(hours=12))

        with pytest.raises(ValueError, match="must not overlap"):
            MONITORS.see(state, day(0), counts)

    def test_refuses_counts_on_another_grid(self):
        """Their cells mean something else."""
        other = made(seed=5)
        counts = profile(rows(np.random.default_rng(0), 9), other.reference.grid)

        with pytest.raises(GridMismatchError):
            MONITORS.see(MONITORS.start(FIRST), day(0), counts)

    def test_refuses_the_state_of_another_champion(self):
        """What was gathered against other bounds proves nothing here."""
        counts, _ = bucket()

        with pytest.raises(ValueError, match="state of these monitors"):
            MONITORS.see(made(seed=5).start(FIRST), day(0), counts)


class TestLearn:
    def test_finds_a_changed_concept_though_features_and_scores_are_quiet(self):
        """As concept and harm, and of one monitor the louder alarm only."""
        _, raised = watch(MONITORS, [{}] * 20 + [{"concept": 0.3}] * 10, 300)

        assert all(number >= 20 for number, _ in raised)
        found = {alarm.watched for _, alarm in raised}
        assert Watched.CALIBRATION in found
        assert found <= {Watched.CALIBRATION, Watched.LABEL, Watched.HARM}
        assert len({(number, alarm.monitor) for number, alarm in raised}) == len(raised)

    def test_a_strong_change_is_critical(self):
        """Of concept or harm; the label's share alone shows no harm."""
        _, raised = watch(MONITORS, [{}] * 20 + [{"concept": 0.1}] * 6, 1_000)

        loud = {alarm.watched for _, alarm in raised if alarm.severity is Severity.CRITICAL}
        assert Watched.CALIBRATION in loud
        assert loud <= {Watched.CALIBRATION, Watched.HARM}

    def test_a_warning_does_not_take_from_what_becomes_critical(self):
        """A small harm warns again and again; in the end it is critical."""
        _, raised = watch(MONITORS, [{"concept": 0.72}] * 120, 150)

        mine = [alarm.severity for _, alarm in raised if alarm.watched is Watched.CALIBRATION]
        assert mine[0] is Severity.WARNING
        assert Severity.CRITICAL in mine

    def test_harm_is_an_alarm_of_its_own(self):
        """Scores that promise nothing any more make more decisions wrong."""
        rng = np.random.default_rng(1)
        grid = MONITORS.reference.score_grid
        state = MONITORS.start(FIRST)

        for number in range(4):
            scores, labels = labelled(rng, 2_000)
            state, alarms = MONITORS.learn(
                state, day(number), score_profile(scores, grid, rng.permutation(labels))
            )
            if Watched.HARM in {alarm.watched for alarm in alarms}:
                break

        harm = next(alarm for alarm in alarms if alarm.watched is Watched.HARM)
        assert harm.indicator == "share of wrong decisions rose"
        assert harm.rate > harm.bound

    def test_harm_is_counted_in_money_where_the_aim_says_so(self):
        """And its bound is the baseline's mean cost."""
        monitors = made(prices=(1.0, 5.0))

        harm = next(m for m in monitors.monitors if m.watched is Watched.HARM)

        assert harm.lesser == 0.2
        assert harm.indicators == ("mean cost of decisions (in parts of 5)",)

    def test_refuses_the_scores_of_another_release(self):
        """Their cells mean something else."""
        _, labels = bucket()
        other = made(seed=5)

        with pytest.raises(GridMismatchError):
            other.learn(other.start(FIRST), day(0), labels)


class TestDesignEffects:
    def test_days_that_differ_are_found_and_bet_on_less(self):
        """An autocorrelated stream is not betted on as if its rows were independent."""
        rng = np.random.default_rng(2)
        shifts = rng.normal(0, 0.3, size=40)
        seen = [profile(rows(rng, 300, shift=shift), MONITORS.reference.grid) for shift in shifts]
        learnt = [bucket(seed=seed)[1] for seed in range(40)]

        effects = MONITORS.design_effects(seen, learnt)

        assert effects["feature:tenure"].value > 5
        assert effects["feature:plan"].value < 2
        assert effects["label"].value < 2
        assert not effects["score"].measured  # these rows were not scored
        factors = {name: effect.value for name, effect in effects.items()}
        wider = made(dispersion=factors)
        assert (wider.monitors[0].high > MONITORS.monitors[0].high).all()
        _, raised = watch(wider, [{"shift": shift} for shift in shifts], 300)
        assert len(raised) <= 1

    def test_without_buckets_rows_are_taken_as_independent(self):
        """And every effect says so."""
        effects = MONITORS.design_effects([])

        assert set(effects) == {monitor.name for monitor in MONITORS.monitors}
        assert not any(effect.measured for effect in effects.values())


class TestDigest:
    def test_is_the_same_for_the_same_champion(self):
        """A state outlives the process."""
        assert made().digest == MONITORS.digest

    @pytest.mark.parametrize(
        "other",
        [
            {"policy": SequentialPolicy(buckets_per_year=365, alarms_per_year=2.0)},
            {"policy": SequentialPolicy(buckets_per_year=365, tolerance=0.03)},
            {"dispersion": {"score": 2.0}},
            {"prices": (1.0, 5.0)},
            {"seed": 1},
        ],
        ids=["budget", "tolerance", "dispersion", "prices", "reference"],
    )
    def test_is_another_for_other_bounds_or_bars(self, other):
        """Evidence against one bound is none against another."""
        assert made(**other).digest != MONITORS.digest
