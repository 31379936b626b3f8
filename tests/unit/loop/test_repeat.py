"""When the loop takes its turns: on a clock and a wait that a test holds in its hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from holdfast.domain.errors import StoreUnavailableError
from holdfast.loop.hold import LEASE
from holdfast.loop.repeat import repeat, take_turn
from holdfast.testing.project import DAY, MemoryProject

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
BEGIN = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
NO_JITTER = timedelta(0)


class Hourly:
    """A schedule of whole hours."""

    def next_after(self, moment):
        return moment.replace(minute=0, second=0, microsecond=0) + HOUR


class Machine:
    """A machine's clock and its waits; what happens at a moment happens within a wait.

    Args:
        until: When the loop is asked to stop.
        jumps: By how much the clock is set on, forth or back, once it shows a moment.
    """

    def __init__(self, *, until=BEGIN + 5 * HOUR, jumps=()):
        self.at, self._until, self._jumps = BEGIN, until, list(jumps)
        self.turns, self.waits, self.stopped = [], [], False

    def now(self):
        return self.at

    def is_set(self):
        return self.stopped

    def wait(self, seconds):
        self.waits.append(seconds)
        self.pass_time(timedelta(seconds=seconds))

    def pass_time(self, length):
        self.at += length
        if self._jumps and self.at >= self._jumps[0][0]:
            self.at += self._jumps.pop(0)[1]
        self.stopped = self.stopped or self.at >= self._until

    def run(self, turn=lambda _slot: True, *, jitter=NO_JITTER, seed=0):
        """Run the loop; each turn is noted with its moment and what it is for."""

        def noted(slot):
            self.turns.append((self.at, slot))
            return turn(slot)

        repeat(noted, Hourly(), stop=self, now=self.now, jitter=jitter, rng=random.Random(seed))
        return self.turns


def o_clock(hour):
    return BEGIN.replace(hour=hour, minute=0)


class TestRepeat:
    def test_takes_a_turn_at_once_and_then_at_each_moment(self):
        """The first is for no moment: whoever starts the loop wants to see something."""
        turns = Machine(until=o_clock(15) + MINUTE).run()

        assert turns == [(BEGIN, None), *((o_clock(h), o_clock(h)) for h in (13, 14, 15))]

    def test_ends_a_wait_as_soon_as_it_is_asked(self):
        """No turn is begun any more."""
        machine = Machine(until=BEGIN + MINUTE)

        turns = machine.run()

        assert len(turns) == 1
        assert machine.at == BEGIN + MINUTE

    def test_finishes_the_turn_that_is_under_way(self):
        """Asked to stop in its midst, it comes to its end, and no other begins."""
        machine, ended = Machine(until=o_clock(13)), []

        def turn(_slot):
            machine.pass_time(2 * HOUR)
            ended.append(machine.at)
            return True

        machine.run(turn)

        assert ended == [BEGIN + 2 * HOUR]

    def test_catches_up_with_one_turn_after_a_long_one(self):
        """A turn of three hours and a half lets moments pass; they do not pile up."""
        machine = Machine(until=o_clock(18) + MINUTE)

        def turn(slot):
            if slot == o_clock(13):
                machine.pass_time(3.5 * HOUR)
            return True

        turns = machine.run(turn)

        assert [at for at, _ in turns] == [BEGIN, o_clock(13), o_clock(17), o_clock(18)]

    @pytest.mark.parametrize("asleep", [5 * HOUR, 3 * DAY])
    def test_takes_one_turn_at_once_after_a_suspend(self, asleep):
        """
        A wait does not count the time in which a machine sleeps. Red with one `wait` for the
        whole stretch in place of `_LOOK`, as APScheduler's own scheduler waits.
        """
        woken = BEGIN + 10 * MINUTE + asleep
        machine = Machine(until=woken + 1.4 * HOUR, jumps=[(BEGIN + 10 * MINUTE, asleep)])

        turns = machine.run()

        following = Hourly().next_after(woken)
        assert [at for at, _ in turns] == [BEGIN, woken, following]
        assert turns[1][1] == o_clock(13), "the first that was missed"

    def test_goes_on_where_the_clock_was_set_back_by_a_day(self):
        """
        It does not wait for the day to pass again. Red without `_SET_BACK`: the next turn came
        a day and an hour later.
        """
        back = o_clock(13) + 10 * MINUTE
        machine = Machine(until=o_clock(13) - DAY + 4 * HOUR, jumps=[(back, -DAY)])
        machine._until = datetime.max.replace(tzinfo=UTC)
        ends = []

        def turn(_slot):
            ends.append(machine.at)
            machine.stopped = len(ends) == 5
            return True

        turns = machine.run(turn)

        assert turns[:2] == [(BEGIN, None), (o_clock(13), o_clock(13))]
        assert turns[2] == (back - DAY, None)
        assert [at + DAY for at, _ in turns[3:]] == [o_clock(14), o_clock(15)]

    def test_a_clock_to_and_fro_makes_no_storm(self):
        """A turn for each leap, at most, and one for each hour."""
        leaps = [
            (BEGIN + 10 * MINUTE, DAY),
            (BEGIN + DAY + 20 * MINUTE, -2 * DAY),
            (BEGIN - DAY + 30 * MINUTE, DAY),
        ]
        machine = Machine(until=datetime.max.replace(tzinfo=UTC), jumps=leaps)
        seconds = []

        def turn(_slot):
            seconds.append(sum(machine.waits))
            machine.stopped = len(seconds) == 8
            return True

        machine.run(turn)

        assert [round(each) for each in seconds[:4]] == [0, 600, 1200, 1800]
        assert {round(later - earlier) for earlier, later in pairwise(seconds[4:])} == {3600}

    def test_waits_a_different_while_in_each_copy(self):
        """Many copies do not all ask at once; none begins early, or late by much."""
        begun = [
            Machine(until=o_clock(14) - MINUTE).run(jitter=HOUR, seed=seed)[1] for seed in range(20)
        ]

        assert {slot for _, slot in begun} == {o_clock(13)}
        late = [at - o_clock(13) for at, _ in begun]
        assert len(set(late)) == 20
        assert all(timedelta(0) <= each <= HOUR / 10 for each in late), "at most a tenth"


class TestFailures:
    def test_are_logged_and_tried_again_after_growing_pauses(self):
        """An outage of minutes costs no hour; one of hours is not hammered upon."""
        machine = Machine(until=o_clock(13) + MINUTE)

        def turn(_slot):
            raise StoreUnavailableError("the disk is full", remedy="Make room.")

        with capture_logs() as logs:
            turns = machine.run(turn)

        pauses = [(b - a) // SECOND for (a, _), (b, _) in pairwise(turns)]
        assert pauses[:8] == [5, 10, 20, 40, 80, 160, 320, 600]
        assert max(pauses) == 600
        assert next(turn for turn in turns if turn[1]) == (o_clock(13), o_clock(13))
        assert {(each["event"], each["log_level"]) for each in logs} == {("tick_failed", "error")}
        assert "the disk is full" in logs[0]["problem"]

    def test_begin_anew_once_a_turn_succeeds(self):
        """The pause after the next failure is the shortest again."""
        fails = iter([True, True, False, True, False])
        machine = Machine(until=o_clock(13) + MINUTE)

        turns = machine.run(lambda _slot: not next(fails))

        assert [(at - BEGIN) // SECOND for at, _ in turns] == [0, 5, 15, 2400, 2405]
        assert [slot for _, slot in turns] == [None, None, None, o_clock(13), o_clock(13)]

    def test_of_a_plug_in_end_nothing(self):
        """Whatever it raises: whoever watches a model must not end by it, and says all of it."""
        machine = Machine(until=BEGIN + MINUTE)

        def turn(_slot):
            raise ZeroDivisionError("in a trainer of one's own")

        with capture_logs() as logs:
            turns = machine.run(turn)

        assert len(turns) == 4
        assert logs[0]["exc_info"] is True


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def turn_of(project, *, slot=None, holder="one/1", schedule=None, now=BEGIN):
    return take_turn(
        project.ports, project.plan, schedule, slot=slot, holder=holder, now=lambda: now
    )


class TestTakeTurn:
    def test_ticks_and_says_when_it_will_again(self, project):
        """By the machine's time, while the project goes by another."""
        turn = turn_of(project, slot=o_clock(12), schedule=Hourly())

        times = project.store.views.status().loop
        assert turn.is_done
        assert turn.ticked is not None
        assert (times.answered, times.next_tick_at) == (o_clock(12), o_clock(13))
        assert times.last_tick_at is not None

    def test_leaves_a_moment_to_the_copy_that_answered_it(self, project):
        """Two copies come to the same moment one after the other: one of them ticks."""
        turn_of(project, slot=o_clock(12))
        project.log(10)

        second = turn_of(project, slot=o_clock(12), holder="two/2")
        third = turn_of(project, slot=o_clock(13), holder="two/2")

        assert (second.ticked, second.is_done) == (None, True)
        assert third.ticked.n_counted == 10

    def test_is_not_done_while_another_is_at_work(self, project):
        """It may die of what it does; the moment is asked for again."""
        project.store.leases.acquire(LEASE, holder="two/2", ttl=MINUTE)

        turn = turn_of(project, slot=o_clock(12))

        assert (turn.ticked, turn.is_done) == (None, False)
        assert project.store.views.status().loop.last_tick_at is None

    def test_takes_over_what_another_did_not_finish(self, project):
        """The lease of one that died lapses, and its moment is not lost."""
        project.store.leases.acquire(LEASE, holder="two/2", ttl=MINUTE)
        turn_of(project, slot=o_clock(12))
        project.store.leases.pass_time(MINUTE)

        turn = turn_of(project, slot=o_clock(12))

        assert turn.ticked is not None
        assert project.store.ticks.times().answered == o_clock(12)

    def test_that_is_the_only_one_announces_none(self, project):
        """`control --once` under cron: what comes next is cron's to know."""
        turn_of(project)

        assert project.store.ticks.times().next_tick_at is None

    def test_writes_no_event_of_its_own(self, project):
        """The audit log does not grow by a tick in which nothing is new."""
        turn_of(project, schedule=Hourly())
        before = project.events

        turn_of(project, schedule=Hourly(), slot=o_clock(13))

        assert project.events == before
