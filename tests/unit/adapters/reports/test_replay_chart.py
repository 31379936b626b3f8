"""The picture of a replay: lines, marks and names, at any width."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.adapters.reports.replay_chart import Line, Panel, render_chart, spread, ticks_of

SVG = "{http://www.w3.org/2000/svg}"


def chart(*lines, n=4):
    panel = Panel(title="ROC AUC, higher is better", lines=lines)
    names = [f"{1000 * k:,}" for k in range(n)]
    return ET.fromstring(render_chart([panel], names=names, title="t", description="d"))


def widest(root):
    """Return the drawing for wide screens; the others hold the same."""
    return next(node for node in root.iter(f"{SVG}svg") if node.get("class") == "v2")


class TestRenderChart:
    def test_each_policy_has_a_line_with_its_name_beside_it(self):
        """A reader needs no legend."""
        drawn = widest(
            chart(Line(name="harm", values=[0.8] * 4), Line(name="never", values=[0.7] * 4))
        )

        words = {text.text for text in drawn.iter(f"{SVG}text")}
        assert {"harm", "never", "0", "3,000"} <= words
        curves = [node for node in drawn.iter(f"{SVG}path") if "lead" not in node.get("class")]
        assert len(curves) == 2

    def test_a_line_is_broken_where_a_window_has_no_figure(self):
        """It must not say what was not measured."""
        drawn = widest(chart(Line(name="harm", values=[0.8, None, 0.7, 0.6])))

        path = next(node for node in drawn.iter(f"{SVG}path") if node.get("class") == "s0 own")
        assert path.get("d").count("M") == 2

    def test_marks_tell_promotions_from_attempts(self):
        """By their shape, not by colour alone."""
        drawn = widest(chart(Line(name="harm", values=[0.8] * 4, promoted=[1], kept=[3])))

        marks = [circle.get("class").split()[0] for circle in drawn.iter(f"{SVG}circle")]
        assert sorted(marks) == ["done", "tried"]

    def test_who_retrains_all_the_time_gets_no_marks(self):
        """The name says it; marks would hide the line."""
        drawn = widest(chart(Line(name="every_window", values=[0.8] * 4, promoted=[0, 1, 2, 3])))

        assert not list(drawn.iter(f"{SVG}circle"))

    def test_names_may_hold_anything(self):
        """A policy is called after a file."""
        root = chart(Line(name='<script>"&', values=[0.8] * 4))

        assert '<script>"&' in {text.text for text in root.iter(f"{SVG}text")}

    def test_a_figure_that_no_window_has_is_said(self):
        """An empty picture would look like a fault."""
        root = chart(Line(name="harm", values=[None] * 4))

        assert "ROC AUC, higher is better: no window has one" in "".join(root.itertext())

    def test_loads_nothing(self):
        """Neither fonts nor scripts."""
        text = render_chart(
            [Panel(title="x", lines=[Line(name="a", values=[1.0])])],
            names=["0"], title="t", description="d",
        )  # fmt: skip

        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "<script" not in text


class TestTicks:
    @given(low=st.floats(-5, 5), width=st.floats(0, 3))
    def test_span_the_values_with_few_round_numbers(self, low, width):
        """Whatever the range, one value alone too."""
        ticks = ticks_of(low, low + width)

        assert 2 <= len(ticks) <= 8
        assert ticks[0] <= low + 1e-6
        assert ticks[-1] >= low + width - 1e-6


class TestSpread:
    @given(st.lists(st.floats(0, 200), min_size=1, max_size=8))
    def test_keeps_the_gap_and_the_order(self, places):
        """No two names lie over each other."""
        moved = spread(places, 15.0, most=216.0)

        in_order = [moved[i] for i in sorted(range(len(places)), key=lambda i: places[i])]
        assert all(b - a >= 15 - 1e-6 for a, b in pairwise(in_order))
        assert max(moved) <= 216 + 1e-6

    def test_what_is_apart_stays_where_it_is(self):
        """As little as can be is moved."""
        assert spread([10.0, 100.0], 15.0, most=216.0) == pytest.approx([10.0, 100.0])
