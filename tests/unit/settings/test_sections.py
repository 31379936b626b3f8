"""What single sections of holdfast.toml take, and what they refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from holdfast.domain.errors import SettingsError
from holdfast.drift.rules import RULES
from holdfast.settings import DriftSettings, TrainSettings, load_settings


@pytest.fixture(name="drift")
def _drift(tmp_path):
    """Return the section [drift] that these lines make."""

    def of(*lines, **environment):
        text = "\n".join(['[data]\ntarget = "y"\n[drift]', *lines])
        (tmp_path / "holdfast.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path, environment=environment).drift

    return of


class TestDriftSettings:
    def test_has_the_usual_bounds_where_nothing_is_said(self, drift):
        """The rule's own bound is then in force."""
        assert drift() == DriftSettings()
        assert (drift().alpha, drift().min_effect, drift().rule_at) == (0.05, 0.05, None)

    def test_takes_a_rule_and_its_bound(self, drift):
        """By two keys, from the file or the environment."""
        said = drift('rule = "psi"', HOLDFAST_DRIFT__RULE_AT="0.25")

        assert (said.rule, said.rule_at) == ("psi", 0.25)

    @pytest.mark.parametrize("name", RULES)
    def test_takes_every_rule(self, name):
        """That judges by the reports on features."""
        assert DriftSettings(rule=name).rule == name

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ('rule = "pis"', "[drift] rule is not a rule; did you mean 'psi'?"),
            ('rule = "evidently"', "it takes one of drift_share"),
            ("rule_at = 50", "rule_at: at must be a share above 0 and at most 1; found 50.0"),
            ("rule_at = nan", "rule_at: at must be a share above 0"),
            ("alpha = 5", "[drift] alpha needs to be less than 1; found 5"),
            ("alpha = 0", "[drift] alpha needs to be greater than 0; found 0"),
            ("min_effect = -0.1", "[drift] min_effect needs to be greater than or equal to 0"),
            ('numeric_test = ""', "[drift] numeric_test"),
            ('numeric_tests = "x"', "did you mean 'numeric_test'?"),
        ],
    )
    def test_says_what_was_found_and_what_is_needed(self, drift, line, words):
        """A wrong value is named by its key."""
        with pytest.raises(SettingsError) as caught:
            drift(line)

        assert words in str(caught.value)

    def test_refuses_a_bound_for_a_rule_that_has_none(self):
        """It would change nothing, and whoever wrote it believes otherwise."""
        with pytest.raises(ValidationError, match="any_feature has no bound 'at'"):
            DriftSettings(rule="any_feature", rule_at=0.5)


class TestTrainSettings:
    @pytest.mark.parametrize(
        ("given", "budget"),
        [(None, None), ("5m", timedelta(minutes=5)), (40, 40), ("40", 40)],
    )
    def test_takes_a_search_by_time_or_trials(self, given, budget):
        """A bare number counts trials, also from the environment, where all is text."""
        settings = TrainSettings(search=given)

        assert settings.search == budget
        assert TrainSettings(**settings.model_dump(mode="json")) == settings

    @pytest.mark.parametrize("given", [0, "0", "0s", True, 2.5, "soon"])
    def test_refuses_a_search_of_nothing(self, given):
        """Or of something that is neither."""
        with pytest.raises(ValidationError, match=r"longer than 0s|needs a duration"):
            TrainSettings(search=given)
