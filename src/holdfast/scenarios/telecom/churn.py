"""How probable it is that a customer leaves: the true mechanism that no model is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.scenarios.telecom.schema import CONTRACTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.scenarios.telecom.population import Columns
    from holdfast.scenarios.telecom.world import World

__all__ = ["churn_probability"]


def churn_probability(
    columns: Columns, world: World, mood: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each customer's probability of leaving within three weeks.

    Charges count at the old prices: customers shrug at a rise that every competitor makes
    too, which is what makes it harmless to a model that was trained before.

    Args:
        columns: The customers, complete, shape ``(n,)`` each.
        world: The month's world.
        mood: Standard normal, shape ``(n,)``: what no column shows.
    """
    m = world.mechanism
    tenure, internet = columns["tenure"], columns["internet_service"]
    fiber = internet == "Fiber"
    old_charge = columns["monthly_charge"] / world.price_factor
    log_odds = (
        m.intercept
        + _contract_weight(columns, world)
        + m.loyalty * np.log1p(tenure)
        + m.fiber * fiber
        + m.no_internet * (internet == "No")
        + m.long_fiber * (fiber & (tenure > 36))
        + m.charge * (old_charge - 65.0) / 30.0
        + m.support_call * np.minimum(columns["support_calls"], 5.0)
        + (m.outage + m.fiber_outage * fiber) * columns["outages"]
        + m.late_payment * columns["late_payments"]
        + m.electronic_check * (columns["payment_method"] == "Electronic check")
        + m.paperless * (columns["paperless_billing"] == "Yes")
        + m.senior * columns["senior"]
        + m.partner * (columns["partner"] == "Yes")
        + m.mood * mood
    )
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)


def _contract_weight(columns: Columns, world: World) -> NDArray[np.float64]:
    m = world.mechanism
    weights = (m.month_to_month, m.one_year, m.two_year, m.flex)
    return np.select([columns["contract"] == word for word in CONTRACTS], weights, 0.0)
