from __future__ import annotations

import numpy as np
import pytest

from holdfast.scenarios.telecom.population import draw_customers
from holdfast.scenarios.telecom.schema import FEATURES
from holdfast.scenarios.telecom.world import World


@pytest.fixture(scope="module")
def customers():
    return draw_customers(np.random.default_rng(1), World(), 20_000)


class TestDrawCustomers:
    def test_draws_every_feature_complete(self, customers):
        """Gaps are the feed's doing, not the customers'."""
        assert tuple(customers) == FEATURES
        assert all(column.shape == (20_000,) for column in customers.values())
        for column in customers.values():
            assert column.dtype.kind == "U" or np.isfinite(column).all()

    def test_ties_the_columns_as_a_telecom_would(self, customers):
        """Fibre costs more, long-standing customers sign for longer, bills add up."""
        charge, internet = customers["monthly_charge"], customers["internet_service"]
        tenure, contract = customers["tenure"], customers["contract"]

        assert charge[internet == "Fiber"].mean() > charge[internet == "DSL"].mean() + 20
        assert tenure[contract == "Two year"].mean() > tenure[contract == "Month-to-month"].mean()
        assert np.corrcoef(customers["total_charge"], charge * tenure)[0, 1] > 0.95
        assert (customers["data_gb"][internet == "No"] == 0).all()
        assert (customers["plan_age"] <= tenure).all()

    def test_sells_no_more_flex_than_there_are_takers(self):
        """Only month-to-month customers move, so their share is the limit."""
        contract = draw_customers(np.random.default_rng(1), World(flex_share=0.99), 2_000)[
            "contract"
        ]

        assert "Month-to-month" not in contract
        assert 0.3 < (contract == "Flex").mean() < 0.9
