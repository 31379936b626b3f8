from __future__ import annotations

import numpy as np
import pytest

from holdfast.scenarios.telecom.churn import churn_probability
from holdfast.scenarios.telecom.population import draw_customers
from holdfast.scenarios.telecom.world import CONTESTED, World


@pytest.fixture(scope="module")
def mood():
    return np.random.default_rng(2).standard_normal(5_000)


def customers(world):
    return draw_customers(np.random.default_rng(1), world, 5_000)


class TestChurnProbability:
    def test_is_a_probability(self, mood):
        """One a customer, strictly between 0 and 1."""
        probability = churn_probability(customers(World()), World(), mood)

        assert probability.shape == (5_000,)
        assert probability.min() > 0
        assert probability.max() < 1

    def test_does_not_see_a_price_rise(self, mood):
        """The same customers at higher prices decide as before, up to the rounding of cents."""
        dear = World(price_factor=1.12)

        before = churn_probability(customers(World()), World(), mood)
        after = churn_probability(customers(dear), dear, mood)

        assert np.abs(after - before).max() < 1e-4

    def test_turns_against_long_fibre_customers_with_the_competitor(self, mood):
        """The same customers, another mechanism: those who were safest now leave."""
        columns = customers(World())
        safe = (columns["internet_service"] == "Fiber") & (columns["tenure"] > 48)

        before = churn_probability(columns, World(), mood)[safe].mean()
        after = churn_probability(columns, World(mechanism=CONTESTED), mood)[safe].mean()

        assert after > before + 0.2
