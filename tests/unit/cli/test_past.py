"""What was so, in words."""

from __future__ import annotations

import json

import pytest
import structlog
from typer.testing import CliRunner

from holdfast.cli.app import app
from holdfast.cli.past import attempt_in_words, loop_in_words, past_in_words
from holdfast.domain.errors import UnknownEventError
from holdfast.domain.events import (
    EventBody,
    RetrainingFailed,
    RetrainingResumed,
    RetrainingStarted,
)
from holdfast.domain.ids import ModelVersion
from holdfast.domain.stages import Stage
from holdfast.loop.promote import promote
from holdfast.loop.recall import attempt_called, recall
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.loop.stage import stage
from holdfast.ports.event_log import Draft
from holdfast.ports.tick_log import LoopTimes
from holdfast.settings import CONFIG_FILE, load_settings
from holdfast.testing.project import (
    DAY,
    START,
    MemoryProject,
    World,
    example_bundle,
    world_rows,
)
from holdfast.wiring.control import open_control

TOML = '[data]\ntarget = "left"\n[registry]\nmlflow = ""\n'
V2 = ModelVersion("v2")
REVERSED = World(reversed_concept=True)


@pytest.fixture(autouse=True)
def _own_logging():
    """What opening a project says about the log ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(name="project", scope="module")
def _project():
    """v1 in production, alarmed on the third day; v2 a canary, then the champion."""
    project = MemoryProject()
    project.deploy()
    project.days(2, world=REVERSED)
    second = project.register(example_bundle(1)).version
    stage(project.ports, second, Stage.CANARY, share=0.1, reason="a try", actor="cli")
    project.clock.advance(DAY)
    promote(project.ports, second, reason="it held", actor="cli")
    return project


def told(project, moment):
    return list(past_in_words(recall(project.events, moment)))


class TestPastInWords:
    def test_says_that_nothing_was_there_yet(self, project):
        """In one line."""
        assert told(project, START - DAY) == ["Nothing was in production at 2026-03-01 00:00 UTC."]

    def test_says_what_was_there_since_when_and_why(self, project):
        """With the event that `explain` takes."""
        first, why, before, releases = told(project, START + 5 * DAY)

        assert first.startswith(
            "v2 was in production at 2026-03-07 00:00 UTC, since 2026-03-05 00:00 UTC (release "
        )
        assert why.startswith("Why:           Promoted v2 over v1: it held (event ")
        assert before == "Before it:     v1"
        assert releases == "Releases:      v2 champion, v1 previous"

    def test_says_who_stood_beside_it_and_what_was_alarmed(self, project):
        """As it was then, whatever came of it."""
        lines = told(project, START + 2 * DAY)

        assert "Canary:        v2 answered 0.1 of the requests since 2026-03-04 00:00 UTC" in lines
        assert "Releases:      v2 canary, v1 champion" in lines
        alarms = [line for line in lines if line.startswith("Alert:         [")]
        assert len(alarms) == len(recall(project.events, START + 2 * DAY).open_alerts) > 0


class TestAttemptInWords:
    def test_tells_a_retraining_from_its_start_to_its_end(self):
        """Each event with all that it says."""
        project = MemoryProject()
        project.deploy()
        ended = retrain_by_hand(
            project.ports,
            project.plan,
            project.champion,
            world_rows(1500, seed=9, world=REVERSED),
            cause="a person asked",
            actor="cli",
            holder="terminal",
        )

        lines = list(attempt_in_words(attempt_called(project.events, ended.attempt_id)))

        heads = [line for line in lines if not line.startswith("  ")]
        assert len(heads) == 4
        assert heads[0] == "2026-03-02 00:00  #3    Began a retraining against v1 on 3,500 rows"
        assert "Promoted v2 over v1" in heads[-1]
        assert "  why: a person asked" in lines
        assert f"  attempt: {ended.attempt_id}" in lines


class TestStatusAt:
    @pytest.fixture(name="folder")
    def _folder(self, tmp_path, project):
        """A project on disk whose events are those of the one in memory."""
        (tmp_path / CONFIG_FILE).write_text(TOML, encoding="utf-8")
        with open_control(load_settings(tmp_path), create=True) as ports:
            for event in project.events:
                from_memory = Draft(body=event.body, actor=event.actor)
                ports.events.append([from_memory], at=event.at)
        return tmp_path

    def asked(self, folder, *words):
        done = CliRunner().invoke(app, [*words, "--project", str(folder)])
        if done.exception is not None:
            raise done.exception
        return done.output

    @pytest.mark.parametrize(
        "moment", ["2026-03-04", "2026-03-04 00:00", "2026-03-04T01:00:00+0100"]
    )
    def test_answers_about_any_moment(self, folder, project, moment):
        """However it is written; a day means its first instant."""
        words = self.asked(folder, "status", "--at", moment)

        assert words.splitlines() == told(project, START + 2 * DAY)

    def test_answers_programs_with_the_same(self, folder, project):
        """The event that put it there, the alarms, the releases."""
        found = json.loads(self.asked(folder, "status", "--at", "2026-03-04", "--json"))

        assert found["at"] == "2026-03-04T00:00:00+00:00"
        assert found["deployment"]["version"] == "v1"
        assert found["deployment"]["challenger"]["stage"] == "canary"
        assert found["deployed_by"]["kind"] == "champion_promoted"
        assert [(r["version"], r["standing"]) for r in found["releases"]] == [
            ("v2", "canary"),
            ("v1", "champion"),
        ]
        assert found["open_alerts"]
        assert found["retraining"] is None

    def test_of_before_the_beginning_is_null(self, folder):
        """Strict JSON all the same."""
        found = json.loads(self.asked(folder, "status", "--at", "2020-01-01", "--json"))

        assert (found["deployment"], found["deployed_by"], found["releases"]) == (None, None, [])

    def test_explain_tells_a_whole_retraining_by_its_id(self, folder):
        """In words, and to programs as a list of its events."""
        bodies: list[EventBody] = [
            RetrainingStarted(attempt_id="a-1", champion=V2, cause="asked", n_rows=900),
            RetrainingResumed(attempt_id="a-1", champion=V2, n_tries=2, reason="it broke off"),
            RetrainingFailed(attempt_id="a-1", champion=V2, reason="one class"),
        ]
        with open_control(load_settings(folder)) as ports:
            drafts = [Draft(body=body, actor="cli") for body in bodies]
            ports.events.append(drafts, at=START + 9 * DAY)

        words = self.asked(folder, "explain", "a-1")
        found = json.loads(self.asked(folder, "explain", "a-1", "--json"))

        said = [line.partition("#")[2] for line in words.splitlines() if not line.startswith(" ")]
        assert [line.partition(" ")[2].strip() for line in said] == [
            "Began a retraining against v2 on 900 rows",
            "Went on with the retraining against v2: it broke off",
            "The retraining ended without a model: one class",
        ]
        assert [event["kind"] for event in found] == [
            "retraining_started",
            "retraining_resumed",
            "retraining_failed",
        ]

    def test_now_names_a_retraining_without_an_end(self, folder):
        """It is under way, or broke off; either way somebody sees to it."""
        body = RetrainingStarted(attempt_id="a-1", champion=V2, cause="asked", n_rows=900)
        before = json.loads(self.asked(folder, "status", "--json"))["retraining"]
        with open_control(load_settings(folder)) as ports:
            ports.events.append([Draft(body=body, actor="cli")], at=START + 9 * DAY)

        words = self.asked(folder, "status")
        then = self.asked(folder, "status", "--at", "2026-03-12")

        assert before is None
        assert "Retraining:    a-1 began 2026-03-11 00:00 UTC and has no end yet" in words
        assert "Retraining:    a-1 was under way" in then
        assert json.loads(self.asked(folder, "status", "--json"))["retraining"] == "a-1"

    def test_explain_finds_no_event_and_no_attempt(self, folder):
        """And says how to list them."""
        with pytest.raises(UnknownEventError, match="holdfast events"):
            self.asked(folder, "explain", "neither")


class TestLoopInWords:
    def test_says_that_a_tick_is_overdue(self):
        """A loop that was killed left its word behind; a long tick looks the same from here."""
        times = LoopTimes(last_tick_at=START, next_tick_at=START + DAY)

        ahead = loop_in_words(times, now=START)
        overdue = loop_in_words(times, now=START + 2 * DAY)

        assert ahead == [
            "Last tick:     2026-03-02 00:00:00 UTC",
            "Next tick:     2026-03-03 00:00:00 UTC",
        ]
        assert overdue[1] == (
            "Next tick:     was due at 2026-03-03 00:00:00 UTC: "
            "a tick is under way, or its loop died"
        )
