"""Tests of holdfast.adapters.registries.mlflow beyond the registries' suite."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys

import pytest

PROGRAM = """
import json, pathlib, sys
import holdfast.adapters.registries.mlflow as m
early = "mlflow" in sys.modules
from holdfast.domain.releases import Manifest, ModelMetrics, Recipe

folder = pathlib.Path(sys.argv[1])
registry = m.MlflowRegistry(f"sqlite:///{folder}/mlflow/mlflow.db", model_name="churn")
recipe = Recipe(trainer="lr", parameters={"converged": True}, seed=3, training_window="all",
                n_train=6, n_validation=2, n_test=2, split="stratified")
release = dict(
    event_id="e1", version="v4", tags={"origin": "train"}, model=b"onnx", model_card=b"# Card",
    manifest=Manifest(model_name="churn", files={}, recipe=recipe, software="0"),
    metrics=ModelMetrics(n=2, n_positive=1, figures={"roc_auc": 0.8}, confidence=0.3,
                         confidence_sd=0.1),
)
whole = registry._register
def crash(*_): raise KeyboardInterrupt
registry._register = crash
try:
    registry.record_release(**release)
except KeyboardInterrupt:
    pass
registry._register = whole
registry.record_release(**release)
registry.record_release(**release)
client = registry._client
(run,) = client.search_runs([registry._experiment_id])
(version,) = client.search_model_versions("name = 'churn'")
history = client.get_metric_history(run.info.run_id, "roc_auc")
json.dump({
    "early": early, "status": run.info.status, "params": run.data.params,
    "metrics": run.data.metrics, "points": len(history), "tags": run.data.tags,
    "version_tags": version.tags, "source": version.source,
}, open(folder / "seen.json", "w"))
"""


@pytest.mark.slow
class TestMlflowRegistry:
    def test_mirrors_a_release_for_people(self, tmp_path):
        """
        One story in a process of its own, from an empty folder: the first call breaks
        off before the version is registered, the second completes it, the third adds
        nothing. Nothing is printed, nothing is written elsewhere.
        """
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()

        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=elsewhere,
            timeout=120,
            env=os.environ | {"HOME": str(elsewhere)},
        )

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        seen = json.loads((tmp_path / "seen.json").read_text())
        assert seen["early"] is False
        assert seen["status"] == "FINISHED"
        assert seen["params"]["trainer"] == "lr"
        assert seen["params"]["converged"] == "True"
        assert seen["metrics"] == {"roc_auc": 0.8, "confidence": 0.3}
        assert seen["points"] == 1
        assert seen["tags"]["holdfast.event_id"] == "e1"
        assert seen["version_tags"]["holdfast.version"] == "v4"
        assert seen["version_tags"]["origin"] == "train"
        assert {path.name for path in elsewhere.rglob("*")} == set()
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("model*.*")}
        assert files == {"model.onnx": b"onnx", "model_card.md": b"# Card"}
        with sqlite3.connect(tmp_path / "mlflow" / "mlflow.db") as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        db.close()
        assert "alembic_version" in tables
        assert "holdfast_schema" not in tables
