"""What the options of `drift` become, and how they are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from holdfast.cli.drift_options import comparing, refuse_together, window_spec
from holdfast.domain.errors import DataFileError
from holdfast.domain.windows import WindowSpec
from holdfast.drift.rules import DriftShare, KolmogorovSmirnovShare, PsiBands, WeightedShare
from holdfast.loop.baseline import Comparing


def asked(**said):
    nothing = {"drop": None, "time": None, "rule": None, "weight": None, "weights": None}
    return comparing(**nothing | said)


class TestComparing:
    def test_nothing_said_means_the_defaults(self):
        """Those of a comparison in Python."""
        assert asked() == Comparing()

    @pytest.mark.parametrize(
        ("said", "rule"),
        [
            ({"rule": "drift_share=0.25"}, DriftShare(at=0.25)),
            ({"rule": "psi"}, PsiBands()),
            ({"rule": "psi=0.3"}, PsiBands(at=0.3)),
            ({"rule": "ks_share", "alpha": 0.01}, KolmogorovSmirnovShare(alpha=0.01)),
            ({"rule": "weighted_share=0.4", "weight": ["a=1"]}, WeightedShare(at=0.4)),
        ],
    )
    def test_makes_the_rule(self, said, rule):
        """With its bound, if one is given."""
        assert asked(**said).rule == rule

    def test_sets_the_bounds(self):
        """As the section [drift] of a project does."""
        policy = asked(alpha=0.01, min_effect=0.1, numeric_test="cramer_von_mises").policy

        assert (policy.alpha, policy.min_effect) == (0.01, 0.1)
        assert policy.decisive[:2] == ("cramer_von_mises", "chi_square")

    def test_takes_weights_from_a_file_and_over_them_from_the_command_line(self, tmp_path):
        """A name may hold the sign that parts it from its weight."""
        file = tmp_path / "weights.json"
        file.write_text(json.dumps({"age": 2, "city": 0.5}))

        how = asked(weights=file, weight=["age=3", "a=b=1"])

        assert how.weights == {"age": 3.0, "city": 0.5, "a=b": 1.0}

    @pytest.mark.parametrize(
        ("said", "option", "words"),
        [
            ({"rule": "dirft_share"}, "--rule", "did you mean 'drift_share'"),
            ({"rule": "psi=much"}, "--rule", "'psi=much'; write it as in psi=0.25"),
            ({"rule": "psi=-1"}, "--rule", "found -1"),
            ({"rule": "any_feature=2"}, "--rule", "no bound 'at'"),
            ({"rule": "weighted_share"}, "--rule", "give --weight COLUMN=2"),
            ({"alpha": 2.0}, "--alpha", "less than 1; found 2.0"),
            ({"min_effect": -0.1}, "--min-effect", "found -0.1"),
            ({"weight": ["age"]}, "--weight", "'age' names no weight"),
            ({"weight": ["age=-1"]}, "--weight", "cannot be negative"),
            ({"weight": ["age=inf"]}, "--weight", "no number"),
        ],
    )
    def test_says_which_option_is_wrong(self, said, option, words):
        """What was found, and what it takes."""
        with pytest.raises(typer.BadParameter) as caught:
            asked(**said)

        assert caught.value.param_hint == option
        assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"numeric_test": "chi_square"}, "--numeric-test: 'chi_square' is no test of numeric"),
            ({"categorical_test": "chi_squar"}, "Did you mean 'chi_square'?"),
        ],
    )
    def test_names_the_tests_there_are(self, said, words):
        """And the one that was meant."""
        with pytest.raises(typer.BadParameter, match="It takes one of") as caught:
            asked(**said)

        assert words in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("no", "holds no JSON"),
            ("[1]", "no weights by column"),
            ('{"age": "2"}', "the weight of 'age' is '2'"),
            ('{"age": -1}', "the weight of 'age' is -1"),
            ('{"age": NaN}', "the weight of 'age' is nan"),
            ('{"age": true}', "the weight of 'age' is True"),
        ],
    )
    def test_says_what_is_wrong_with_a_file_of_weights(self, tmp_path, text, words):
        """And what it should hold."""
        file = tmp_path / "weights.json"
        file.write_text(text)

        with pytest.raises(DataFileError, match="Write numbers") as caught:
            asked(weights=file)

        assert words in str(caught.value)

    def test_names_a_file_of_weights_that_is_not_there(self):
        """One line."""
        with pytest.raises(DataFileError, match=r"nowhere\.json: cannot be read"):
            asked(weights=Path("nowhere.json"))


class TestWindowSpec:
    def test_there_need_be_no_windows(self):
        """Then the files are compared as wholes."""
        assert window_spec(None, None, None, time=None) is None

    def test_reads_lengths_as_people_write_them(self):
        """Rows need no times."""
        assert window_spec("7d", "1d", "364d", time="at") == WindowSpec.parse(
            "7d", "1d", period="364d"
        )
        assert window_spec("1000", None, None, time=None) == WindowSpec.parse("1000")

    @pytest.mark.parametrize(
        ("lengths", "words"),
        [
            (("7x", None, None), "'7x' is no length of a window"),
            (("7d", "14d", None), "Take a step of at most 7d"),
            (("7d", "100", None), "the step 100 counts rows"),
            (("7d", None, None), "name the column of times with --time"),
        ],
    )
    def test_refuses_what_does_not_go_together(self, lengths, words):
        """And says what would."""
        with pytest.raises(typer.BadParameter) as caught:
            window_spec(*lengths, time=None)

        assert caught.value.param_hint == "--window"
        assert words in str(caught.value)


class TestRefuseTogether:
    @pytest.mark.parametrize("option", ["--step", "--season", "--most-seasons", "--partial"])
    def test_some_options_are_about_windows(self, option):
        """Without windows they would do nothing, silently."""
        with pytest.raises(typer.BadParameter, match="give --window, too") as caught:
            refuse_together(False, {option: "7d"})

        assert caught.value.param_hint == option

    @pytest.mark.parametrize(
        "option", ["--rule evidently", "--multivariate", "--evidently", "--spark"]
    )
    def test_some_options_are_about_whole_files(self, option):
        """And say what to leave out."""
        with pytest.raises(typer.BadParameter, match="leave out --window"):
            refuse_together(True, {option: True})

    def test_what_was_not_said_is_no_matter(self):
        """None and false are the defaults."""
        refuse_together(True, {"--multivariate": False, "--spark": None})
        refuse_together(False, {"--step": None, "--partial": False})
