"""The picture of a replay as a PNG, for where an SVG cannot stand."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from holdfast.domain.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.adapters.reports.replay_chart import Panel

__all__ = ["draw_chart"]

_COLOURS = ("#0072b2", "#6b7280", "#d55e00", "#b07d00", "#00805c", "#b4578f", "#3a8fc4", "#8a5a2b")
_DASHES = ("-", ":", "--", "-.")


def draw_chart(panels: Sequence[Panel], *, names: Sequence[str], title: str) -> bytes:
    """Return the picture as a PNG.

    Args:
        panels: From top to bottom; all have the same windows.
        names: What the axis says of each window.
        title: What is shown.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        # A heavy import that nothing else of a replay needs.
        from matplotlib.figure import Figure  # noqa: PLC0415 - above
    except ModuleNotFoundError as error:
        raise MissingExtraError(needs="matplotlib", extra="all") from error
    figure = Figure(figsize=(11, 3.4 * len(panels)), dpi=110, layout="constrained")
    axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        for k, line in enumerate(panel.lines[: len(_COLOURS)]):
            values = [float("nan") if value is None else value for value in line.values]
            style = _DASHES[k % len(_DASHES)]
            axis.plot(values, style, color=_COLOURS[k], lw=2.5 if k == 0 else 1.4, label=line.name)
            if len(line.promoted) + len(line.kept) <= len(values) / 2:
                for windows, filled in ((line.kept, False), (line.promoted, True)):
                    face = _COLOURS[k] if filled else "white"
                    heights = [values[window] for window in windows]
                    axis.plot(windows, heights, "o", color=_COLOURS[k], markerfacecolor=face)
        axis.set_title(panel.title, loc="left", fontsize=10)
        axis.grid(axis="y", color="#e3e6ea")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    told = sorted({round(i * (len(names) - 1) / 4) for i in range(5)})
    axes[-1].set_xticks(told, [names[k] for k in told])
    figure.suptitle(title, fontsize=11)
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()
