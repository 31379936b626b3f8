"""Tests of holdfast.policy.thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.errors import TooFewLabelsError
from holdfast.policy.thresholds import (
    Capacity,
    Costs,
    FBeta,
    Fixed,
    RecallAtLeast,
    prices_of,
)

AIMS = [
    RecallAtLeast(recall=0.8),
    RecallAtLeast(recall=1.0),
    FBeta(beta=2.0),
    Costs(false_positive=1.0, false_negative=5.0),
    Capacity(share=0.3),
]

rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])),
    min_size=1,
    max_size=30,
).filter(lambda drawn: any(label for label, _ in drawn))


def arrays(drawn):
    return np.array([label for label, _ in drawn]), np.array([score for _, score in drawn])


def counts(labels, scores, threshold):
    decided = scores >= threshold
    return int((labels & decided).sum()), int(decided.sum())


def all_counts(labels, scores):
    """What each conceivable threshold would flag, the hard way."""
    found = [counts(labels, scores, t) for t in np.unique(scores)]
    if scores.max() < 1.0:
        found.append((0, 0))
    return found


class TestRecallAtLeast:
    @given(rows, st.sampled_from([0.3, 0.7, 0.8, 1.0]))
    def test_reaches_the_recall_with_the_fewest_flags(self, drawn, recall):
        """No other threshold that reaches it flags fewer rows."""
        labels, scores = arrays(drawn)

        found, flagged = counts(labels, scores, RecallAtLeast(recall=recall).choose(labels, scores))

        enough = recall * labels.sum() - 1e-9
        assert found >= enough
        assert flagged == min(n for hits, n in all_counts(labels, scores) if hits >= enough)

    def test_counts_seven_of_ten_as_seventy_percent(self):
        """0.7 * 10 is 7.000000000000001 or less in floating point, and must not ask for 8."""
        labels, scores = np.ones(10, dtype=bool), np.linspace(0.1, 0.9, 10)

        threshold = RecallAtLeast(recall=0.7).choose(labels, scores)

        assert counts(labels, scores, threshold) == (7, 7)

    @pytest.mark.parametrize("recall", [0.0, 1.1, float("nan")])
    def test_refuses_what_is_no_share(self, recall):
        """A recall of 0 asks for nothing, one above 1 for the impossible."""
        with pytest.raises(ValueError, match="recall"):
            RecallAtLeast(recall=recall)


class TestFBeta:
    @given(rows, st.sampled_from([0.5, 1.0, 2.0]))
    def test_finds_the_best_score(self, drawn, beta):
        """As good as trying every threshold."""
        labels, scores = arrays(drawn)

        def f(found, flagged):
            return (1 + beta**2) * found / (beta**2 * labels.sum() + flagged)

        reached = f(*counts(labels, scores, FBeta(beta=beta).choose(labels, scores)))

        assert reached == pytest.approx(max(f(*pair) for pair in all_counts(labels, scores)))


class TestCosts:
    @given(rows, st.sampled_from([0.2, 1.0, 5.0]))
    def test_finds_the_lowest_cost(self, drawn, miss):
        """As cheap as trying every threshold, flagging nobody among them."""
        labels, scores = arrays(drawn)

        def cost(found, flagged):
            return (flagged - found) + miss * (labels.sum() - found)

        aim = Costs(false_positive=1.0, false_negative=miss)
        reached = cost(*counts(labels, scores, aim.choose(labels, scores)))

        assert reached == pytest.approx(min(cost(*pair) for pair in all_counts(labels, scores)))

    def test_flags_nobody_if_false_alarms_cost_too_much(self):
        """Then the threshold lies above every score."""
        labels, scores = np.array([True, False, False]), np.array([0.2, 0.3, 0.6])

        threshold = Costs(false_positive=10.0, false_negative=1.0).choose(labels, scores)

        assert 0.6 < threshold < 1.0

    def test_refuses_a_free_error(self):
        """An error that costs nothing would be made every time."""
        with pytest.raises(ValueError, match="costs must be positive"):
            Costs(false_positive=0.0, false_negative=1.0)


class TestEveryAim:
    @pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.describe())
    @given(drawn=rows)
    def test_keeps_decisions_where_scores_change_in_their_last_digits(self, aim, drawn):
        """An exported model answers in float32; its decisions must be the trained one's."""
        labels, scores = arrays(drawn)
        threshold = aim.choose(labels, scores)

        shifted = np.clip(scores - 1e-6, 0.0, 1.0)

        assert 0.0 <= threshold <= 1.0
        assert ((shifted >= threshold) == (scores >= threshold)).all()

    @pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.describe())
    def test_asks_for_a_positive_row(self, aim):
        """Without one there is no recall, and no cost of a miss to weigh."""
        with pytest.raises(TooFewLabelsError, match="positive rows"):
            aim.choose(np.zeros(5, dtype=bool), np.linspace(0, 1, 5))


class TestFixed:
    def test_is_what_was_set(self):
        """The rows have no say."""
        assert Fixed(threshold=0.42).choose(np.zeros(1, dtype=bool), np.zeros(1)) == 0.42

    def test_refuses_what_is_no_probability(self):
        """A percentage is the likely slip."""
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            Fixed(threshold=42)


class TestCapacity:
    @given(drawn=rows, share=st.sampled_from([0.1, 0.3, 0.5, 0.7, 1.0]))
    def test_flags_as_many_as_fit_and_no_more(self, drawn, share):
        """Of all ways to divide the rows; the fewest, where none fits."""
        labels, scores = arrays(drawn)
        flagged = [n for _, n in all_counts(labels, scores)]
        fitting = [n for n in flagged if n <= share * scores.size + 1e-9]

        threshold = Capacity(share=share).choose(labels, scores)

        assert counts(labels, scores, threshold)[1] == (max(fitting) if fitting else min(flagged))

    @pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
    def test_refuses_a_share_that_is_none(self, share):
        """Nobody, or more than everybody."""
        with pytest.raises(ValueError, match="share must lie in"):
            Capacity(share=share)

    def test_says_what_it_is_in_words(self):
        """For the model card."""
        assert Capacity(share=0.1).describe() == "a capacity of 0.1 of the rows"


class TestPricesOf:
    def test_only_costs_have_prices(self):
        """What an error costs is known only where somebody said so."""
        assert prices_of(Costs(false_positive=1.0, false_negative=5.0)) == (1.0, 5.0)
        assert prices_of(Capacity(share=0.1)) is None
