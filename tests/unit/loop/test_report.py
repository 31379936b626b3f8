"""A report on the project's own traffic."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from holdfast.domain.errors import EmptyWindowError, NoChampionError
from holdfast.drift.report import Verdict
from holdfast.loop.report import report_window, rows_of
from holdfast.performance.degradation import DegradationVerdict
from holdfast.testing.project import DAY, START, MemoryProject, World, example_bundle

SHIFTED = World(shift=15.0)
REVERSED = World(reversed_concept=True)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def report(project, **options):
    return report_window(project.ports, project.plan, **options)


class TestReportWindow:
    def test_compares_the_window_with_the_champions_reference(self, project):
        """Features, and the scores that the champion itself made."""
        project.days(3, world=SHIFTED)
        project.log(100, world=SHIFTED)

        found = report(project)

        assert found.drift.names(Verdict.DRIFTED) == ("charges",)
        assert found.prediction is not None
        assert found.window.end_at == START + 4 * DAY

    def test_sees_rows_that_no_tick_has_counted_yet(self, project):
        """And counts nothing for good: late rows are the next tick's to find."""
        project.log(300)
        project.tick()
        project.log(200, at=START + timedelta(hours=1), over=timedelta(hours=1))

        found, again = report(project), report(project)

        assert found.drift.n_current == again.drift.n_current == 500
        assert rows_of(project.ports, found).num_rows == 500
        assert project.tick().n_counted == 200

    def test_measures_what_the_mature_labels_say(self, project):
        """Beside what the release reached."""
        for _ in range(5):
            project.day(world=REVERSED, n=300)

        found = report(project)

        assert found.performance is not None
        by_metric = {one.metric: one for one in found.degradations}
        assert by_metric["roc_auc"].verdict is DegradationVerdict.DEGRADED

    def test_says_nothing_of_performance_without_labels(self, project):
        """Absent is no zero."""
        project.log(300)

        found = report(project)

        assert found.performance is None
        assert found.degradations == ()

    def test_reports_on_the_past_as_it_stood(self, project):
        """With the model of that time, its window, and the labels known then."""
        project.days(2, world=SHIFTED)
        then = project.clock.now()
        project.deploy(example_bundle(1, on_grid_of=0))
        project.days(6)

        found = report(project, at=then - timedelta(hours=1))

        assert found.champion.record.version == "v1"
        assert found.drift.names(Verdict.DRIFTED) == ("charges",)
        assert found.window.end_at == then

    def test_a_later_label_does_not_change_the_past(self, project):
        """As of a moment: neither its figures nor its estimates know what came after it."""
        ids = project.log(400)
        project.clock.advance(2 * DAY)
        project.log(300)
        project.label(ids[:250])
        project.tick()
        then = project.clock.now()
        before = report(project, at=then)
        project.clock.advance(DAY)
        project.label(ids[250:])
        project.tick()

        found = report(project, at=then)

        assert found.performance == before.performance
        assert found.performance.n == 250
        assert found.judged == before.judged

    def test_tells_what_is_expected_without_labels(self, project):
        """Beside the share of positives, and plain for a program."""
        for _ in range(4):
            project.day(n=300)
        project.log(100)

        found = report(project).to_json()["performance_details"]

        assert found["estimate"]["verdict"] == "too_few"
        assert 0.5 < found["estimate"]["figures"]["roc_auc"]["estimate"] < 1.0
        assert found["label_drift"]["verdict"] == "held"
        assert found["n_labelled"] > 0

    def test_says_that_it_counted_rows_for_itself(self, project):
        """Rows since the last tick are no reprofiling: nothing is read twice."""
        project.log(300)
        project.tick()
        before = report(project)
        project.log(200, at=START + timedelta(hours=1), over=timedelta(hours=1))

        found = report(project)

        assert (before.n_uncounted, before.progress) == (0, None)
        assert (found.n_uncounted, found.reprofiling) == (200, False)
        assert found.progress is not None
        assert "200 rows of 500 wait for the next tick" in found.progress

    def test_says_reprofiling_while_a_new_grid_is_counted(self, project):
        """The open window is read once more; until a tick has done so, the report does."""
        project.log(300)
        project.tick()
        project.clock.advance(DAY)
        project.deploy(example_bundle(1))

        during = report(project)
        project.tick()
        after = report(project)

        assert (during.reprofiling, during.n_uncounted, during.drift.n_current) == (True, 300, 300)
        assert during.progress is not None
        assert during.progress.startswith("Reprofiling: ")
        assert during.to_json()["reprofiling"] is True
        assert (after.reprofiling, after.n_uncounted, after.drift.n_current) == (False, 0, 300)

    def test_a_promotion_on_the_same_grid_is_no_reprofiling(self, project):
        """Its cells are the old ones: all is counted."""
        project.log(300)
        project.tick()
        project.clock.advance(DAY)
        project.deploy(example_bundle(1, on_grid_of=0))
        project.log(50)

        found = report(project)

        assert (found.reprofiling, found.n_uncounted, found.drift.n_current) == (False, 50, 350)

    def test_tells_what_was_said_of_the_windows_before(self, project):
        """The last judgement of each, of this champion, up to the moment of the report."""
        project.days(2)
        then = project.clock.now()
        project.days(3, world=SHIFTED)

        found, past = report(project), report(project, at=then - timedelta(hours=1))

        ends = [one.window.end_at for one in found.history]
        assert ends == sorted(set(ends))
        assert ends[-1] < found.window.end_at
        assert {one.model_version for one in found.history} == {"v1"}
        assert "charges" in found.history[-1].drifted
        assert all(one.window.end_at < past.window.end_at for one in past.history)
        assert len(past.history) < len(found.history)

    def test_is_strict_json(self, project):
        """With the keys that other tools read."""
        project.days(3)

        found = json.loads(json.dumps(report(project).to_json(), allow_nan=False))

        assert {
            "schema_version",
            "model_version",
            "window",
            "drift",
            "scores",
            "performance",
            "reprofiling",
            "n_uncounted",
            "history",
        } <= set(found)

    def test_refuses_a_window_without_rows(self, project):
        """A report on nothing would read as all is well."""
        with pytest.raises(EmptyWindowError, match="holds no rows"):
            report(project)

    def test_refuses_without_a_champion(self, project):
        """Neither now, nor at a moment before the first."""
        with pytest.raises(NoChampionError, match="holdfast train"):
            report(MemoryProject())
        with pytest.raises(NoChampionError, match="No model was in production at"):
            report(project, at=START - DAY)
