"""The peer: a logistic regression on a project's rows behind ``mlflow models serve``.

Run with ``python benchmarks/serving_peer.py PROJECT``. It prints its address.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

# What stands beside a script is found from the root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mlflow.sklearn
import pandas as pd
from benchmarks.drift_speed_rows import NUMBERS, WORDS
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

PATIENCE = 120.0  # seconds


def save_model(project: Path) -> Path:
    """Fit the model that Holdfast trains by default, in scikit-learn's own form."""
    rows = pd.read_csv(project / "rows.csv")
    words, numbers = list(WORDS), list(NUMBERS)
    target = rows.pop("left") == "yes"
    rows[words] = rows[words].fillna("").astype(object)
    features = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), words),
    )
    model = make_pipeline(features, LogisticRegression(max_iter=1_000)).fit(rows, target)
    path = project.parent / "peer"
    mlflow.sklearn.save_model(
        model, path, pip_requirements=["scikit-learn"], skops_trusted_types=["numpy.dtype"]
    )
    return path


def main() -> None:
    """Serve it with one worker until SIGTERM."""
    model = save_model(Path(sys.argv[1]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scripts = Path(sys.executable).parent
    command = [str(scripts / "mlflow"), "models", "serve"]
    process = subprocess.Popen(
        [*command, "-m", str(model), "--env-manager", "local", "-p", str(port), "-w", "1"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}"},  # it looks for uvicorn
        start_new_session=True,  # it starts others, which end with it
    )
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    try:
        _await(port, process)
        print(f"http://127.0.0.1:{port}", flush=True)
        stopping.wait()
    finally:
        with suppress(ProcessLookupError):  # it never ran
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/ping", timeout=1).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("mlflow models serve did not answer")


if __name__ == "__main__":
    main()
