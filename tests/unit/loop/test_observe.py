"""Each bucket is shown to the monitors once, and a crash shows none of them twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.domain.errors import LeaseLostError
from holdfast.domain.evidence import Action, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.windows import Window
from holdfast.loop import observe as observing
from holdfast.loop.hold import LEASE
from holdfast.loop.observe import last_observed, observe, remember
from holdfast.loop.profile import profile_new
from holdfast.policy.transitions import fold
from holdfast.testing.project import DAY, START, MemoryProject, World, example_bundle

REVERSED = World(reversed_concept=True)
SHIFTED = World(shift=25.0)
BROKEN = World(lost=0.7)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def look(project, *, keep=True, state=None):
    """Count what is new, show it to the monitors, and keep what they gathered."""
    champion, now = project.champion, project.clock.now()
    ports, plan = project.ports, project.plan
    profile_new(ports.predictions, ports.profiles, champion, bucket=plan.bucket)
    seen = observe(ports, plan, champion, state or fold(project.events), now=now)
    if keep:
        remember(ports, seen, fence=None)
    return seen


def kept(project):
    """Return where the monitors stood after the last look."""
    state, now = fold(project.events), project.clock.now()
    return last_observed(project.ports, project.plan, project.champion, state, now=now)[1]


class Asked:
    """A port that remembers from when on it was asked."""

    def __init__(self, port, *names):
        self._port, self._names, self.since = port, names, []

    def __getattr__(self, name):
        method = getattr(self._port, name)
        if name not in self._names:
            return method

        def asked(*args, **options):
            window = next((a for a in args if isinstance(a, Window)), None)
            self.since.append(options["start_at"] if window is None else window.start_at)
            return method(*args, **options)

        return asked


class TestObserve:
    def test_sees_complete_buckets_and_learns_mature_ones(self, project):
        """The day under way is not over; labels of the last whole day are too young."""
        for _ in range(3):
            project.day(n=100)
        project.clock.advance(DAY / 2)
        project.log(50, over=DAY / 4)

        state = look(project).state

        assert (state.seen_until, state.n_seen) == (START + 3 * DAY, 300)
        assert (state.learnt_until, state.n_learnt) == (START + 2 * DAY, 200)

    def test_starts_where_the_champion_did(self, project):
        """What was before is the reference's business."""
        state = look(project).state

        assert (state.seen_until, state.learnt_until) == (START, START)
        assert (state.n_seen, state.n_learnt) == (0, 0)

    def test_reads_what_is_new_and_nothing_else(self, project):
        """A tick costs what its buckets cost, whatever came before."""
        for _ in range(6):
            project.day(n=50)
        look(project)
        project.day(n=50)
        counts = Asked(project.store.profiles, "buckets", "row_counts")
        rows = Asked(project.store.predictions, "window")
        project.overrides = {"profiles": counts, "predictions": rows}

        state = look(project).state

        assert state.n_seen == 350
        assert min(counts.since) == START + 5 * DAY  # the day that is mature now
        assert rows.since == [START + 5 * DAY]

    def test_says_what_moved_and_since_when(self, project):
        """Charges rise for everyone from the fourth day on."""
        for world in [World()] * 3 + [SHIFTED] * 2:
            project.day(world=world)

        alarms = look(project).alarms

        assert {alarm.subject for alarm in alarms} == {"charges"}
        assert alarms[0].onset_at == START + 3 * DAY
        assert alarms[0].raised_at == START + 4 * DAY

    def test_says_that_the_concept_changed_although_no_feature_moved(self, project):
        """The label tells, once it is mature."""
        for world in [World()] * 2 + [REVERSED] * 2:
            project.day(world=world)

        alarms = look(project).alarms

        assert {"calibration", "harm"} <= {alarm.watched for alarm in alarms}
        assert {alarm.onset_at for alarm in alarms} == {START + 2 * DAY}

    def test_does_not_see_a_late_row(self, project):
        """Its bucket was bet on already; that it came is told as a revision."""
        for _ in range(3):
            project.day(n=100)
        before = look(project).state
        project.log(40, at=START + DAY)

        after = look(project)

        assert after.state == before
        assert not after.is_new

    def test_waits_for_the_rows_of_an_empty_bucket(self, project):
        """An import of last week's answers is seen, if nothing newer was seen before it."""
        project.day(n=100)
        project.clock.advance(2 * DAY)
        waiting = look(project).state
        ids = project.log(80, at=START + 2 * DAY)
        project.label(ids)

        state = look(project).state

        assert waiting.seen_until == START + DAY
        assert (state.seen_until, state.n_seen) == (START + 3 * DAY, 180)

    def test_waits_no_longer_than_a_window(self, project):
        """Else a project without traffic would be asked about all of it at each tick."""
        project.day(n=100)
        project.clock.advance(20 * DAY)

        state = look(project).state

        assert state.seen_until == START + 21 * DAY - project.plan.window
        assert state.learnt_until == START + 20 * DAY - project.plan.window

    def test_a_long_pause_ends_where_looking_daily_would(self, project, monkeypatch):
        """Months are caught up in pages, which change nothing."""
        daily = MemoryProject()
        daily.deploy()
        monkeypatch.setattr(observing, "_MOST_BUCKETS", 4)
        for one in (daily, project):
            for _ in range(9):
                one.day(n=60)
                if one is daily:
                    look(one)

        state = look(project).state

        assert state == kept(daily)
        assert state.n_seen == 540

    def test_a_page_holds_no_more_rows_than_fit(self, project, monkeypatch):
        """A bucket is never divided."""
        for _ in range(4):
            project.day(n=60)
        monkeypatch.setattr(observing, "_MOST_ROWS", 130)
        rows = Asked(project.store.predictions, "window")
        project.overrides = {"predictions": rows}

        look(project)

        assert rows.since == [START, START + 2 * DAY]

    def test_learns_from_the_champions_own_rows_alone(self, project):
        """Another version's labels say nothing of its scores; features are everybody's."""
        ids = project.log(100)
        ids += project.log(60, version=ModelVersion("v7"))
        project.clock.advance(2 * DAY)
        project.label(ids)

        state = look(project).state

        assert (state.n_seen, state.n_learnt) == (160, 100)

    def test_learns_nothing_while_the_feed_was_broken(self, project):
        """The harm would be the feed's, not the model's."""
        for world in (World(), BROKEN, World()):
            project.day(n=100, world=world)
        broken = Window(start_at=START + DAY, end_at=START + 2 * DAY)
        state = replace(fold(project.events), broken_windows=(broken,))

        learnt = look(project, state=state).state

        assert learnt.n_learnt == 100
        assert learnt.n_seen == 300


