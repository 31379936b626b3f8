"""Figures and names as they stand in reports."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.adapters.reports.spelling import (
    LONGEST_TIP,
    amount,
    chance,
    count,
    p_figure,
    quoted,
    share,
    shares,
    times,
    visible,
)


class TestVisible:
    @given(name=st.text(max_size=80))
    def test_leaves_nothing_that_acts(self, name):
        """No control, no mark of direction, no half of a pair: on any name."""
        shown = visible(name)

        shown.encode()
        assert not set(shown) & {"\x1b", "\n", "\r", "\u202e", "\u2066", "\u2028"}
        assert shown.strip()

    def test_cuts_what_is_too_long(self):
        """A page of one name is no report."""
        assert len(visible("x" * 10_000)) == 60
        assert len(visible("x" * 10_000, longest=LONGEST_TIP)) == LONGEST_TIP

    def test_leaves_emoji_and_other_scripts_whole(self):
        """They are names like others; the joiner within a family is no control."""
        for name in ("日本", "👩‍👩‍👧", "مرحبا", "é"):
            assert visible(name) == name

    def test_names_what_is_blank(self):
        """An empty cell in a table says nothing."""
        assert visible("") == "(empty)"
        assert visible("   ") == "(3 blank)"


class TestQuoted:
    def test_keeps_a_name_from_the_right_to_itself(self):
        """Else the figures after it change places."""
        assert quoted("مرحبا") == "“\u2068مرحبا\u2069”"
        assert quoted("DSL") == "“DSL”"


class TestShare:
    @pytest.mark.parametrize(
        ("part", "text"), [(1e-9, "<0.1%"), (1 - 1e-9, ">99.9%"), (0.5, "50%")]
    )
    def test_rounds_nothing_to_none_or_all(self, part, text):
        """A rare thing is not no thing."""
        assert share(part) == text

    @given(before=st.floats(0, 1), after=st.floats(0, 1))
    def test_two_that_differ_visibly_look_different(self, before, after):
        """Else a sentence says that something rose from 54% to 54%."""
        written = shares(before, after)

        if abs(before - after) >= 0.0011:
            assert written[0] != written[1]


class TestAmount:
    @given(value=st.floats(-1e300, 1e300))
    def test_is_short_and_close(self, value):
        """To a thousandth of itself."""
        text = amount(value)

        assert len(text) <= 21
        read = float(text.replace(",", ""))
        assert math.isclose(read, value, rel_tol=2e-3, abs_tol=5e-5)

    def test_writes_zero_as_zero(self):
        """Neither as -0 nor as nothing."""
        assert amount(0.0) == amount(-0.0) == "0"


class TestChance:
    @given(p_value=st.floats(0, 1))
    def test_has_words_for_every_probability(self, p_value):
        """They follow the verb."""
        assert chance(p_value).startswith(("in ", "less than once"))

    def test_says_a_rare_thing_in_large_numbers(self):
        """So that one in ten thousand does not read as zero of a hundred."""
        assert chance(0.0001) == "in 1 of 10,000 windows"
        assert chance(0.5) == "in 50 of 100 windows"
        assert chance(1.0) == "in nearly every window"

    def test_figures_of_any_size_are_written(self):
        """Also what no float holds."""
        assert p_figure(0.0) == "<1e-300"
        assert times(0.8) == "8 times in 10"
        assert count(0, "row") == "0 rows"
