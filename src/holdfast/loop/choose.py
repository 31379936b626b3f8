"""Take the labelled rows that count out of those that were read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.treatments import RowsUsed
from holdfast.policy.row_choice import judged_on, learnt_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.evidence import GuardReport
    from holdfast.policy.row_choice import RowPolicy

__all__ = ["compared_on", "judged_rows", "learnt_rows", "n_assumed"]


def judged_rows(rows: pa.Table, policy: RowPolicy) -> tuple[pa.Table, RowsUsed]:
    """Return the rows that show how well the model does, and in words which they are.

    Args:
        rows: As `PredictionLog.window` gives labelled rows.
        policy: What the project wants.
    """
    return _taken(rows, *judged_on(_treated(rows), _whom(rows, policy), policy=policy))


def learnt_rows(rows: pa.Table, policy: RowPolicy) -> tuple[pa.Table, RowsUsed]:
    """Return the rows that a model may learn from, as `judged_rows` does.

    Args:
        rows: As `PredictionLog.window` gives labelled rows.
        policy: What the project wants.
    """
    return _taken(rows, *learnt_from(_treated(rows), policy=policy))


def compared_on(report: GuardReport, used: RowsUsed | None) -> GuardReport:
    """Return a guard's report that says on which kind of rows both models were compared.

    Args:
        report: On a part of the rows.
        used: Which rows all of them are; None if there was nothing to choose.
    """
    if used is None:
        return report
    return replace(report, rows_used=RowsUsed(which=used.which, n=report.n))


def n_assumed(rows: pa.Table) -> int:
    """Return how many of labelled rows count as negative for want of a label."""
    if "label_assumed" not in rows.column_names:
        return 0
    return int(pc.sum(rows.column("label_assumed")).as_py() or 0)


def _taken(rows: pa.Table, chosen: NDArray[np.bool_], used: RowsUsed) -> tuple[pa.Table, RowsUsed]:
    taken = rows.filter(pa.array(chosen))
    return taken, replace(used, n_assumed=n_assumed(taken))


def _treated(rows: pa.Table) -> NDArray[np.bool_]:
    """Return who is known to be treated; of whom nobody said so is not."""
    known = pc.fill_null(rows.column("was_treated"), fill_value=False)
    treated: NDArray[np.bool_] = known.to_numpy(zero_copy_only=False)
    return treated.astype(np.bool_)


def _whom(rows: pa.Table, policy: RowPolicy) -> Sequence[str]:
    """Return who might be held out, row by row; nobody's name is read if nobody is."""
    if policy.holdout.share == 0.0:
        return ()
    named = pc.coalesce(rows.column("entity"), rows.column("prediction_id"))
    whom: list[str] = named.to_pylist()
    return whom
