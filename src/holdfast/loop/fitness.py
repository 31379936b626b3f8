"""Whether a challenger can be served: its export says the same, and answers in time."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import CorruptReleaseError, ParityError
from holdfast.domain.evidence import Check
from holdfast.loop.parity import TOLERANCE, check_parity

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.loop.train import CalibratedModel
    from holdfast.policy.guarding import GuardPolicy
    from holdfast.ports.runtime import LoadedModel, Runtime

__all__ = ["fitness"]

_TIMED_ROWS = 100  # one by one, as a client asks


def fitness(
    model: CalibratedModel,
    champion: LoadedModel,
    rows: FeatureMatrix,
    policy: GuardPolicy,
    runtime: Runtime,
    *,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> tuple[Check, ...]:
    """Export a challenger, and check the export's scores and its speed.

    Args:
        model: The tested challenger.
        champion: The model in production, timed on the same rows.
        rows: The guard's.
        policy: How long scoring one row may take.
        runtime: Executes the export.
        stopwatch: Seconds since some moment; never runs backwards.

    Returns:
        The lines `parity` and `latency`; only the first if it failed, and none without rows,
        where the guard defers.
    """
    if len(rows) == 0:
        return ()
    try:
        exported = runtime.load(model.to_onnx(), model.contract)
        worst = check_parity(model, exported, rows, model.contract, seed=model.seed)
    except (ParityError, CorruptReleaseError) as error:
        return (Check(name="parity", passed=False, reason=str(error)),)
    parity = Check(
        name="parity",
        passed=True,
        reason=f"the export repeats the model's scores {_closely(worst)}; {TOLERANCE:g} is allowed",
        estimate=worst,
    )
    return parity, _latency(exported, champion, rows, policy, stopwatch)


def _closely(worst: float) -> str:
    """Return a difference in words, to the next power of ten: the rest is the machine's."""
    return "exactly" if worst == 0.0 else f"to within {10.0 ** math.ceil(math.log10(worst)):g}"


def _latency(
    exported: LoadedModel,
    champion: LoadedModel,
    rows: FeatureMatrix,
    policy: GuardPolicy,
    stopwatch: Callable[[], float],
) -> Check:
    taken, before = (_milliseconds(one, rows, stopwatch) for one in (exported, champion))
    most = policy.max_latency / timedelta(milliseconds=1)
    return Check(
        name="latency",
        passed=taken <= most,
        reason=(
            f"one row is scored in under {math.floor(taken) + 1} ms, by the champion in under "
            f"{math.floor(before) + 1} ms; {most:g} ms are allowed"
        ),
        estimate=taken,
    )


def _milliseconds(model: LoadedModel, rows: FeatureMatrix, stopwatch: Callable[[], float]) -> float:
    """Return the median time of one row: a pause of the machine does not count."""
    times = []
    for row in range(min(len(rows), _TIMED_ROWS)):
        one = rows.take(slice(row, row + 1))
        begin = stopwatch()
        model.score(one)
        times.append(stopwatch() - begin)
    return float(np.median(times)) * 1000
