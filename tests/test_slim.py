"""What a server loads: the slim online plane and nothing of the control plane's."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.harness import NO_MIRROR, PATIENCE, Process, Project, address_in

HEAVY = {
    "pandas", "pyarrow", "sklearn", "mlflow", "xgboost", "scipy", "matplotlib", "evidently",
    "onnx", "skl2onnx", "onnxmltools", "joblib", "cloudpickle", "dill", "apscheduler", "plotly",
    "psycopg",
}  # fmt: skip
SERVING = {"fastapi", "numpy", "onnxruntime", "pydantic", "sqlalchemy", "structlog", "uvicorn"}

IMPORTING = """
import sys
import holdfast.serving.app
import holdfast.serving.runner
import holdfast.loop.online
import holdfast.adapters.stores.sql
import holdfast.adapters.runtimes.onnx
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""

# The command line as the console script runs it; tells at its end what it has loaded, and
# every class that was unpickled.
WATCHED = """
import atexit, json, sys
unpickled = []
sys.addaudithook(lambda event, args: event == "pickle.find_class" and unpickled.append(args))
atexit.register(lambda: print(json.dumps({
    "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
    "unpickled": [list(map(str, args)) for args in unpickled],
})))
from holdfast.cli import main
main()
"""


@pytest.fixture
def project(tmp_path):
    """A project with a model in production."""
    lines = [f"{20 + i % 60},{'yes' if i * 7 % 60 < i % 60 else 'no'}" for i in range(600)]
    (tmp_path / "data.csv").write_text("\n".join(["age,left", *lines]) + "\n")
    (tmp_path / "holdfast.toml").write_text('[data]\npath = "data.csv"\ntarget = "left"\n')
    project = Project(tmp_path, dict(NO_MIRROR))
    project.ok("train")
    return project


class TestSlim:
    def test_serving_imports_nothing_that_trains_or_unpickles(self):
        """
        A server must start fast and small, and what is not imported cannot be attacked.
        The interpreter is a fresh one: this one has long imported everything.
        """
        done = subprocess.run(
            [sys.executable, "-c", IMPORTING],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert done.returncode == 0, done.stderr
        loaded = set(done.stdout.split())
        assert {"holdfast", "fastapi", "onnxruntime", "sqlalchemy"} <= loaded
        assert loaded.isdisjoint(HEAVY), sorted(loaded & HEAVY)

    @pytest.mark.slow
    def test_a_server_at_work_loads_nothing_that_trains_or_unpickles(self, project):
        """Nor does it while it answers: each route, each page, and the end."""
        command = [sys.executable, "-c", WATCHED, "serve", "--port", "0"]
        server = Process.of(command, cwd=project.folder)
        try:
            self.use_every_route(address_in(server.line()))
        finally:
            server.stop()

        said = json.loads(server.out[-1])
        loaded = set(said["loaded"])
        assert loaded >= {"holdfast", *SERVING}
        assert loaded.isdisjoint(HEAVY), sorted(loaded & HEAVY)
        assert said["unpickled"] == []

    def test_help_loads_neither_plane(self):
        """It answers at once: each command imports what it needs when it runs."""
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, "--help"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert done.returncode == 0, done.stderr
        *helped, last = done.stdout.splitlines()
        assert any(re.match(r"\s+retrain ", line) for line in helped)
        loaded = set(json.loads(last)["loaded"])
        assert "typer" in loaded
        assert loaded.isdisjoint(HEAVY | SERVING), sorted(loaded & (HEAVY | SERVING))

    def test_comparing_two_files_loads_no_more_than_it_needs(self, tmp_path):
        """It is run by hand, and in jobs: a second of imports is a second of waiting."""
        for name, first in (("a", 0), ("b", 40)):
            days = pa.array([1_700_000_000_000_000 + i for i in range(60)], pa.timestamp("us"))
            rows = {"x": [float(first + i) for i in range(60)], "word": ["p", "q"] * 30, "at": days}
            pq.write_table(pa.table(rows), tmp_path / f"{name}.parquet")
        unneeded = {"pandas", "sklearn", "pyspark", "jinja2", "evidently", "mlflow", "onnx"}

        done = subprocess.run(
            [sys.executable, "-c", WATCHED, "drift", "a.parquet", "b.parquet", "--json", "d.json"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=60,
        )

        assert done.returncode == 0, done.stderr
        *_, last = done.stdout.splitlines()
        loaded = set(json.loads(last)["loaded"])
        assert "pyarrow" in loaded
        assert loaded.isdisjoint(unneeded), sorted(loaded & unneeded)

    @staticmethod
    def use_every_route(url):
        with httpx2.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client:
            body = {"features": {"age": 30.0}, "id": "one", "explain": True}
            answer = client.post("/v1/predict", json=body)
            prediction_id = answer.json()["prediction_id"]
            label = {"prediction_id": prediction_id, "label": "yes"}
            assert client.post("/v1/labels", json=label).json()["accepted"] == 1
            assert client.post("/v1/predict", content=b"no json").status_code == 415
            for path in (
                "/", "/docs", "/openapi.json", "/v1/model", "/v1/status", "/health/live",
                "/health/ready", "/metrics", "/static/holdfast.css",
                f"/v1/predictions/{prediction_id}",
            ):  # fmt: skip
                assert client.get(path).status_code == 200, path
