"""Tests of holdfast.loop.parity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.domain.errors import FieldIssue, InvalidRowsError, ParityError
from holdfast.domain.matrix import FeatureMatrix
from holdfast.loop.parity import check_parity, edge_rows, made_up_rows
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

        with pytest.raises(ParityError, match=r"all categories unseen|of those made up"):
            check(exported)

    def test_finds_what_only_missing_numbers_show(self):
        """Training data may hold no row in which all are missing."""

        def exported(rows):
            return half(rows) + 0.3 * np.isnan(rows.numeric).all(axis=1)

        with pytest.raises(ParityError):
            check(exported)

    def test_scores_10_000_rows_of_a_small_data_set(self):
        """600 rows would leave most ways through a model untried."""
        seen = []

        def exported(rows):
            seen.append(len(rows))
            return half(rows)

        check(exported)

        assert seen == [10_000 + len(edge_rows(DATA.contract))]

    def test_finds_what_only_values_between_those_of_the_data_show(self):
        """Trees split there; where the export does so elsewhere, no row of the data tells."""

        def exported(rows):
            numbers = rows.numeric[:, 0]
            return half(rows) + 0.3 * ((numbers > 40) & (numbers < 41))

        with pytest.raises(ParityError, match="of those made up"):
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
        """20,000 of 30,000 rows, those made up, and the edges."""
        many = DATA.matrix.take(np.arange(30_000) % 600)
        seen = []

        def exported(rows):
            seen.append(len(rows))
            return half(rows)

        check(exported, many)

        assert seen == [20_000 + 3_000 + len(edge_rows(DATA.contract))]


class TestMadeUpRows:
    ROWS = made_up_rows(DATA.matrix, seed=0)

    def test_are_the_same_for_the_same_seed(self):
        """A release that is refused is refused again."""
        again = made_up_rows(DATA.matrix, seed=0)

        assert np.array_equal(again.numeric, self.ROWS.numeric, equal_nan=True)
        assert (again.categorical == self.ROWS.categorical).all()

    def test_lie_on_values_between_them_and_next_to_them(self):
        """As float32 counts: of whole numbers, some halves, and some just beside."""
        numbers = self.ROWS.numeric[:, 0]
        known = np.unique(DATA.matrix.numeric[:, 0])

        shares = [
            np.isin(numbers, known).mean(),
            (numbers % 1 == 0.5).mean(),
            np.isin(np.nextafter(numbers, np.float32(1e9)), known).mean(),
            np.isin(np.nextafter(numbers, np.float32(-1e9)), known).mean(),
        ]

        assert min(shares) > 0.1

    def test_hold_missing_and_unseen_values(self):
        """More than the data itself, in either kind of column."""
        assert np.isnan(self.ROWS.numeric[:, 0]).mean() > 0.05
        assert (self.ROWS.categorical[:, 0] == "").mean() > 0.05
        assert not np.isin(self.ROWS.categorical[:, 1], ["", "card", "cash"]).all()

    @pytest.mark.parametrize(("numeric", "categorical"), [(True, False), (False, True)])
    def test_have_the_columns_of_the_data(self, numeric, categorical):
        """Also where one kind is absent."""
        rows = learnable(numeric=numeric, categorical=categorical).matrix

        made_up = made_up_rows(rows, seed=0)

        assert made_up.numeric.shape == (10_000, rows.numeric.shape[1])
        assert made_up.categorical.shape == (10_000, rows.categorical.shape[1])

    def test_are_none_of_no_rows(self):
        """There is nothing to draw from."""
        assert len(made_up_rows(DATA.matrix.take(slice(0, 0)), seed=0)) == 0

    def test_take_a_column_that_is_missing_throughout(self):
        """It stays so."""
        empty = FeatureMatrix(
            numeric=np.full((5, 1), np.nan, dtype=np.float32),
            categorical=np.empty((5, 0), dtype=object),
        )

        assert np.isnan(made_up_rows(empty, seed=0).numeric).all()


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
