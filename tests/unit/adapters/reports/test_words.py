"""What each test found, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.adapters.reports.words import METHOD_NAMES, meaning, method_name, quantiles_in_words
from holdfast.drift.methods.protocol import MethodResult
from holdfast.drift.methods.registry import METHODS


def numbers(seed, n=2000, shift=0.0):
    return np.random.default_rng(seed).normal(size=n) + shift


def words(seed, n=2000, p=(0.6, 0.4), names=("DSL", "Fiber")):
    return np.random.default_rng(seed).choice(names, n, p=p).tolist()


def said(windows, name, method):
    found = {test.result.method: test.result for test in windows.feature(name).tests}
    return meaning(found[method], windows.pair(name))


@pytest.fixture(name="drifted", scope="module")
def _drifted(compared):
    lost = [None if i % 10 == 0 else value for i, value in enumerate(numbers(3))]
    return compared(
        {"charge": numbers(0), "plan": words(1), "age": numbers(2)},
        {
            "charge": numbers(4, shift=0.5),
            "plan": words(5, p=(0.3, 0.5, 0.2), names=("DSL", "Fiber", "Flex")),
            "age": lost,
        },
    )


class TestMeaning:
    def test_has_words_of_its_own_for_every_method(self, drifted):
        """A method that is added needs a sentence here."""
        assert set(METHODS) <= set(METHOD_NAMES)
        for feature in drifted.report.features:
            for test in feature.tests:
                sentence = meaning(test.result, drifted.pair(feature.name))
                assert sentence.endswith(".")
                assert "came to" not in sentence, test.result.method

    def test_kolmogorov_smirnov_says_where_the_gap_is(self, drifted):
        """With both shares at that place."""
        sentence = said(drifted, "charge", "kolmogorov_smirnov")

        assert "of the current values are at most" in sentence
        assert "less than once in a million windows" in sentence

    def test_categories_are_named_with_their_shares(self, drifted):
        """The two that changed most."""
        sentence = said(drifted, "plan", "chi_square")

        assert "“DSL” shrank from 60% to 31%" in sentence
        assert "would have to change category" in sentence

    def test_missing_values_are_told_before_and_after(self, drifted):
        """As shares."""
        sentence = said(drifted, "age", "missingness")

        assert sentence.startswith("The share of missing values rose from 0% to 10%.")

    def test_unseen_categories_are_named(self, drifted):
        """A reader recognises a typo or a new product."""
        assert "“Flex”" in said(drifted, "plan", "unseen_categories")

    def test_a_quiet_window_is_told_as_chance(self, compared):
        """In so many of a hundred windows."""
        quiet = compared({"x": numbers(0)}, {"x": numbers(1)})

        assert "Chance alone does as much in" in said(quiet, "x", "kolmogorov_smirnov")

    def test_the_same_rows_differ_in_nothing(self, compared):
        """Nothing rose from 60% to 60%."""
        same = compared({"x": numbers(0), "c": words(1)}, {"x": numbers(0), "c": words(1)})

        assert "same distribution" in said(same, "x", "kolmogorov_smirnov")
        assert "same shares" in said(same, "c", "chi_square")

    @pytest.mark.parametrize("p_value", [None, 0.03])
    def test_a_method_of_a_plugin_gets_a_sentence_too(self, drifted, p_value):
        """Though nobody here knows what it measures."""
        result = MethodResult(method="energy_distance", statistic=1.25, p_value=p_value, effect=0.3)

        sentence = meaning(result, drifted.pair("charge"))

        assert sentence.startswith("Energy distance came to 1.25")
        assert method_name("energy_distance") == "Energy distance"

    def test_no_sentence_needs_values(self, compared):
        """A feature that is missing altogether on one side has sentences as well."""
        gone = compared({"x": numbers(0), "c": words(1)}, {"x": [None] * 50, "c": [None] * 50})

        for feature in gone.report.features:
            for test in feature.tests:
                assert meaning(test.result, gone.pair(feature.name))


class TestQuantilesInWords:
    def test_does_not_claim_to_know_what_no_cell_tells(self, compared):
        """Values that the reference never had lie somewhere between its edges."""
        pair = compared({"x": [5.0] * 60 + [6.0] * 40}, {"x": [1.0] * 50 + [4.0] * 50}).pair("x")

        assert quantiles_in_words(pair) == "the median fell from 5 to somewhere between 1 and 4"

    def test_a_column_that_became_constant_is_told_exactly(self, compared):
        """Its smallest and its largest value say which it is."""
        pair = compared({"x": numbers(0)}, {"x": [2.123456] * 500}).pair("x")

        assert quantiles_in_words(pair).endswith("to 2.123")

    def test_windows_that_overlap_are_told_by_their_widest_gap(self, compared):
        """Where nobody knows which median is larger."""
        known = [0.0] * 40 + [9.0] * 60
        before, after = (
            compared({"x": known}, {"x": values}).pair("x")
            for values in ([3.0] * 60 + [12.0] * 40, [4.0] * 50 + [14.0] * 50)
        )
        pair = replace(after, reference=before.current)  # as a season's reference may be

        assert "of the current values are" in quantiles_in_words(pair)


def test_a_tiny_change_of_missing_values_is_no_rise_from_a_share_to_itself(compared):
    """Shares that read alike are called nearly the same."""
    before = [None if i < 4 else float(i) for i in range(20_000)]
    after = [None if i < 5 else float(i) for i in range(20_000)]

    sentence = said(compared({"x": before}, {"x": after}), "x", "missingness")

    assert sentence.startswith("The share of missing values is nearly the same: <0.1%.")