class TestRemember:
    def test_goes_on_from_what_is_kept(self, project):
        """Another process knows where the last one stood."""
        project.day(n=100)
        state = look(project).state

        assert kept(project) == state
        assert not look(project).is_new

    def test_a_promotion_starts_the_monitors_anew(self, project):
        """And the former champion's state is forgotten."""
        for _ in range(3):
            project.day(n=100)
        former = look(project)
        project.deploy(example_bundle(1, on_grid_of=0))

        state = look(project).state

        assert state.n_seen == 0
        assert state.seen_until == project.clock.now()
        assert project.store.monitors.load(former.key) is None

    def test_a_rollback_starts_them_anew_too(self, project):
        """What they gathered of the champion before was of another time."""
        for _ in range(3):
            project.day(n=100)
        first = look(project)
        project.deploy(example_bundle(1, on_grid_of=0))
        again = fold(project.events)
        project.clock.advance(DAY)

        _, state, key = last_observed(
            project.ports,
            project.plan,
            project.champion,
            replace(again, champion_since=project.clock.now()),
            now=project.clock.now(),
        )

        assert key != first.key
        assert state.n_seen == 0

    def test_another_budget_starts_them_anew(self, project):
        """Evidence is gathered against bars; under others it would mean something else."""
        project.day(n=100)
        look(project)
        louder = replace(project.plan.sequential, alarms_per_year=40.0)
        project.plan = replace(project.plan, sequential=louder)

        assert kept(project).n_seen == 0

    def test_what_cannot_be_read_is_gathered_again(self, project):
        """The counts are still there."""
        project.day(n=100)
        seen = look(project)
        project.store.monitors.save(seen.key, b"torn")

        assert look(project).state == seen.state

    def test_refuses_a_loop_whose_lease_was_taken_over(self, project):
        """It slept; what another has seen since must not be turned back."""
        project.day(n=100)
        stale = project.store.leases.acquire(LEASE, holder="slow", ttl=DAY)
        seen = look(project, keep=False)
        project.store.leases.release(stale)
        project.store.leases.acquire(LEASE, holder="fast", ttl=DAY)

        with pytest.raises(LeaseLostError):
            remember(project.ports, seen, fence=stale)

        assert project.store.monitors.load(seen.key) is None


class TestInATick:
    def test_drift_is_alarmed_by_the_monitors(self, project):
        """One incident for one feature, dated from its first bucket."""
        project.days(2)

        ticks = project.days(3, world=SHIFTED)

        (incident,) = fold(project.events).incidents
        assert incident.about == (Trigger.FEATURE_DRIFT, "charges")
        assert incident.onset_at == START + 2 * DAY
        assert [alert.subject for tick in ticks for alert in tick.new_alerts] == ["charges"]
        assert "charges drifted since 2026-03-04: share of charges" in incident.alert.message

    def test_a_tick_that_dies_before_it_keeps_the_state_doubles_nothing(self, project):
        """
        The same alarms are found again, and an incident takes each of them once. Red if
        `remember` stood before `ports.events.append` in `holdfast.loop.cycle._act`: what the
        monitors said would be lost with the process.
        """
        project.days(2)
        project.day(world=SHIFTED)

        class Dying:
            def __init__(self, store):
                self._store = store

            def load(self, key):
                return self._store.load(key)

            def save(self, *args, **options):
                raise KeyboardInterrupt

        project.overrides = {"monitors": Dying(project.store.monitors)}
        with pytest.raises(KeyboardInterrupt):
            project.tick()
        raised = [kind for kind in project.kinds if kind.startswith("alert_")]
        project.overrides = {}

        project.tick(holder="another")

        assert raised == ["alert_raised"]
        assert [kind for kind in project.kinds if kind.startswith("alert_")] == raised
        assert kept(project).seen_until == START + 3 * DAY

    def test_the_concept_is_retrained_on_from_its_onset(self, project):
        """The features are quiet; labels from before the change would teach the old world."""
        project.days(2)

        ticks = project.days(4, world=REVERSED)

        (done,) = [tick for tick in ticks if tick.decision.action is Action.RETRAIN]
        assert done.decision.onset_at == START + 2 * DAY
        triggers = {alert.trigger for alert in done.finding.evidence.alerts}
        assert triggers & {Trigger.CONCEPT, Trigger.HARM}
        assert Trigger.FEATURE_DRIFT not in triggers

    def test_a_promotion_ends_the_incidents_of_the_champion_before(self, project):
        """The new model is watched from its first bucket on."""
        project.days(2)
        project.days(4, world=REVERSED)

        project.days(1, world=REVERSED)

        assert all(one.champion == "v2" for one in fold(project.events).incidents)
