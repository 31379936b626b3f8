"""What a person reads of a replay: the windows under one policy, and all policies' means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from holdfast.loop.replay_log import OwnHistory
    from holdfast.loop.replayed import Replay, WindowResult

__all__ = [
    "POLICY_COLUMNS",
    "auc_words",
    "figure_words",
    "policy_cells",
    "print_replay",
    "said_of_file",
    "said_of_history",
]


POLICY_COLUMNS = ("ROC AUC", "Brier", "accuracy", "retrains", "promotions", "fits", "CPU s")
_FEW = 30  # rows of the rarer class below which a window's AUC says little; sd about 0.05


def print_replay(played: Replay, *, notes: Sequence[str] = ()) -> None:
    """Show the windows under the first policy, then what each policy came to."""
    from rich.console import Console
    from rich.table import Column, Table

    console = Console()
    for note in notes:
        console.print(note, highlight=False)
    name = played.project.name
    windows = Table("rows", "ROC AUC", "Brier", "model", name, "why", box=None)
    for window in played.project.windows:
        windows.add_row(
            _span(window),
            auc_words(window),
            figure_words(window.figure("brier")),
            window.model_version,
            window.step.decision.action.value.replace("_", " "),
            window.step.decision.reasons[0],
        )
    console.print(windows)
    policies = Table(Column("policy", no_wrap=True), *POLICY_COLUMNS, box=None)
    for run in played.runs:
        policies.add_row(run.name, *policy_cells(run.summary()))
    console.print(policies)


def said_of_history(own: OwnHistory) -> str:
    """Return what a project's own history is made of, in a sentence."""
    return (
        f"Of {own.n_logged:,} logged rows {own.n_logged - own.n_unlabelled:,} are labelled by now "
        f"and are played; the first model learns from the {own.timing.warm_up:,} reference rows "
        f"of {own.first}, the first champion."
    )


def said_of_file(played: Replay) -> str:
    """Return how a file was played, in a sentence."""
    timing = played.schedule
    known = (
        "when the next window opens"
        if timing.label_delay == 1
        else f"when the window {timing.label_delay} places later opens"
    )
    empty = sum(window.metrics is None for window in played.project.windows)
    without = f" {empty} of the windows are empty." if empty else ""
    return (
        f"The first {timing.warm_up:,} rows train the first model; {timing.n_windows} windows "
        f"follow, whose labels are known {known}.{without}"
    )


def auc_words(window: WindowResult) -> str:
    """Return a window's ROC AUC, or why there is none, or that it rests on few rows."""
    if window.metrics is None:
        return "no rows"
    auc = window.figure("roc_auc")
    if auc is None:
        return "one class"
    rarer = min(window.metrics.n_positive, window.metrics.n - window.metrics.n_positive)
    return f"{auc:.3f}" if rarer >= _FEW else f"{auc:.3f} (few rows)"


def _span(window: WindowResult) -> str:
    rows = f"{window.start}-{window.end}"
    return rows if window.start_at is None else f"{rows} from {window.start_at:%Y-%m-%d}"


def policy_cells(summary: Mapping[str, float | None]) -> list[str]:
    """Return what a policy came to, in the order of `POLICY_COLUMNS`."""
    seconds = summary["cpu_seconds"]
    return [
        *(figure_words(summary[f"mean_{name}"]) for name in ("roc_auc", "brier", "accuracy")),
        *(str(summary[name]) for name in ("retrains", "promotions", "fits")),
        "-" if seconds is None else f"{seconds:.1f}",
    ]


def figure_words(value: float | None) -> str:
    """Return a figure with three digits; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"
