"""What of a replay is written for people to look at: a picture, and a page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.adapters.reports.replay_chart import Line, Panel, render_chart
from holdfast.cli.replay_words import POLICY_COLUMNS, auc_words, figure_words, policy_cells
from holdfast.cli.writing import write_text, writing
from holdfast.domain.errors import DataFileError

if TYPE_CHECKING:
    from holdfast.loop.replayed import PolicyRun, Replay, WindowResult

__all__ = ["require_picture", "write_page", "write_picture"]

_PANELS = {"roc_auc": "ROC AUC, higher is better", "brier": "Brier score, lower is better"}
_FORMATS = {".svg", ".png"}


def require_picture(path: Path | None) -> None:
    """Refuse a picture of an unknown format, before minutes go into the replay.

    Raises:
        DataFileError: If the name says no known format.
    """
    if path is not None and path.suffix.lower() not in _FORMATS:
        raise DataFileError(path, "its name says no known format", remedy="End it in .svg or .png")


def write_picture(path: Path, played: Replay, *, title: str) -> None:
    """Write each policy's figures over time, with its attempts, as SVG or PNG.

    Raises:
        DataFileError: If the file cannot be written.
        MissingExtraError: If a PNG is asked for and matplotlib is not installed.
    """
    if path.suffix.lower() == ".svg":
        write_text(path, _chart(played, title))
        return
    from holdfast.adapters.reports.replay_png import draw_chart

    drawn = draw_chart(_panels(played), names=_names(played), title=title)
    with writing(path):
        path.write_bytes(drawn)


def write_page(path: Path, played: Replay, *, title: str, notes: list[str]) -> None:
    """Write the policies' table, the picture and the windows as one HTML page.

    Raises:
        DataFileError: If the file cannot be written.
    """
    from holdfast.adapters.reports.replay_page import PolicyRow, WindowRow, render_replay

    page = render_replay(
        [PolicyRow(name=run.name, cells=policy_cells(run.summary())) for run in played.runs],
        [
            WindowRow(
                name=_span(window),
                auc=auc_words(window),
                brier=figure_words(window.figure("brier")),
                model=window.model_version,
                decision=window.step.decision.action.value.replace("_", " "),
                reasons=window.step.decision.reasons,
            )
            for window in played.project.windows
        ],
        columns=POLICY_COLUMNS,
        title=title,
        notes=notes,
        chart=_chart(played, title),
        made_at=datetime.now(tz=UTC),
    )
    write_text(path, page)


def _chart(played: Replay, title: str) -> str:
    best = played.project
    said = (
        f"{len(played.runs)} policies over {len(best.windows)} windows; {best.name} promoted "
        f"{best.summary()['promotions']} models in {best.summary()['retrains']} attempts."
    )
    return render_chart(_panels(played), names=_names(played), title=title, description=said)


def _panels(played: Replay) -> list[Panel]:
    return [
        Panel(title=title, lines=[_line(run, metric) for run in played.runs])
        for metric, title in _PANELS.items()
    ]


def _line(run: PolicyRun, metric: str) -> Line:
    steps = [window.step for window in run.windows]
    return Line(
        name=run.name,
        values=[window.figure(metric) for window in run.windows],
        promoted=[k for k, step in enumerate(steps) if step.promoted],
        kept=[k for k, step in enumerate(steps) if step.attempted and not step.promoted],
    )


def _names(played: Replay) -> list[str]:
    return [_short(window) for window in played.project.windows]


def _short(window: WindowResult) -> str:
    return f"{window.start:,}" if window.start_at is None else f"{window.start_at:%Y-%m-%d}"


def _span(window: WindowResult) -> str:
    rows = f"{window.start:,} to {window.end:,}"
    return rows if window.start_at is None else f"{window.start_at:%Y-%m-%d}: {rows}"
