"""A project whose store is on PostgreSQL, from its first training to the erasure of a person."""

from __future__ import annotations

import json

import pytest
from tests.faults.conftest import control_of
from tests.harness import NO_MIRROR, Project
from tests.postgres_server import PASSWORD

from holdfast.cli.opening import training_data
from holdfast.loop.launch import launch
from holdfast.wiring.control import plan_of

pytestmark = pytest.mark.slow

CONFIG = """\
[data]
path = "customers.csv"
target = "left"
"""


@pytest.fixture
def project(postgres_url, tmp_path):
    """A trained project whose store's address stands in a file that only its owner reads."""
    lines = [f"{20 + i % 60},{'yes' if i * 7 % 60 < i % 60 else 'no'}" for i in range(600)]
    (tmp_path / "customers.csv").write_text("\n".join(["age,left", *lines]) + "\n")
    secret = tmp_path / "store-url"
    secret.touch(mode=0o600)
    secret.write_text(postgres_url)
    variables = NO_MIRROR | {"HOLDFAST_STORE__URL_FILE": str(secret)}
    project = Project(tmp_path, variables)
    project.config.write_text(CONFIG)
    with control_of(project) as (settings, ports):
        launch(ports, plan_of(settings), training_data(settings, None), actor="test")
    return project


class TestAProjectOnPostgres:
    def test_goes_from_training_to_erasure(self, project, postgres):
        """
        Every command, in front of the same server: what is served is logged there, and no
        word of any command shows the password.
        """
        said = [project.ok("config", "show")]
        key = project.ok("keys", "create", "--scope", "admin").strip()
        with project.serving(ready=False) as server:
            server.client.headers["Authorization"] = f"Bearer {key}"
            assert server.readiness()["status"] == "ready"
            first = server.predict({"age": 30.0}, entity="Ann", id="one")
            again = server.predict({"age": 30.0}, entity="Ann", id="one")
            server.predict({"age": 71.0}, entity="Bob")
            labels = [{"prediction_id": first["prediction_id"], "label": "yes"}]
            assert server.post("/v1/labels", {"labels": labels})["accepted"] == 1
            looked_up = server.get(f"/v1/predictions/{first['prediction_id']}")
            status = server.get("/v1/status")

        assert again == first
        assert looked_up["label"] == "yes"
        assert (status["n_predictions"], status["labels"]["accepted"]) == (2, 1)
        said += [
            project.ok("check"),
            project.ok("forget", "--entity", "Ann"),
            project.ok("export", "--to", "exported"),
        ]
        findings = {one["what"]: one for one in project.json("doctor")}
        said.append(json.dumps(findings))
        assert all(one["healthy"] for one in findings.values()), findings
        assert findings["database"]["words"].startswith("PostgreSQL ")
        assert project.json("status")["n_predictions"] == 1
        assert list((project.folder / "exported").rglob("*.parquet"))
        assert PASSWORD not in "".join(said)
        assert "not%2Ffor" not in "".join(said)
        assert not list(project.folder.rglob("*.db")), "and nothing is kept in a file beside it"
