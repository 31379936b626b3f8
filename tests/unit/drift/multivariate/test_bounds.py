"""How much a multivariate comparison could have found."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.multivariate.bounds import (
    MultivariatePolicy,
    detectable_auc,
    detectable_shift,
    shift_of,
    too_few,
    verdict_of,
)
from holdfast.drift.multivariate.folds import auc
from holdfast.drift.verdicts import Verdict

POLICY = MultivariatePolicy()


class TestDetectable:
    def test_an_auc_of_that_size_is_found_with_the_power_asked_for(self):
        """The normal approximation holds for samples of normal scores."""
        rng = np.random.default_rng(0)
        labels = np.arange(500) < 200
        least = detectable_auc(POLICY, level=0.05, n=300, m=200)
        critical = 0.5 + 1.645 * np.sqrt((1 / 300 + 1 / 200) / 12)

        scores = rng.normal(size=(400, 500)) + shift_of(least) * labels

        found = np.mean([auc(labels, row) > critical for row in scores])
        assert 0.72 < found < 0.88

    def test_more_rows_find_less(self):
        """In either window."""
        few = detectable_shift(POLICY, level=0.05, n=100, m=100)

        assert detectable_shift(POLICY, level=0.05, n=200, m=100) < few
        assert detectable_shift(POLICY, level=0.05, n=100, m=200) < few

    def test_nothing_is_found_above_one(self):
        """An AUC has no more to give."""
        assert detectable_auc(POLICY, level=0.05, n=1, m=1) == 1.0


class TestTooFew:
    def test_the_rows_asked_for_are_enough(self):
        """What was promised holds, and not by far."""
        needed = too_few(POLICY, level=0.025, n=5_000).current

        enough, less = (
            detectable_auc(POLICY, level=0.025, n=5_000, m=m) for m in (needed, needed - 5)
        )
        assert enough <= POLICY.blind < less

    def test_a_reference_that_is_too_small_itself_is_told(self):
        """No window would be large enough for it."""
        needed = too_few(POLICY, level=0.025, n=20)

        assert needed.reference is not None
        assert needed.reference > 20


class TestPolicy:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"min_effect": 0.4},
            {"min_effect": 0.7},
            {"blind": 1.0},
            {"power": 1.0},
            {"variance_kept": 0.0},
            {"min_rows": 5},
            {"folds": 1},
        ],
        ids=str,
    )
    def test_is_valid_when_built(self, wrong):
        """A bound that makes no sense is refused at once."""
        with pytest.raises(ValueError, match="found"):
            MultivariatePolicy(**wrong)


class TestVerdict:
    def test_what_was_found_counts_although_much_could_have_been_missed(self):
        """Small windows with a large drift have drifted."""
        assert verdict_of(drifted=True, blind=True) is Verdict.DRIFTED
        assert verdict_of(drifted=False, blind=True) is Verdict.UNDERPOWERED
        assert verdict_of(drifted=False, blind=False) is Verdict.STABLE
