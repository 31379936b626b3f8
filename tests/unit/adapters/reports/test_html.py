"""The page: what it says, that nothing in it acts, and that it stays small."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from holdfast.adapters.reports.sections import Figure, ModelSection, PastWindow
from holdfast.domain.windows import Unit, WindowSpan
from holdfast.drift.history import DriftMatrix
from holdfast.drift.report import compare_scores
from holdfast.drift.scores import cut_score_grid, score_profile

VOID = {"meta", "link", "br"}
HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "</style><script>alert(2)</script>",
    "</title></svg></table>",
    "{{ 7 * 7 }}{% raw %}",
    "\"'&amp;&#60;",
    "مرحبا بالعالم",
    "😀👩‍👩‍👧",
    "a\x1b[31m\u202eb\nc",
    "x" * 3_000,
    " ",
)


class Outline(HTMLParser):
    """The tags of a page, checked for balance, and its words."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.words, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def read(page):
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    return outline


def numbers(seed, n=2000, shift=0.0):
    return np.random.default_rng(seed).normal(size=n) + shift


def plans(seed, n=2000, names=("DSL", "Fiber")):
    return np.random.default_rng(seed).choice(names, n).tolist()


@pytest.fixture(name="drifted", scope="module")
def _drifted(compared):
    return compared(
        {"charge": numbers(0), "plan": plans(1), "age": numbers(2), "gone": numbers(3)},
        {
            "charge": numbers(4, shift=0.5),
            "plan": plans(5, names=("DSL", "Fiber", "Flex")),
            "age": numbers(6),
            "gone": [None] * 2000,
        },
    )


class TestRenderDrift:
    def test_says_the_verdict_first(self, drifted):
        """Then how many rows it rests on, and what they could have shown."""
        text = read(drifted.page()).text

        order = [
            "The window has drifted: 3 of 4 features drifted, 1 of them a broken feed.",
            "the rule fires at 50%",
            "2,000 rows",
            "would have been found 8 times in 10",
            "Broken feeds",
            "Drifted, the largest first",
            "Stable",
        ]
        places = [text.index(words) for words in order]
        assert places == sorted(places)

    def test_says_of_each_feature_what_changed(self, drifted):
        """In words, with the unseen categories by name."""
        text = read(drifted.page()).text

        assert "All values missing." in text
        assert re.search(r"The median rose from -?[\d.]+ to [\d.]+\.", text)
        assert "“Flex”" in text
        assert "Anderson–Darling" in text

    def test_loads_nothing_and_runs_nothing(self, drifted):
        """A strict policy stands in it, and nothing that the policy would have to stop."""
        page = read(drifted.page())

        assert not set(page.tags) & {"script", "img", "iframe", "object", "form", "base"}
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        assert ("content", policy) in page.attributes
        links = [value for name, value in page.attributes if name in {"href", "src"}]
        assert all(link.startswith(("#", "data:")) for link in links)
        assert not [name for name, _ in page.attributes if name.startswith("on")]

    def test_names_may_hold_anything(self, compared):
        """Markup, quotes, templates, emoji, other scripts, controls: all of it is only shown."""
        column = [HOSTILE[i % len(HOSTILE)] for i in range(500)]
        shifted = [HOSTILE[i % 3] for i in range(300)] + ["<u>new</u>" + HOSTILE[0]] * 200
        before = dict.fromkeys(HOSTILE, column) | {"<i>number</i>": numbers(0, 500)}
        after = dict.fromkeys(HOSTILE, shifted) | {"<i>number</i>": numbers(1, 500, 2.0)}

        raw = compared(before, after).page(
            title=HOSTILE[0],
            reference_name=HOSTILE[1],
            current_name=HOSTILE[2],
            left_out=[(HOSTILE[1], HOSTILE[0])],
            history=[PastWindow(name=HOSTILE[1], n_rows=5, share_drifted=0.5, drifted=True)],
        )

        page = read(raw)
        assert not set(page.tags) & {"script", "img", "u", "i"}
        assert page.tags.count("style") == 1
        assert not set(raw) & {"\x1b", "\u202e"}
        assert "{{ 7 * 7 }}{% raw %}" in page.text
        assert "<img src=x onerror=" in page.text
        assert "مرحبا بالعالم" in page.text
        raw.encode()

    def test_every_picture_can_be_heard(self, drifted):
        """Each drawing has a title and a description, or stands beside its figures."""
        raw = drifted.page()

        for svg in re.findall(r"<svg[^>]*>", raw):
            assert 'role="img"' in svg or 'aria-hidden="true"' in svg
        ids = re.findall(r'\bid="([^"]+)"', raw)
        assert len(set(ids)) == len(ids)
        for pair in re.findall(r'aria-labelledby="([^"]+)"', raw):
            assert set(pair.split()) <= set(ids)

    def test_stays_small_and_quick(self, compared):
        """Sixty features, one of them with 700 categories and long names."""
        rng = np.random.default_rng(0)
        n = 3_000
        levels = [f"category number {i} " + "long " * 40 for i in range(700)]
        before, after = (
            {f"number {i}": rng.lognormal(sigma=1 + i % 3, size=n) for i in range(40)}
            | {f"word {i}": rng.choice(levels[:30], n).tolist() for i in range(19)}
            | {"large": rng.choice(levels, n).tolist()}
            for _ in range(2)
        )
        windows = compared(before, after)
        windows.page()  # templates are compiled once

        begin = time.perf_counter()
        page = windows.page()

        assert time.perf_counter() - begin < 1.0
        assert len(page.encode()) < 500_000
        assert "others" in read(page).text
        assert page.count('<details class="feature') == 60

    def test_hundreds_of_features_stay_small_too(self, compared):
        """Those beyond the first sixty get their line, and no picture."""
        before = {f"feature {i}": numbers(i, 60) for i in range(300)}

        page = compared(before, before).page()

        assert len(page.encode()) < 500_000
        assert page.count('<details class="feature') == 300

    def test_tells_a_window_that_cannot_be_judged(self, compared):
        """And how many rows would be enough."""
        text = read(compared({"x": numbers(0)}, {"x": numbers(1, 40)}).page()).text

        assert "It cannot be told whether the window drifted" in text
        assert "values in the current window would be enough" in text

    @pytest.mark.parametrize("rows", [1, 3])
    def test_has_a_page_for_tiny_and_for_constant_columns(self, compared, rows):
        """One row, one value, none at all."""
        before = {"one": [5.0] * rows, "none": [None] * rows, "word": ["a"] * rows}

        read(compared(before, before).page())


