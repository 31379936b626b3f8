"""A history cut into the files that would have arrived: windows, and labels when they are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.binary_target import read_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from holdfast.loop.ingest import DataSpec
    from holdfast.loop.timetable import Schedule

__all__ = ["WARM_UP", "Batch", "batches", "order_of", "rows_as_they_were"]

WARM_UP = "warm-up"
_ROW = "row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One file of a history.

    Attributes:
        name: Its file's, without an ending.
        rows: Its content.
        labels_of: The window whose labels it holds; None for rows that are to be scored.
    """

    name: str
    rows: pa.Table
    labels_of: str | None = None


def rows_as_they_were(table: pa.Table, spec: DataSpec) -> pa.Table:
    """Return the labelled rows in the order of prediction, in their own columns.

    They are those that `ingest` gives, before anything was made of them.

    Args:
        table: As the source has it.
        spec: What its columns are.

    Raises:
        TargetError: If the target does not hold exactly two classes.
    """
    kept = table.drop_columns([name for name in spec.drop if name in table.column_names])
    if spec.time is not None:
        dated = kept.filter(pc.is_valid(kept.column(spec.time)))
        order = np.argsort(dated.column(spec.time).to_numpy(), kind="stable")
        kept = dated.take(pa.array(order))
    return kept.filter(pa.array(read_target(kept, spec.target, spec.positive).known))


def batches(
    rows: pa.Table,
    timing: Schedule,
    *,
    target: str,
    times: NDArray[np.datetime64] | None = None,
) -> Iterator[Batch]:
    """Yield the files in the order in which they would have come.

    First the warm-up with its labels; then each window without them. Labels follow when they
    become known: after the close of as many windows as the delay says. A column of its own
    names each row, so that a label can say whose it is.

    Args:
        rows: In the order of prediction, shape ``(n,)``.
        timing: Warm-up, windows and delay.
        target: The column with the labels.
        times: When each row was, if that is known: labels then bear when they became known.
    """
    column = _ROW if _ROW not in rows.column_names else f"replayed_{_ROW}"
    ids = pa.array([f"{_ROW}-{i:07d}" for i in range(rows.num_rows)])
    named = rows.add_column(0, column, ids)
    yield Batch(name=WARM_UP, rows=named.slice(0, timing.warm_up))
    for index in range(timing.n_windows):
        start, end = timing.bounds(index)
        window = named.slice(start, end - start).drop_columns([target])
        yield Batch(name=_name("window", index), rows=window)
        labelled = index + 1 - timing.label_delay
        if labelled >= 0:
            first, last = timing.bounds(labelled)
            yield Batch(
                name=_name("labels", labelled),
                rows=_labels(
                    named.slice(first, last - first).select([column, target]),
                    _known_at(timing, index, times),
                ),
                labels_of=_name("window", labelled),
            )


def order_of(written: list[Batch], *, ending: str, delay: int) -> str:
    """Return what a person must know of the folder, with the files in their order.

    Args:
        written: All files.
        ending: Of their names, with its dot.
        delay: Windows until labels are known.
    """
    windows = "the next window opens" if delay == 1 else f"the window {delay} places later opens"
    lines = [
        f"{k}. `{each.name}{ending}`: {each.rows.num_rows:,} {_said(each)}"
        for k, each in enumerate(written, start=1)
    ]
    return "\n".join(
        [
            "# A history, file by file",
            "",
            f"Labels of a window become known immediately before {windows}. Play the files in this",
            "order; what reads one before its turn knows the future.",
            "",
            *lines,
            "",
        ]
    )


def _said(batch: Batch) -> str:
    if batch.labels_of is not None:
        return f"labels, of {batch.labels_of}"
    return "labelled rows, to train the first model on" if batch.name == WARM_UP else "rows"


def _name(kind: str, index: int) -> str:
    return f"{kind}-{index + 1:04d}"


def _known_at(
    timing: Schedule, index: int, times: NDArray[np.datetime64] | None
) -> datetime | None:
    """Return when a window closed; None where nobody knows."""
    period, end = timing.period(index), timing.bounds(index)[1]
    if period is not None:
        return period[1]
    if times is None:
        return None
    last: datetime = times[end - 1].astype("datetime64[us]").item()
    return last.replace(tzinfo=UTC)


def _labels(rows: pa.Table, known_at: datetime | None) -> pa.Table:
    """Return what `holdfast label` takes: the prediction's entity is the row."""
    labels = rows.rename_columns(["entity", "label"])
    if known_at is None:
        return labels
    moments = pa.array([known_at] * rows.num_rows, pa.timestamp("us", "UTC"))
    return labels.append_column("observed_at", moments)
