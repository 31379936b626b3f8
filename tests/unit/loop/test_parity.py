"""Tests of holdfast.loop.parity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.domain.errors import FieldIssue, InvalidRowsError, ParityError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.loop.parity import check_parity, edge_rows
from holdfast.testing.learnable import learnable

DATA = learnable()


class Scores:
    """Scores by a function of the rows; stands for the trained and for the exported model."""

    def __init__(self, function):
        self.score = self.predict = function


def half(rows):
    return np.full(len(rows), 0.5)


def check(exported, rows=DATA.matrix):
    trained: Any = Scores(half)
    return check_parity(trained, Scores(exported), rows, DATA.contract, seed=0)


class TestCheckParity:
    def test_returns_the_largest_difference(self):
        """A harmless one passes, and goes on the model card."""
        assert check(lambda rows: half(rows) + 1e-7) == pytest.approx(1e-7)

    def test_names_the_worst_row_of_the_data(self):
        """Among several it is the one that differs most."""

        def exported(rows):
            scores = half(rows)
            scores[[17, 230]] += [0.1, 0.2]
            return scores

        with pytest.raises(ParityError, match="row 230 of the data") as refused:
            check(exported)

        assert refused.value.worst == pytest.approx(0.2)

    def test_finds_what_only_unseen_categories_show(self):
        """Native category splits have gone wrong exactly there, silently."""

        def exported(rows):
            return half(rows) + 0.3 * (~np.isin(rows.categorical[:, 1], ["", "card", "cash"]))

        with pytest.raises(ParityError, match="all categories unseen"):
            check(exported)

    def test_finds_what_only_missing_numbers_show(self):
        """Training data may hold no row in which all are missing."""

        def exported(rows):
            return half(rows) + 0.3 * np.isnan(rows.numeric).all(axis=1)

        with pytest.raises(ParityError):
            check(exported)

    def test_takes_nan_for_the_worst_difference(self):
        """NaN compares false with every tolerance; it must not slip through."""

        def exported(rows):
            scores = half(rows)
            scores[5] = np.nan
            return scores

        with pytest.raises(ParityError, match="row 5 of the data"):
            check(exported)

    def test_takes_a_refused_row_for_a_difference(self):
        """A runtime that has no probability where training had one does not repeat it."""

        def exported(rows):
            raise InvalidRowsError([FieldIssue(row=9, field="features", problem="no answer")])

        with pytest.raises(ParityError, match="row 9 of the data"):
            check(exported)

    def test_draws_from_more_rows_than_it_checks(self):
        """20,000 of 30,000 rows, and the edges; the name is the row's own number."""
        many = DATA.matrix.take(np.arange(30_000) % 600)
        seen = []

        def exported(rows):
            seen.append(len(rows))
            return half(rows)

        check(exported, many)

        assert seen == [20_000 + len(edge_rows(DATA.contract))]


class TestEdgeRows:
    @pytest.mark.parametrize("numeric", [True, False])
    def test_have_the_shape_of_the_contract(self, numeric):
        """Also where one kind of column is absent."""
        contract = learnable(numeric=numeric).contract

        for row in edge_rows(contract).values():
            assert isinstance(row, FeatureMatrix)
            assert row.numeric.shape == (1, len(contract.numeric))
            assert row.categorical.shape == (1, len(contract.categorical))
            assert not np.isinf(row.numeric).any()
