"""Each case's truth is true of the rows and outcomes that it makes."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domain.evidence import Action
from holdfast.scenarios.telecom.cases import CASES, LABELS_COMPLETE
from holdfast.scenarios.telecom.story import ShiftKind
from holdfast.scenarios.telecom.truth import moved_features, outcomes, truths


def sent(name, number, column):
    telecom = CASES[name].telecom(customers_per_month=2_000)
    return [row.features[column] for row in telecom.month(number).rows]


class TestCases:
    def test_tell_of_every_sort_of_change(self):
        """Drift without harm, harm without drift, three broken feeds, slow and cyclic change."""
        kinds = {chapter.kind for case in CASES.values() for chapter in case.story}

        assert kinds == set(ShiftKind) - {ShiftKind.UNSEEN_CATEGORY}

    @pytest.mark.parametrize("name", CASES)
    def test_ask_for_a_retraining_where_it_mends_something(self, name):
        """The chapters and the case agree about what a good loop does."""
        case = CASES[name]
        wanted = {truth.expected for truth in truths(case.telecom())}

        assert (Action.RETRAIN in wanted) == (case.retrained is not None)
        assert (Action.FIX_UPSTREAM in wanted) == case.mended_upstream

    @pytest.mark.parametrize("name", CASES)
    def test_name_nothing_that_did_not_move(self, name):
        """What must be said of a feature is about one that differs by then."""
        case = CASES[name]
        telecom = case.telecom()
        months = range(1, telecom.n_months + 1)
        moved = {f for n in months for f in moved_features(telecom, reference=0, current=n)}

        assert {subject for heard in case.must for subject in heard.subjects} <= moved

    @pytest.mark.parametrize("name", CASES)
    def test_wait_for_all_labels(self, name):
        """By the case's maturity every label that ever comes has come."""
        case = CASES[name]

        longest = max(
            label.known_at - label.predicted_at
            for label in case.telecom(customers_per_month=500).month(1).labels
        )

        assert case.labels.staying_days[1] <= case.label_maturity.days
        assert longest > case.label_maturity - LABELS_COMPLETE  # echoes of labels may be later


class TestFeeds:
    def test_a_stuck_one_repeats_one_value(self):
        """And goes on as before once it is mended; its usual gaps stay."""
        broken, mended = (set(sent("feed stuck", n, "support_calls")) for n in (2, 3))

        assert len(broken - {None}) == 1
        assert len(mended) > 5

    def test_another_unit_is_a_hundredfold(self):
        """In the feed alone: the customers pay, and leave, as before."""
        before, cents = (np.median(sent("unit change", n, "monthly_charge")) for n in (1, 2))
        telecom = CASES["unit change"].telecom(customers_per_month=8_000)
        rates = [outcomes(telecom, number).churned.mean() for number in (1, 2)]

        assert cents / before == pytest.approx(100, rel=0.05)
        assert rates[0] == pytest.approx(rates[1], abs=0.02)


class TestSlowChange:
    def test_prices_creep(self):
        """Each month 2% on top of the last."""
        first, last = (np.mean(sent("creeping prices", n, "monthly_charge")) for n in (1, 9))

        assert last / first == pytest.approx(1.02**8, abs=0.03)

    def test_the_competitor_grows_and_stays(self):
        """More customers leave from step to step, until all are reached."""
        telecom = CASES["creeping competitor"].telecom(customers_per_month=20_000)

        rates = [outcomes(telecom, number).churned.mean() for number in (1, 4, 7, 9)]

        assert rates[1] > rates[0]
        assert rates[2] > rates[1] + 0.02
        assert rates[3] == pytest.approx(rates[2], abs=0.015)

    def test_the_season_comes_back_to_where_it_began(self):
        """What the training set saw is true again at the year's end."""
        usage = [
            np.mean([value for value in sent("seasonal swing", n, "data_gb") if value is not None])
            for n in (1, 7, 12)
        ]

        assert usage[1] / usage[0] == pytest.approx(1.35, abs=0.08)
        assert usage[2] / usage[0] == pytest.approx(1.0, abs=0.08)
