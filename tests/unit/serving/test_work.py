"""The bounded pool beside the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from holdfast.serving.work import OverloadedError, Work


class TestWork:
    def test_runs_a_job_and_gives_its_result(self):
        """In a thread of its own, so that the event loop stays free."""
        work = Work(threads=1, max_waiting=0)

        name = asyncio.run(work.run(lambda: threading.current_thread().name))
        work.close()

        assert name.startswith("holdfast-work")

    def test_refuses_what_it_could_not_start_soon(self):
        """One runs, one waits, the third is told at once; later there is room again."""
        work = Work(threads=1, max_waiting=1)
        go_on = threading.Event()

        async def scenario():
            held = [asyncio.create_task(work.run(go_on.wait, 5)) for _ in range(2)]
            await asyncio.sleep(0)  # lets both tasks submit
            with pytest.raises(OverloadedError):
                await work.run(int)
            go_on.set()
            await asyncio.gather(*held)
            return await work.run(int)

        result = asyncio.run(scenario())
        work.close()

        assert result == 0

    def test_a_job_that_fails_gives_its_place_back(self):
        """Otherwise a hundred errors would close the server."""
        work = Work(threads=1, max_waiting=0)

        async def scenario():
            for _ in range(3):
                with pytest.raises(ValueError, match="invalid literal"):
                    await work.run(int, "x")
            return await work.run(int, "7")

        result = asyncio.run(scenario())
        work.close()

        assert result == 7

    def test_a_closed_pool_refuses(self):
        """A request that arrives during shutdown may come again to the next server."""
        work = Work(threads=1, max_waiting=0)
        work.close()

        with pytest.raises(OverloadedError):
            asyncio.run(work.run(int))

    def test_too_many_waiting_requests_get_a_503(self, serving, row):
        """Over HTTP: Retry-After says when to try again."""
        with serving.client(threads=1, max_waiting=0) as client:
            work = client.app.state.server.work
            go_on = threading.Event()
            client.portal.start_task_soon(work.run, go_on.wait, 5)
            while work.depth < work.limit:  # the task takes the only place
                client.portal.call(asyncio.sleep, 0)

            response = client.post("/v1/predict", json={"features": row})
            go_on.set()

        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert response.json()["type"] == "urn:holdfast:problem:overloaded"
