"""What `holdfast serve` imports: the slim online plane and nothing of the control plane's."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "pandas", "pyarrow", "sklearn", "mlflow", "xgboost", "scipy", "matplotlib", "evidently",
    "onnx", "skl2onnx", "onnxmltools", "joblib", "cloudpickle", "dill", "apscheduler", "plotly",
)  # fmt: skip

PROGRAM = """
import sys
import holdfast.serving
import holdfast.loop.online
import holdfast.adapters.stores.sql
import holdfast.adapters.runtimes.onnx
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


class TestSlim:
    def test_serving_loads_nothing_that_trains_or_unpickles(self):
        """
        A server must start fast and small, and what is not imported cannot be attacked.
        The interpreter is a fresh one: this one has long imported everything.
        """
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60
        )

        assert done.returncode == 0, done.stderr
        loaded = set(done.stdout.split())
        assert {"holdfast", "fastapi", "onnxruntime", "sqlalchemy"} <= loaded
        assert loaded.isdisjoint(HEAVY), sorted(loaded.intersection(HEAVY))
