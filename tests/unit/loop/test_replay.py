"""A replay plays by the clock: nothing is known before its time, and nothing is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.evidence import Action
from holdfast.loop.contenders import Contender, Kind
from holdfast.loop.replay import replay
from holdfast.loop.timetable import schedule, schedule_by_time
from holdfast.policy.policies import POLICIES as POLICIES_OF_THE_LOOP
from holdfast.policy.policies import DecisionPolicy
from holdfast.testing.project import PLAN, QUIET, World, training_data, world_rows

WINDOW = 500
WARM_UP = 1500
# A quiet world; another concept; a broken feed in it; and the first concept again.
STORY = (
    (2500, QUIET),
    (1500, World(reversed_concept=True)),
    (500, World(reversed_concept=True, lost=0.7)),
    (1000, QUIET),
)
N = sum(n for n, _ in STORY)
POLICIES = ("harm", "never", "every_window", "every_window_competing")
MEANS = {"mean_roc_auc", "mean_brier", "mean_log_loss", "mean_accuracy"}
COUNTS = {"retrains", "promotions", "alerts", "fits", "cpu_seconds"}


@cache
def story():
    parts = [world_rows(n, seed=i, world=world) for i, (n, world) in enumerate(STORY, start=1)]
    return pa.concat_tables([rows for rows, _ in parts]), np.concatenate([y for _, y in parts])


def play(
    labels=None, *, delay=1, plan=PLAN, times=None, progress=None, n=None, contenders=None, cpu=None
):
    table, truth = story()
    truth = truth if labels is None else labels
    data = training_data(table.slice(0, n), truth[:n], times=None if times is None else times[:n])
    return replay(
        data,
        schedule(len(data), window=WINDOW, label_delay=delay),
        plan=plan,
        trainers=[LogisticRegressionTrainer()],
        runtime=OnnxRuntime(),
        contenders=contenders,
        progress=progress,
        cpu=cpu,
    )


@cache
def honest(delay=1):
    return play(delay=delay)


@cache
def poisoned(row, delay):
    """Play the story with labels that mean nothing from some row on."""
    labels = story()[1].copy()
    labels[row:] = np.random.default_rng(0).random(N - row) < 0.5
    return play(labels, delay=delay)


def runs(played):
    return {run.name: run for run in (played.project, *played.others)}


class TestNoLabelBeforeItsTime:
    @pytest.mark.parametrize("delay", [1, 2])
    @pytest.mark.parametrize("row", [2500, 3250, 4500])
    def test_what_is_done_before_a_label_is_known_does_not_depend_on_it(self, delay, row):
        """
        All labels from some row on are drawn by lot. Until the first of them is known, each
        policy scores with the same model, raises the same alerts, decides the same
        and promotes the same.
        """
        before, after = runs(honest(delay)), runs(poisoned(row, delay))

        timing = honest(delay).schedule
        unknown = [k for k in range(timing.n_windows) if timing.known(k) <= row]
        for name in POLICIES:
            for k in unknown:
                assert _done(before[name].windows[k]) == _done(after[name].windows[k])
            # The scores of the next window were made before its close.
            one, other = (run[name].windows[unknown[-1] + 1] for run in (before, after))
            assert _scored(one) == _scored(other)

    @pytest.mark.parametrize("delay", [1, 2])
    def test_the_poison_works_once_it_is_known(self, delay):
        """Else the test above would prove nothing: the next close of each learner differs."""
        row = 2500

        before, after = runs(honest(delay)), runs(poisoned(row, delay))

        timing = honest(delay).schedule
        first = next(k for k in range(timing.n_windows) if timing.known(k) > row)
        for name in ("every_window", "every_window_competing"):
            one, other = (run[name].windows[first + 1] for run in (before, after))
            assert _scored(one) != _scored(other)
        one, other = (run["harm"].windows[first] for run in (before, after))
        assert _done(one) != _done(other)


FAMILIAR = tuple(sorted(POLICIES_OF_THE_LOOP.keys() - {"harm", "never"}))
BESIDES = (
    *(
        Contender(name=name, plan=replace(PLAN, decision=replace(PLAN.decision, name=name)))
        for name in FAMILIAR
    ),
    Contender(name="periodic:2", kind=Kind.PERIODIC, every=2),
)


class TestFurtherPolicies:
    def test_none_of_them_reads_a_label_before_its_time(self):
        """The familiar rules go through the same loop; a fixed pace learns from known rows."""
        row, delay = 3250, 2
        labels = story()[1].copy()
        labels[row:] = np.random.default_rng(0).random(N - row) < 0.5

        honest_runs = runs(play(delay=delay, n=4500, contenders=BESIDES))
        poisoned_runs = runs(play(labels, delay=delay, n=4500, contenders=BESIDES))

        timing = honest(delay).schedule
        unknown = [k for k in range(6) if timing.known(k) <= row]
        assert len(unknown) >= 4
        for contender in BESIDES:
            before, after = honest_runs[contender.name], poisoned_runs[contender.name]
            for k in unknown[:-1]:
                assert _done(before.windows[k]) == _done(after.windows[k]), contender.name

    def test_a_fixed_pace_retrains_at_every_so_many_closes(self):
        """And says when it does again."""
        played = play(n=4500, contenders=BESIDES[-1:])

        attempts = [window.step.attempted for window in played.project.windows]
        assert attempts == [False, True] * 3
        first = played.project.windows[0].step.decision
        assert first.reasons == ("retrains at a fixed pace: again at the next close",)
        assert first.policy == "periodic:2"

    def test_costs_are_those_of_each_policy_alone(self):
        """Fits and seconds of one do not count for the next."""
        seconds = iter(range(100))

        played = play(n=3000, cpu=lambda: float(next(seconds)))

        summaries = {run.name: run.summary() for run in played.runs}
        assert summaries["never"]["fits"] == 0
        assert summaries["every_window"]["fits"] == 3
        assert summaries["every_window_competing"]["fits"] > 3
        assert {each["cpu_seconds"] for each in summaries.values()} == {1.0}


@pytest.fixture(scope="module", name="by_weeks")
def _by_weeks():
    """Windows of a week; the fifth has no row, the last but a few."""
    table, labels = story()
    weeks = np.concatenate([np.repeat([0, 1, 2, 3], 500), np.repeat([5], 500), [6] * 20])
    seconds = np.arange(weeks.size) % 500 * 1200
    start = np.datetime64("2026-03-05T00", "us")
    times = start + weeks * np.timedelta64(7, "D") + seconds * np.timedelta64(1, "s")
    times[-1] = start + np.timedelta64(7 * 7 * 24 * 3600 - 1, "s")
    data = training_data(table.slice(0, weeks.size), labels[: weeks.size], times=times)
    return replay(
        data,
        schedule_by_time(times, window=timedelta(days=7), label_delay=1),
        plan=PLAN,
        trainers=[LogisticRegressionTrainer()],
        runtime=OnnxRuntime(),
    )


class TestWindowsOfTime:
    def test_an_empty_window_is_said(self, by_weeks):
        """It has no figures, no policy does anything in it, and no mean counts it."""
        for run in by_weeks.runs:
            window = run.windows[1]
            told = window.to_json()
            assert (told["n"], told["roc_auc"], told["brier"]) == (0, None, None)
            assert told["decision"] == "keep"
            assert told["reasons"] == ["no predictions in the window, nothing to judge"]
            assert not window.step.attempted
            assert run.summary()["mean_brier"] is not None

    def test_windows_bear_the_dates_of_the_calendar(self, by_weeks):
        """Also the empty one, which has no row that could."""
        starts = [window.to_json()["start_time"][:10] for window in by_weeks.project.windows]

        assert starts == ["2026-03-26", "2026-04-02", "2026-04-09", "2026-04-16"]

    def test_few_rows_are_judged_as_few(self, by_weeks):
        """A window of twenty rows raises no alert of harm."""
        last = by_weeks.project.windows[-1]

        assert last.metrics.n == 20
        assert not last.step.attempted


class TestReplay:
    def test_the_projects_policy_recovers_from_a_change_of_concept(self):
        """One window to see it, one to have enough labels, and the next is scored anew."""
        windows = {window.start: window for window in honest().project.windows}

        assert windows[2500].step.decision.action is Action.DEFER
        assert windows[3000].step.promoted
        assert windows[3000].model_version == "v1"
        assert windows[3500].model_version == "v2"
        assert windows[3500].metrics.figures["roc_auc"] > 0.8

    def test_it_does_not_retrain_on_a_broken_feed(self):
        """That window stays as bad as the feed is, and the model stays."""
        windows = {window.start: window for window in honest().project.windows}

        assert windows[4000].step.decision.action is Action.FIX_UPSTREAM
        assert not windows[4000].step.attempted

    def test_a_promotion_takes_effect_from_the_next_window(self):
        """The version that made a window's scores is the one before its step."""
        for run in runs(honest()).values():
            for this, following in pairwise(run.windows):
                changed = this.model_version != following.model_version
                assert changed == this.step.promoted

    def test_never_never_changes(self):
        """One version, no attempt, whatever happens."""
        never = runs(honest())["never"]

        assert {window.model_version for window in never.windows} == {"v1"}
        assert {window.step.decision.action for window in never.windows} == {Action.KEEP}
        assert (never.summary()["retrains"], never.summary()["promotions"]) == (0, 0)

    @pytest.mark.parametrize("name", ["every_window", "every_window_competing"])
    def test_every_window_counts_each_attempt(self, name):
        """At every close, whatever comes of it."""
        summary = runs(honest())[name].summary()

        assert summary["retrains"] == honest().schedule.n_windows

    def test_all_policies_score_the_same_windows_with_the_same_first_model(self):
        """Else their means could not be compared."""
        bounds = {
            name: [(w.start, w.end) for w in run.windows] for name, run in runs(honest()).items()
        }
        first = {name: _scored(run.windows[0]) for name, run in runs(honest()).items()}

        assert set(bounds) == set(POLICIES)
        assert all(bounds[name] == bounds["never"] for name in POLICIES)
        assert bounds["never"][0] == (WARM_UP, WARM_UP + WINDOW)
        confidence = {name: scored[1] for name, scored in first.items()}
        # The project's model is the exported one, in float32.
        assert confidence["harm"] == pytest.approx(confidence["never"], abs=1e-6)
        assert confidence["every_window"] == confidence["never"]

    def test_is_the_same_when_played_again(self):
        """No clock and no chance decides."""
        assert play().to_json() == honest().to_json()

    def test_tells_of_its_progress(self):
        """Each policy's windows one by one."""
        told = []

        play(n=2500, progress=lambda name, done: told.append((name, done)))

        assert told == [(name, k) for name in POLICIES for k in (1, 2)]

    def test_a_policy_that_retrains_on_nothing_leaves_the_model(self):
        """The project may itself be told to never retrain."""
        plan = replace(PLAN, decision=DecisionPolicy(name="never"))

        played = play(plan=plan, n=3500)

        assert played.project.summary()["retrains"] == 0


