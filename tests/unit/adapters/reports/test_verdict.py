"""The sentences that stand first, the order of the features, and their summaries."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.adapters.reports.severity import Severity, by_severity, severity_of
from holdfast.adapters.reports.summary import summary
from holdfast.adapters.reports.verdict import headline, seen
from holdfast.drift.rules import AnyFeature


def numbers(seed, n=2000, shift=0.0):
    return np.random.default_rng(seed).normal(size=n) + shift


@pytest.fixture(name="mixed", scope="module")
def _mixed(compared):
    lost = numbers(3)
    lost[:200] = np.nan
    before = {"still": numbers(0), "moved": numbers(1), "far": numbers(2), "lost": numbers(9)}
    after = {"still": numbers(4), "moved": numbers(5, shift=0.3), "far": numbers(6, shift=2.0)}
    return compared(before, after | {"lost": lost})


class TestHeadline:
    def test_a_quiet_rule_does_not_hide_what_drifted(self, mixed):
        """Nor does the colour: it is not that of a stable window."""
        half = headline(mixed.report)
        assert half.words == "The window has drifted: 3 of 4 features drifted."

    def test_says_what_drifted_though_the_window_did_not(self, compared):
        """Below what the rule asks for."""
        before = {name: numbers(i) for i, name in enumerate("abcd")}
        one = before | {"a": numbers(9, shift=1.0)}

        said = headline(compared(before, one).report)

        assert said.words == "1 of 4 features drifted; the window as a whole has not."
        assert said.badge is Severity.UNDERPOWERED

    def test_says_that_nothing_did(self, compared):
        """In one short sentence."""
        same = {"a": numbers(0)}

        said = headline(compared(same, same).report)

        assert said.words == "No drift: none of 1 feature drifted."
        assert said.badge is Severity.STABLE

    def test_names_the_rule(self, compared):
        """Another rule, another verdict on the same rows."""
        before = {name: numbers(i) for i, name in enumerate("abcd")}
        one = before | {"a": numbers(9, shift=1.0)}

        said = headline(compared(before, one, rule=AnyFeature()).report)

        assert said.words == "The window has drifted: 1 of 4 features drifted."
        assert said.rule == "any_feature"


class TestSeen:
    def test_tells_what_would_have_been_found(self, mixed):
        """For the kinds of features that are there."""
        told = seen(mixed.report)

        assert told[0].startswith("In numeric features a KS distance of 0.0")
        assert told[-1] == "No feature had too few rows to tell."

    def test_tells_how_many_rows_would_be_enough(self, compared):
        """Where a shift that matters could have gone unseen."""
        few = compared({"a": numbers(0)}, {"a": numbers(1, 40)})

        assert "values in the current window would be enough for it." in seen(few.report)[-1]

    def test_a_shift_that_nothing_could_show_is_said_to_be_none(self, compared):
        """One row: no distance above 1 is offered as if there were one."""
        told = seen(compared({"a": numbers(0)}, {"a": [0.5]}).report)

        assert told[0] == "In numeric features no shift, however large, would surely be found."

    def test_fine_sensitivity_is_not_rounded_away(self, compared):
        """Of many rows it is thousandths, not 0.00."""
        many = compared({"a": numbers(0, 60_000)}, {"a": numbers(1, 60_000)})

        assert "a KS distance of 0.01" in seen(many.report)[0]


class TestBySeverity:
    def test_orders_by_what_a_reader_has_to_do(self, mixed):
        """Within a severity the largest effect first."""
        found = by_severity(mixed.report.features)

        assert list(found) == list(Severity)
        assert [feature.name for feature in found[Severity.DRIFTED]] == ["far", "moved", "lost"]
        assert severity_of(found[Severity.STABLE][0]) is Severity.STABLE


class TestSummary:
    def test_is_one_line_for_each_kind_of_change(self, mixed):
        """The median that moved, the values that went missing."""
        told = {f.name: summary(f, mixed.pair(f.name)) for f in mixed.report.features}

        assert told["far"].startswith("The median rose from ")
        assert told["lost"] == "Missing values rose from 0% to 10%."
        assert told["still"] == "No change that matters."
