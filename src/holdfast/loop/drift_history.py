"""Compare a file with the reference window by window, as time goes on, without a project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.errors import ColumnError, WindowError, nearest
from holdfast.domain.windows import Unit
from holdfast.drift.history import DriftHistory, WindowDrift
from holdfast.drift.report import compare
from holdfast.drift.rows import columns_needed, count_rows
from holdfast.drift.rules import AnyFeature, DriftShare, WeightedShare
from holdfast.drift.seasons import SeasonalReference, WindowReference
from holdfast.drift.windowing import bucketed_by_row, bucketed_by_time, nothing_counted
from holdfast.loop.baseline import Comparing, check_times, oldest_in, read_baseline
from holdfast.loop.compare import check_weighed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from holdfast.domain.windows import WindowSpan, WindowSpec
    from holdfast.drift.methods.protocol import Method
    from holdfast.drift.profile import Profile
    from holdfast.drift.report import DriftReport
    from holdfast.drift.windowing import BucketedRows
    from holdfast.loop.baseline import Baseline
    from holdfast.ports.data_source import DataSource

__all__ = ["ComparedWindows", "JudgedWindow", "compare_windows"]

_ON_VERDICTS = (AnyFeature, DriftShare, WeightedShare)  # rules that read no other figure
_BATCH = 250_000  # rows in memory at a time: bounds the memory, not the result


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedWindow:
    """A window with its counts.

    Attributes:
        span: Which stretch.
        report: Its comparison.
        reference: What it was compared with.
        current: Its rows, counted.
    """

    span: WindowSpan
    report: DriftReport
    reference: Profile
    current: Profile


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedWindows:
    """The windows of a file, each compared with its reference.

    Attributes:
        history: What they say.
        baseline: What counts as normal.
        newest: The newest window that the data fill, or without one the newest that holds a
            row; None if no window does.
    """

    history: DriftHistory
    baseline: Baseline
    newest: JudgedWindow | None

    def to_json(self) -> dict[str, Any]:
        """Return the history as plain JSON values, with the columns that were left out."""
        left_out = [{"column": name, "reason": why} for name, why in self.baseline.left_out]
        return {**self.history.to_json(), "left_out": left_out}


def compare_windows(
    reference: DataSource,
    current: DataSource,
    spec: WindowSpec,
    how: Comparing | None = None,
    *,
    n_seasons: int | None = None,
    partial_windows: bool = False,
) -> ComparedWindows:
    """Compare each window of the current rows with the reference.

    The reference says what the columns are, and gives the cells. Each current row is
    counted once, into its bucket; windows are sums of buckets.

    Args:
        reference: What counts as normal.
        current: What is compared with it, window by window.
        spec: How the windows lie. If it has the period of a season, each window is compared
            with the same season's rows of the reference, which must bear times, too.
        how: Bounds and roles; its time says when each row was. Windows of time need one;
            windows of rows are laid in its order, or else in the file's. Methods that have
            no part in the verdict, nor in the rule's, are asked of the newest window only:
            there are many windows.
        n_seasons: How many seasons are added up at most, newest first; None takes all that
            the reference covers.
        partial_windows: Whether to judge the windows, too, that the ends of the data cut off.

    Raises:
        ColumnError: If a column is missing on one side, or of another type there, if the
            times are none, or a weight is that of no feature.
        DataFileError: If a file cannot be read, or holds no rows.
        WindowError: If windows of time are asked for without times, or lengths do not go
            together.
    """
    how = how or Comparing()
    _require_time(spec, how.time)
    if how.time is not None:
        _check_present(current, [how.time])
        check_times(how.time, current.schema, "the current rows")
    known = _known_to(reference, spec, how)
    baseline = read_baseline(reference, current.schema, partial(oldest_in, current), known)
    check_weighed(baseline, how)
    reading = _Reading(baseline=baseline, spec=spec, time=how.time, moments=known.time)
    counted = _bucketed(current, reading)
    choose = _references(reference, reading, n_seasons)
    laid = list(counted.windows(partial=partial_windows))
    windows = [_judged(span, counts, choose(span), baseline, how) for span, counts in laid]
    held = [(window, counts) for window, (_, counts) in zip(windows, laid, strict=True) if counts]
    newest = max(held, key=lambda one: (one[0].span.complete, one[0].span.start), default=None)
    return ComparedWindows(
        history=DriftHistory(
            spec=spec,
            features=tuple(cells.name for cells in baseline.grid.features),
            windows=tuple(windows),
            n_reference=baseline.profile.n_rows,
            n_current=counted.n_rows + counted.n_undated,
            n_undated=counted.n_undated,
            n_left_out=_left_out(counted, windows),
        ),
        baseline=baseline,
        newest=None if newest is None else _in_full(*newest, baseline, how),
    )


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """How the rows of either side are read."""

    baseline: Baseline
    spec: WindowSpec
    time: str | None  # orders the rows
    moments: str | None  # the same, if the reference has it, too: dates are aged by it

    @property
    def columns(self) -> list[str]:
        needed = columns_needed(self.baseline.contract, self.baseline.grid, moments=self.moments)
        return list(dict.fromkeys([*needed, *([] if self.time is None else [self.time])]))

    def count(self, rows: pa.Table) -> Profile:
        of = self.baseline
        return count_rows(rows, of.contract, of.grid, moments=self.moments)


def _require_time(spec: WindowSpec, time: str | None) -> None:
    if time is None and spec.unit is Unit.TIME:
        raise WindowError(
            f"Windows of {spec.say(spec.length)} need to know when each row was",
            remedy="Name the column of times with --time, or count windows in rows.",
        )


def _known_to(reference: DataSource, spec: WindowSpec, how: Comparing) -> Comparing:
    """Do without times in the reference where only a season would need them there."""
    needed = spec.divisor or how.time in reference.schema.names
    return how if needed else replace(how, time=None)


def _bucketed(source: DataSource, reading: _Reading) -> BucketedRows:
    """Count every row of a source, once, into its bucket."""
    _check_present(source, reading.columns)
    if reading.spec.unit is Unit.TIME:
        parts = _by_time(source, reading)
    elif reading.time is not None:
        parts = _by_row_in_time(source, reading)
    else:
        parts = _by_row(source, reading)
    return reduce(add, parts, nothing_counted(reading.spec))


def _check_present(source: DataSource, needed: Sequence[str]) -> None:
    names = source.schema.names
    for name in needed:
        if name not in names:
            meant = nearest(name, names)
            raise ColumnError(
                name,
                "is not among the rows whose windows are compared",
                remedy=f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(names)}.",
            )


def _by_time(source: DataSource, reading: _Reading) -> Iterator[BucketedRows]:
    time = str(reading.time)
    for rows in source.scan(reading.columns, _BATCH):
        moments = rows.column(time)
        yield bucketed_by_time(rows, moments, reading.count, reading.spec, column=time)


def _by_row(source: DataSource, reading: _Reading) -> Iterator[BucketedRows]:
    first = 0
    for rows in source.batches(_BATCH):
        part = rows.select(reading.columns)
        yield bucketed_by_row(part, reading.count, reading.spec, first=first)
        first += rows.num_rows


def _by_row_in_time(source: DataSource, reading: _Reading) -> Iterator[BucketedRows]:
    """Count rows in the order of their times; rows of one moment keep the source's."""
    rows, time = source.read().select(reading.columns), str(reading.time)
    dated = rows.filter(pc.is_valid(rows.column(time)))
    order = np.argsort(dated.column(time).to_numpy(), kind="stable")
    counted = bucketed_by_row(dated.take(pa.array(order)), reading.count, reading.spec)
    yield replace(counted, n_undated=rows.num_rows - dated.num_rows)


