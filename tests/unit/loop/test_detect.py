"""What one tick judges: which rows, with which labels, since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.domain.evidence import Severity, Trigger
from holdfast.domain.windows import Window
from holdfast.drift.sequential import Alarm, Watched
from holdfast.loop.detect import detect, detect_in_file
from holdfast.loop.profile import profile_new
from holdfast.loop.window_rows import labels_of, mature_rows, mature_window
from holdfast.policy.deciding import DecisionPolicy
from holdfast.policy.transitions import ControlState, fold
from holdfast.testing.project import (
    DAY,
    PLAN,
    START,
    MemoryProject,
    World,
    example_bundle,
    world_rows,
)

REVERSED = World(reversed_concept=True)
HOUR = timedelta(hours=1)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def drifted_since(moment):
    """Return what the monitors say of charges that rose."""
    return Alarm(
        monitor="feature:charges",
        watched=Watched.FEATURE,
        subject="charges",
        severity=Severity.WARNING,
        raised_at=moment + DAY,
        onset_at=moment,
        indicator="share of charges < 70 fell",
        rate=0.1,
        bound=0.4,
    )


def found(project, state=None, *, alarms=()):
    ports = project.ports
    profile_new(ports.predictions, ports.profiles, project.champion, bucket=DAY)
    return detect(
        ports,
        project.plan,
        project.champion,
        state or fold(project.events),
        now=project.clock.now(),
        alarms=alarms,
    )


def mature(project, *, since=None, state=None):
    return mature_rows(
        project.ports,
        project.plan,
        project.champion,
        state or ControlState(),
        now=project.clock.now(),
        since=since,
    )


class TestMatureWindow:
    def test_is_the_newest_whose_rows_are_all_old_enough(self):
        """In whole buckets: the last row of the last bucket has its maturity behind it."""
        plan = replace(PLAN, label_maturity=3 * DAY)

        window = mature_window(START + 20 * DAY + 5 * HOUR, plan)

        assert window == Window(start_at=START + 13 * DAY, end_at=START + 17 * DAY)

    def test_is_the_current_one_where_labels_come_at_once(self):
        """A maturity below a bucket: the bucket under way counts."""
        plan = replace(PLAN, label_maturity=HOUR)

        window = mature_window(START + 20 * DAY + 5 * HOUR, plan)

        assert window == Window(start_at=START + 17 * DAY, end_at=START + 21 * DAY)


class TestMatureRows:
    def test_have_a_label_and_the_age_for_it(self, project):
        """Neither a row that is too young nor one whose label is missing."""
        labelled = project.log(10)
        project.log(5)
        project.clock.advance(DAY)
        young = project.log(7)
        project.clock.advance(DAY)
        project.label([*labelled, *young])

        rows = mature(project)

        assert set(rows.column("prediction_id").to_pylist()) == set(labelled)
        assert labels_of(rows).tolist() == [project.truths[i] for i in labelled]

    def test_count_only_labels_that_were_there_at_that_moment(self, project):
        """A tick that is told an earlier time sees what it could see then."""
        ids = project.log(10)
        project.clock.advance(3 * DAY)
        before = project.clock.now()
        project.clock.advance(HOUR)
        project.label(ids)

        seen = mature_rows(
            project.ports, PLAN, project.champion, ControlState(), now=before, since=START
        )

        assert seen.num_rows == 0
        assert mature(project, since=START).num_rows == 10

    def test_begin_at_the_moment_that_is_asked_for(self, project):
        """Inclusive, also in the middle of a bucket."""
        ids = project.log(24)  # one an hour
        project.clock.advance(3 * DAY)
        project.label(ids)

        assert mature(project, since=START + 6 * HOUR).num_rows == 18
        assert mature(project, since=START + 2 * DAY).num_rows == 0
        assert mature(project, since=START + 9 * DAY).num_rows == 0

    def test_leave_the_windows_of_broken_feeds_out(self, project):
        """Those before and after stay; the window's end is not part of it."""
        ids = project.log(24)
        project.clock.advance(3 * DAY)
        project.label(ids)
        broken = Window(start_at=START + 6 * HOUR, end_at=START + 18 * HOUR)

        rows = mature(project, since=START, state=ControlState(broken_windows=(broken,)))

        hours = [moment.hour for moment in rows.column("predicted_at").to_pylist()]
        assert hours == [*range(6), *range(18, 24)]


