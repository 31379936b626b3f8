"""A new champion is watched; what does harm goes by itself, what does none stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.loop.test_trial import example_of

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import CorruptReleaseError
from holdfast.domain.events import (
    AlertRaised,
    ChallengerStaged,
    ChampionRolledBack,
    ProbationJudged,
    StageEnded,
    verify_chain,
)
from holdfast.domain.evidence import Alert, Outcome, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.narration import headline
from holdfast.domain.predictions import Role
from holdfast.domain.releases import MODEL
from holdfast.domain.stages import Ending, Stage
from holdfast.loop.promote import promote, roll_back
from holdfast.loop.stage import begun_probation, stage, withdraw
from holdfast.policy.deciding import cooldown_ends_at
from holdfast.policy.probation import Followed, ProbationPolicy
from holdfast.policy.transitions import fold
from holdfast.ports.event_log import Draft
from holdfast.testing.fakes import InMemoryStore
from holdfast.testing.project import DAY, PLAN, QUIET, START, MemoryProject, World, example_bundle

V1, V2, V3 = ModelVersion("v1"), ModelVersion("v2"), ModelVersion("v3")
REVERSED = World(reversed_concept=True)
WATCHED = replace(PLAN, probation=ProbationPolicy(lasts=6 * DAY))


@pytest.fixture(name="store")
def _store():
    """In memory, where nothing else is asked for."""
    return InMemoryStore()


@pytest.fixture(name="project")
def _project(store):
    """v1 was in production for two days."""
    project = MemoryProject(plan=WATCHED, store=store)
    project.deploy()
    project.days(2)
    return project


def force(project, bundle, version=V2):
    """A person puts a release into production, past the guard."""
    project.register(bundle)
    promote(
        project.ports,
        version,
        reason="it must be (forced)",
        actor="cli",
        probation=project.plan.probation,
    )


def harmful():
    """Return a release that takes the world for its opposite."""
    return example_of(REVERSED)


def die(*_, **__):
    """End as a process that is stopped does."""
    raise KeyboardInterrupt


def bodies(project, kind):
    return [event.body for event in project.events if isinstance(event.body, kind)]


def deployment(project):
    found = project.store.releases.deployment()
    assert found is not None
    return found


def complain(project, version, *, n_failed=None):
    """Have a server say that it could not load a release, or score so many rows with it."""
    alert = Alert(
        trigger=Trigger.SERVING,
        severity=Severity.CRITICAL,
        subject=version,
        message=f"{version} is torn",
        statistic=n_failed,
    )
    draft = Draft(body=AlertRaised(alert=alert, model_version=version), actor="server")
    project.store.events.append([draft], at=project.clock.now())


class TestPromotion:
    def test_begins_a_probation_in_the_same_transaction(self, project):
        """No server ever sees the one without the other; it is dated, and says who goes back."""
        force(project, harmful())

        promoted, staged = project.events[-2:]
        assert (promoted.kind, staged.kind) == ("champion_promoted", "challenger_staged")
        assert promoted.at == staged.at
        beside = deployment(project).challenger
        assert (beside.record.version, beside.stage, beside.share) == (V1, Stage.PROBATION, None)
        assert beside.until == START + 8 * DAY
        assert headline(staged) == (
            "Put v2 on probation: v1 scores on beside it until 2026-03-10 00:00 UTC, and takes "
            "over again if it proves better"
        )

    def test_of_the_first_release_has_nobody_to_begin_one_with(self):
        """There is nothing to go back to."""
        project = MemoryProject(plan=WATCHED)

        force(project, example_bundle(), V1)

        assert deployment(project).challenger is None
        project.day()
        assert project.tick().probation is None

    @pytest.mark.parametrize("probation", [None, ProbationPolicy(lasts=0 * DAY)])
    def test_begins_none_where_none_is_wanted(self, project, probation):
        """Of no length at all."""
        project.plan = replace(project.plan, probation=probation)

        force(project, harmful())

        assert deployment(project).challenger is None

    def test_begins_none_with_a_champion_that_takes_other_features(self, project):
        """It could not score the same rows."""
        record = project.register(example_bundle(seed=1))
        served = project.store.releases.deployment().champion
        other = replace(served, schema_digest="other")

        begun = [
            begun_probation(before, record, WATCHED.probation, at=START, actor="cli")
            for before in (served, other)
        ]

        assert [len(drafts) for drafts in begun] == [1, 0]

    def test_run_again_after_a_crash_changes_nothing(self, project):
        """Under its key: the probation that it began goes on."""
        project.register(example_bundle(seed=1))
        how: dict[str, Any] = {
            "reason": "…",
            "actor": "control",
            "key": "k",
            "probation": WATCHED.probation,
        }
        promote(project.ports, V2, **how)
        before = project.events

        again = promote(project.ports, V2, **how)

        assert again.version == V2
        assert project.events == before

    def test_of_a_third_release_begins_the_probation_anew(self, project):
        """Beside the champion that it replaced; the older one is let go."""
        force(project, example_bundle(seed=1))

        force(project, example_bundle(seed=2), V3)

        beside = deployment(project).challenger
        assert (deployment(project).champion.version, beside.record.version) == (V3, V2)
        (ended,) = bodies(project, StageEnded)
        assert (ended.version, ended.ending) == (V1, Ending.WITHDRAWN)


class TestOnDisk:
    @pytest.fixture(name="store")
    def _store(self, tmp_path):
        with SqlStore.open(f"sqlite:///{tmp_path}/holdfast.db", create=True) as store:
            yield store

    def test_harm_is_undone_and_good_passes(self, project):
        """The whole story on a real store: the same bytes as before are in production."""
        before = deployment(project).champion
        force(project, harmful())

        worse = [done.probation for done in project.days(3)]
        force(project, example_bundle(seed=1), V3)
        as_good = [done.probation for done in project.days(6)]

        assert [ruling.next for ruling in worse if ruling] == [
            Followed.WAIT,
            Followed.WAIT,
            Followed.ROLL_BACK,
        ]
        assert bodies(project, ChampionRolledBack)[0].release_id == before.release_id
        assert [ruling.next for ruling in as_good] == [*[Followed.WAIT] * 5, Followed.KEEP]
        assert deployment(project).champion.version == V3
        assert verify_chain(project.events) == len(project.events)


class TestHarm:
    def test_is_undone_by_the_tick_to_which_labels_show_it(self, project):
        """The same bytes as before are in production; why is said, in words and figures."""
        before = deployment(project).champion
        force(project, harmful())

        ticks = []
        while deployment(project).champion.version == V2:
            ticks += project.days(1)
            assert len(ticks) < 5

        assert [done.probation.next for done in ticks] == [
            *[Followed.WAIT] * (len(ticks) - 1),
            Followed.ROLL_BACK,
        ]
        assert deployment(project).champion == before
        assert deployment(project).challenger is None
        (back,) = (e for e in project.events if isinstance(e.body, ChampionRolledBack))
        assert (back.actor, back.body.version, back.body.replaced) == ("control", V1, V2)
        assert back.body.release_id == before.release_id
        assert "significantly worse than the champion before it on" in back.body.reason
        assert back.body.report.outcome is Outcome.REFUSE
        assert not all(check.passed for check in back.body.report.checks)

    def test_alerts_people_and_makes_the_next_attempt_wait(self, project):
        """Twice the cooldown, from the rollback on: it must not come straight back."""
        force(project, harmful())
        project.days(4)

        (alert,) = (a.alert for a in bodies(project, AlertRaised) if a.alert.subject == V2)
        assert (alert.trigger, alert.severity) == (Trigger.PROBATION, Severity.CRITICAL)
        state = fold(project.events)
        (back,) = (e for e in project.events if isinstance(e.body, ChampionRolledBack))
        policy = project.plan.decision
        assert cooldown_ends_at(policy, state) == back.at + 2 * policy.cooldown

    def test_is_looked_at_once_a_bucket(self, project):
        """Each look is an event; a tick in between repeats none."""
        force(project, example_bundle(seed=1))
        project.days(3)
        n = len(bodies(project, ProbationJudged))

        project.tick()

        looks = bodies(project, ProbationJudged)
        assert n == len(looks) == 2
        assert [look.judged_until for look in looks] == [START + 3 * DAY, START + 4 * DAY]
        assert {look.report.outcome for look in looks} <= {Outcome.ACCEPT, Outcome.DEFER}

    def test_is_undone_by_the_next_tick_if_one_died_before_it_went_back(self, project, monkeypatch):
        """
        In the same bucket, too. Red without `compared.outcome is not Outcome.REFUSE`: the look
        would then be on record, and not be taken again.
        """
        force(project, harmful())
        project.days(2)
        project.day()
        with monkeypatch.context() as dying:
            dying.setattr("holdfast.loop.probation.roll_back", die)
            with pytest.raises(KeyboardInterrupt):
                project.tick()

        done = project.tick()

        assert done.probation.next is Followed.ROLL_BACK
        assert deployment(project).champion.version == V1

    def test_is_not_looked_for_before_any_label_can_be_mature(self, project, monkeypatch):
        """A day of a busy server's rows is not read at every tick for nothing."""
        force(project, harmful())
        project.day()
        monkeypatch.setattr(
            "holdfast.loop.probation.learnable_rows", lambda *_, **__: pytest.fail("rows were read")
        )

        assert project.tick().probation.next is Followed.WAIT


