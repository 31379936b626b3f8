"""Tests of holdfast.loop.draw."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from holdfast.loop.draw import Chart, Dot, Line, Note, chart, page, table_cell, table_head

SVG = "{http://www.w3.org/2000/svg}"
AWKWARD = "<script>&\"'\x00\x1b\u202e"


def drawn(**parts):
    given = {"title": "T", "subtitle": "S", "across": "A", "up": "U"} | parts
    return ET.fromstring(chart(Chart(**given)))


def texts(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


class TestChart:
    def test_says_what_it_is_and_what_its_axes_count(self):
        """Also to who cannot see it."""
        svg = drawn()

        assert {"T", "S", "A", "U", "20%", "100%"} <= set(texts(svg))
        assert svg.find(f"{SVG}title").text == "T"
        assert svg.find(f"{SVG}desc").text == "S"
        assert svg.get("role") == "img"

    def test_places_points_by_their_shares(self):
        """Up is up: the origin is at the left, below."""
        svg = drawn(lines=[Line(points=[(0, 0), (1, 1)], style="a")])

        (line,) = svg.iter(f"{SVG}polyline")
        (x, y), (right, top) = (map(float, p.split(",")) for p in line.get("points").split())
        frame = next(one for one in svg.iter(f"{SVG}rect") if one.get("class") == "frame")
        assert (x, top) == (float(frame.get("x")), float(frame.get("y")))
        assert right - x == float(frame.get("width"))
        assert y - top == float(frame.get("height"))

    def test_names_lines_in_a_key(self):
        """Those that have a name; a mark needs none."""
        svg = drawn(
            lines=[
                Line(points=[(0, 0), (1, 1)], style="a", name="the model"),
                Line(points=[(0, 0), (0, 1)], style="here"),
            ]
        )

        assert texts(svg).count("the model") == 1
        assert len(list(svg.iter(f"{SVG}polyline"))) == 3

    def test_a_note_stays_on_the_page(self):
        """At the right it stands to the left of its point, at the bottom above it."""
        svg = drawn(
            dots=[Dot(at=(1.0, 0.0), style="chosen")], notes=[Note(at=(1, 0), text=["one", "two"])]
        )

        one, two = (text for text in svg.iter(f"{SVG}text") if text.text in {"one", "two"})
        dot = next(svg.iter(f"{SVG}circle"))
        assert one.get("text-anchor") == "end"
        assert float(one.get("y")) < float(two.get("y")) < float(dot.get("cy"))

    def test_words_from_outside_cannot_become_markup(self):
        """Not even the control characters that XML has no way to write."""
        svg = drawn(title=AWKWARD, across=AWKWARD, notes=[Note(at=(0, 0), text=[AWKWARD])])

        assert texts(svg).count("<script>&\"'   ") == 3
        assert list(svg.iter(f"{SVG}script")) == []


class TestTable:
    def test_has_names_and_cells(self):
        """Each cell beneath its column, beside its row."""
        parts = [
            table_head("decided yes", column=0),
            table_head("is yes", row=0),
            table_cell(0, 0, "305", "77.6%", right=True),
        ]

        svg = ET.fromstring(page("T", "S", parts))

        column, row, cell, share = list(svg.iter(f"{SVG}text"))[2:]
        at = [float(text.attrib["x"]) for text in (row, column, cell, share)]
        assert at[0] < at[1] == at[2] == at[3]
        assert cell.text == "305"
