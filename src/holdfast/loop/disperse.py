"""By how much the reference's rows vary together: measured over its buckets, by monitor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.arrow import index_array
from holdfast.domain.releases import Dispersed
from holdfast.drift.profile import profile
from holdfast.drift.scores import score_profile
from holdfast.policy.monitoring import Monitors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.releases import ModelMetrics
    from holdfast.drift.profile import ReferenceProfile
    from holdfast.loop.control import ControlPlan
    from holdfast.loop.crossfit import OutOfFold
    from holdfast.policy.monitoring import SequentialPolicy
    from holdfast.stats.design_effect import DesignEffect

__all__ = ["Dated", "dated_rows", "dispersion_of"]

_MICROSECOND = timedelta(microseconds=1)
_MOST_BUCKETS = 366  # the newest: a year of days tells enough, and bounds the work


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dated:
    """When the rows of a reference were, and for which monitors that is asked.

    Attributes:
        times: UTC, shape ``(n,)``; NaT of a row that says nothing of its bucket.
        bucket: Its length.
        policy: Of the monitors.
        prices: What a false positive and a false negative cost, if the aim says so.
        otherwise: What is taken for a monitor of which too few buckets tell.
    """

    times: NDArray[np.datetime64]
    bucket: timedelta
    policy: SequentialPolicy
    prices: tuple[float, float] | None = None
    otherwise: Mapping[str, Dispersed] = field(default_factory=dict)

    def measure(
        self, rows: pa.Table, held_out: OutOfFold, reference: ReferenceProfile
    ) -> dict[str, Dispersed]:
        """Return the design effect of each monitor, as far as the newest buckets tell.

        A drift within the rows counts as unrest: buckets before and after it differ. Whoever
        knows of one gives no times to the rows before it.

        Args:
            rows: The reference, shape ``(n, …)``, in any order.
            held_out: Scores and labels of the same rows; of fewer rows, they are left out.
            reference: The same rows, counted as one.

        Returns:
            By monitor's name; those that are absent take rows as independent.
        """
        order, borders = self._buckets()
        if order.size == 0:
            return dict(self.otherwise)
        effects = _effects(
            rows.take(index_array(order)),
            _taken(held_out, order, n=rows.num_rows),
            reference,
            Monitors.of(reference, held_out.metrics, policy=self.policy, prices=self.prices),
            borders=borders,
        )
        mean = order.size / (len(borders) - 1)
        return dict(self.otherwise) | {
            name: Dispersed(value=effect.value, n_buckets=effect.n_buckets, rows=mean)
            for name, effect in effects.items()
            if effect.measured
        }

    def _buckets(self) -> tuple[NDArray[np.intp], list[int]]:
        """Return the rows of the newest buckets, bucket by bucket, and where each begins."""
        dated = np.flatnonzero(~np.isnat(self.times))
        moments = self.times[dated].astype("datetime64[us]").astype(np.int64)
        numbers = moments // (self.bucket // _MICROSECOND)
        sort = np.argsort(numbers, kind="stable")
        order, numbers = dated[sort], numbers[sort]
        starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))[-_MOST_BUCKETS:]
        first = int(starts[0]) if starts.size else 0
        return order[first:], [*(starts - first).tolist(), order.size - first]


def dated_rows(
    plan: ControlPlan,
    times: NDArray[np.datetime64],
    *,
    otherwise: Mapping[str, Dispersed] | None = None,
) -> Dated:
    """Return when rows were, with what the project's plan says of buckets and monitors.

    Args:
        plan: The length of a bucket, the monitors' policy and the aim's prices.
        times: UTC, shape ``(n,)``; NaT of a row that says nothing of its bucket.
        otherwise: What is taken for a monitor of which too few buckets tell.
    """
    return Dated(
        times=times,
        bucket=plan.bucket,
        policy=plan.sequential,
        prices=plan.prices,
        otherwise=otherwise or {},
    )


def dispersion_of(
    rows: pa.Table,
    held_out: OutOfFold,
    reference: ReferenceProfile,
    baseline: ModelMetrics,
    *,
    borders: Sequence[int],
    policy: SequentialPolicy,
) -> dict[str, float]:
    """Return the design effect of each monitor, as far as the reference's buckets tell.

    Args:
        rows: The reference, in the order of time.
        held_out: Scores and labels of the same rows, in their order; of fewer rows, they say
            nothing of buckets and are left out.
        reference: The same rows, counted as one.
        baseline: What the model reached on them.
        borders: Where buckets begin, and the row after the last: ascending.
        policy: Of the monitors.

    Returns:
        By monitor's name; those of which too few buckets tell are absent, and their rows are
        taken as independent.
    """
    monitors = Monitors.of(reference, baseline, policy=policy)
    effects = _effects(rows, held_out, reference, monitors, borders=borders)
    return {name: effect.value for name, effect in effects.items() if effect.measured}


def _effects(
    rows: pa.Table,
    held_out: OutOfFold,
    reference: ReferenceProfile,
    monitors: Monitors,
    *,
    borders: Sequence[int],
) -> dict[str, DesignEffect]:
    cells = reference.score_grid
    scored = cells is not None and len(held_out.scores) == rows.num_rows
    seen, learnt = [], []
    for start, end in pairwise(borders):
        if start == end:
            continue
        part, scores = slice(start, end), None
        if scored and cells is not None:
            made = held_out.scores[part]
            scores = score_profile(made, cells)
            learnt.append(score_profile(made, cells, held_out.labels[part]))
        seen.append(profile(rows.slice(start, end - start), reference.grid, scores=scores))
    return monitors.design_effects(seen, learnt)


def _taken(held_out: OutOfFold, order: NDArray[np.intp], *, n: int) -> OutOfFold:
    """Return the scores of some of `n` rows; none, if there is not one for each."""
    chosen = order if len(held_out.scores) == n else order[:0]
    return replace(held_out, scores=held_out.scores[chosen], labels=held_out.labels[chosen])
