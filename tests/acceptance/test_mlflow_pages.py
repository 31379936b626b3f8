"""What people find in MLflow's own pages over a project's file, and what they can do there."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.harness import Process, await_that

from holdfast.adapters.registries.mlflow import MlflowRegistry
from holdfast.loop.deliver import deliver
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.testing.project import MemoryProject, example_bundle, world_rows

pytestmark = pytest.mark.slow

MLFLOW = Path(sys.executable).with_name("mlflow")
QUIETLY: dict[str, Any] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


@pytest.fixture(name="project")
def _project(tmp_path):
    """A project without a release whose MLflow file is there."""
    project = MemoryProject()
    file = tmp_path / ".holdfast" / "mlflow.db"
    registry = MlflowRegistry(f"sqlite:///{file}", model_name="churn")
    registry.set_aliases({"champion": None})
    project.overrides = {"registry": registry}
    return project


def fill(project):
    """Put v1, then v2 in production; have a challenger refused; deliver all of it."""
    project.deploy()
    project.deploy(example_bundle(1))
    refused = retrain_by_hand(
        project.ports,
        project.plan,
        project.champion,
        world_rows(1500, seed=10),
        cause="a person asked for it",
        actor="cli",
        holder="terminal",
    )
    assert refused.promoted is None
    deliver(project.ports, now=project.clock.now())
    assert len(project.store.outbox) == 0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def pages(folder, meanwhile):
    """Run `mlflow ui` as the how-to says, and give a client; it takes seconds to come up."""
    port = free_port()
    words = ["ui", "--backend-store-uri", "sqlite:///.holdfast/mlflow.db"]
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    process = Process.of([str(MLFLOW), *words, *where], cwd=folder, **QUIETLY)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        def is_up():
            try:
                return client.get("/health").status_code == 200
            except httpx2.TransportError:
                return False

        try:
            meanwhile()
            await_that(is_up, "MLflow answers", poll=0.1)
            yield client
        finally:
            process.stop()


def ask(client, path, **words):
    answer = client.post(f"/api/2.0/mlflow/{path}", json=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tagged(things):
    return {one["key"]: one["value"] for one in things}


class TestMlflowPages:
    def test_shows_it_all_and_lets_people_go_back(self, project, tmp_path):
        """
        Runs, the refused one among them; versions, aliases, a picture. Another project is
        mirrored over HTTP. Then a person points the champion's alias at v1, and at the next
        tick v1 is in production.
        """
        with pages(tmp_path, lambda: fill(project)) as client:
            found = ask(client, "experiments/search", max_results=10)["experiments"]
            (experiment,) = [one["experiment_id"] for one in found if one["name"] == "churn"]
            runs = ask(client, "runs/search", experiment_ids=[experiment])["runs"]
            versions = client.get(
                "/api/2.0/mlflow/model-versions/search", params={"filter": "name='churn'"}
            ).json()["model_versions"]
            model = client.get(
                "/api/2.0/mlflow/registered-models/get", params={"name": "churn"}
            ).json()["registered_model"]
            by_name = {run["info"]["run_name"]: run for run in runs}
            newest = by_name["v2"]
            given = {"run_uuid": newest["info"]["run_id"]}
            picture = client.get("/get-artifact", params=given | {"path": "release/roc.svg"})
            described = client.get("/get-artifact", params=given | {"path": "model/MLmodel"})

            moved = MemoryProject()
            server = MlflowRegistry(str(client.base_url).rstrip("/"), model_name="elsewhere")
            moved.overrides = {"registry": server}
            moved.deploy()
            deliver(moved.ports, now=moved.clock.now())
            over_http = server.aliases()

            ask(client, "registered-models/alias", name="churn", alias="champion", version="1")
            project.tick()
            after = client.get(
                "/api/2.0/mlflow/registered-models/get", params={"name": "churn"}
            ).json()["registered_model"]

        (refused,) = [run for name, run in by_name.items() if name.startswith("attempt ")]
        assert set(by_name) == {"v1", "v2", refused["info"]["run_name"]}
        assert tagged(refused["data"]["tags"])["holdfast.guard"] == "refuse"
        assert {"roc_auc", "roc_auc.low", "roc_auc.high"} <= tagged(
            newest["data"]["metrics"]
        ).keys()
        assert tagged(newest["data"]["params"])["trainer"] == "logistic_regression"
        assert [tagged(one["tags"])["holdfast.version"] for one in versions] == ["v2", "v1"]
        aliases = {one["alias"]: one["version"] for one in model["aliases"]}
        assert aliases == {"champion": "2", "previous": "1"}
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert picture.content == example_bundle(1).files["roc.svg"]
        assert "signature:" in described.text
        assert over_http == {"champion": "v1"}
        assert json.dumps("tenure") in described.text
        assert project.champion.record.version == "v1"
        assert {one["alias"]: one["version"] for one in after["aliases"]} == {
            "champion": "1",
            "previous": "2",
        }
