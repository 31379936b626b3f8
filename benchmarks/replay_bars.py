"""What a replay's figures say of its bars: better or worse than every window, and found in time."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.domain.evidence import Severity, Trigger
from holdfast.stats.block_bootstrap import mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.replay_streams import Known

    from holdfast.domain.evidence import Alert
    from holdfast.loop.replayed import PolicyRun, Replay, WindowResult

__all__ = ["YARDSTICK", "alarms_of", "compared", "found", "overall"]

YARDSTICK = "every_window"
LEAST_AUC = -0.005  # of the mean paired difference, on each stream
MOST_BRIER = 0.003
LEAST_MEAN_AUC = 0.0  # of the streams' mean differences
MOST_RETRAINS = 0.25  # of the yardstick's, over all streams
_WHILE_IT_HOLDS = {Trigger.PERFORMANCE, Trigger.CONFIDENCE}  # tests on each window, anew
_OF_HARM = {Trigger.PERFORMANCE, Trigger.HARM, Trigger.CONCEPT}

Figures = dict[str, list[float | None]]
"""By metric, one value a window; None where the window does not define it."""


def compared(ours: Figures, theirs: Figures) -> dict[str, Any]:
    """Return the mean paired differences to a yardstick with their intervals, and the verdict.

    Args:
        ours: `roc_auc` and `brier` of each window under a policy.
        theirs: The same windows under the yardstick.
    """
    auc, brier = (_difference(ours[name], theirs[name]) for name in ("roc_auc", "brier"))
    return {
        "roc_auc": auc,
        "brier": brier,
        "holds": auc["mean"] >= LEAST_AUC and brier["mean"] <= MOST_BRIER,
    }


def _difference(ours: Sequence[float | None], theirs: Sequence[float | None]) -> dict[str, Any]:
    paired = [
        one - other
        for one, other in zip(ours, theirs, strict=True)
        if one is not None and other is not None
    ]
    interval = mean_interval(np.array(paired))
    return {
        "mean": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "windows": len(paired),
    }


def overall(streams: dict[str, dict[str, Any]], policy: str) -> dict[str, Any]:
    """Return what a policy comes to over all streams, and whether all bars hold.

    Args:
        streams: What was measured, by stream.
        policy: Its name.
    """
    against = {name: stream["against_every_window"][policy] for name, stream in streams.items()}
    each = [stream["policies"][policy] for stream in streams.values()]
    yardstick = sum(stream["policies"][YARDSTICK]["retrains"] for stream in streams.values())
    retrains = sum(one["retrains"] for one in each)
    mean_auc = fmean(one["roc_auc"]["mean"] for one in against.values())
    bars = {
        "each_stream": all(one["holds"] for one in against.values()),
        "mean_roc_auc": mean_auc >= LEAST_MEAN_AUC,
        "retrains": retrains <= MOST_RETRAINS * yardstick,
    }
    return {
        "mean_difference_roc_auc": mean_auc,
        "mean_difference_brier": fmean(one["brier"]["mean"] for one in against.values()),
        "failing": sorted(name for name, one in against.items() if not one["holds"]),
        "retrains": retrains,
        "retrains_of_every_window": yardstick,
        "promotions": sum(one["promotions"] for one in each),
        "fits": sum(one["fits"] for one in each),
        "cpu_seconds": round(sum(one["cpu_seconds"] for one in each), 2),
        "bars": bars,
        "holds": all(bars.values()),
    }


def alarms_of(run: PolicyRun) -> list[dict[str, Any]]:
    """Return the windows in which alarms were raised, or raised again, and on what.

    What is said for as long as it holds counts once; a monitor that alarms anew, in other
    figures, counts again, and so does all that is said of another model.
    """
    raised, before = [], set[tuple[str, ...]]()
    for window in run.windows:
        loud = [alert for alert in window.step.alerts if alert.severity is not Severity.INFO]
        about = {alert: _about(alert, window) for alert in loud}
        new = [alert for alert in loud if about[alert] not in before]
        before = set(about.values())
        if new:
            triggers = sorted({alert.trigger.value for alert in new})
            raised.append({"start": window.start, "end": window.end, "triggers": triggers})
    return raised


def _about(alert: Alert, window: WindowResult) -> tuple[str, ...]:
    said = "" if alert.trigger in _WHILE_IT_HOLDS else alert.message
    return (window.model_version, alert.trigger.value, alert.subject, said)


def found(run: PolicyRun, known: Known, played: Replay) -> dict[str, Any]:
    """Return when each known change was found, and alarms where nothing is known to harm.

    A change counts as found at the first close at which an alarm is newly raised; what counts
    is how many rows from after it were labelled by then.

    Args:
        run: The policy's.
        known: What the stream's makers say.
        played: Knows when labels are known.
    """
    alarms, timing = alarms_of(run), played.schedule
    of_harm = [each for each in alarms if _OF_HARM & set(each["triggers"])]
    counted = of_harm if known.by_labels else alarms
    changes = []
    for k, change in enumerate(known.changes):
        until = known.changes[k + 1] if k + 1 < len(known.changes) else played.schedule.edges[-1]
        at = next((each["end"] for each in counted if change < each["end"] <= until), None)
        since = None if at is None else at - (timing.label_delay - 1) * timing.window - change
        within = None if known.within is None else known.within * timing.window
        changes.append(
            {
                "row": change,
                "found_at": at,
                "labelled_rows_since": since,
                "within": within,
                "holds": None if within is None else since is not None and since <= within,
            }
        )
    false_harm = len(of_harm) if known.harmless else None
    verdicts = [change["holds"] for change in changes if change["holds"] is not None]
    verdicts += [] if false_harm is None else [false_harm == 0]
    return {
        "alarms": alarms,
        "changes": changes,
        "false_alarms_of_harm": false_harm,
        "holds": all(verdicts) if verdicts else None,
    }
