"""A release whose files are not what was released is refused, and the champion serves on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from contextlib import contextmanager

import pytest
from tests.harness import await_that

from holdfast.domain.ids import ModelVersion
from holdfast.loop.promote import promote, roll_back

pytestmark = pytest.mark.slow

ROW = {"age": 40.0, "plan": "basic"}


def flip_a_byte(release):
    path = release / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    write(path, bytes(data))


def remove_the_release(release):
    shutil.rmtree(release)


def cut_the_model_short(release):
    path = release / "model.onnx"
    write(path, path.read_bytes()[:100])


def remove_the_model(release):
    (release / "model.onnx").unlink()


def exchange_the_contract(release):
    path = release / "contract.json"
    contract = json.loads(path.read_bytes())
    contract["threshold"] = 0.0
    write(path, json.dumps(contract).encode())


def exchange_the_manifest(release):
    write(release / "manifest.json", b'{"files": {}}')


DAMAGES = [
    flip_a_byte,
    cut_the_model_short,
    remove_the_model,
    exchange_the_contract,
    exchange_the_manifest,
]


@pytest.fixture
def promote_v2(control):
    def promote_v2(project):
        with control(project) as (_, ports):
            promote(ports, ModelVersion("v2"), reason="the test's", actor="test")

    return promote_v2


class TestAServerWhoseNextReleaseIsCorrupt:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_keeps_the_champion_in_memory_and_says_so(self, project, promote_v2, damage):
        """
        Promoted while it was whole, damaged before the server loaded it: requests go on
        being answered by v1, and readiness and status name what was refused.
        """
        with project.serving() as server:
            assert server.predict(ROW)["model_version"] == "v1"
            with paused(server):
                promote_v2(project)
                damage(release_of(project, "v2"))

            await_that(lambda: serving(server)["refused"] is not None, "v2 is refused")

            assert server.predict(ROW)["model_version"] == "v1"
            assert serving(server)["refused"]["model_version"] == "v2"
            answer = server.readiness()
            assert answer["status"] == "ready", "v1 does answer"
            assert "v1 answers." in answer["checks"]["model"]["detail"]
            assert "is refused" in answer["checks"]["model"]["detail"]

    def test_takes_it_up_once_its_files_are_restored(self, project, promote_v2):
        """Without a restart: nobody has to remember to do one."""
        with project.serving() as server:
            model = release_of(project, "v2") / "model.onnx"
            whole = model.read_bytes()
            with paused(server):
                promote_v2(project)
                write(model, b"not a model")
            await_that(lambda: serving(server)["refused"] is not None, "v2 is refused")

            write(model, whole)

            await_that(lambda: server.predict(ROW)["model_version"] == "v2", "v2 answers")
            assert serving(server)["refused"] is None

    def test_returns_to_health_by_a_rollback(self, project, promote_v2, control):
        """The way out that the refusal itself names."""
        with project.serving() as server:
            with paused(server):
                promote_v2(project)
                flip_a_byte(release_of(project, "v2"))
            await_that(lambda: serving(server)["refused"] is not None, "v2 is refused")

            with control(project) as (_, ports):
                roll_back(ports, reason="the way out that the refusal names", actor="test")

            await_that(lambda: serving(server)["refused"] is None, "v1 is right again")
            assert server.predict(ROW)["model_version"] == "v1"


class TestAServerWhoseOwnReleaseIsDamaged:
    @pytest.mark.parametrize("damage", [flip_a_byte, remove_the_release])
    def test_serves_on_until_it_has_to_load_it_again(self, project, control, damage):
        """
        While it runs, the model in memory answers. Started anew it has none: readiness says
        why, and an alert is written down for people. Without `on_refused` in `open_online`
        nobody would hear of it.
        """
        with project.serving() as server:
            before = server.predict(ROW)
            damage(release_of(project, "v1"))

            after = server.predict(ROW)

            assert (after["score"], after["model_version"]) == (before["score"], "v1")
            assert server.readiness()["status"] == "ready"

        with project.serving(ready=False) as server:
            answer = server.readiness()
            assert answer["status"] == "not_ready"
            assert "is refused" in answer["checks"]["model"]["detail"]
            assert server.client.post("/v1/predict", json={"features": ROW}).status_code == 503
        with control(project) as (_, ports):
            kinds = [event.kind for event in ports.events.events()]
            assert kinds.count("alert_raised") == 1


class TestAFreshServerOnACorruptChampion:
    def test_is_not_ready_and_says_why(self, project):
        """It has no model to fall back on; it lives, refuses, and waits for its files."""
        flip_a_byte(release_of(project, "v1"))

        with project.serving(ready=False) as server:
            answer = server.readiness()
            refused = server.client.post("/v1/predict", json={"features": ROW})

            assert answer["status"] == "not_ready"
            assert "model.onnx has another digest" in answer["checks"]["model"]["detail"]
            assert server.client.get("/health/live").status_code == 200
            assert refused.status_code == 503
            assert refused.headers["retry-after"]
            assert "is refused: model.onnx has another digest" in refused.json()["detail"]

            project.ok("rollback", "--to", "v2")
            await_that(lambda: server.readiness()["status"] == "ready", "v2 answers")
            assert server.predict(ROW)["model_version"] == "v2"


class TestTheCommands:
    def test_refuse_it_with_its_reason(self, project):
        """None of them works with files that are not what was released."""
        flip_a_byte(release_of(project, "v1"))
        rows = project.folder.parent / "rows.csv"
        rows.write_text("age,plan\n40,basic\n")

        for words in (("check",), ("score", rows, "-o", "scores.csv")):
            said = project.refused(*words)

            assert "is refused: model.onnx has another digest than its manifest" in said, words
            assert "holdfast rollback" in said, words
        assert not (project.folder / "scores.csv").exists()

    def test_do_not_promote_it(self, project):
        """Nothing changes: the champion stays, and no event says otherwise."""
        flip_a_byte(release_of(project, "v2"))

        said = project.refused("promote", "v2", "--force")

        assert "another digest" in said
        kinds = [event["kind"] for event in project.json("events")]
        assert kinds == ["release_registered", "champion_promoted", "release_registered"]

    def test_doctor_finds_it(self, project):
        """Also where no server runs: the exit code is for a cron job."""
        flip_a_byte(release_of(project, "v2"))

        done = project.run("doctor", "--json")

        assert done.returncode == 1
        wrong = [finding["what"] for finding in json.loads(done.stdout) if not finding["healthy"]]
        assert wrong == ["release v2"]


def release_of(project, version):
    """Return a release's folder."""
    database = sqlite3.connect(project.folder / ".holdfast" / "holdfast.db")
    query = "SELECT release_id FROM releases WHERE version = ?"
    (release_id,) = database.execute(query, [version]).fetchone()
    database.close()
    return project.folder / ".holdfast" / "releases" / release_id


def write(path, data):
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def serving(server):
    return server.get("/v1/status")["serving"]


@contextmanager
def paused(server):
    """Let the server not see what happens meanwhile."""
    process = server.process.popen
    process.send_signal(signal.SIGSTOP)  # it holds no lock: it writes when it is asked only
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
