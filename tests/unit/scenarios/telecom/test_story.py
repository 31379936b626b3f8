from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.scenarios.telecom import YEAR, Chapter
from holdfast.scenarios.telecom.schema import FLEX
from holdfast.scenarios.telecom.story import price_rise, worlds
from holdfast.scenarios.telecom.truth import outcomes
from holdfast.scenarios.telecom.world import CONTESTED, LOYAL

QUIET_BEFORE = (1, 2, 4)
HARMLESS_BEFORE = (3, 5, 6)


def column(telecom, number, name):
    return [row.features[name] for row in telecom.month(number).rows]


def missing_share(telecom, number, name):
    return sum(value is None for value in column(telecom, number, name)) / 8_000


class TestWorlds:
    def test_lasting_changes_add_up_and_passing_ones_do_not(self):
        """The price rise stays all year; the broken feed is one month's affair."""
        told = worlds(YEAR)

        assert [world.price_factor for world in told] == [1.0] * 2 + [1.12] * 10
        assert [world.broken_share > 0 for world in told] == [False] * 8 + [True] + [False] * 3
        assert [world.usage_factor > 1 for world in told] == [False] * 5 + [True] + [False] * 6
        assert [world.mechanism for world in told] == [LOYAL] * 6 + [CONTESTED] * 6

    def test_two_price_rises_multiply(self):
        """A change acts on the world that it finds, not on the first one."""
        rise = Chapter(title="rise", what="", change=price_rise(1.1), lasts=True)

        first, second = worlds((rise, rise))

        assert first.price_factor == pytest.approx(1.1)
        assert second.price_factor == pytest.approx(1.21)


class TestChapter:
    def test_refuses_to_move_what_is_no_feature(self):
        """A misspelt feature would make every true alarm on it look false."""
        with pytest.raises(ValueError, match=r"'rise' moves \['montly_charge'\]"):
            Chapter(title="rise", what="", moves=("montly_charge",))