class TestDetect:
    def test_finds_an_empty_window_empty(self, project):
        """No assessment: there is nothing to compare."""
        finding = found(project)

        assert finding.assessment is None
        assert finding.evidence.n_rows == 0
        assert finding.window == Window(start_at=START - 3 * DAY, end_at=START + DAY)

    def test_counts_the_window_that_ends_with_the_bucket_under_way(self, project):
        """Rows before it are not its own."""
        project.log(50)
        project.log(30, at=START + 4 * DAY)
        project.clock.advance(4 * DAY)

        finding = found(project)

        assert finding.evidence.n_rows == 30

    def test_measures_the_champion_by_its_own_rows_alone(self, project):
        """Its predecessor's rows may have trained it: on them it would look too good."""
        for _ in range(3):
            project.day(n=300)
        project.deploy(example_bundle(seed=1))
        project.day(n=100)
        project.day(n=100)

        performance = found(project).assessment.performance

        assert performance.n == 100

    def test_dates_harm_by_the_loss(self, project):
        """Not by the window in which it was noticed."""
        for _ in range(3):
            project.day()
        for _ in range(2):
            project.day(world=REVERSED)

        evidence = found(project).evidence

        assert Trigger.PERFORMANCE in {alert.trigger for alert in evidence.alerts}
        assert abs(evidence.onset_at - (START + 3 * DAY)) <= 2 * HOUR
        assert evidence.n_labels == pytest.approx(400, abs=40)

    def test_dates_drift_as_the_monitors_do(self, project):
        """The report on the window names it, and raises nothing by itself."""
        for _ in range(2):
            project.day(world=World(shift=25.0))

        silent = found(project)
        alarmed = found(project, alarms=[drifted_since(START + DAY)])

        assert "charges" in silent.assessment.drift.outcome.features
        assert silent.evidence.alerts == ()
        (alert,) = alarmed.evidence.alerts
        assert alarmed.evidence.onset_at == START + DAY
        assert alert.trigger is Trigger.FEATURE_DRIFT
        assert alert.message.startswith("charges drifted since 2026-03-03: share of charges < 70")
        assert alert.message.endswith("KS distance in this window")

    def test_an_incident_that_is_open_is_evidence_until_it_is_over(self, project):
        """The monitors said it once; labels may come later."""
        project.days(2)
        project.days(2, world=World(shift=25.0), n=200)
        state = fold(project.events)

        evidence = found(project).evidence

        (incident,) = state.incidents
        assert evidence.alerts == (incident.alert,)
        assert evidence.onset_at == incident.onset_at == START + 2 * DAY

    def test_drift_that_does_no_harm_becomes_a_note(self, project):
        """Once enough labels from after its onset would have shown the harm."""
        for _ in range(3):
            project.day(world=World(shift=25.0))
        project.clock.advance(DAY)

        soon = found(project, alarms=[drifted_since(START + 2 * DAY)])
        late = found(project, alarms=[drifted_since(START)])

        assert [alert.severity for alert in soon.evidence.alerts] == [Severity.WARNING]
        assert [alert.severity for alert in late.evidence.alerts] == [Severity.INFO]

    def test_a_policy_that_retrains_on_drift_takes_it_for_no_note(self, project):
        """What it acts on has to stay loud enough to be acted on."""
        project.plan = replace(project.plan, decision=DecisionPolicy(name="any"))
        for _ in range(3):
            project.day(world=World(shift=25.0))

        evidence = found(project, alarms=[drifted_since(START)]).evidence

        assert [alert.severity for alert in evidence.alerts] == [Severity.WARNING]

    def test_counts_the_rows_whose_labels_are_awaited(self, project):
        """Those that are too young; the share of the others that has a label says the rest."""
        project.day(world=World(shift=25.0))
        project.day(world=World(shift=25.0), labelled=False)
        project.day(n=150, world=World(shift=25.0), labelled=False)

        evidence = found(project, alarms=[drifted_since(START)]).evidence

        assert [(one.n_rows, one.mature_at) for one in evidence.awaited] == [(150, START + 4 * DAY)]
        assert evidence.label_share == 0.5

    def test_does_not_count_labels_that_the_champion_has_learnt(self, project):
        """They teach a challenger nothing new, whenever the drift began."""
        for _ in range(3):
            project.day(world=World(shift=25.0))
        learnt = {project.champion.record.version: START + DAY}
        state = replace(fold(project.events), learnt=learnt)

        alarms = [drifted_since(START)]
        everything = found(project, alarms=alarms)
        fresh = found(project, state, alarms=alarms)

        assert everything.evidence.n_labels == 800
        assert fresh.evidence.n_labels == 400

    def test_asks_for_no_labels_while_all_is_quiet(self, project):
        """Without an alert there is no onset to count from."""
        for _ in range(3):
            project.day()

        evidence = found(project).evidence

        assert evidence.onset_at is None
        assert evidence.n_labels == 0
        assert evidence.performance_held is True


class TestDetectInFile:
    def test_scores_the_file_with_the_champion(self, project):
        """Its labels count as mature, all of them."""
        rows, labels = world_rows(800, seed=9, world=REVERSED)

        finding = detect_in_file(rows, labels, project.champion, PLAN, now=project.clock.now())

        assert finding.evidence.performance_held is False
        assert (finding.evidence.n_rows, finding.evidence.n_labels) == (800, 800)
        assert finding.evidence.n_positives == labels.sum()
        assert finding.assessment is not None
        assert finding.assessment.prediction is not None

    def test_without_labels_performance_is_unknown(self, project):
        """And is said to be so."""
        rows, _ = world_rows(800, seed=9, world=REVERSED)

        finding = detect_in_file(rows, None, project.champion, PLAN, now=project.clock.now())

        assert finding.evidence.performance_held is None
        assert finding.assessment is not None
        assert finding.assessment.broken_labels == ()
        assert finding.evidence.n_labels == 0
