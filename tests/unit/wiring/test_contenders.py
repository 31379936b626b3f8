"""From words of the command line to policies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.domain.errors import SettingsError
from holdfast.loop.contenders import Kind
from holdfast.settings import CONFIG_FILE
from holdfast.wiring.contenders import contenders_of

GIVEN = {"data": {"target": "left"}}


def asked(folder, *words):
    return contenders_of(words, folder, GIVEN)


class TestContendersOf:
    def test_without_a_word_it_is_the_projects_policy(self, tmp_path):
        """And beside it what every replay is measured against."""
        (tmp_path / CONFIG_FILE).write_text('[policy]\nname = "any"\ncooldown = "3d"\n')

        own, *others = asked(tmp_path)

        assert (own.name, own.kind) == ("any", Kind.LOOP)
        assert own.plan.decision.cooldown == timedelta(days=3)
        assert [each.name for each in others] == ["never", "every_window", "every_window_competing"]

    @pytest.mark.parametrize("name", ["harm", "any", "drift_share", "ks_share", "psi", "evidently"])
    def test_a_name_is_the_live_loop_under_another_policy(self, tmp_path, name):
        """All else is the project's."""
        (tmp_path / CONFIG_FILE).write_text('[guard]\nrule = "no_worse"\n')

        contender = asked(tmp_path, name)[0]

        assert contender.name == contender.plan.decision.name == name
        assert contender.plan.guard.rule == "no_worse"

    def test_a_file_is_laid_over_the_project(self, tmp_path):
        """Sections that make a policy, under the file's name."""
        (tmp_path / CONFIG_FILE).write_text('[policy]\ncooldown = "3d"\nmin_labels = 900\n')
        file = tmp_path / "hasty.toml"
        file.write_text('[policy]\nname = "any"\ncooldown = "1d"\n[guard]\nmin_rows = 700\n')

        contender = asked(tmp_path, str(file))[0]

        assert contender.name == "hasty"
        assert contender.plan.decision.name == "any"
        assert contender.plan.decision.cooldown == timedelta(days=1)
        assert contender.plan.decision.min_labels == 900
        assert contender.plan.guard.min_rows == 700

    def test_a_fixed_pace_and_the_simple_ones_have_no_plan(self, tmp_path):
        """They judge nothing."""
        found = asked(tmp_path, "periodic:4", "every_window", "never")

        assert [(each.name, each.kind, each.plan) for each in found[:3]] == [
            ("periodic:4", Kind.PERIODIC, None),
            ("every_window", Kind.EVERY_WINDOW, None),
            ("never", Kind.NEVER, None),
        ]
        assert found[0].every == 4

    @pytest.mark.parametrize(
        ("word", "says"),
        [
            ("harn", "Did you mean 'harm'"),
            ("periodic:0", "Did you mean 'periodic:N'"),
            ("no-such.toml", "cannot be read as TOML"),
        ],
    )
    def test_refuses_what_is_no_policy(self, tmp_path, word, says):
        """And says what was meant."""
        with pytest.raises(SettingsError, match=says):
            asked(tmp_path, word)

    def test_refuses_sections_that_all_policies_share(self, tmp_path):
        """Other trainers would make another comparison."""
        file = tmp_path / "other.toml"
        file.write_text('[train]\ntrainers = ["xgboost"]\n')

        with pytest.raises(SettingsError, match=r"\[train\] is not part of a policy"):
            asked(tmp_path, str(file))

    def test_refuses_two_of_one_name(self, tmp_path):
        """Their figures would stand in one place."""
        with pytest.raises(SettingsError, match="two of the policies are called 'harm'"):
            asked(tmp_path, "harm", "harm")
