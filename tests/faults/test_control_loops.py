"""Control ticks that die, sleep, race, or find no rows, no labels, or a clock that leaps."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cheap import challenged, released
from tests.faults.dying import Death, Process
from tests.soundness import require_sound

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import LeaseLostError, StoreUnavailableError
from holdfast.domain.evidence import Action, Outcome
from holdfast.loop import retrain as retraining
from holdfast.loop.cycle import tick
from holdfast.loop.observe import last_observed
from holdfast.loop.repeat import take_turn
from holdfast.policy.transitions import fold
from holdfast.testing.project import DAY, START, MemoryProject, World

REVERSED, SHIFTED = World(reversed_concept=True), World(shift=25.0)
LEASE_LAPSES = timedelta(minutes=2)
AFTERWARDS = re.compile(r"lease\.release|outbox\.|objects\.publish")
"""What a tick does once its lease is given back, and what needs none."""


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    """Models that are made at once: a file whose bytes follow from the rows and the seed."""
    monkeypatch.setattr(
        retraining, "challenge", lambda *a, **o: challenged(Outcome.ACCEPT, *a, **o)
    )
    monkeypatch.setattr(retraining, "build_release", released)
    monkeypatch.setattr(retraining, "_dated", lambda *_: None)  # the outcome is of other rows


def in_memory():
    return MemoryProject()


def on_file(store: Any, **given: Any) -> MemoryProject:
    """Return a project on a store of SQL, which has the same attributes as one in memory."""
    return MemoryProject(store=store, **given)


def alarming(project):
    """Return a project whose next tick raises an alert that nobody retrains for."""
    project.deploy()
    project.days(2)
    project.day(world=SHIFTED)
    return project


def retraining_next(project):
    """Return a project whose next tick decides to retrain."""
    project.deploy()
    for _ in range(3):
        project.day(world=REVERSED)
    return project


def lapse(project):
    """Let every lease lapse."""
    if isinstance(project.store, SqlStore):
        leases = project.store.leases
        now = leases._now
        leases._now = lambda: (0.0 if now is None else now()) + LEASE_LAPSES.total_seconds()
    else:
        project.store.leases.pass_time(LEASE_LAPSES)


def run(project, *, holder="one", **fate):
    """Run a tick in a process that may meet its fate; return what it did."""
    process = Process(project.ports, **fate)
    try:
        tick(process.ports, project.plan, actor="control", holder=holder)
    except Death:
        lapse(project)
    return process


def told(project):
    """Return what the log says, with what is drawn at random named by its first mention."""
    names: dict[str, str] = {}
    said = []
    for event in project.events:
        text = canonical_json(event.body).decode()
        for drawn in re.findall(
            r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", text
        ):
            names.setdefault(drawn, f"<{len(names)}>")
        for drawn, name in names.items():
            text = text.replace(drawn, name)
        said.append((event.kind, event.at, text))
    return said


def monitored(project):
    """Return which buckets the champion's monitors saw, how many rows, and what came of it."""
    now, state = project.clock.now(), fold(project.events)
    found = last_observed(project.ports, project.plan, project.champion, state, now=now)
    return found[1].to_bytes()


def state_of(project):
    """Return all that a tick leaves: events, counts, monitors, what is owed, and releases."""
    champion = project.champion
    grid = champion.reference.grid.digest
    counts = project.store.profiles.row_counts(
        grid, start_at=START - 400 * DAY, end_at=START + 400 * DAY
    )
    owed = project.store.outbox.pending(due_at=START + 4000 * DAY)
    return {
        "events": told(project),
        "counts": counts,
        "owed": Counter(one.effect.channel for one in owed),
        "champion": champion.record.release_id,
        "monitors": monitored(project),
    }


class TestDeath:
    """Red where `remember(…)` precedes `ports.events.append(…)` in `_act`, or without its keys."""

    @pytest.mark.parametrize(
        ("story", "after"), [(alarming, False), (alarming, True), (retraining_next, True)]
    )
    def test_at_any_step_leaves_what_a_whole_tick_leaves(self, story, after):
        """Before each step, and after it: the next tick finds what was done and does the rest."""
        whole = story(in_memory())
        steps = run(whole).steps
        run(whole)  # what one that resumed does at once: it looks at the new champion
        expected = state_of(whole)

        for number, step in enumerate(steps):
            project = story(in_memory())
            run(project, dies_at=number, after=after)
            run(project)
            run(project)
            assert without_resumption(state_of(project)) == expected, step
            require_sound(project.ports, pauses=project.plan.decision)

        assert len(steps) >= 5

    def test_at_the_same_step_again_leaves_the_same(self):
        """Twice dead, and the third lives."""
        whole = alarming(in_memory())
        steps = run(whole).steps
        expected = state_of(whole)

        for number, step in enumerate(steps):
            project = alarming(in_memory())
            run(project, dies_at=number)
            run(project, dies_before=step)
            run(project)
            assert state_of(project) == expected, step


