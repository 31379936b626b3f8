"""How a project stood at a moment, and what a retraining came to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from holdfast.domain.errors import UnknownEventError
from holdfast.domain.estimates import EstimateVerdict
from holdfast.domain.events import DecisionMade
from holdfast.domain.narration import headline
from holdfast.domain.stages import Stage
from holdfast.loop.promote import promote, roll_back
from holdfast.loop.recall import attempt_called, recall
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.loop.stage import stage
from holdfast.performance.track_record import track_record
from holdfast.policy.transitions import fold
from holdfast.testing.project import (
    DAY,
    START,
    MemoryProject,
    World,
    example_bundle,
    world_rows,
)

REVERSED = World(reversed_concept=True)
INSTANT = timedelta(microseconds=1)


def recalled(project, moment) -> Any:
    return recall(project.events, moment)


@pytest.fixture(name="project")
def _project():
    """v1 on the first day, v2 beside it on the second, in production on the third, v1 again."""
    project = MemoryProject()
    project.deploy()
    project.clock.advance(DAY)
    second = project.register(example_bundle(1)).version
    stage(project.ports, second, Stage.CANARY, share=0.1, reason="a try", actor="cli")
    project.clock.advance(DAY)
    promote(project.ports, second, reason="it held", actor="cli")
    project.clock.advance(DAY)
    roll_back(project.ports, reason="a complaint", actor="cli")
    return project


class TestRecall:
    def test_knows_nothing_before_the_beginning(self, project):
        """Not even a release."""
        past = recalled(project, START - INSTANT)

        assert (past.deployment, past.deployed, past.releases) == (None, None, ())
        assert past.open_alerts == ()

    def test_says_what_was_in_production_since_when_and_why(self, project):
        """And what had been there before."""
        past = recalled(project, START + 2 * DAY + INSTANT)

        assert past.deployment.champion.version == "v2"
        assert past.deployment.since == START + 2 * DAY
        assert past.deployment.previous.version == "v1"
        assert past.deployed.body.reason == "it held"
        assert past.standings == {"v1": "previous", "v2": "champion"}

    def test_says_who_stood_beside_it(self, project):
        """With the share that it answered."""
        past = recalled(project, START + DAY)

        beside = past.deployment.challenger
        assert (past.deployment.champion.version, beside.record.version) == ("v1", "v2")
        assert (beside.stage, beside.share) == (Stage.CANARY, 0.1)

    def test_what_happened_at_the_very_moment_counts(self, project):
        """And a moment earlier it does not."""
        moment = START + 3 * DAY

        at, before = (recalled(project, m) for m in (moment, moment - INSTANT))

        assert at.deployment.champion.version == "v1"
        assert before.deployment.champion.version == "v2"

    @pytest.mark.parametrize("days", range(5))
    def test_agrees_with_what_servers_read(self, project, days):
        """The projection of the same events."""
        for moment in (START + days * DAY, START + days * DAY - INSTANT):
            found = recall(project.events, moment).deployment

            assert found == project.store.releases.deployment_at(moment)

    def test_names_the_alarms_that_were_open(self):
        """Those of the last decision about the champion of that time."""
        project = MemoryProject()
        project.deploy()
        project.days(3, world=REVERSED)
        events = project.events
        alarmed = next(e for e in events if isinstance(e.body, DecisionMade) and e.body.alerts)

        before = recall(events, alarmed.at - INSTANT)
        then = recall(events[: alarmed.seq], alarmed.at)

        assert before.open_alerts == ()
        assert then.open_alerts == fold(events[: alarmed.seq]).alerts != ()


class TestAttemptCalled:
    @pytest.fixture(name="ended")
    def _ended(self, project):
        return retrain_by_hand(
            project.ports,
            project.plan,
            project.champion,
            world_rows(1500, seed=9, world=REVERSED),
            cause="a person asked",
            actor="cli",
            holder="terminal",
        )

    def test_tells_all_of_it(self, project, ended):
        """From its start to the promotion, and nothing of what else happened."""
        told = attempt_called(project.events, ended.attempt_id)

        assert [event.kind for event in told] == [
            "retraining_started",
            "challenger_judged",
            "release_registered",
            "champion_promoted",
        ]
        assert headline(told[-1]).startswith(f"Promoted {ended.promoted} over v1")

    def test_takes_a_beginning_of_its_id(self, project, ended):
        """As `events` shows it."""
        assert len(attempt_called(project.events, ended.attempt_id[:20])) == 4

    @pytest.mark.parametrize("wanted", ["", "no such attempt"])
    def test_says_that_there_is_none(self, project, wanted):
        """And how to list what there is."""
        with pytest.raises(UnknownEventError, match="holdfast events"):
            attempt_called(project.events, wanted)


class TestPerformanceOfAPast:
    def test_is_what_was_known_then(self):
        """
        A label that comes after a moment changes nothing of what is told of it, though the rows
        are the same.
        """
        project = MemoryProject()
        project.deploy()
        ids = project.log(400)
        project.clock.advance(2 * DAY)
        project.label(ids[:300])
        project.tick()
        then = project.clock.now()
        before = recalled(project, then)
        project.clock.advance(DAY)
        project.label(ids[300:])
        project.tick()

        after, now = recalled(project, then), recalled(project, project.clock.now())

        assert after.judged == before.judged
        assert (after.judged.n_labelled, now.judged.n_labelled) == (300, 400)

    def test_is_that_of_the_champion_of_the_time(self):
        """After a promotion nothing is known until a tick has judged the new one."""
        project = MemoryProject()
        project.deploy()
        project.days(2)
        promoted_at = project.clock.now() + DAY
        project.clock.advance(DAY)
        project.deploy(example_bundle(1))

        assert recalled(project, promoted_at - INSTANT).judged.model_version == "v1"
        assert recalled(project, promoted_at).judged is None

    def test_has_a_track_record_once_five_windows_have_matured(self):
        """From then on the estimate without labels is judged; four-day windows, a day's labels."""
        project = MemoryProject()
        project.deploy()
        project.days(24, n=70)

        past = recalled(project, project.clock.now())

        assert past.judged.estimate.n_matured >= 5
        assert past.judged.estimate.verdict is EstimateVerdict.HELD
        record = track_record("brier", past.track)
        assert record is not None
        assert abs(record.mean_error) < 0.05
