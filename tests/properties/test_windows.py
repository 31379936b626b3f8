"""Windows are sums of buckets: whatever the rows, their order and the lengths."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial, reduce
from itertools import pairwise
from operator import add
from typing import Any, cast

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.cleaning import TIMESTAMP
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.windows import Reach, Unit, WindowSpec
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import profile
from holdfast.drift.windowing import bucketed_by_row, bucketed_by_time, nothing_counted, windows_of

CONTRACT = Contract(
    features=(
        Feature(name="number", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="word", kind=FeatureKind.CATEGORICAL, nullable=True),
    ),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
DAY = 86_400_000_000
BEGIN = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1_000_000
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-20 * DAY, 20 * DAY),
        st.none() | st.integers(0, 9).map(float),
        st.none() | st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=40,
)
LENGTHS = st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda pair: pair[1] <= pair[0])


def table(rows):
    moments, numbers, words = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "at": pa.array([None if at is None else BEGIN + at for at in moments], TIMESTAMP),
            "number": pa.array(numbers, pa.float64()),
            "word": pa.array(words, pa.string()),
        }
    )


GRID = cut_grid(table([(0, 1.0, "a"), (0, 4.0, "b")]), CONTRACT)
COUNT = partial(profile, grid=GRID)


def by_time(rows, spec):
    counted = table(rows)
    return bucketed_by_time(counted, counted.column("at"), COUNT, spec)


def days(lengths):
    return WindowSpec(unit=Unit.TIME, length=lengths[0] * DAY, step=lengths[1] * DAY)


class TestWindowsByTime:
    @given(rows=ROWS, lengths=LENGTHS, data=st.data())
    def test_order_and_split_do_not_matter(self, rows, lengths, data):
        """Late rows, rows out of order, partitions: the windows and what they hold are the same."""
        spec = days(lengths)
        shuffled = data.draw(st.permutations(rows))
        cut = data.draw(st.integers(0, len(rows)))

        split = by_time(shuffled[:cut], spec) + by_time(shuffled[cut:], spec)

        whole = by_time(rows, spec)
        assert split.n_undated == whole.n_undated == sum(at is None for at, _, _ in rows)
        assert list(split.windows(partial=True)) == list(whole.windows(partial=True))

    @given(rows=ROWS, lengths=LENGTHS)
    def test_a_window_holds_the_rows_of_its_stretch(self, rows, lengths):
        """Counted one window at a time from the rows themselves; None where there are none."""
        for span, counts in by_time(rows, days(lengths)).windows(partial=True):
            within = [
                row
                for row in rows
                if row[0] is not None and span.start <= BEGIN + row[0] < span.end
            ]
            assert counts == (COUNT(table(within)) if within else None)

    @given(rows=ROWS, lengths=LENGTHS)
    def test_no_dated_row_is_in_no_window(self, rows, lengths):
        """Complete windows and the two that the ends cut off hold all of them."""
        spans = [span for span, _ in by_time(rows, days(lengths)).windows(partial=True)]

        for at, _, _ in rows:
            assert at is None or any(span.start <= BEGIN + at < span.end for span in spans)

    @given(rows=ROWS, lengths=LENGTHS)
    def test_tumbling_windows_share_no_row(self, rows, lengths):
        """Their counts add up to all that is dated."""
        counted = by_time(rows, days((lengths[0], lengths[0])))

        sums = [c.n_rows for _, c in counted.windows(partial=True) if c is not None]

        assert sum(sums) == counted.n_rows == sum(at is not None for at, _, _ in rows)

    @given(first=st.integers(-(10**6), 10**6), length=st.integers(0, 10**5), lengths=LENGTHS)
    def test_windows_lie_on_multiples_of_the_step_in_order(self, first, length, lengths):
        """At most one at each end is incomplete, and those between fill the data."""
        spec = WindowSpec(unit=Unit.TIME, length=lengths[0] * 1_000, step=lengths[1] * 1_000)
        reach = Reach(first=first, last=first + length)

        spans = list(spec.spans(reach, partial=True))

        assert all(span.start % spec.step == 0 for span in spans)
        assert [s.start for s in spans] == [
            spans[0].start + i * spec.step for i in range(len(spans))
        ]
        assert all(span.complete for span in spans[1:-1])
        assert [s for s in spans if s.complete] == list(spec.spans(reach))
        assert all(s.end > first and s.start <= first + length for s in spans)


class TestWindowsByRow:
    @given(rows=ROWS, lengths=LENGTHS, cuts=st.lists(st.integers(0, 40), max_size=4))
    def test_batches_do_not_matter(self, rows, lengths, cuts):
        """Windows are stretches of row numbers, wherever one batch ends and the next begins."""
        spec = WindowSpec(unit=Unit.ROWS, length=lengths[0], step=lengths[1])
        counted = table(rows)
        borders = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})

        parts = [
            bucketed_by_row(counted.slice(a, b - a), COUNT, spec, first=a)
            for a, b in pairwise(borders)
        ]

        windows = list(reduce(add, parts, nothing_counted(spec)).windows())
        starts = range(0, len(rows) - spec.length + 1, spec.step)
        assert [span.start for span, _ in windows] == list(starts)
        for span, counts in windows:
            assert counts == COUNT(counted.slice(span.start, spec.length))


class TestQueue:
    @given(
        present=st.sets(st.integers(0, 60), max_size=40),
        length=st.integers(1, 20),
        step=st.integers(1, 20),
    )
    def test_sliding_sums_equal_plain_sums(self, present, length, step):
        """Gaps of any length between the buckets included; each bucket is added at most twice."""
        step = min(step, length)
        spec = WindowSpec(unit=Unit.ROWS, length=length, step=step)
        marks = {i: _Mark({i}) for i in present if i % spec.bucket == 0}
        _Mark.n_added = 0

        spans = list(spec.spans(Reach(first=0, last=80)))
        buckets = {i // spec.bucket: mark for i, mark in marks.items()}
        found = [
            (span, set() if mark is None else cast(_Mark, mark).held)
            for span, mark in windows_of(cast(Any, buckets), spans, bucket=spec.bucket)
        ]

        assert found == [(span, {i for i in marks if span.start <= i < span.end}) for span in spans]
        assert _Mark.n_added <= 2 * len(marks) + len(spans)


class _Mark:
    """Stands for a profile; tells what was added, and how often."""

    n_added = 0

    def __init__(self, held):
        self.held = held

    def __add__(self, other):
        assert not self.held & other.held, "a bucket was added twice"
        assert max(self.held) < min(other.held), "buckets were added out of order"
        _Mark.n_added += 1
        return _Mark(self.held | other.held)
