"""Tests of the realised positive rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from holdfast.domain.estimates import LabelDriftVerdict
from holdfast.performance.label_drift import label_drift
from holdfast.performance.realised import measure


def window(n, n_positive):
    labels = np.arange(n) < n_positive
    return measure(labels, np.linspace(0.9, 0.1, n), threshold=0.5)


class TestLabelDrift:
    def test_agrees_with_pearsons_chi_square(self):
        """Oracle: scipy, on the two-by-two table without correction."""
        found = label_drift(window(900, 230), window(400, 130))

        table = [[230, 670], [130, 270]]
        known = stats.chi2_contingency(table, correction=False).pvalue
        assert found.p_value == pytest.approx(known, rel=1e-9)
        assert found.verdict is LabelDriftVerdict.SHIFTED

    @pytest.mark.parametrize("n_positive", [40, 170])
    def test_finds_a_change_in_either_direction(self, n_positive):
        """Fewer positives change the world as more do."""
        found = label_drift(window(2_000, 520), window(400, n_positive))

        assert found.verdict is LabelDriftVerdict.SHIFTED
        assert found.low < found.current == n_positive / 400 < found.high

    def test_the_same_rate_holds(self):
        """A quarter, and a quarter."""
        found = label_drift(window(2_000, 500), window(400, 100))

        assert (found.verdict, found.p_value) == (LabelDriftVerdict.HELD, 1.0)

    def test_few_rows_are_a_verdict_of_their_own(self):
        """Never held, and without a p-value."""
        found = label_drift(window(2_000, 500), window(60, 60))

        assert (found.verdict, found.p_value) == (LabelDriftVerdict.TOO_FEW, None)

    def test_false_alarms_stay_at_their_level(self):
        """At 5%, over 300 windows without a change."""
        rng = np.random.default_rng(0)
        reference = window(4_000, 1_000)

        alarms = [
            label_drift(reference, window(400, int(n))).verdict is LabelDriftVerdict.SHIFTED
            for n in rng.binomial(400, 0.25, 300)
        ]

        assert np.mean(alarms) < 0.09
