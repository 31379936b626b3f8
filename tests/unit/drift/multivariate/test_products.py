"""Products of parts of different features."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.drift.multivariate.products import multiply_pairs


@pytest.fixture(name="parts", params=[5, 60], ids=["each pair a column", "pairs share columns"])
def _parts(request):
    """Draw parts and their features; two parts in each feature but the last."""
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(200, request.param)).astype(np.float32)
    return parts, np.arange(request.param) // 2


class TestProducts:
    def test_columns_are_standardised(self, parts):
        """So that one penalty fits all."""
        products = multiply_pairs(parts[0], parts[1], np.random.default_rng(0))

        assert products.columns.shape[1] <= 600
        np.testing.assert_allclose(products.columns.mean(axis=0), 0.0, atol=1e-5)
        spread = products.columns.std(axis=0)
        drawn = np.unique(products.column)
        np.testing.assert_allclose(spread[drawn], 1.0, atol=1e-4)
        assert spread.sum() == pytest.approx(drawn.size, rel=1e-4)

    def test_a_score_is_a_quadratic_form_of_the_parts(self, parts):
        """That is what lets one feature be shuffled without multiplying again."""
        products = multiply_pairs(parts[0], parts[1], np.random.default_rng(0))
        coefficients = np.random.default_rng(1).normal(size=(products.columns.shape[1],))

        weights = products.pair_weights(coefficients)

        rows = parts[0].astype(np.float64)
        scores = ((rows @ weights) * rows).sum(axis=1) / 2
        difference = scores - products.columns @ coefficients
        np.testing.assert_allclose(difference, difference.mean(), atol=1e-3)

    def test_a_feature_is_not_multiplied_with_itself(self, parts):
        """Two levels of one word exclude each other; that is no news."""
        products = multiply_pairs(parts[0], parts[1], np.random.default_rng(0))

        weights = products.pair_weights(np.ones(products.columns.shape[1]))

        owners = parts[1]
        assert not weights[owners[:, None] == owners].any()

    def test_without_two_features_there_are_none(self):
        """And nothing breaks."""
        parts = np.ones((10, 1), dtype=np.float32)

        products = multiply_pairs(parts, np.array([0]), np.random.default_rng(0))

        assert products.columns.shape == (10, 0)

    def test_products_that_never_vary_stay_silent(self):
        """Two signs that always agree multiply to one."""
        sign = np.where(np.arange(10) % 2 == 0, 1.0, -1.0).astype(np.float32)

        products = multiply_pairs(
            np.column_stack([sign, sign]), np.array([0, 1]), np.random.default_rng(0)
        )

        assert not products.columns.any()
        assert not products.pair_weights(np.ones(1)).any()
