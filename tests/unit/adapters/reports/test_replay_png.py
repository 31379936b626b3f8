"""The picture of a replay as a PNG."""

from __future__ import annotations

from holdfast.adapters.reports.replay_chart import Line, Panel
from holdfast.adapters.reports.replay_png import draw_chart


class TestDrawChart:
    def test_is_a_png_of_both_panels(self):
        """Also where a window has no figure."""
        lines = [Line(name="harm", values=[0.8, None, 0.7], promoted=[0], kept=[2])]
        panels = [Panel(title="ROC AUC", lines=lines), Panel(title="Brier score", lines=lines)]

        drawn = draw_chart(panels, names=["0", "10", "20"], title="t")

        assert drawn.startswith(b"\x89PNG")
        assert len(drawn) > 10_000