def _references(
    reference: DataSource, reading: _Reading, n_seasons: int | None
) -> Callable[[WindowSpan], WindowReference]:
    fixed = reading.baseline.profile
    if not reading.spec.divisor:
        whole = WindowReference(counts=fixed)
        return lambda _: whole
    history = _bucketed(reference, reading)
    period = reading.spec.divisor
    return SeasonalReference(history, fixed, period=period, n_periods=n_seasons).of


def _in_full(
    window: WindowDrift, counts: Profile, baseline: Baseline, how: Comparing
) -> JudgedWindow:
    """Ask every method of one window: those that decide say of it what they said before."""
    reference = window.reference.counts
    return JudgedWindow(
        span=window.span,
        report=_compared(reference, counts, baseline, how, how.methods),
        reference=reference,
        current=counts,
    )


def _judged(
    span: WindowSpan,
    counts: Profile | None,
    reference: WindowReference,
    baseline: Baseline,
    how: Comparing,
) -> WindowDrift:
    if counts is None:
        return WindowDrift(span=span, n=0, report=None, reference=reference)
    report = _compared(reference.counts, counts, baseline, how, _asked(how))
    return WindowDrift(span=span, n=counts.n_rows, report=report, reference=reference)


def _compared(
    reference: Profile,
    current: Profile,
    baseline: Baseline,
    how: Comparing,
    methods: Mapping[str, Method],
) -> DriftReport:
    return compare(
        reference,
        current,
        policy=how.policy,
        rule=how.rule,
        weights=how.weights,
        grid=baseline.grid,
        methods=methods,
    )


def _asked(how: Comparing) -> Mapping[str, Method]:
    if not isinstance(how.rule, _ON_VERDICTS):
        return how.methods
    return {name: how.methods[name] for name in how.policy.decisive if name in how.methods}


def _left_out(counted: BucketedRows, windows: Sequence[WindowDrift]) -> int:
    """Count the rows beyond the first and the last window; there is none between them."""
    if not windows:
        return counted.n_rows
    bucket = counted.spec.bucket
    within = range(windows[0].span.start // bucket, windows[-1].span.end // bucket)
    return sum(c.n_rows for index, c in counted.buckets.items() if index not in within)
