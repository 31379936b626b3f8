"""Replay labelled streams through the loop and through simpler policies; write what came out.

Run with `make bench`. The streams lie in HOLDFAST_DATA; nothing here is tuned on them, and
every policy has the same trainers, warm-up, delay and windows.
"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from holdfast import __version__
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.sources import open_source
from holdfast.loop.ingest import DataSpec, ingest
from holdfast.loop.replay import Replay, replay, schedule
from holdfast.settings import settings_for
from holdfast.wiring.control import plan_of
from holdfast.wiring.trainers import trainers_of

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "replay.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A labelled stream and how it is cut into windows."""

    file: str
    target: str
    window: int
    drop: tuple[str, ...] = ()


STREAMS = {
    "noaa_rainfall_injected": Stream(file="rainfall_data.csv.gz", target="rain", window=1000),
    "noaa_weather_nse": Stream(file="weather.csv", target="target", window=1000),
    # `date` only counts the days on: a model would learn when, not what.
    "elec2": Stream(file="electricity.csv.gz", target="class", window=1440, drop=("date",)),
    # `duration` is known only once the call is over.
    "bank_marketing": Stream(
        file="bank-additional-full.csv.gz", target="y", window=1500, drop=("duration",)
    ),
}


def main() -> None:
    """Replay each stream and write the figures beside the machine's name."""
    folder = Path(os.environ.get("HOLDFAST_DATA", ROOT.parent / "shared" / "data"))
    results = {name: _measured(folder / name, stream) for name, stream in STREAMS.items()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    content = {"holdfast": __version__, "machine": _machine(), "streams": results}
    RESULT.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    print(f"Wrote {RESULT.relative_to(ROOT)}")


def _measured(folder: Path, stream: Stream) -> dict[str, object]:
    data = ingest(
        open_source(folder / stream.file), DataSpec(target=stream.target, drop=stream.drop)
    )
    settings = settings_for(ROOT / "benchmarks", data={"target": stream.target})
    begin = time.perf_counter()
    played = replay(
        data,
        schedule(len(data), window=stream.window, label_delay=1),
        plan=plan_of(settings),
        trainers=trainers_of(settings),
        runtime=OnnxRuntime(),
    )
    seconds = time.perf_counter() - begin
    policies = played.to_json()["summary"]["policies"]
    _show(folder.name, policies, seconds)
    return {
        "windows": played.schedule.n_windows,
        "rows_per_window": stream.window,
        "label_delay": 1,
        "seconds_all_policies": round(seconds, 2),
        "policies": policies,
        "against_every_window": _paired(played),
    }


def _paired(played: Replay) -> dict[str, float]:
    """Return the project's mean difference to `every_window`, window by window."""
    every = next(run for run in played.others if run.name == "every_window")
    pairs = list(zip(played.project.windows, every.windows, strict=True))
    return {
        metric: float(
            np.mean(
                [
                    ours.metrics.figures[metric] - theirs.metrics.figures[metric]
                    for ours, theirs in pairs
                    if metric in ours.metrics.figures and metric in theirs.metrics.figures
                ]
            )
        )
        for metric in ("roc_auc", "brier")
    }


def _show(name: str, policies: dict[str, dict[str, float]], seconds: float) -> None:
    print(f"{name} ({seconds:.1f} s)")
    for policy, means in policies.items():
        print(
            f"  {policy:<24} AUC {means['mean_roc_auc']:.3f}  Brier {means['mean_brier']:.3f}  "
            f"{means['retrains']:>2} retrains, {means['promotions']:>2} promotions"
        )


def _machine() -> dict[str, object]:
    return {
        "cpus": os.cpu_count(),
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
    }


if __name__ == "__main__":
    main()