class TestYear:
    """Each shift does what its truth says, measured with a plain logistic regression."""

    def test_the_old_model_is_good_while_nothing_changes(self, old_model):
        """Quiet months: an AUC that a real churn model could have."""
        aucs = [old_model.auc(number) for number in QUIET_BEFORE]

        assert min(aucs) >= 0.82
        assert max(aucs) <= 0.87

    @pytest.mark.parametrize("number", HARMLESS_BEFORE)
    def test_harmless_months_leave_the_ranking_alone(self, old_model, number):
        """Price rise, Flex and summer move features and not the AUC."""
        quiet = np.mean([old_model.auc(month) for month in QUIET_BEFORE])

        assert abs(old_model.auc(number) - quiet) < 0.02

    @pytest.mark.parametrize("number", HARMLESS_BEFORE)
    def test_harmless_months_leave_the_probabilities_alone(self, old_model, number):
        """In each tenth of the scores the churn rate stays near what was promised."""
        assert old_model.worst_decile_gap(number) < 0.06

    def test_the_price_rise_moves_charges_by_twelve_percent(self, telecom):
        """The covariate of March, against February."""
        before = np.mean(column(telecom, 2, "monthly_charge"))
        after = np.mean(column(telecom, 3, "monthly_charge"))

        assert after / before == pytest.approx(1.12, abs=0.02)

    def test_flex_is_unseen_until_may_and_stays(self, telecom):
        """The share of the new contract, month by month; the training set has none."""
        shares = [np.mean(np.array(column(telecom, n, "contract")) == FLEX) for n in (4, 5, 6, 12)]

        assert FLEX not in telecom.training_set().columns["contract"]
        assert shares[0] == 0.0
        assert shares[1:] == pytest.approx([0.12] * 3, abs=0.015)

    def test_flex_customers_leave_about_as_month_to_month_ones_do(self, telecom):
        """The truth behind 'harmless': a new word for an old behaviour."""
        contract = np.array(column(telecom, 5, "contract"))
        churned = outcomes(telecom, 5).churned

        gap = churned[contract == FLEX].mean() - churned[contract == "Month-to-month"].mean()

        assert abs(gap) < 0.07

    def test_summer_moves_usage_and_calls_for_june_alone(self, telecom):
        """Means over the customers whose feed delivered."""

        def mean(number, name):
            return np.mean([v for v in column(telecom, number, name) if v is not None])

        assert mean(6, "data_gb") / mean(5, "data_gb") == pytest.approx(1.35, abs=0.06)
        assert mean(6, "support_calls") / mean(5, "support_calls") == pytest.approx(1.25, abs=0.06)
        assert mean(7, "data_gb") / mean(5, "data_gb") == pytest.approx(1.0, abs=0.05)

    def test_the_competitor_breaks_the_old_model_for_good(self, old_model):
        """From July on the AUC is far below June's, to the year's end."""
        june = old_model.auc(6)
        after = [old_model.auc(number) for number in (7, 8, 10, 11, 12)]

        assert june - old_model.auc(7) >= 0.06
        assert all(0.70 < auc < 0.78 for auc in after)

    def test_the_competitor_breaks_the_probabilities_too(self, old_model):
        """Customers who looked safe leave: what a calibration monitor can see."""
        assert old_model.worst_decile_gap(7) > 0.10

    def test_july_refits_the_model(self, refitted_model):
        """What July's labels teach holds in August and after."""
        assert refitted_model.auc(8) >= 0.80
        assert refitted_model.auc(12) >= 0.80

    def test_the_old_world_would_not_take_the_new_model(self, old_model, refitted_model):
        """The mechanism changed; it is not that July's rows are simply easier."""
        assert refitted_model.auc(2) < old_model.auc(2) - 0.06

    def test_september_loses_the_usage_feed(self, telecom):
        """70% and the usual gaps, in both columns of the feed and no other."""
        assert missing_share(telecom, 9, "data_gb") == pytest.approx(0.706, abs=0.02)
        assert missing_share(telecom, 9, "support_calls") == pytest.approx(0.703, abs=0.02)
        assert missing_share(telecom, 9, "total_charge") < 0.01
        for number in (8, 10):
            assert missing_share(telecom, number, "data_gb") < 0.03
            assert missing_share(telecom, number, "support_calls") < 0.02

    def test_the_feed_breaks_in_the_same_rows(self, telecom):
        """One feed carries both columns."""
        rows = [row.features for row in telecom.month(9).rows]

        both = np.mean([row["data_gb"] is None and row["support_calls"] is None for row in rows])

        assert both == pytest.approx(0.70, abs=0.02)

    def test_the_broken_feed_costs_any_model_a_little(self, old_model, refitted_model):
        """And it is over once the feed is mended: nothing to be learnt from it."""
        for model in (old_model, refitted_model):
            assert model.auc(9) < min(model.auc(8), model.auc(10)) - 0.005

        assert refitted_model.auc(10) >= 0.83

    def test_the_campaign_is_harmless(self, telecom, refitted_model):
        """Other customers, the same mechanism: a model of this world keeps its figures."""
        settled = np.mean([refitted_model.auc(number) for number in (8, 10, 12)])
        tenure = [np.median(column(telecom, number, "tenure")) for number in (10, 11, 12)]

        assert abs(refitted_model.auc(11) - settled) < 0.02
        assert refitted_model.worst_decile_gap(11) < 0.06
        assert tenure[1] < tenure[0] - 4
        assert tenure[1] < tenure[2] - 4

    def test_a_story_can_be_told_otherwise(self, telecom):
        """A year without the competitor keeps the old mechanism to its end."""
        calm = tuple(chapter for chapter in YEAR if chapter.title != "competitor")

        other = replace(telecom, story=calm)

        assert other.n_months == 11
        assert {world.mechanism for world in worlds(other.story)} == {LOYAL}
