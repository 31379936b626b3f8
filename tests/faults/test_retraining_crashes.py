"""A process that dies at any step of a retraining, twice: afterwards it happened once.

The steps are those that a run without a fault takes, so that one that is added is among them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.cheap import challenged, release_called, released
from tests.faults.dying import Death, Process
from tests.soundness import require_sound

from holdfast.domain.evidence import Outcome
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import MODEL
from holdfast.loop import retrain as retraining
from holdfast.loop.cycle import tick
from holdfast.loop.launch import enter
from holdfast.loop.promote import promote
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.policy.resuming import MOST_TRIES
from holdfast.policy.transitions import fold
from holdfast.policy.trying import TrialPolicy
from holdfast.testing.fakes.registry import InMemoryModelRegistry
from holdfast.testing.project import DAY, MemoryProject, World, world_rows

REVERSED = World(reversed_concept=True)
ENDS = re.compile("ChampionPromoted|ChallengerStaged|RetrainingFailed")
COUNTED = (
    "retraining_started",
    "challenger_judged",
    "release_registered",
    "champion_promoted",
    "retraining_failed",
)
LEASE_IS_FREE = timedelta(minutes=2)  # after the death of whoever held it


@pytest.fixture(name="outcome")
def _outcome():
    """How the guard judges, where nothing else is said."""
    return Outcome.ACCEPT


@pytest.fixture(autouse=True)
def _cheap(monkeypatch, request, outcome):
    """Models that are made at once: a file whose bytes follow from the rows and the seed."""
    if request.cls is TestRealModels:
        return
    monkeypatch.setattr(retraining, "challenge", lambda *a, **o: challenged(outcome, *a, **o))
    monkeypatch.setattr(retraining, "build_release", released)
    monkeypatch.setattr(retraining, "_dated", lambda *_: None)  # the outcome is of other rows


def changed_world(path="direct"):
    """Return a project whose next tick decides to retrain."""
    project = MemoryProject()
    project.overrides["registry"] = InMemoryModelRegistry()
    project.plan = replace(project.plan, trial=TrialPolicy(path=path))
    project.deploy()
    for _ in range(3):
        project.day(world=REVERSED)
    return project


def empty():
    project = MemoryProject()
    project.overrides["registry"] = InMemoryModelRegistry()
    return project


def train(ports, _project):
    enter(ports, release_called("the first"), actor="cli", origin="train")


class NobodyYet:
    """Releases as they were before anything was in production."""

    def __init__(self, releases):
        self.release, self.releases = releases.release, releases.releases

    def deployment(self):
        return None


def run(project, *, dies_before=None, command=None):
    """Run a tick, or another command, in a process that may die; return what it did."""
    process = Process(project.ports, dies_before=dies_before)
    try:
        if command is None:
            tick(process.ports, project.plan, actor="control", holder="one")
        else:
            command(process.ports, project)
    except Death:
        project.store.leases.pass_time(LEASE_IS_FREE)
    return process


def by_hand(ports, project):
    retrain_by_hand(
        ports, project.plan, project.champion, None, cause="asked", actor="cli", holder="terminal"
    )


def steps_of(path="direct", command=None):
    """Return the steps of a run that does not die."""
    return run(changed_world(path), command=command).steps


def from_start_to_production(steps):
    """Return the steps from the first event of a retraining to the one that ends it."""
    first = steps.index("events.append RetrainingStarted")
    last = next(i for i, step in enumerate(steps) if ENDS.search(step))
    return steps[first : last + 1]


def steps_to_production():
    return from_start_to_production(steps_of())


def from_file(ports, project):
    retrain_by_hand(
        ports,
        project.plan,
        project.champion,
        world_rows(1500, seed=9, world=REVERSED),
        cause="asked",
        actor="cli",
        holder="terminal",
    )


def judged_otherwise(*args, **options):
    """Challenge with a seed that nobody set."""
    return challenged(Outcome.ACCEPT, *args, **options | {"seed": 99})


def end_of(project):
    """Return how a sound project stands: what its retraining left, and what is in production."""
    state = require_sound(project.ports, pauses=project.plan.decision)
    registered = {record.release_id for record in project.ports.releases.releases()}
    left = {
        "open": state.open_attempt,
        "refusals": state.refusals,
        "champion": (state.champion, project.champion.record.release_id),
        "staged": state.staged and (state.staged.version, state.staged.stage),
        "orphans": set(project.objects.groups()) - registered,
        "owed": project.store.outbox.pending(due_at=project.clock.now() + 365 * DAY),
        "mirrored": project.overrides["registry"].versions,
        "aliases": project.overrides["registry"].pointed,
    }
    return left | {kind: project.kinds.count(kind) for kind in COUNTED}


def end_after(step, *, deaths=1, path="direct", command=None):
    """Return how it ends if so many processes die before a step, and then one lives."""
    project = changed_world(path)
    for _ in range(deaths):
        run(project, dies_before=step, command=command)
    run(project, command=command)
    return end_of(project)


def ends_after(steps, **how):
    """Return how it ends by the step before which a process dies."""
    return {step: end_after(step, **how) for step in steps}


class TestSteps:
    def test_those_of_a_promotion_are_all_there(self):
        """What is tried below is what the loop does: nothing is left out, or made up."""
        steps = from_start_to_production(steps_of())

        assert [step for step in steps if not ENDS.search(step)] == [
            "events.append RetrainingStarted",
            "events.append ChallengerJudged",
            "objects.put",
            "predictions.prepare",
            "events.append ReleaseRegistered",
        ]


class TestTick:
    """Red without `resume(…)` in `loop/cycle.py`, and where `carry_out` judges once more."""

    def test_whose_process_dies_at_any_step_has_promoted_once(self):
        """Before, within or after the retraining: the next tick goes on."""
        steps = steps_of()

        ends = ends_after(steps)

        whole = end_after(None, deaths=0)
        assert whole["champion"][0] == "v2"
        assert whole["mirrored"] == ["v1", "v2"]
        assert ends == dict.fromkeys(steps, whole)

    def test_that_dies_there_again_has_promoted_once(self):
        """The retraining is gone on with for the second time."""
        steps = from_start_to_production(steps_of())

        ends = ends_after(steps, deaths=2)

        assert ends == dict.fromkeys(steps, end_after(None, deaths=0))

    def test_that_dies_on_the_way_to_a_trial_has_staged_once(self):
        """The champion is not touched, and the challenger is not lost."""
        steps = from_start_to_production(steps_of("canary"))

        ends = ends_after(steps[-2:], path="canary")

        whole = end_after(None, deaths=0, path="canary")
        assert (whole["champion"][0], whole["staged"][0]) == ("v1", "v2")
        assert ends == dict.fromkeys(steps[-2:], whole)

    @pytest.mark.parametrize("outcome", [Outcome.REFUSE, Outcome.DEFER])
    def test_that_dies_around_a_judgement_has_judged_once(self, outcome):
        """Refused once, not twice: the pause is doubled once."""
        ends = ends_after(["events.append RetrainingStarted", "events.append ChallengerJudged"])

        whole = end_after(None, deaths=0)
        assert (whole["champion"][0], whole["refusals"]) == ("v1", outcome is Outcome.REFUSE)
        assert ends == dict.fromkeys(ends, whole)


class TestByHand:
    """Red without `resume(…)` in `loop/retrain_by_hand.py`."""

    def test_a_person_who_asks_again_gets_the_same_attempt(self):
        """Not a second one beside the one that broke off."""
        steps = from_start_to_production(steps_of(command=by_hand))[1:]

        ends = ends_after(steps, command=by_hand)

        assert ends == dict.fromkeys(steps, end_after(None, deaths=0, command=by_hand))

    def test_rows_of_a_file_are_not_there_any_more(self):
        """The attempt is closed and says what to do; it costs no longer pause."""
        project = changed_world()
        run(project, dies_before="events.append ChallengerJudged", command=from_file)

        project.tick()

        (failed,) = [e.body for e in project.events if e.kind == "retraining_failed"]
        assert failed.reason.startswith("its rows came from a file; name it again")
        assert failed.interrupted
        assert fold(project.events).refusals == 0

    def test_a_person_who_names_the_file_again_has_it_done(self):
        """The attempt that broke off is closed first."""
        project = changed_world()
        run(project, dies_before="events.append ChallengerJudged", command=from_file)

        run(project, command=from_file)

        assert project.champion.record.version == "v2"
        assert project.kinds.count("retraining_started") == 2
        assert project.kinds.count("retraining_failed") == 1
        assert require_sound(project.ports, pauses=project.plan.decision).open_attempt is None


class TestTheFirstRelease:
    """Red without the `key` of `register`, and that of the first promotion in `enter`."""

    @pytest.mark.parametrize("deaths", [1, 2])
    def test_of_a_process_that_dies_is_in_production_once(self, deaths):
        """Whoever runs `holdfast train` again finds what was done, and does the rest."""
        whole = empty()
        steps = run(whole, command=train).steps

        ends = {}
        for step in steps:
            project = empty()
            for _ in range(deaths):
                run(project, dies_before=step, command=train)
            run(project, command=train)
            ends[step] = end_of(project)

        assert len(steps) >= 5
        assert end_of(whole)["champion"][0] == "v1"
        assert ends == dict.fromkeys(steps, end_of(whole))

    def test_is_one_of_two_that_come_at_once(self):
        """Both are told which; the other stays a candidate."""
        project = empty()
        slow = replace(project.ports, releases=NobodyYet(project.store.releases))

        enter(project.ports, release_called("one"), actor="cli", origin="train")
        record, champion = enter(slow, release_called("two"), actor="cli", origin="train")

        assert (record.version, champion) == ("v2", "v1")
        assert project.champion.record.version == "v1"
        assert project.kinds.count("champion_promoted") == 1


class TestClosing:
    """Red without the event by which `resume` counts, and each of what it and `carry_out` ask.

    Those are: how often and how long ago it was begun, whether the rows are the same
    (`digest_of`), and whether the model is the one that was judged (`_as_judged`).
    """

    def test_what_ends_its_process_every_time_is_given_up(self):
        """Else it would end every tick, and nobody would watch any more. The pause doubles."""
        project = changed_world()
        for _ in range(MOST_TRIES):
            run(project, dies_before="events.append ChallengerJudged")

        tick_after = project.tick()

        assert "begun 3 times" in tick_after.retraining.failure
        state = require_sound(project.ports, pauses=project.plan.decision)
        assert (state.open_attempt, state.refusals, state.champion) == (None, 1, "v1")

    def test_what_broke_off_a_window_ago_is_given_up(self):
        """The world in which it was judged may be gone; its release stays a candidate."""
        project = changed_world()
        run(project, dies_before=steps_to_production()[-1])
        project.clock.advance(project.plan.window + DAY)

        project.tick()

        (failed,) = [e.body for e in project.events if e.kind == "retraining_failed"]
        assert "longer than a window ago; v2 is registered, and was not put" in failed.reason
        assert failed.interrupted
        # The harm is open still, so that the same tick begins anew, with the rows of today.
        promoted = [e.body for e in project.events if e.kind == "champion_promoted"]
        assert [body.version for body in promoted] == ["v1", "v3"]
        assert fold(project.events).refusals == 0

    def test_what_a_person_put_into_production_meanwhile_stays(self):
        """Whom the attempt was to beat is not there any more; it ends without a word."""
        project = changed_world()
        run(project, dies_before=steps_to_production()[-1])
        promote(project.ports, ModelVersion("v2"), reason="a person was faster", actor="cli")

        ticked = project.tick()

        assert ticked.retraining is None
        assert project.kinds.count("champion_promoted") == 2
        assert fold(project.events).open_attempt is None

    def test_a_release_whose_bytes_are_lost_is_not_promoted(self):
        """It says so once, and the loop goes on."""
        project = changed_world()
        run(project, dies_before=steps_to_production()[-1])
        lost = project.ports.releases.release("v2").release_id
        project.objects._groups[lost][MODEL] = b"other bytes"

        failure = project.tick().retraining.failure

        assert "another digest" in failure
        assert project.champion.record.version == "v1"
        assert project.tick().retraining is None

    def test_another_model_than_the_one_that_was_judged_is_not_released(self, monkeypatch):
        """Made by other software, or with other settings: the guard has not seen it."""
        project = changed_world()
        run(project, dies_before="objects.put")
        monkeypatch.setattr(retraining, "challenge", judged_otherwise)

        failure = project.tick().retraining.failure

        assert failure == "the model that the guard accepted cannot be made again"
        assert project.kinds.count("challenger_judged") == 1
        assert [record.version for record in project.ports.releases.releases()] == ["v1"]

    def test_other_rows_than_those_it_began_with_are_not_learnt_from(self):
        """A person was erased meanwhile, say: the rows are not the same any more."""
        project = changed_world()
        run(project, dies_before="events.append ChallengerJudged")
        ledger = project.store.predictions._ledger
        del ledger.rows[next(iter(ledger.rows))]

        failure = project.tick().retraining.failure

        assert failure == "the rows that it began with are no longer what they were"


class TestRealModels:
    """Red where `resume` gathers the rows as they are known now, not as they were."""

    def test_the_release_is_the_same_to_the_byte(self):
        """Trained anew after the crash, from the same rows and seed: the same digest."""
        whole, crashed = changed_world(), changed_world()
        run(whole)
        run(crashed, dies_before="objects.put")
        crashed.clock.advance(DAY)

        run(crashed)

        assert "v2" in crashed.champion.record.version
        assert crashed.champion.record.release_id == whole.champion.record.release_id
