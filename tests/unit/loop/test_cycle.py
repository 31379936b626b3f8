"""Control ticks on a world that changes, crashes, and is fought over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from holdfast.domain.errors import NoChampionError
from holdfast.domain.events import verify_chain
from holdfast.domain.evidence import Action, Severity, Trigger
from holdfast.domain.releases import IMPORTANCES, MANIFEST, manifest_files
from holdfast.drift.rules import WeightedShare
from holdfast.loop import challenge as challenging
from holdfast.loop import retrain as retraining
from holdfast.loop.cycle import tick_on_file
from holdfast.loop.hold import LEASE
from holdfast.policy.guarding import GuardPolicy
from holdfast.policy.transitions import fold
from holdfast.testing.project import (
    DAY,
    PLAN,
    MemoryProject,
    World,
    example_bundle,
    world_rows,
)

MINUTE = timedelta(minutes=1)
REVERSED = World(reversed_concept=True)
SHIFTED = World(shift=25.0)
BROKEN = World(lost=0.7)
RETRAINED = [
    "retraining_started",
    "challenger_judged",
    "release_registered",
    "champion_promoted",
    "challenger_staged",  # the champion before it, for the probation
]


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def under(project, **policy):
    """Let another policy decide."""
    project.plan = replace(project.plan, decision=replace(project.plan.decision, **policy))
    return project


def without_importances(bundle):
    """Return a release as an earlier version made it."""
    files = {n: data for n, data in bundle.files.items() if n not in {IMPORTANCES, MANIFEST}}
    manifest = replace(bundle.manifest, files=manifest_files(files))
    return replace(bundle, files={**files, MANIFEST: manifest.to_bytes()}, manifest=manifest)


def actions(ticks):
    return [tick.decision.action for tick in ticks]


def last_attempt(project):
    return fold(project.events).last_attempt_at


def on_file(project, rows, labels=None):
    """Run a tick on a file; nobody else holds the lease."""
    done = tick_on_file(project.ports, PLAN, rows, labels, actor="cli", holder="one")
    assert done is not None
    return done


class Crashing:
    """An event log at which the process dies, before or after a write, once."""

    def __init__(self, log, *, at, after_write):
        self._log, self._left, self._after_write = log, at, after_write
        self.crashed = False

    def append(self, drafts, **options):
        self._left -= 1
        if self._left == 0 and not self._after_write:
            self.crashed = True
            raise KeyboardInterrupt
        events = self._log.append(drafts, **options)
        if self._left == 0:
            self.crashed = True
            raise KeyboardInterrupt
        return events

    def events(self, **options):
        return self._log.events(**options)

    def get(self, event_id):
        return self._log.get(event_id)


class TestQuietTraffic:
    def test_keeps_the_model_and_says_why(self, project):
        """Each day a window is judged and a decision made; nothing else happens."""
        ticks = project.days(6)

        assert set(actions(ticks)) == {Action.KEEP}
        assert ticks[-1].decision.reasons == (
            "nothing raised an alarm",
            "performance held on the mature labels",
        )
        assert set(project.kinds[2:]) <= {"window_judged", "decision_made", "alert_raised"}

    def test_a_tick_that_is_run_again_writes_nothing(self, project):
        """Also by another process, and hours later, as long as there is no new row."""
        project.days(3)
        before = project.events

        again = project.tick(holder="another")
        project.clock.advance(DAY / 4)
        later = project.tick()

        assert project.events == before
        assert (again.n_counted, later.n_counted) == (0, 0)

    def test_no_traffic_at_all_is_a_decision_too(self, project):
        """Nothing to judge is not the same as nothing wrong."""
        (tick,) = project.days(1, n=0)

        assert tick.finding.assessment is None
        assert tick.decision.reasons == ("no predictions in the window, nothing to judge",)
        assert project.kinds[2:] == ["decision_made"]

    def test_needs_a_champion(self):
        """Before the first promotion there is nothing to look after; the lease is given back."""
        project = MemoryProject()

        with pytest.raises(NoChampionError):
            project.tick()

        assert project.store.leases.acquire(LEASE, holder="x", ttl=MINUTE) is not None


class TestChangeOfConcept:
    def test_ends_with_a_better_model_in_production(self, project):
        """Harm is seen, labels are waited for, a challenger is trained, guarded, promoted."""
        project.days(2)

        ticks = project.days(4, world=REVERSED)

        assert actions(ticks)[1:3] == [Action.DEFER, Action.RETRAIN]
        done = next(tick.retraining for tick in ticks if tick.retraining is not None)
        assert (done.promoted, done.failure) == ("v2", None)
        assert project.champion.record.version == "v2"
        assert actions(ticks)[-1] is Action.KEEP

    def test_writes_down_every_step_in_order(self, project):
        """From the alert to the promotion, each event after what it rests on."""
        project.days(2)
        project.days(2, world=REVERSED)
        n_before = len(project.events)

        project.days(1, world=REVERSED)

        kinds = project.kinds[n_before:]
        assert kinds[-6:] == ["decision_made", *RETRAINED]
        assert kinds[0] == "window_judged"
        assert verify_chain(project.events) == len(project.events)
        versions = {getattr(event.body, "model_version", "v1") for event in project.events}
        assert versions == {"v1"}

    def test_the_new_version_serves_the_next_request(self, project):
        """The projection that servers poll has changed, and its model knows the new world."""
        project.days(2)
        project.days(3, world=REVERSED)

        project.log(300, world=REVERSED)

        scores = [project.store.predictions.get(i).prediction for i in list(project.truths)[-300:]]
        labels = np.array([project.truths[answer.prediction_id] for answer in scores])
        values = np.array([answer.score for answer in scores])
        assert {answer.model_version for answer in scores} == {"v2"}
        assert values[labels].mean() > values[~labels].mean() + 0.2

    def test_an_alert_is_raised_once_while_it_lasts(self, project):
        """People are told of a change, not every day of the same one."""
        project.days(2)

        ticks = project.days(3, world=REVERSED)

        raised = [
            (event.body.alert.trigger, event.body.alert.subject)
            for event in project.events
            if event.kind == "alert_raised" and event.body.alert.trigger is Trigger.PERFORMANCE
        ]
        assert sorted(raised) == [(Trigger.PERFORMANCE, "brier"), (Trigger.PERFORMANCE, "roc_auc")]
        assert ticks[2].finding.evidence.alerts
        assert ticks[2].new_alerts == ()

    def test_too_few_labels_defer_and_say_what_is_missing(self, project):
        """Waiting costs no cooldown: the attempt follows as soon as the labels are there."""
        project.days(2)

        ticks = project.days(4, world=REVERSED, n=230)

        assert actions(ticks)[-1] is Action.DEFER
        (missing,) = [r for r in ticks[-1].decision.reasons if r.startswith("only")]
        assert "of the 750 labelled rows needed since 2026-03-0" in missing
        assert fold(project.events).last_attempt_at is None


class TestRefusedChallenger:
    @pytest.fixture(name="refused")
    def _refused(self, project):
        """A guard that lets nothing pass, and a change of concept."""
        impossible = GuardPolicy(rule="no_worse", margin=-1.0)
        project.plan = replace(project.plan, guard=impossible)
        project.days(2)
        project.days(3, world=REVERSED)
        assert project.kinds[-1] == "challenger_judged"
        return project

    def test_keeps_the_champion(self, refused):
        """No release was even made of it."""
        assert refused.champion.record.version == "v1"
        assert len(refused.store.releases.releases()) == 1

    def test_the_cooldown_is_kept_across_processes_and_doubles(self, refused):
        """It is folded from the events: new ports over the same store know it."""
        begun = last_attempt(refused)

        ticks = refused.days(14, world=REVERSED)

        waits = [tick.decision for tick in ticks if tick.decision.retry_at is not None]
        assert waits[0].retry_at == begun + 6 * DAY  # three days, doubled by the refusal
        assert "the last attempt's cooldown lasts until" in waits[0].reasons[-1]
        second = last_attempt(refused)
        assert second >= begun + 6 * DAY
        assert waits[-1].retry_at == second + 12 * DAY
        assert refused.kinds.count("retraining_started") == 2


class TestHarmlessDrift:
    def test_is_watched_under_the_policy_of_harm(self, project):
        """Charges rise for everyone; the label does not depend on them."""
        project.days(2)

        ticks = project.days(5, world=SHIFTED)

        assert actions(ticks)[0] is Action.ALERT
        assert actions(ticks)[-1] is Action.KEEP
        assert ticks[-1].decision.reasons[0] == "charges drifted, harmless so far: watched"
        assert "retraining_started" not in project.kinds

    def test_is_one_incident_and_a_note_in_the_end(self, project):
        """However often it is alarmed; as a note it pages nobody any more."""
        project.days(2)

        project.days(5, world=SHIFTED)

        (raised,) = [e.body.alert for e in project.events if e.kind == "alert_raised"]
        (incident,) = fold(project.events).incidents
        assert (raised.subject, raised.severity) == ("charges", Severity.WARNING)
        assert incident.alert.severity is Severity.INFO
        assert incident.n_alarms > 1

    def test_retrains_under_the_policy_of_any(self, project):
        """Who wants it so gets it; the guard still stands before production."""
        under(project, name="any")
        project.days(2)

        project.days(5, world=SHIFTED)

        assert "retraining_started" in project.kinds
        assert "challenger_judged" in project.kinds

    def test_without_labels_it_defers_and_names_the_rows_that_are_missing(self, project):
        """Whatever the policy: there is nothing to learn from."""
        under(project, name="any")
        project.days(2)
        for _ in range(3):
            project.day(world=SHIFTED, labelled=False)

        tick = project.tick()

        assert tick.decision.action is Action.DEFER
        assert "only 0 of the 750 labelled rows needed" in tick.decision.reasons[-1]


class TestTheRule:
    def test_is_kept_with_what_it_said(self, project):
        """In words, so that a later reader needs no settings of that time."""
        project.days(1)

        (judged,) = [e.body for e in project.events if e.kind == "window_judged"]
        assert judged.verdict.rule == "drift_share >= 0.5"
        assert judged.verdict.fired is False

    def test_that_weighs_features_asks_the_release(self, project):
        """
        Tenure is nearly all that the model goes by. Charges, of which it makes nothing,
        are one feature in three, and no reason to fire.
        """
        weighing(project)
        project.days(1, n=1500, world=SHIFTED)
        harmless = judged_last(project)
        project.days(1, n=1500, world=BROKEN)
        harmful = judged_last(project)

        assert harmless.drifted == ("charges",)
        assert harmless.weighted_share < 0.05 < harmless.share_drifted
        assert harmless.verdict.fired is False
        assert "tenure" in harmful.drifted
        assert harmful.verdict.fired is True
        assert harmful.verdict.rule == "weighted_share >= 0.5"

    def test_that_weighs_features_cannot_judge_an_old_release(self, project):
        """It was made before importances were kept: that is neither drift nor its absence."""
        weighing(project)
        groups = project.objects._groups
        old = without_importances(example_bundle())
        record = project.deploy(old)
        assert IMPORTANCES not in groups[record.release_id]
        project.days(1, world=BROKEN)

        judged = judged_last(project)
        assert judged.model_version == "v2"
        assert judged.weighted_share is None
        assert judged.verdict.fired is None
        assert "No importance weights" in judged.verdict.why


def weighing(project):
    """Let the rule on the importance that drifted judge windows."""
    monitor = replace(project.plan.monitor, rule=WeightedShare())
    project.plan = replace(project.plan, monitor=monitor)


def judged_last(project):
    return [e.body for e in project.events if e.kind == "window_judged"][-1]


class TestBrokenFeed:
    def test_asks_for_a_mend_upstream_and_does_not_retrain(self, project):
        """A feature that is missing in 70% of the rows is no change of the world."""
        under(project, name="any")
        project.days(2)

        ticks = project.days(4, world=BROKEN)

        assert actions(ticks)[-1] is Action.FIX_UPSTREAM
        assert ticks[-1].decision.reasons[0].startswith("tenure: missing share rose from 0%")
        critical = [a for a in ticks[-1].finding.evidence.alerts if a.severity is Severity.CRITICAL]
        assert Trigger.BROKEN_FEED in {alert.trigger for alert in critical}
        assert "retraining_started" not in project.kinds

    def test_its_rows_are_in_no_later_retraining(self, project, monkeypatch):
        """Nothing true can be learnt from them, however many labels they have."""
        seen = []

        def watched(rows, *args, **options):
            seen.append(rows)
            return challenging.challenge(rows, *args, **options)

        monkeypatch.setattr(retraining, "challenge", watched)
        project.days(2)
        project.days(2, world=BROKEN)

        project.days(10, world=REVERSED)

        assert seen
        assert all(rows.features.column("tenure").null_count == 0 for rows in seen)
        assert project.champion.record.version == "v2"

    def test_labels_from_the_broken_days_are_not_taken_for_harm_by_the_model(self, project):
        """When they mature the feed is whole again: the windows of then are sound."""
        project.plan = replace(project.plan, label_maturity=6 * DAY)
        project.days(6)
        project.days(4, world=BROKEN)

        ticks = project.days(6)

        last = ticks[-1]
        assert last.decision.action is Action.FIX_UPSTREAM
        assert last.decision.reasons[0].startswith("the labelled rows come from a broken feed")
        assert last.finding.window not in fold(project.events).broken_windows


class TestAnotherHolder:
    def test_does_nothing_while_another_loop_is_at_work(self, project):
        """No event, no count; whoever asks is told so."""
        project.days(1)
        before = project.events
        project.log(10)
        fence = project.store.leases.acquire(LEASE, holder="another", ttl=MINUTE)

        refused = project.try_tick()
        by_file = tick_on_file(
            project.ports, PLAN, world_rows(100, seed=0)[0], None, actor="cli", holder="one"
        )

        assert (refused, by_file) == (None, None)
        assert project.events == before
        project.store.leases.release(fence)
        assert project.tick().n_counted == 10

    def test_takes_over_from_one_that_died(self, project):
        """Its lease lapses; nobody needs to clean up."""
        project.day()
        project.store.leases.acquire(LEASE, holder="dead", ttl=MINUTE)

        waiting = project.try_tick()
        project.store.leases.pass_time(MINUTE)

        assert waiting is None
        assert project.tick().n_counted == 400


class TestCrash:
    @pytest.mark.parametrize(
        ("at", "after_write"),
        [(1, False), (2, False), (3, False), (4, False), (5, False), (5, True)],
    )
    def test_at_any_step_of_a_retraining_the_loop_goes_on(self, project, at, after_write):
        """
        The tick is simply run again: at most one promotion comes of it, no release is
        there twice, the chain verifies, and the new world is learnt in the end.
        """
        project.days(2)
        project.days(2, world=REVERSED)
        log = Crashing(project.store.events, at=at, after_write=after_write)
        project.overrides = {"events": log}
        project.day(world=REVERSED)
        with pytest.raises(KeyboardInterrupt):
            project.tick()
        project.overrides = {}
        assert log.crashed

        project.tick()
        project.tick()

        promoted = [e.body.version for e in project.events if e.kind == "champion_promoted"]
        assert promoted in (["v1"], ["v1", "v2"])
        project.days(5, world=REVERSED)
        releases = [record.release_id for record in project.store.releases.releases()]
        assert len(set(releases)) == len(releases)
        assert project.champion.record.version != "v1"
        assert project.kinds.count("champion_promoted") == 2
        assert verify_chain(project.events) == len(project.events)

    def test_while_it_counts_no_row_is_counted_twice(self, project):
        """Counts and cursor move together: what was counted stays counted."""
        log = Crashing(project.store.events, at=1, after_write=False)
        project.overrides = {"events": log}
        project.day()
        with pytest.raises(KeyboardInterrupt):
            project.tick()
        project.overrides = {}

        tick = project.tick()

        assert tick.n_counted == 0
        assert tick.finding.evidence.n_rows == 400


class TestTickOnFile:
    def test_takes_the_file_for_the_current_window(self, project):
        """With its labels, a changed concept ends in a promotion at once."""
        rows, labels = world_rows(1500, seed=77, world=REVERSED)

        tick = on_file(project, rows, labels)

        assert tick.decision.action is Action.RETRAIN
        assert tick.retraining.promoted == "v2"
        assert {event.actor for event in project.events} == {"cli"}

    def test_without_labels_it_can_only_speak_of_drift(self, project):
        """A changed concept does not show in the rows."""
        rows, _ = world_rows(1500, seed=77, world=REVERSED)

        tick = on_file(project, rows)

        assert tick.decision.action is Action.KEEP
        assert tick.finding.evidence.performance_held is None

    def test_the_lease_is_given_back(self, project):
        """Also after a file."""
        on_file(project, world_rows(200, seed=1)[0])

        assert project.tick(holder="b") is not None
