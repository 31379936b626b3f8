"""What is watched over time, and how near to an alarm each monitor is: in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.loop.observe import Observation

__all__ = ["monitors_in_words", "monitors_json"]

_SHOWN = 3
_WORTH_SHOWING = 0.01  # of a bar; below it nothing has been seen


def monitors_in_words(observed: Observation) -> list[str]:
    """Return what a reader of a tick wants to know of the monitors.

    Args:
        observed: What the monitors made of the buckets that are new.
    """
    state, shares = observed.state, observed.monitors.shares(observed.state)
    nearest = sorted(shares.items(), key=lambda item: -item[1])
    near = [f"{name} {share:.0%}" for name, share in nearest if share >= _WORTH_SHOWING]
    seen, learnt = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (state.seen_until, state.learnt_until))
    lines = [
        (
            f"{len(shares)} monitors saw {state.n_seen:,} rows until {seen}, "
            f"and {state.n_learnt:,} labels until {learnt}"
        ),
        f"nearest to an alarm: {', '.join(near[:_SHOWN])}" if near else "none is near an alarm",
    ]
    return [*lines, _dispersion_in_words(observed)]


def _dispersion_in_words(observed: Observation) -> str:
    """Return how rows of a bucket are counted: as the reference showed, or as independent."""
    monitors = observed.monitors.monitors
    known = [monitor for monitor in monitors if monitor.name in observed.measured]
    if not known:
        return "rows of a bucket are taken as independent; the reference does not show otherwise"
    most = max(known, key=lambda monitor: monitor.dispersion)
    said = (
        f"rows of a bucket vary up to {most.dispersion:.2g} times as much as independent ones "
        f"({most.name})"
    )
    if len(known) == len(monitors):
        return said
    others = [monitor.name for monitor in monitors if monitor.name not in observed.measured]
    return f"{said}; taken as independent: {', '.join(others)}"


def monitors_json(observed: Observation) -> dict[str, Any]:
    """Return the same as plain JSON values.

    Args:
        observed: What the monitors made of the buckets that are new.
    """
    state, shares = observed.state, observed.monitors.shares(observed.state)
    return {
        "seen_until": state.seen_until.isoformat(),
        "learnt_until": state.learnt_until.isoformat(),
        "n_seen": state.n_seen,
        "n_learnt": state.n_learnt,
        "alarms": len(observed.alarms),
        "watched": [
            {
                "monitor": monitor.name,
                "watched": monitor.watched.value,
                "subject": monitor.subject,
                "share": shares[monitor.name],
                "dispersion": monitor.dispersion,
            }
            for monitor in observed.monitors.monitors
        ],
    }
