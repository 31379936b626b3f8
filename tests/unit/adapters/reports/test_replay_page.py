"""A replay as a page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from holdfast.adapters.reports.replay_page import PolicyRow, WindowRow, render_replay

WINDOW = WindowRow(
    name="0 to 10", auc="0.800", brier="0.100", model="v1", decision="keep", reasons=["<b>so</b>"]
)


def page(**changes):
    told: dict[str, Any] = {
        "policies": [PolicyRow(name="harm", cells=["0.800"])],
        "windows": [WINDOW],
        "columns": ["ROC AUC"],
        "title": "Replay of <x>.csv",
        "notes": ["One window."],
        "chart": '<svg class="hf"></svg>',
        "made_at": datetime(2026, 3, 5, tzinfo=UTC),
    } | changes
    policies, windows = told.pop("policies"), told.pop("windows")
    return render_replay(policies, windows, **told)


class TestRenderReplay:
    def test_shows_policies_picture_and_windows(self):
        """In this order: what it came to, first."""
        html = page()

        places = [html.index(each) for each in ("harm</bdi>", '<svg class="hf">', "0 to 10")]
        assert places == sorted(places)
        assert "One window." in html

    def test_names_and_reasons_act_on_nothing(self):
        """They come from files and from data."""
        html = page(policies=[PolicyRow(name="<i>", cells=["-"])])

        assert "<i>" not in html
        assert "<b>so</b>" not in html
        assert "Replay of &lt;x&gt;.csv" in html

    def test_loads_nothing_and_runs_nothing(self):
        """It can be mailed."""
        html = page()

        assert "default-src 'none'" in html
        assert "<script" not in html
        assert "http:" not in html
        assert "https:" not in html
