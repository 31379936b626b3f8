"""A promotion or rollback under load: every worker follows, and no answer is lost or mixed.

Red if, for example, `loop.predict` scored all requests of a list by the first one's model
(`_scored`), a worker did not poll (`Refresher`), or the alert of a refused release had no key
(`wiring.online`).
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager

import pytest
from tests.faults.client import N_CONNECTIONS, asking, children_of, scores_by
from tests.harness import await_that

from holdfast.domain.ids import ModelVersion
from holdfast.loop.promote import promote, roll_back

V2 = ModelVersion("v2")
AT_MOST = 2.0  # seconds from a promotion to the last answer of the version before


@pytest.mark.parametrize(
    "n_swaps",
    [
        pytest.param(100, marks=pytest.mark.slow),
        pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
class TestSwapsUnderLoad:
    def test_fail_no_request_and_mix_no_answer(self, project, control, n_swaps):
        """
        Each answer is a 200 whose score is that of the version it names, each batch is by
        one version, and each worker has followed within two seconds.
        """
        with control(project) as (_, ports), project.serving("serve", "--workers", 2) as server:
            scores = scores_by(ports)
            assert min(abs(a - b) for a, b in zip(*scores.values(), strict=True)) > 1e-5
            with asking(server, scores, cwd=project.folder) as client:
                changes = [client.changed() for _ in range(N_CONNECTIONS)]
                assert {change["version"] for change in changes} == {"v1"}

                delays = [swap(ports, client, number) for number in range(n_swaps)]

                seen = client.end()
        assert seen["failures"] == []
        assert min(seen["n_answers"]) > n_swaps, "every connection had load at every swap"
        assert max(delays) < AT_MOST, sorted(delays)[-5:]


@pytest.mark.slow
class TestAPromotionOfWhatCannotBeLoaded:
    def test_leaves_the_champion_and_alerts_once(self, project, control):
        """Both workers refuse it; people are told of it once, and hear nothing twice."""
        with control(project) as (_, ports), project.serving("serve", "--workers", 2) as server:
            scores, v2 = scores_by(ports), ports.releases.release("v2").release_id
            with paused(children_of(server.process.popen.pid)):
                promote(ports, V2, reason="a test's", actor="test")
                (project.folder / ".holdfast/releases" / v2 / "model.onnx").unlink()
            with asking(server, scores, cwd=project.folder) as client:
                await_that(lambda: n_refusing(server) == 2, "both workers refuse it")
                changes = [client.changed() for _ in range(N_CONNECTIONS)]

                seen = client.end()
            alerts = [
                event
                for event in ports.events.events()
                if event.kind == "alert_raised" and event.actor == "server"
            ]

        assert {change["version"] for change in changes} == {"v1"}
        assert seen["failures"] == []
        assert len(alerts) == 1


def swap(ports, client, number):
    """Promote or roll back, and return the seconds to the last answer of the one before."""
    wanted = ("v2", "v1")[number % 2]
    if wanted == "v2":
        promote(ports, V2, reason="a test's", actor="test")
    else:
        roll_back(ports, reason="a test's", actor="test")
    committed_at = time.monotonic()
    changes = [client.changed(within=2 * AT_MOST) for _ in range(N_CONNECTIONS)]
    assert {(change["connection"], change["version"]) for change in changes} == {
        (connection, wanted) for connection in range(N_CONNECTIONS)
    }
    return max(change["last_before"] for change in changes) - committed_at


@contextmanager
def paused(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def n_refusing(server):
    text = server.client.get("/metrics").text
    return sum(f'\nholdfast_release_refused{{worker="{n}"}} 1\n' in text for n in (1, 2))