class TestNoHarm:
    def test_passes_with_an_event_and_nothing_else(self, project):
        """v2 is as good as v1, and stays; v1 is let go."""
        force(project, example_bundle(seed=1))
        n = len(project.events)

        ticks = project.days(6)

        assert [done.probation.next for done in ticks] == [*[Followed.WAIT] * 5, Followed.KEEP]
        assert deployment(project).champion.version == V2
        assert deployment(project).challenger is None
        (ended,) = bodies(project, StageEnded)
        assert (ended.version, ended.stage, ended.ending) == (V1, Stage.PROBATION, Ending.PASSED)
        assert ended.reason.startswith("v2 has stood its probation; not shown to be worse")
        happened = set(project.kinds[n:]) - {"window_judged", "decision_made", "alert_raised"}
        assert happened == {"probation_judged", "stage_ended"}
        project.day()
        assert project.tick().probation is None

    def test_without_labels_passes_all_the_same(self, project):
        """Nothing was shown against it; that nothing was compared can be read from the log."""
        force(project, harmful())
        for _ in range(6):
            project.day(labelled=False)
            project.tick()

        assert deployment(project).champion.version == V2
        assert bodies(project, ProbationJudged) == []


class TestServing:
    def test_a_champion_that_a_server_cannot_load_goes_at_once(self, project):
        """Labels need not be waited for."""
        force(project, example_bundle(seed=1))
        project.day()
        complain(project, V2)

        done = project.tick()

        assert done.probation.next is Followed.ROLL_BACK
        assert deployment(project).champion.version == V1
        assert "it cannot be loaded: v2 is torn" in done.probation.reason

    def test_a_champion_whose_files_are_damaged_goes_before_the_tick_needs_them(self, project):
        """Else every tick would fail on it, and nobody would go back."""
        force(project, example_bundle(seed=1))
        project.day()
        release_id = deployment(project).champion.release_id
        project.objects._groups[release_id][MODEL] += b"x"

        done = project.tick()

        assert done.probation.next is Followed.ROLL_BACK
        assert project.champion.record.version == V1

    def test_a_champion_that_leaves_rows_unanswered_goes(self, project):
        """Significantly more of them than the one before: here 40 of 440, after none of 800."""
        force(project, example_bundle(seed=1))
        project.day()
        complain(project, V2, n_failed=1.0)
        first = project.tick()
        complain(project, V2, n_failed=39.0)

        second = project.tick()

        assert first.probation.next is Followed.WAIT
        assert second.probation.next is Followed.ROLL_BACK
        assert "40 of 440 rows could not be scored" in second.probation.reason

    def test_nothing_to_go_back_to_ends_it(self, project):
        """The one before cannot be scored with any more: going back would help nobody."""
        force(project, harmful())
        complain(project, V1)

        done = project.tick()

        assert done.probation.next is Followed.WITHDRAW
        assert deployment(project).champion.version == V2
        (ended,) = bodies(project, StageEnded)
        assert "v1 can no longer take over: v1 is torn" in ended.reason

    def test_damaged_files_of_the_one_before_end_it(self, project):
        """Found out when they are needed; the tick goes on."""
        before = deployment(project).champion
        force(project, example_bundle(seed=1))
        project.day()
        complain(project, V2)
        project.objects._groups[before.release_id][MODEL] += b"x"

        done = project.tick()

        assert done.probation.next is Followed.WITHDRAW
        assert deployment(project).champion.version == V2
        with pytest.raises(CorruptReleaseError):
            roll_back(project.ports, reason="…", actor="cli")


