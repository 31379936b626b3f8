from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from holdfast.domain.evidence import Action
from holdfast.scenarios.telecom import ShiftKind
from holdfast.scenarios.telecom.schema import FEATURES
from holdfast.scenarios.telecom.truth import moved_features, outcomes, truths


def distance(reference, current):
    """Kolmogorov-Smirnov for numbers, total variation for words; a missing value is a word."""
    if any(isinstance(value, str) for value in reference):
        words = sorted(set(reference) | set(current), key=str)
        return sum(abs(share(reference, word) - share(current, word)) for word in words) / 2
    missing = abs(share(reference, None) - share(current, None))
    left, right = (np.sort([v for v in side if v is not None]) for side in (reference, current))
    cells = np.union1d(left, right)
    apart = np.searchsorted(left, cells, "right") / left.size
    apart = apart - np.searchsorted(right, cells, "right") / right.size
    return max(missing, float(np.abs(apart).max()))


def share(values, word):
    return sum(value == word for value in values) / len(values)


class TestTruths:
    def test_date_every_shift_of_the_year(self, telecom):
        """The default year, as its page in the documentation tells it."""
        told = [(truth.month.month, truth.kind, truth.expected) for truth in truths(telecom)]

        assert [entry for entry in told if entry[1] is not ShiftKind.NONE] == [
            (3, ShiftKind.COVARIATE, Action.ALERT),
            (5, ShiftKind.UNSEEN_CATEGORY, Action.ALERT),
            (6, ShiftKind.SEASONAL, Action.ALERT),
            (7, ShiftKind.CONCEPT, Action.RETRAIN),
            (9, ShiftKind.MISSINGNESS, Action.FIX_UPSTREAM),
            (11, ShiftKind.BENIGN, Action.ALERT),
        ]
        assert all(e[2] is Action.KEEP for e in told if e[1] is ShiftKind.NONE)
        assert truths(telecom)[6].month == date(2025, 7, 1)

    def test_only_the_competitor_and_the_broken_feed_do_harm(self, telecom):
        """What a retraining could mend, and what it could not."""
        harmful = [truth.title for truth in truths(telecom) if truth.harmful]

        assert harmful == ["competitor", "feed broken"]


class TestMovedFeatures:
    @pytest.mark.parametrize("number", range(1, 13))
    def test_names_all_that_differ_from_the_training_set(self, telecom, number):
        """A feature that is not named must not differ by more than noise."""
        training = telecom.training_set().columns
        rows = telecom.month(number).rows
        moved = moved_features(telecom, reference=0, current=number)

        still = {
            name: distance(training[name], [row.features[name] for row in rows])
            for name in FEATURES
            if name not in moved
        }

        assert max(still.values()) < 0.03, still

    @pytest.mark.parametrize(
        ("number", "names"),
        [
            (3, ("monthly_charge",)),
            (5, ("contract",)),
            (6, ("support_calls", "data_gb")),
            (9, ("support_calls", "data_gb")),
            (11, ("tenure", "region")),
        ],
    )
    def test_what_a_chapter_moves_moves_visibly(self, telecom, number, names):
        """Against the month before, by more than a monitor's usual minimum of 0.05."""
        before, now = telecom.month(number - 1).rows, telecom.month(number).rows

        for name in names:
            apart = distance(
                [row.features[name] for row in before], [row.features[name] for row in now]
            )
            assert name in moved_features(telecom, reference=number - 1, current=number)
            assert apart > 0.05

    def test_a_change_in_force_in_both_months_moves_nothing(self, telecom):
        """A model trained in August knows the prices, Flex and the competitor."""
        assert moved_features(telecom, reference=8, current=10) == ()
        assert moved_features(telecom, reference=8, current=9) == ("support_calls", "data_gb")

    def test_the_competitor_moves_no_feature(self, telecom):
        """June's summer ends with July; nothing else is to be seen."""
        assert moved_features(telecom, reference=5, current=7) == ()


class TestOutcomes:
    def test_agree_with_every_first_label(self, telecom):
        """Labels may be lost, repeated or contradicted; the first one is always true."""
        truth = outcomes(telecom, 4).by_customer()
        first: dict[str, bool] = {}
        for label in telecom.month(4).labels:
            first.setdefault(label.customer_id, label.label == "Yes")

        assert len(truth) == telecom.customers_per_month
        assert all(truth[customer_id] is churned for customer_id, churned in first.items())

    def test_are_drawn_from_the_true_probability(self, telecom):
        """In each tenth of the probabilities about that share of customers leaves."""
        truth = outcomes(telecom, 1)
        order = np.argsort(truth.probability)
        gaps = (truth.churned - truth.probability)[order]

        assert max(abs(part.mean()) for part in np.array_split(gaps, 10)) < 0.05
