"""Rules that people bring along: PSI bands, and KS tests at alpha with a share."""

from __future__ import annotations

import pytest

from holdfast.drift.rules import CANNOT_BE_JUDGED, KolmogorovSmirnovShare, PsiBands


class TestPsiBands:
    @pytest.mark.parametrize(
        ("index", "band", "fired"),
        [
            (0.0, "stable", False),
            (0.0999, "stable", False),
            (0.1, "moderate", False),
            (0.1999, "moderate", False),
            (0.2, "major", True),
            (3.0, "major", True),
        ],
    )
    def test_has_the_bands_of_credit_scoring(self, report, index, band, fired):
        """Each begins with its bound."""
        outcome = PsiBands().judge([report("x", psi=0.01), report("y", psi=index)])

        assert (outcome.band, outcome.fired) == (band, fired)

    def test_names_the_features_above_and_the_largest(self, report):
        """Where to look first."""
        indices = {"a": 0.25, "b": 0.05, "c": 0.31}

        outcome = PsiBands().judge([report(name, psi=one) for name, one in indices.items()])

        assert outcome.features == ("a", "c")
        assert outcome.why == (
            "The largest index is 0.31, of c (major); 2 of 3 features at or above 0.2."
        )
        assert outcome.figures == {"largest": 0.31, "at": 0.2, "n_above": 2, "n_features": 3}

    def test_says_how_much_of_it_few_rows_explain(self, report):
        """An index of 0.3 is no news where 0.25 is expected of two draws of one world."""
        outcome = PsiBands().judge([report("a", psi=0.3, expected=0.25), report("b", psi=0.1)])

        assert outcome.fired is True
        assert outcome.figures["expected"] == 0.25
        assert "of a (major; 0.25 would be expected without drift); 1 of 2" in outcome.why

    def test_fires_at_another_index_by_the_same_bands(self, report):
        """The words stay what people know."""
        outcome = PsiBands(at=0.25).judge([report("x", psi=0.22)])

        assert (outcome.rule, outcome.band) == ("any psi >= 0.25", "major")
        assert outcome.fired is False

    def test_is_the_rule_as_it_is_known_whatever_the_verdicts(self, report):
        """It asks neither for a test nor for enough rows."""
        assert PsiBands().judge([report("x", "underpowered", psi=0.4)]).fired is True
        assert PsiBands().judge([report("x", "drifted", psi=0.01)]).fired is False

    def test_cannot_judge_without_an_index(self, report):
        """As where the method was not asked."""
        outcome = PsiBands().judge([report("x", "drifted")])

        assert (outcome.fired, outcome.band) == (None, CANNOT_BE_JUDGED)
        assert outcome.why == "No feature has a result of population_stability_index."

    @pytest.mark.parametrize(
        "bounds",
        [
            {"at": 0.0},
            {"at": float("inf")},
            {"at": float("nan")},
            {"moderate": 0.3},
            {"moderate": 0.0},
            {"major": float("inf")},
        ],
    )
    def test_refuses_bounds_out_of_order(self, bounds):
        """A band that nothing can fall into is a mistake."""
        with pytest.raises(ValueError, match="must"):
            PsiBands(**bounds)


class TestKolmogorovSmirnovShare:
    def test_counts_raw_p_values_of_the_numeric_features(self, report):
        """At alpha is enough; categories have no such test and are not counted."""
        features = [
            report("a", ks=0.05),
            report("b", ks=0.06),
            report("c", ks=0.9),
            report("d", "drifted", "categorical"),
        ]

        outcome = KolmogorovSmirnovShare().judge(features)

        assert outcome.fired is True
        assert outcome.features == ("a",)
        assert outcome.why == (
            "The p-value is at most 0.05 in 1 of 3 numeric features (33%); the rule fires at 30%."
        )

    @pytest.mark.parametrize(
        ("bounds", "fired"), [({"at": 0.34}, False), ({"alpha": 0.06, "at": 0.6}, True)]
    )
    def test_takes_another_level_and_share(self, report, bounds, fired):
        """Both are its bounds."""
        features = [report("a", ks=0.01), report("b", ks=0.06), report("c", ks=0.9)]

        assert KolmogorovSmirnovShare(**bounds).judge(features).fired is fired

    def test_a_feature_without_values_is_not_counted(self, report):
        """It has no p-value; of what could be tested, all drifted."""
        outcome = KolmogorovSmirnovShare(at=1.0).judge([report("a", ks=0.01), report("b")])

        assert outcome.fired is True
        assert (outcome.figures["n_tested"], outcome.figures["n_numeric"]) == (1, 2)

    @pytest.mark.parametrize(
        ("kind", "why"),
        [
            ("categorical", "There are no numeric features."),
            ("numeric", "No numeric feature has a result of kolmogorov_smirnov."),
        ],
    )
    def test_cannot_judge_without_a_test(self, report, kind, why):
        """A table of words alone is not therefore without drift."""
        outcome = KolmogorovSmirnovShare().judge([report("x", "drifted", kind)])

        assert (outcome.fired, outcome.band, outcome.why) == (None, CANNOT_BE_JUDGED, why)

    @pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
    def test_refuses_a_level_that_is_none(self, alpha):
        """Five is not five percent."""
        with pytest.raises(ValueError, match="alpha must lie between 0 and 1; found"):
            KolmogorovSmirnovShare(alpha=alpha)