class TestPeople:
    def test_who_roll_back_end_it(self, project):
        """Back to the one that stood beside it; the cooldown is nobody's punishment then."""
        force(project, harmful())

        roll_back(project.ports, reason="complaints", actor="cli")

        assert deployment(project).champion.version == V1
        assert deployment(project).challenger is None
        assert fold(project.events).refusals == 0
        assert project.kinds[-2:] == ["stage_ended", "champion_rolled_back"]

    def test_who_stage_a_challenger_end_it(self, project):
        """Only one stands beside the champion: the one that a person wants to see there."""
        force(project, harmful())
        project.register(example_bundle(seed=1))

        stage(project.ports, V3, Stage.SHADOW, reason="to see", actor="cli")

        staged = bodies(project, ChallengerStaged)[-1]
        assert (staged.version, staged.stage) == (V3, Stage.SHADOW)
        assert project.days(1)[0].probation is None

    def test_who_withdraw_the_one_before_end_it(self, project):
        """They trust the new champion."""
        force(project, harmful())

        withdraw(project.ports, reason="I know it", actor="cli")
        project.days(4)

        assert bodies(project, ChampionRolledBack) == []


class TestRows:
    def test_that_a_canary_or_another_version_answered_are_not_compared(self, project):
        """Judged is what the champion itself said."""
        force(project, example_bundle(seed=1))
        project.label(project.log(800, role=Role.CHAMPION, version=V1, world=QUIET))
        project.clock.advance(2 * DAY)

        project.tick()

        assert bodies(project, ProbationJudged) == []
