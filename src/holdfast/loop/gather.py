"""Gather the rows of a retraining: the champion's own reference, then fresh ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.canonical import digest
from holdfast.domain.errors import TargetError, TooFewLabelsError
from holdfast.domain.tables import conform, encode_table
from holdfast.loop.challenge import LabelledRows
from holdfast.loop.fetch_reference import fetch_reference_rows
from holdfast.loop.window_rows import labels_of, learnable_rows, mature_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.treatments import RowsUsed
    from holdfast.loop.control import ControlPlan, ControlPorts, Incumbent
    from holdfast.policy.transitions import ControlState

__all__ = ["Schooling", "digest_of", "schooling_from_file", "schooling_from_log"]

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """The rows of a retraining: the champion's own reference first, then fresh ones.

    Attributes:
        rows: In time order.
        n_window: How many fresh rows a window holds; sets the guard's share.
        onset: Index of the first row of the changed world.
        spent: Index before which rows have judged a challenger of this champion.
        until: Rows predicted before this are among them.
        onset_at: When the changed world began, so far as it is known.
        from_file: Whether rows came from a file, which cannot be asked for them again.
        rows_used: Which of the log's labelled rows are among them; None of a file.
        times: When each of the log's rows was predicted, UTC, and NaT of the reference, shape
            ``(n,)``; None of a file.
    """

    rows: LabelledRows
    n_window: int
    onset: int
    spent: int
    until: datetime
    onset_at: datetime | None = None
    from_file: bool = False
    rows_used: RowsUsed | None = None
    times: NDArray[np.datetime64] | None = None


def digest_of(schooling: Schooling, contract: Contract) -> str:
    """Return a digest of the rows as a model sees them, and of how they are divided.

    The same rows and seed make the same model: whoever goes on with a retraining knows by it
    whether they are the same.

    Args:
        schooling: The rows of a retraining.
        contract: What their columns are.
    """
    matrix = encode_table(schooling.rows.features, contract)
    seen = hashlib.sha256(matrix.numeric.tobytes())
    seen.update("\0".join(matrix.categorical.ravel()).encode())
    seen.update(schooling.rows.labels.tobytes())
    if schooling.rows.reference is not None:
        seen.update(schooling.rows.reference.tobytes())
    division = (schooling.n_window, schooling.onset, schooling.spent, schooling.until)
    return digest([seen.hexdigest(), division])


def schooling_from_log(
    ports: ControlPorts,
    plan: ControlPlan,
    champion: Incumbent,
    state: ControlState,
    *,
    now: datetime,
    onset_at: datetime | None,
) -> Schooling:
    """Collect the rows of a retraining from the champion's reference and the log.

    Of the log only rows that the reference cannot hold: a row that stood among both would
    weigh twice, and could be learnt from and validated on at once.

    Raises:
        TooFewLabelsError: If fewer mature rows than the policy asks for are there.
    """
    since = state.learnt_until or _EARLIEST
    fresh, used = learnable_rows(ports, plan, champion, state, now=now, since=since)
    if fresh.num_rows < plan.decision.min_labels:
        raise TooFewLabelsError(
            found=fresh.num_rows,
            required=plan.decision.min_labels,
            what="mature labelled rows",
            setting="[policy] min_labels",
        )
    window = mature_window(now, plan)
    reference, labels = fetch_reference_rows(ports.objects, champion.record.release_id)
    in_window = pc.sum(pc.greater_equal(fresh.column("predicted_at"), window.start_at)).as_py()
    return Schooling(
        rows=_joined(reference, labels, fresh, labels_of(fresh), champion),
        n_window=int(in_window or fresh.num_rows),
        onset=reference.num_rows + _rows_before(fresh, onset_at),
        spent=reference.num_rows + _rows_before(fresh, state.guard_until),
        until=window.end_at,
        onset_at=onset_at,
        rows_used=used,
        times=_times(fresh, n_before=reference.num_rows),
    )


def schooling_from_file(
    ports: ControlPorts,
    champion: Incumbent,
    rows: pa.Table,
    labels: NDArray[np.bool_] | None,
    *,
    now: datetime,
) -> Schooling:
    """Take the rows of a retraining from a labelled file, which counts as one window.

    Raises:
        TargetError: If the file has no labels.
    """
    if labels is None:
        raise TargetError(
            champion.contract.target.name,
            "is not in the file",
            remedy="Labelled rows are needed to retrain.",
        )
    reference, reference_labels = fetch_reference_rows(ports.objects, champion.record.release_id)
    return Schooling(
        rows=_joined(reference, reference_labels, rows, labels, champion),
        n_window=rows.num_rows,
        onset=reference.num_rows,
        spent=reference.num_rows,
        until=now,
        from_file=True,
    )


def _joined(
    reference: pa.Table,
    reference_labels: NDArray[np.bool_],
    fresh: pa.Table,
    fresh_labels: NDArray[np.bool_],
    champion: Incumbent,
) -> LabelledRows:
    labels = np.concatenate([reference_labels, fresh_labels])
    return LabelledRows(
        features=pa.concat_tables([reference, conform(fresh, champion.contract)]),
        labels=labels,
        reference=np.arange(labels.size) < reference_labels.size,
    )


def _times(fresh: pa.Table, *, n_before: int) -> NDArray[np.datetime64]:
    """Return when each row was predicted; of those before the fresh ones it is not known."""
    moments = fresh.column("predicted_at").cast(pa.timestamp("us", "UTC")).to_numpy()
    return np.concatenate([np.full(n_before, np.datetime64("NaT", "us")), moments])


def _rows_before(rows: pa.Table, moment: datetime | None) -> int:
    """Return how many rows were predicted before a moment; 0 if there is none."""
    if moment is None:
        return 0
    return int(pc.sum(pc.less(rows.column("predicted_at"), moment)).as_py() or 0)