class TestSections:
    def test_a_projects_model_stands_beside(self, drifted):
        """Its performance in words, its scores as a picture."""
        rng = np.random.default_rng(0)
        grid = cut_score_grid(rng.random(500), threshold=0.5)
        before, after = score_profile(rng.random(500), grid), score_profile(rng.random(500), grid)
        windows = replace(
            drifted,
            reference=replace(drifted.reference, scores=before),
            current=replace(drifted.current, scores=after),
        )
        model = ModelSection(
            version="v3",
            scores=compare_scores(before, after),
            score_grid=grid,
            n_labelled=1234,
            labels_of="the week before",
            figures=[Figure(name="ROC AUC", reference=0.85, current=0.72, verdict="worse")],
        )

        text = read(windows.page(model=model)).text

        assert "v3 on 1,234 mature labels, the week before" in text
        assert "0.850 0.720 worse" in text
        assert "Distribution of score" in text

    def test_a_model_without_labels_is_not_judged(self, drifted):
        """Not known is said as such."""
        model = ModelSection(
            version="v3", scores=None, score_grid=None, n_labelled=0, labels_of="May", figures=()
        )

        text = read(drifted.page(model=model)).text

        assert "how well it does is not known" in text
        assert "It scored no row of this window." in text

    def test_windows_before_and_columns_left_out_are_listed(self, drifted):
        """An empty window says that it is empty."""
        history = [
            PastWindow(name="May", n_rows=0, share_drifted=None, drifted=None),
            PastWindow(name="June", n_rows=900, share_drifted=0.25, drifted=False),
        ]

        page = drifted.page(history=history, left_out=[("id", "names the rows")])

        text = read(page).text
        assert "May 0 – no rows" in text
        assert "June 900 25% not drifted" in text
        assert "1 column was left out" in text

    def test_notes_stand_beside_the_verdict(self, drifted):
        """Before anything about features."""
        text = read(drifted.page(notes=["Reprofiling: <b>300</b> rows."])).text

        assert text.index("Reprofiling: <b>300</b> rows.") < text.index("Broken feeds")

    def test_a_map_of_features_and_windows_stands_beside(self, drifted):
        """Each row has words for who does not see it."""
        spans = tuple(WindowSpan(unit=Unit.ROWS, start=i, end=i + 1) for i in range(3))
        matrix = DriftMatrix(
            features=("charge", HOSTILE[0]),
            windows=spans,
            effects=((0.1, 0.5, None), (0.0, 0.0, None)),
            verdicts=(("stable", "drifted", "empty"), ("stable", "stable", "empty")),
        )

        page = read(drifted.page(matrix=matrix))

        assert "Which features drifted when" in page.text
        assert "charge rows 0 to 1: stable, effect 0.10" in page.text
        assert "never drifted" in page.text
        assert "img" not in page.tags

    def test_everything_at_once_stays_small(self, compared):
        """Two hundred features, seven hundred categories, hundreds of windows without rest."""
        rng = np.random.default_rng(0)
        n = 2_000
        levels = [f"category {i}" for i in range(700)]
        before, after = (
            {f"number {i}": rng.lognormal(size=n) for i in range(190)}
            | {f"word {i}": rng.choice(levels, n).tolist() for i in range(10)}
            for _ in range(2)
        )
        windows = compared(before, after)
        verdicts = rng.choice(["drifted", "stable", "underpowered"], (200, 300)).tolist()
        matrix = DriftMatrix(
            features=tuple(before),
            windows=tuple(WindowSpan(unit=Unit.ROWS, start=i, end=i + 1) for i in range(300)),
            effects=tuple(tuple(row) for row in rng.random((200, 300)).tolist()),
            verdicts=tuple(map(tuple, verdicts)),
        )
        history = [
            PastWindow(name=f"window {i}", n_rows=9, share_drifted=0.3, drifted=None)
            for i in range(300)
        ]

        page = windows.page(matrix=matrix, history=history)

        assert len(page.encode()) < 500_000
        assert "The newest 120 of 300 windows" in read(page).text


class TestColours:
    @pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
    def test_words_stand_out_from_what_is_behind_them(self, drifted, theme):
        """At least 4.5 to 1, as WCAG AA asks of text, in both themes."""
        found = re.findall(r":root \{(.*?)\}", drifted.page(), re.DOTALL)[theme]
        colours = dict(re.findall(r"--(\w+): (#\w+)", found))

        for ink in ("text", "quiet", "accent", "broken", "drifted", "underpowered", "stable"):
            for ground in ("back", "card"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def contrast(one, other):
    """Return the ratio of two colours' luminances, as WCAG 2 defines it."""
    light = sorted(map(_luminance, (one, other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def _luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
