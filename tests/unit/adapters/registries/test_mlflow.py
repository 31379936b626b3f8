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
import numpy as np
import holdfast.adapters.registries.mlflow as m
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.releases import MODEL
from holdfast.domain.tables import conform, encode_table
from holdfast.ports.model_registry import TrainingRun
from holdfast.testing.project import example_bundle, world_rows

folder, bundle = pathlib.Path(sys.argv[1]), example_bundle()
registry = m.MlflowRegistry(f"sqlite:///{folder}/mlflow/mlflow.db", model_name="churn")
no_aliases = registry.aliases()
early = "mlflow" in sys.modules
run = TrainingRun(
    event_id="e1", name="v4", note="**ROC AUC .8**", params={"converged": "True"},
    figures={"roc_auc": 0.8}, tags={"holdfast.origin": "train"},
    files={"release/model_card.md": b"# Card", "release/roc.svg": b"<svg/>"},
)
release = dict(run=run, version="v4", model=bundle.files[MODEL], contract=bundle.contract)
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
registry.set_aliases({"champion": "v4"})
client = registry._client
(found,) = client.search_runs([registry._experiment_id])
(version,) = client.search_model_versions("name = 'churn'")
history = client.get_metric_history(found.info.run_id, "roc_auc")

import mlflow, pandas as pd
mlflow.set_tracking_uri(registry._address)
loaded = mlflow.pyfunc.load_model("models:/churn@champion")
table = world_rows(500, seed=5)[0]
rows = conform(table, bundle.contract)
ours = OnnxRuntime().load(bundle.files[MODEL], bundle.contract)
expected = ours.score(encode_table(rows, bundle.contract))
answered = loaded.predict(table.to_pandas())
bare = mlflow.onnx.load_model("models:/churn@champion")
json.dump({
    "early": early, "no_aliases": no_aliases, "aliases": registry.aliases(),
    "status": found.info.status, "params": found.data.params, "metrics": found.data.metrics,
    "points": len(history), "tags": found.data.tags, "version_tags": version.tags,
    "description": version.description,
    "same": bool(np.array_equal(answered["score"], expected)),
    "decisions": sorted(set(answered["decision"])),
    "example": loaded.input_example.to_dict("records"),
    "inputs": [[i.name, str(i.type)] for i in loaded.metadata.signature.inputs],
    "bare": [i.name for i in bare.graph.input],
}, open(folder / "seen.json", "w"))
"""


@pytest.mark.slow
class TestMlflowRegistry:
    def test_mirrors_a_release_for_people(self, tmp_path):
        """
        One story in a process of its own, from an empty folder: the first call breaks
        off before the version is registered, the second completes it, the third adds
        nothing. MLflow then loads the model by its alias and scores as Holdfast does.
        Nothing is printed, nothing is written elsewhere.
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
        assert (seen["early"], seen["no_aliases"]) == (False, {})
        assert seen["aliases"] == {"champion": "v4"}
        assert seen["status"] == "FINISHED"
        assert seen["params"] == {"converged": "True"}
        assert seen["metrics"] == {"roc_auc": 0.8}
        assert seen["points"] == 1
        assert seen["tags"]["holdfast.event_id"] == "e1"
        assert seen["tags"]["mlflow.note.content"] == seen["description"] == "**ROC AUC .8**"
        assert seen["version_tags"] == {"holdfast.version": "v4", "holdfast.origin": "train"}
        assert seen["same"] is True
        assert seen["decisions"] == ["no", "yes"]
        assert seen["example"] == [{"tenure": 36.0, "charges": 70.0, "plan": "monthly"}]
        assert [name for name, _ in seen["inputs"]] == ["tenure", "charges", "plan"]
        assert seen["bare"] == ["numeric", "categorical"]
        assert {path.name for path in elsewhere.rglob("*")} == set()
        (card,) = tmp_path.rglob("model_card.md")
        assert card.read_bytes() == b"# Card"
        assert (card.parent / "roc.svg").read_bytes() == b"<svg/>"
        with sqlite3.connect(tmp_path / "mlflow" / "mlflow.db") as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        db.close()
        assert "alembic_version" in tables
        assert "holdfast_schema" not in tables
