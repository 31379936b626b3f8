"""Requests that are worked on together, each with an outcome of its own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.domain.errors import StoreUnavailableError
from holdfast.serving.lane import _MOST, Lane
from holdfast.serving.work import OverloadedError, Work


class RefusalError(Exception):
    """A request is refused for itself."""


class Job:
    """Doubles numbers; waits for leave to begin."""

    def __init__(self):
        self.seen = []
        self.may_begin = threading.Event()
        self.has_begun = threading.Event()

    def __call__(self, numbers):
        self.has_begun.set()
        self.may_begin.wait(20)
        self.seen.append(list(numbers))
        if any(isinstance(number, Exception) for number in numbers):
            raise next(number for number in numbers if isinstance(number, Exception))
        return [RefusalError() if number < 0 else 2 * number for number in numbers]


@pytest.fixture
def job():
    return Job()


@pytest.fixture
def work():
    work = Work(threads=2, max_waiting=200)
    yield work
    work.close()


async def all_of(lane, job, numbers, *, after_the_first=()):
    """Let the job begin once `after_the_first` wait behind what was there at first."""
    tasks = [asyncio.create_task(lane.do(number)) for number in numbers]
    await asyncio.to_thread(job.has_begun.wait, 20)
    tasks += [asyncio.create_task(lane.do(number)) for number in after_the_first]
    await asyncio.sleep(0)  # lets them queue
    job.may_begin.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


class TestLane:
    def test_works_on_what_waits_together(self, work, job):
        """What is ready at once is one list; what comes meanwhile is the next."""
        found = asyncio.run(all_of(Lane(work, job), job, [1, 2], after_the_first=[3, 4, 5]))

        assert found == [2, 4, 6, 8, 10]
        assert job.seen == [[1, 2], [3, 4, 5]]
        assert work.depth == 0

    def test_waits_while_turns_of_the_loop_bring_more(self, work, job):
        """What is on its way comes along; where a turn brought nobody, it goes ahead."""
        lane = Lane(work, job)
        job.may_begin.set()

        async def scenario():
            tasks = []
            for number in range(5):
                tasks.append(asyncio.create_task(lane.do(number)))
                await asyncio.sleep(0)
            return await asyncio.gather(*tasks)

        assert asyncio.run(scenario()) == [0, 2, 4, 6, 8]
        assert job.seen == [[0, 1, 2, 3, 4]]

    def test_bounds_a_list(self, work, job):
        """So that the first of it does not wait for hundreds."""
        numbers = list(range(_MOST + 2))

        found = asyncio.run(all_of(Lane(work, job), job, numbers))

        assert found == [2 * number for number in numbers]
        assert [len(one) for one in job.seen] == [_MOST, 2]

    def test_gives_each_its_own_error(self, work, job):
        """One client's mistake is not its neighbours'."""
        found = asyncio.run(all_of(Lane(work, job), job, [1, -1, 2]))

        assert isinstance(found[1], RefusalError)
        assert (found[0], found[2]) == (2, 4)

    def test_fails_all_where_the_job_fails(self, work, job):
        """A store that is away is away for all of them; the next list is another try."""
        lane = Lane(work, job)
        away = StoreUnavailableError("away")

        found = asyncio.run(all_of(lane, job, [1, away, 2], after_the_first=[3]))

        assert found == [away, away, away, 6]
        assert work.depth == 0

    def test_refuses_more_than_may_wait(self, job):
        """The bound is that of all work: nothing piles up behind a store that hangs."""
        work = Work(threads=1, max_waiting=2)

        found = asyncio.run(all_of(Lane(work, job), job, [1, 2, 3], after_the_first=[4]))
        work.close()

        assert found[:3] == [2, 4, 6]
        assert isinstance(found[3], OverloadedError)

    def test_refuses_all_once_the_threads_are_gone(self, job):
        """During shutdown; the client may come again to the next server."""
        work = Work(threads=1, max_waiting=2)
        work.close()

        with pytest.raises(OverloadedError):
            asyncio.run(Lane(work, job).do(1))
        assert work.depth == 0

    def test_answers_the_others_where_a_client_has_gone_away(self, work, job):
        """Its row is logged all the same, as it may have been already."""
        lane = Lane(work, job)

        async def scenario():
            gone = asyncio.create_task(lane.do(1))
            stays = asyncio.create_task(lane.do(2))
            await asyncio.to_thread(job.has_begun.wait, 20)
            gone.cancel()
            job.may_begin.set()
            return await stays

        assert asyncio.run(scenario()) == 4
        assert job.seen == [[1, 2]]
        assert work.depth == 0

    def test_outlives_a_loop_that_ended(self, work, job):
        """A request whose loop is gone has nobody to answer; the next one is worked on."""
        lane = Lane(work, job)

        async def asked_and_left():
            task = asyncio.create_task(lane.do(1))
            await asyncio.to_thread(job.has_begun.wait, 20)
            task.cancel()

        asyncio.run(asked_and_left())
        job.may_begin.set()

        assert asyncio.run(lane.do(2)) == 4