def without_resumption(state):
    """Leave out that a retraining was gone on with, which only the crash made so."""
    events = [one for one in state["events"] if one[0] != "retraining_resumed"]
    return state | {"events": events}


class TestTwoLoops:
    """Red without the lease, `if fence is None: return None`, in `tick`."""

    @pytest.fixture(name="both")
    def _both(self, tmp_path):
        """Return two processes' projects on one SQLite file, with a day to look at."""
        url = f"sqlite:///{tmp_path}/h.db"
        with SqlStore.open(url, create=True) as one, SqlStore.open(url, create=False) as two:
            first = on_file(one)
            alarming(first)
            yield first, on_file(two, objects=first.objects, clock=first.clock)

    def test_at_once_act_as_one(self, both):
        """One ticks, the other steps back and waits for nothing; no event is there twice."""
        first, second = both
        lone = alarming(in_memory())
        run(lone)
        found = []

        def meanwhile():
            thread = threading.Thread(target=lambda: found.append(second.try_tick(holder="two")))
            thread.start()
            thread.join()

        steps = len(run(first, dies_at=1, paused=meanwhile).steps)
        second.tick(holder="two")

        assert steps > 3
        assert found == [None]
        assert state_of(first) == state_of(lone)

    def test_that_come_to_a_moment_one_after_the_other_answer_it_once(self, both):
        """Whoever comes second; red without the look for `answered` in `take_turn`."""
        moments = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(6)]
        done = {
            moment: [
                take_turn(
                    project.ports, project.plan, None,
                    slot=moment, holder=f"of {project.store}", now=project.clock.now,
                )
                for project in (both if moment.hour % 2 else reversed(both))
            ]
            for moment in moments
        }  # fmt: skip

        assert all(turn.is_done for turns in done.values() for turn in turns)
        ticks = [[turn.ticked is not None for turn in turns] for turns in done.values()]
        assert ticks == [[True, False]] * len(moments)
        require_sound(both[0].ports, pauses=both[0].plan.decision)


class TestPausedBeyondTheLease:
    """Red without `check_fence` in what is written then, and without `fence=` in the call."""

    @pytest.mark.parametrize("story", [alarming, retraining_next])
    def test_before_any_step_writes_nothing_more(self, story):
        """
        Another loop takes over and does all there is to do. Whatever the first one was about to
        write when it fell asleep is refused, and so is all that follows.
        """
        whole = story(in_memory())
        steps = run(whole).steps
        run(whole)
        expected = state_of(whole)
        fenced = [(n, s) for n, s in enumerate(steps) if n and not AFTERWARDS.match(s)]

        for number, step in fenced:
            project = story(in_memory())
            refused = refused_after_a_pause(project, number)
            assert refused == step or step in UNFENCED
            project.tick(holder="two")
            assert without_resumption(state_of(project)) == expected, step

        assert len(fenced) >= 3

    def test_is_refused_inside_the_transaction(self, tmp_path):
        """The same on SQLite, for each kind of write: counts, events, the monitors' state."""
        lone = alarming(in_memory())
        steps = run(lone).steps
        run(lone)
        fenced = [(n, s) for n, s in enumerate(steps) if n and not AFTERWARDS.match(s)]

        for number, step in fenced:
            url = f"sqlite:///{tmp_path}/{number}.db"
            with SqlStore.open(url, create=True) as store:
                project = alarming(on_file(store))
                assert refused_after_a_pause(project, number) == step
                project.tick(holder="two")
                assert state_of(project) == state_of(lone), step

        assert {step.split(" ")[0] for _, step in fenced} >= {"profiles.add", "events.append"}


UNFENCED = {"objects.put", "predictions.prepare"}
"""What changes nothing that anybody reads until an event names it."""


def refused_after_a_pause(project, number):
    """Return the step at which a tick is refused that slept before one while another ticked."""

    def meanwhile():
        lapse(project)
        project.tick(holder="two")

    process = Process(project.ports, dies_at=number, paused=meanwhile)
    with pytest.raises(LeaseLostError):
        tick(process.ports, project.plan, actor="control", holder="one")
    return [step for step in process.steps if not AFTERWARDS.match(step)][-1]


class TestOutage:
    """Red where `tick` takes a failed call for an answer and returns."""

    def test_at_any_call_is_told_and_the_next_tick_does_the_rest(self):
        """Reads too: the store is away for one call, and by turns before it or behind it."""
        whole = alarming(in_memory())
        calls = failing_at(whole, None)
        expected = state_of(whole)

        for number in {name: n for n, name in enumerate(calls)}.values():  # each, where it is last
            project = alarming(in_memory())
            with pytest.raises(StoreUnavailableError):
                failing_at(project, number, after=bool(number % 2))
            run(project)
            run(project)
            assert state_of(project) == expected, calls[number]

        assert len(calls) > 20


