"""A project's own history as a stream to replay: what was asked, and when each label was known.

It reads the prediction log, the events and the releases, and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.domain.errors import InputError, NoChampionError
from holdfast.domain.events import ChampionPromoted
from holdfast.domain.tables import conform
from holdfast.domain.windows import Window, bucket_start
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.fetch_reference import fetch_reference_rows
from holdfast.loop.timetable import Schedule
from holdfast.loop.window_rows import labels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract, Feature, Target
    from holdfast.domain.ids import ModelVersion
    from holdfast.domain.releases import ReleaseRecord
    from holdfast.loop.control import ControlPlan, ControlPorts
    from holdfast.ports.prediction_log import PredictionLog

__all__ = ["OwnHistory", "own_history"]

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnHistory:
    """A project's labelled past: the first champion's reference, then the log's rows.

    Attributes:
        features: Conforms to the first champion's contract; the reference first.
        labels: Ground truth as it stands now, shape ``(n,)``.
        feature_specs: What the contract says of each feature.
        target: The predicted column and its two words.
        times: None: the reference has no times; those of the windows stand in `timing`.
        digest: Identifies the rows.
        timing: The reference as the warm-up, then windows of the plan's length.
        arrives: Of each row, the end of the first window at whose close its label was known;
            beyond the last row if it is not known yet; shape ``(n,)``.
        first: The champion whose reference is the warm-up.
        n_logged: Rows that were logged in the windows.
        n_unlabelled: How many of these have no label by now, and are left out.
    """

    features: pa.Table
    labels: NDArray[np.bool_]
    feature_specs: tuple[Feature, ...]
    target: Target
    times: NDArray[np.datetime64] | None
    digest: str
    timing: Schedule
    arrives: NDArray[np.int64]
    first: ModelVersion
    n_logged: int
    n_unlabelled: int


def own_history(ports: ControlPorts, plan: ControlPlan, *, now: datetime) -> OwnHistory:
    """Read a project's labelled past.

    Windows of the plan's length begin with the bucket of the first logged row and end with the
    last one; one that is not over yet is left out. A label is known at a close if it had been
    observed and recorded by then, and if its row was as old as labels need to mature.

    Args:
        ports: The control plane's ports; they are read alone.
        plan: Lengths of buckets and windows, and the age at which labels are mature.
        now: Until when.

    Raises:
        NoChampionError: If nothing was ever in production.
        InputError: If no window is over yet, or no row of it is labelled.
    """
    record = _first_champion(ports)
    contract, _ = fetch_for_serving(ports.objects, record)
    reference, known = fetch_reference_rows(ports.objects, record.release_id)
    closes, n_logged = _closes(ports.predictions, contract, plan, now)
    windows = [Window(start_at=close - plan.window, end_at=close) for close in closes]
    whole = Window(start_at=windows[0].start_at, end_at=closes[-1])
    rows = ports.predictions.window(contract, whole, labels_known_at=now)
    if rows.num_rows == 0:
        raise InputError(
            f"None of the {n_logged:,} logged rows has a label yet, so that no policy could be "
            "measured. Bring labels: holdfast label DATA"
        )
    edges = [0, len(known), *(len(known) + _n_before(rows, close) for close in closes)]
    features = pa.concat_tables([conform(reference, contract), conform(rows, contract)])
    return OwnHistory(
        features=features,
        labels=np.concatenate([known, labels_of(rows)]),
        feature_specs=contract.features,
        target=contract.target,
        times=None,
        digest=sha256(f"{record.release_id}/{now.isoformat()}".encode()).hexdigest(),
        timing=Schedule(
            edges=tuple(edges),
            n_warm_up=1,
            moments=(windows[0].start_at - plan.window, windows[0].start_at, *closes),
            matured=tuple(
                len(known) + _n_before(rows, _matured_until(close, plan)) for close in closes
            ),
        ),
        arrives=_arrivals(ports.predictions, contract, windows, rows, edges),
        first=record.version,
        n_logged=n_logged,
        n_unlabelled=n_logged - rows.num_rows,
    )


def _first_champion(ports: ControlPorts) -> ReleaseRecord:
    for event in ports.events.events():
        if isinstance(event.body, ChampionPromoted):
            return ports.releases.release(event.body.version)
    raise NoChampionError


def _closes(
    log: PredictionLog, contract: Contract, plan: ControlPlan, now: datetime
) -> tuple[list[datetime], int]:
    """Return when windows closed, from the first logged row's to the last's, and their rows."""
    rows = log.window(contract, Window(start_at=_EARLIEST, end_at=now)).select(["predicted_at"])
    if rows.num_rows:
        since = bucket_start(rows.column(0)[0].as_py(), plan.bucket)
        # Windows without traffic after the last row would say nothing of any policy.
        asked_for = (rows.column(0)[-1].as_py() - since) // plan.window + 1
        n_windows = min((now - since) // plan.window, asked_for)
        if n_windows:
            closes = [since + (k + 1) * plan.window for k in range(n_windows)]
            return closes, _n_before(rows, closes[-1])
    raise InputError(
        "The log does not fill one window yet, so that there is nothing to replay. Come back "
        "later, choose a shorter --window, or replay a file: holdfast replay DATA"
    )


def _matured_until(close: datetime, plan: ControlPlan) -> datetime:
    """Return before when rows are old enough for their labels; as the live loop reckons it."""
    if plan.label_maturity < plan.bucket:
        return close
    return bucket_start(close - plan.label_maturity, plan.bucket)


def _n_before(rows: pa.Table, moment: datetime) -> int:
    since = np.datetime64(moment.replace(tzinfo=None), "us")
    times = rows.column("predicted_at").to_numpy().astype("datetime64[us]")
    return int(np.searchsorted(times, since, side="left"))


def _arrivals(
    log: PredictionLog,
    contract: Contract,
    windows: Sequence[Window],
    rows: pa.Table,
    edges: Sequence[int],
) -> NDArray[np.int64]:
    """Return of each row the end of the first window at whose close its label was known.

    The log says only who was labelled by a moment, so it is asked at each close until all
    labels of a window are there: as a rule a few closes after the window's own.
    """
    arrives = np.full(edges[-1], edges[-1] + 1, dtype=np.int64)
    arrives[: edges[1]] = 0  # the first model has learnt from all of the reference
    ids = rows.column("prediction_id").to_pylist()
    bounds = list(pairwise(edges[1:]))
    for k, (begin, end) in enumerate(bounds):
        awaited = {ids[row - edges[1]]: row for row in range(begin, end)}
        for window, (start, close) in zip(windows[k:], bounds[k:], strict=True):
            if not awaited:
                break
            if start == close:
                continue  # nothing happens at the close of an empty window
            known = log.window(contract, windows[k], labels_known_at=window.end_at)
            for one in known.column("prediction_id").to_pylist():
                row = awaited.pop(one, None)
                if row is not None:
                    arrives[row] = close
    return arrives
