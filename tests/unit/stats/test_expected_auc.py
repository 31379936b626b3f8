"""Tests of the ROC AUC that rows will have."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from holdfast.domain.errors import TooFewLabelsError
from holdfast.stats.auc import delong, roc_auc
from holdfast.stats.expected_auc import expected_auc


def over_pairs(scores, chances):
    """The definition in plain Python: every pair of two rows, and DeLong's placements."""
    rows = range(len(scores))

    def wins(i, j):
        return 1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0

    others = {i: [j for j in rows if j != i] for i in rows}
    pairs = [(i, j) for i, j in product(rows, rows) if i != j]
    weight = {(i, j): chances[i] * (1 - chances[j]) for i, j in pairs}
    auc = sum(w * wins(i, j) for (i, j), w in weight.items()) / sum(weight.values())
    n1, n0 = sum(chances), sum(1 - c for c in chances)
    v10, v01 = [], []
    for i in rows:
        below = sum((1 - chances[j]) * wins(i, j) for j in others[i])
        above = sum(chances[j] * wins(j, i) for j in others[i])
        v10.append(below / (n0 - (1 - chances[i])))
        v01.append(above / (n1 - chances[i]))
    s10 = sum(c * (v - auc) ** 2 for c, v in zip(chances, v10, strict=True)) / (n1 - 1)
    s01 = sum((1 - c) * (v - auc) ** 2 for c, v in zip(chances, v01, strict=True)) / (n0 - 1)
    return auc, (s10 / n1 + s01 / n0) ** 0.5


class TestExpectedAuc:
    def test_is_the_weighted_share_of_all_pairs(self):
        """Oracle: every pair, in O(n²), with both terms of DeLong's variance."""
        rng = np.random.default_rng(0)
        scores = np.round(rng.beta(2, 3, 60), 2)  # with ties
        chances = np.clip(scores + rng.normal(0, 0.05, 60), 0.0, 1.0)

        found = expected_auc(scores, chances)

        assert (found.auc, found.standard_error) == pytest.approx(
            over_pairs(scores.tolist(), chances.tolist()), rel=1e-12
        )

    def test_is_delongs_method_where_the_labels_are_certain(self):
        """Chances of 0 and 1 are labels; nothing is left for them to vary."""
        rng = np.random.default_rng(1)
        scores = np.round(rng.random(200), 2)
        labels = rng.random(200) < scores

        found, known = expected_auc(scores, labels.astype(float)), delong(labels, scores)

        assert found.auc == pytest.approx(known.aucs[0], rel=1e-12)
        assert found.standard_error == pytest.approx(known.standard_error(), rel=1e-12)
        assert found.label_error == 0.0

    def test_counts_many_rows_at_one_place_like_as_many_rows(self):
        """A cell of a profile is such a place."""
        places, times = np.array([0.1, 0.3, 0.7]), np.array([40.0, 1.0, 9.0])
        rows = np.repeat(places, times.astype(int))

        assert expected_auc(places, places, rows=times).auc == pytest.approx(
            expected_auc(rows, rows).auc, rel=1e-12
        )

    def test_its_errors_are_those_of_drawn_labels(self):
        """Simulation: the label error over labels of fixed rows, the full one over both."""
        rng = np.random.default_rng(2)
        fixed = rng.beta(1.2, 3.4, 400)
        expected = expected_auc(fixed, fixed)

        of_labels = [roc_auc(rng.random(400) < fixed, fixed) for _ in range(600)]
        drawn = [rng.beta(1.2, 3.4, 400) for _ in range(600)]
        of_both = [roc_auc(rng.random(400) < rows, rows) for rows in drawn]

        assert np.mean(of_labels) == pytest.approx(expected.auc, abs=0.003)
        assert np.std(of_labels) == pytest.approx(expected.label_error, rel=0.1)
        assert np.std(of_both) == pytest.approx(expected.standard_error, rel=0.1)

    @pytest.mark.parametrize("chance", [0.0, 0.01, 1.0])
    def test_refuses_rows_of_which_no_two_of_a_class_are_expected(self, chance):
        """Nothing can be ranked among rows of one class."""
        with pytest.raises(TooFewLabelsError, match="expected rows of a class"):
            expected_auc(np.linspace(0, 1, 50), np.full(50, chance))
