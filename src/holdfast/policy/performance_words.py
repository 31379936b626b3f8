"""What a window's event says of the model's performance, realised and estimated, in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from holdfast.domain.canonical import canonical_json
from holdfast.domain.estimates import EstimateVerdict
from holdfast.performance.track_record import track_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.domain.estimates import LabelDrift, MaturedEstimate, WindowEstimate
    from holdfast.domain.events import WindowJudged

__all__ = ["performance_in_words", "performance_json"]

_SHOWN = ("roc_auc", "brier", "recall", "precision", "f1", "accuracy", "log_loss")  # in this order
_TRACKED = ("roc_auc", "brier")
_VERDICTS = {
    EstimateVerdict.DECAYED: "worse than at release",
    EstimateVerdict.HELD: "held",
    EstimateVerdict.WITHDRAWN: "not to be relied on",
    EstimateVerdict.TOO_FEW: "not judged",
}


def performance_in_words(
    judged: WindowJudged, matured: Sequence[MaturedEstimate]
) -> Iterator[tuple[str, str]]:
    """Yield what is known of a model's performance: a word for each line, and the line.

    Args:
        judged: The event of the window judged last.
        matured: The latest estimates whose labels have come, as control state keeps them.
    """
    if judged.performance is not None:
        yield "Realised", _realised(judged)
    if judged.rows_used is not None and judged.rows_used.n_left_out:
        yield "Measured on", judged.rows_used.words
    if judged.label_drift is not None:
        yield "Positives", _positives(judged.label_drift)
    if judged.estimate is not None:
        yield "Estimated", _estimated(judged.estimate)
    for metric in _TRACKED:
        record = track_record(metric, matured)
        if record is not None:
            inside = round(record.coverage * record.n)
            windows = f"{record.n} matured window{'' if record.n == 1 else 's'}"
            off = f"{metric} estimated {_signed(-record.mean_error)} on average"
            yield "Track record", f"{off}; of {windows} {inside} inside the interval"


def performance_json(
    judged: WindowJudged | None, matured: Sequence[MaturedEstimate]
) -> dict[str, Any] | None:
    """Return the same for a program, or None if no window was judged."""
    if judged is None:
        return None
    records = [track_record(metric, matured) for metric in _SHOWN]
    return {
        "realised": judged.performance,
        "n_labelled": judged.n_labelled,
        "n_assumed": judged.n_assumed,
        "rows_used": _plain(judged.rows_used),
        "label_drift": _plain(judged.label_drift),
        "estimate": _plain(judged.estimate),
        "matured": _plain(judged.matured),
        "track_record": [_plain(record) for record in records if record is not None],
    }


def _plain(value: object) -> Any:
    return json.loads(canonical_json(value))


def _realised(judged: WindowJudged) -> str:
    assert judged.performance is not None, "looked at before"
    known = [name for name in _SHOWN if name in judged.performance]
    figures = ", ".join(f"{name} {judged.performance[name]:.3f}" for name in known)
    assumed = f", {judged.n_assumed:,} of them assumed negative" if judged.n_assumed else ""
    return f"{figures} on {judged.n_labelled:,} mature labels{assumed}"


def _positives(drift: LabelDrift) -> str:
    known = f"{drift.current:.1%} [{drift.low:.1%}, {drift.high:.1%}] of {drift.n:,} mature labels"
    p_value = "too few to compare" if drift.p_value is None else f"p = {drift.p_value:.2g}"
    return f"{known}, {drift.reference:.1%} in the reference ({p_value})"


def _estimated(estimate: WindowEstimate) -> str:
    known = [name for name in _SHOWN if name in estimate.figures]
    figures = ", ".join(
        f"{name} {one.estimate:.3f} [{one.low:.3f}, {one.high:.3f}]"
        for name, one in ((name, estimate.figures[name]) for name in known[:2])
    )
    return f"{figures} on {estimate.n:,} rows; {_VERDICTS[estimate.verdict]}: {estimate.reason}"


def _signed(error: float) -> str:
    return f"{abs(error):.3f} too {'high' if error > 0 else 'low'}"