class TestWindowsOfOneClass:
    def test_have_no_auc_and_are_left_out_of_its_mean(self):
        """For every policy alike; the other means count all windows."""
        labels = story()[1].copy()
        labels[2000:2500] = False

        played = play(labels, n=3000)

        for run in runs(played).values():
            values = [window.to_json()["roc_auc"] for window in run.windows]
            brier = [window.to_json()["brier"] for window in run.windows]
            assert values[1] is None
            assert run.summary()["mean_roc_auc"] == pytest.approx((values[0] + values[2]) / 2)
            assert run.summary()["mean_brier"] == pytest.approx(sum(brier) / 3)

    def test_a_mean_that_nothing_defines_is_null(self):
        """Not zero, and not NaN."""
        labels = story()[1].copy()
        labels[WARM_UP:] = False

        summary = play(labels, n=2000).to_json()["summary"]

        assert summary["mean_roc_auc"] is None
        assert summary["mean_brier"] is not None


class TestJson:
    def test_has_exactly_the_keys_of_the_design(self):
        """Other tools read them."""
        found = _strictly(honest())

        assert set(found) == {"schema_version", "windows", "summary"}
        assert set(found["summary"]) == {*MEANS, *COUNTS, "policies"}
        assert set(found["summary"]["policies"]) == set(POLICIES)
        for summary in found["summary"]["policies"].values():
            assert set(summary) == {*MEANS, *COUNTS}
        for window in found["windows"]:
            assert set(window) == {
                "start",
                "end",
                "n",
                "roc_auc",
                "brier",
                "log_loss",
                "accuracy",
                "model_version",
                "alerts",
                "decision",
                "reasons",
            }

    def test_counts_add_up(self):
        """The summary is that of the windows it stands beside."""
        found = _strictly(honest())

        windows, summary = found["windows"], found["summary"]
        assert len(windows) == (N - WARM_UP) // WINDOW
        assert summary["alerts"] == sum(len(window["alerts"]) for window in windows)
        assert summary["retrains"] == sum(window["decision"] == "retrain" for window in windows)
        assert summary["promotions"] == 2
        assert summary["policies"]["harm"] == {
            key: value for key, value in summary.items() if key != "policies"
        }
        assert all(window["reasons"] for window in windows)
        assert {window["n"] for window in windows} == {WINDOW}

    def test_dates_windows_by_their_first_and_last_rows(self):
        """Aware, in UTC, where the rows have times."""
        hours = np.arange(N).astype("timedelta64[h]")
        times = np.datetime64("2024-01-01T00", "us") + hours

        window = _strictly(play(n=2000, times=times))["windows"][0]

        assert window["start_time"] == "2024-03-03T12:00:00+00:00"  # 1500 hours in
        assert window["end_time"] == "2024-03-24T07:00:00+00:00"  # 1999 hours in


def _done(window):
    """Return all that a policy did at a window's close, and how it had scored."""
    return (*_scored(window), window.step)


def _scored(window):
    """Return what tells one set of scores from another without any label."""
    return window.model_version, window.metrics.confidence, window.metrics.confidence_sd


def _strictly(played):
    return json.loads(json.dumps(played.to_json(), allow_nan=False))