class Flaky:
    """A port of which one call, by its number over all ports, fails."""

    def __init__(self, port, name, calls, number, *, after):
        self._port, self._name, self._calls = port, name, calls
        self._number, self._after = number, after

    def __getattr__(self, method):
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def call(*args, **options):
            fails = len(self._calls) == self._number
            self._calls.append(f"{self._name}.{method}")
            if fails and not self._after:
                raise StoreUnavailableError("the disk reports an error", remedy="Mend it.")
            result = found(*args, **options)
            if fails:
                raise StoreUnavailableError("the answer was lost", remedy="Ask again.")
            return result

        return call


STORE = ("predictions", "events", "releases", "profiles", "monitors", "outbox", "lease", "ticks")


def failing_at(project, number, *, after=False):
    """Run a tick of which one call of the store fails; return its calls."""
    calls: list[str] = []
    flaky = {
        name: Flaky(getattr(project.ports, name), name, calls, number, after=after)
        for name in STORE
    }
    ports = replace(project.ports, **flaky)
    try:
        tick(ports, project.plan, actor="control", holder="one")
    finally:
        lapse(project)
    return calls


class TestClockLeaps:
    """Red without `since=state.seen_until` in `observe._see` and `_is_next` in `Monitors.see`."""

    def test_to_and_fro_by_a_day_raise_no_new_alarm(self):
        """No bucket is seen twice, none is judged on rows to come, and nobody is retrained."""
        steady, leaping = MemoryProject(), MemoryProject()
        for project in (steady, leaping):
            project.deploy()
            for _ in range(6):
                project.day()
                project.tick()
                if project is leaping:
                    for leap in (-DAY, DAY, DAY, -DAY):
                        project.clock.advance(leap)
                        project.tick()
            project.clock.advance(DAY)  # as far as the other had been ahead
            project.tick()

        assert monitored(leaping) == monitored(steady)
        kinds = Counter(leaping.kinds)
        assert kinds["alert_raised"] == Counter(steady.kinds)["alert_raised"]
        assert not kinds["retraining_started"]
        assert decided_last(leaping) == decided_last(steady)
        require_sound(leaping.ports, pauses=leaping.plan.decision)

    def test_do_not_hide_harm(self):
        """A clock that is set back in the midst of it: the challenger comes all the same."""
        project = MemoryProject()
        project.deploy()
        project.days(2)
        for _ in range(5):
            project.day(world=REVERSED)
            project.tick()
            project.clock.advance(-DAY)
            project.tick()
            project.clock.advance(DAY)

        assert project.champion.record.version == "v2"
        assert project.kinds.count("champion_promoted") == 2
        require_sound(project.ports, pauses=project.plan.decision)


def decided_last(project):
    return [e.body.decision.action for e in project.events if e.kind == "decision_made"][-1]


class TestScantRows:
    """Red where too few rows are taken for a verdict: see each test."""

    @pytest.fixture(name="project")
    def _project(self):
        project = MemoryProject()
        project.deploy()
        project.days(3)
        return project

    def test_a_window_without_rows_between_two_with_rows(self, project):
        """Silence is no drift. Red without the `None` of `summed` in `loop/window_rows.py`."""
        project.clock.advance(6 * DAY)
        empty = project.tick()
        project.days(2)

        assert empty.finding.assessment is None
        assert "alert_raised" not in project.kinds
        assert decided_last(project) is Action.KEEP

    def test_a_window_without_labels_says_nothing_of_performance(self, project):
        """Neither held nor lost. Red without `len(observed.labels) == 0` in `assess`."""
        for _ in range(6):
            project.day(labelled=False)
            ticked = project.tick()

        assert ticked.finding.evidence.performance_held is None
        assert ticked.decision.action is Action.KEEP

    @pytest.mark.parametrize("label", [False, True])
    def test_a_window_of_one_class_is_no_crash_and_no_retraining(self, project, label):
        """
        There is no ROC AUC of it, and no model to be learnt from it: what is alarmed is
        deferred. Red without `n_rarer` in `policy/deciding.py`.
        """
        for _ in range(6):
            ids = project.log(400)
            project.truths |= dict.fromkeys(ids, label)
            project.clock.advance(DAY)
            project.label(ids)
            ticked = project.tick()

        assert "roc_auc" not in ticked.finding.assessment.performance.figures
        assert ticked.decision.action is Action.DEFER
        assert "retraining_started" not in project.kinds

    def test_a_bucket_that_arrives_a_week_late_is_told_of_once(self, project):
        """
        It counts where it belongs, revises the windows it was missing in, and alarms nobody:
        the monitors have gone on. Red without `revise(…)` in `_tick`.
        """
        begin = project.clock.now()
        for _ in range(9):
            project.clock.advance(DAY / 2)
            project.day()
            project.tick()
        told_before = project.kinds.count("window_revised")
        project.log(400, world=SHIFTED, at=begin + DAY / 8, over=DAY / 4)

        project.tick()
        told_after = project.kinds.count("window_revised")
        n_events = len(project.events)
        project.tick()

        assert told_after > told_before
        assert "alert_raised" not in project.kinds
        assert len(project.events) == n_events
