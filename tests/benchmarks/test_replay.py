"""The replay's benchmark itself: its verdicts, its intervals, and what it found."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.replay import LABEL_DELAY, RESULT, result_of, shown, summed
from benchmarks.replay_bars import alarms_of, compared, found, overall
from benchmarks.replay_streams import STREAMS, Known, Stream

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.evidence import Action, Alert, Decision, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.loop.rehearse import Step
from holdfast.loop.replay import replay
from holdfast.loop.replayed import PolicyRun, Replay, WindowResult
from holdfast.loop.timetable import schedule
from holdfast.testing.project import PLAN, World, training_data, world_rows

DECISION = Decision(action=Action.KEEP, policy="harm", reasons=("so",))


@cache
def tiny():
    """Play a tiny stream whose concept turns round after the warm-up."""
    before, after = (
        world_rows(2000, seed=1),
        world_rows(2000, seed=2, world=World(reversed_concept=True)),
    )
    table = pa.concat_tables([before[0], after[0]])
    data = training_data(table, np.concatenate([before[1], after[1]]))
    played = replay(
        data,
        schedule(len(data), window=500, label_delay=LABEL_DELAY),
        plan=PLAN,
        trainers=[LogisticRegressionTrainer()],
        runtime=OnnxRuntime(),
        cpu=lambda: 0.0,
    )
    known = Known(changes=(2000,), within=1, by_labels=True)
    return result_of(played, Stream(file="", target="left", window=500, known=known))


def measured():
    return json.loads(RESULT.read_text(encoding="utf-8"))


def constant(auc, brier, n=10):
    return {"roc_auc": [auc] * n, "brier": [brier] * n}


def alert(trigger, severity=Severity.WARNING, *, message="m"):
    return Alert(trigger=trigger, severity=severity, subject="s", message=message)


def played_with(*alerts):
    """Return a replay of windows of ten rows with these alerts, one tuple a window."""
    timing = schedule(10 * (len(alerts) + 3), window=10, label_delay=1)
    windows = tuple(
        WindowResult(
            start=timing.bounds(k)[0],
            end=timing.bounds(k)[1],
            metrics=None,
            model_version=ModelVersion("v1"),
            step=Step(decision=DECISION, alerts=each),
        )
        for k, each in enumerate(alerts)
    )
    run = PolicyRun(name="harm", windows=windows)
    return Replay(schedule=timing, project=run, others=())


class TestCompared:
    @pytest.mark.parametrize(
        ("auc", "brier", "holds"),
        [(0.8, 0.2, True), (0.7951, 0.2029, True), (0.794, 0.2, False), (0.9, 0.204, False)],
    )
    def test_both_bounds_must_hold(self, auc, brier, holds):
        """At most .005 AUC and .003 Brier worse on the mean, however good the other is."""
        verdict = compared(constant(auc, brier), constant(0.8, 0.2))

        assert verdict["holds"] is holds
        assert verdict["roc_auc"]["low"] == pytest.approx(verdict["roc_auc"]["mean"])

    def test_windows_that_lack_a_figure_are_left_out_of_both(self):
        """One class has no AUC, for any policy."""
        ours, theirs = constant(0.8, 0.2), constant(0.7, 0.2)
        ours["roc_auc"][3] = theirs["roc_auc"][3] = None

        verdict = compared(ours, theirs)

        assert verdict["roc_auc"]["windows"] == 9
        assert verdict["roc_auc"]["mean"] == pytest.approx(0.1)


class TestAlarms:
    def test_only_new_and_loud_ones_are_listed(self):
        """What is still open is not raised again; a note is none."""
        drift, harm = alert(Trigger.FEATURE_DRIFT), alert(Trigger.HARM)
        quiet = alert(Trigger.CONFIDENCE, Severity.INFO)

        raised = alarms_of(played_with((), (drift, quiet), (drift,), (drift, harm)).project)

        assert [(each["start"], each["triggers"]) for each in raised] == [
            (40, ["feature_drift"]),
            (60, ["harm"]),
        ]

    def test_a_monitor_that_alarms_again_is_listed_again(self):
        """Its incident is open still; a test that still fails is no news."""
        concept, again = alert(Trigger.CONCEPT), alert(Trigger.CONCEPT, message="more")
        worse, still = alert(Trigger.PERFORMANCE), alert(Trigger.PERFORMANCE, message="still")

        raised = alarms_of(played_with((concept, worse), (again, still), (again,)).project)

        assert [each["triggers"] for each in raised] == [["concept", "performance"], ["concept"]]


class TestFound:
    def test_counts_the_labelled_rows_until_the_alarm(self):
        """From the change to the close at which it was raised."""
        played = played_with((), (), (alert(Trigger.CONCEPT),), ())

        verdict = found(played.project, Known(changes=(45,), within=2, by_labels=True), played)

        (change,) = verdict["changes"]
        assert (change["found_at"], change["labelled_rows_since"]) == (60, 15)
        assert verdict["holds"] is True

    def test_drift_does_not_find_a_change_of_concept(self):
        """Where the features do not drift, such an alarm is chance."""
        played = played_with((), (alert(Trigger.FEATURE_DRIFT),), (), ())

        verdict = found(played.project, Known(changes=(35,), within=2, by_labels=True), played)

        assert verdict["changes"][0]["found_at"] is None
        assert verdict["holds"] is False

    def test_an_alarm_of_harm_where_nothing_harms_is_false(self):
        """And fails the bar."""
        played = played_with((), (alert(Trigger.PERFORMANCE),), (alert(Trigger.FEATURE_DRIFT),))

        verdict = found(played.project, Known(harmless=True), played)

        assert (verdict["false_alarms_of_harm"], verdict["holds"]) == (1, False)

    def test_where_nothing_is_known_nothing_is_judged(self):
        """Neither held nor failed."""
        played = played_with((), (alert(Trigger.PERFORMANCE),))

        assert found(played.project, Known(), played)["holds"] is None


class TestBarsOnATinyStream:
    def test_never_fails(self):
        """The world has turned: to do nothing must not pass for good."""
        total = overall({"tiny": tiny()}, "never")

        assert total["holds"] is False
        assert total["failing"] == ["tiny"]
        assert total["bars"]["retrains"] is True

    def test_retraining_as_often_fails_as_well(self):
        """Whoever competes every window may rank better, and pays for it."""
        total = overall({"tiny": tiny()}, "every_window_competing")

        assert total["bars"]["retrains"] is False
        assert total["retrains"] == total["retrains_of_every_window"]

    def test_the_terminal_is_told_all_of_it(self):
        """Each policy, and the verdict."""
        words = shown(summed({"tiny": tiny()}))

        assert "tiny, 5 x 500 rows" in words
        assert "never" in words
        assert "bars do not hold" in words


class TestPublishedFigures:
    def test_are_of_all_six_streams(self):
        """With their windows as the benchmark has them."""
        streams = measured()["streams"]

        assert list(streams) == list(STREAMS)
        assert {name: each["rows_per_window"] for name, each in streams.items()} == {
            name: stream.window for name, stream in STREAMS.items()
        }

    def test_never_fails_the_bars(self):
        """Else they would ask for nothing."""
        total = measured()["overall"]["never"]

        assert total["holds"] is False
        assert total["bars"]["each_stream"] is False
        assert total["bars"]["mean_roc_auc"] is False

    def test_verdicts_follow_from_the_figures(self):
        """Nobody writes one by hand."""
        result = measured()

        assert summed(result["streams"])["overall"] == result["overall"]
        for stream in result["streams"].values():
            every = stream["figures"]["every_window"]
            for name, verdict in stream["against_every_window"].items():
                assert compared(stream["figures"][name], every) == verdict
