"""Who the customers of a month are: every column, with the ties between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from holdfast.scenarios.telecom.schema import (
    FEATURES,
    FLEX,
    INTERNET,
    MONTH_TO_MONTH,
    PAYMENT_METHODS,
    REGIONS,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.scenarios.telecom.world import World

__all__ = ["Columns", "draw_customers"]

Columns: TypeAlias = dict[str, NDArray[Any]]
"""One array a column, all of the same length; numbers as float64 or int64, words as text."""

_Floats: TypeAlias = NDArray[np.float64]
_Flags: TypeAlias = NDArray[np.bool_]
_Words: TypeAlias = NDArray[np.str_]

_LONGEST_TENURE = 72


def draw_customers(rng: np.random.Generator, world: World, n: int) -> Columns:
    """Draw the customers that are active in a world, complete and before any feed.

    Args:
        rng: The source of randomness.
        world: The month's world.
        n: How many.

    Returns:
        One array for each of `FEATURES`, in that order.
    """
    tenure = _tenure(rng, world, n)
    senior = rng.random(n) < world.senior_share
    partner = rng.random(n) < 0.35 + 0.004 * tenure
    internet = _pick(rng, INTERNET, _internet_shares(senior))
    contract = _contract(rng, tenure)
    old_charge = _old_charge(rng, internet, contract, partner=partner)
    payment = _pick(rng, PAYMENT_METHODS, _payment_shares(internet))
    outages = rng.poisson(np.select([internet == "Fiber", internet == "DSL"], [0.9, 0.6], 0.1))
    columns: Columns = {
        "tenure": tenure,
        "contract": _with_flex(rng, contract, world.flex_share),
        "monthly_charge": np.round(old_charge * world.price_factor, 2),
        # Past bills were written at past prices: a price rise hardly shows in their sum.
        "total_charge": np.round(old_charge * tenure * rng.uniform(0.93, 1.03, n), 2),
        "internet_service": internet,
        "payment_method": payment,
        "paperless_billing": _yes_no(rng.random(n) < np.where(internet == "No", 0.35, 0.68)),
        "senior": senior.astype(np.int64),
        "partner": _yes_no(partner),
        "support_calls": rng.poisson(world.call_factor * (0.7 + 0.45 * outages)),
        "data_gb": np.round(world.usage_factor * _data_gb(rng, internet, senior=senior), 1),
        "outages": outages,
        "late_payments": rng.poisson(np.where(payment == "Electronic check", 0.7, 0.3)),
        "plan_age": np.floor(tenure * rng.beta(1.6, 1.1, n)).astype(np.int64),
        "region": _pick(rng, REGIONS, np.tile(world.region_shares, (n, 1))),
    }
    return {name: columns[name] for name in FEATURES}


def _tenure(rng: np.random.Generator, world: World, n: int) -> NDArray[np.int64]:
    newcomer = rng.random(n) < world.newcomer_share
    months = np.where(newcomer, rng.exponential(7.0, n), _LONGEST_TENURE * rng.beta(1.3, 1.0, n))
    return np.minimum(np.floor(months), _LONGEST_TENURE).astype(np.int64)


def _contract(rng: np.random.Generator, tenure: NDArray[np.int64]) -> _Words:
    """Long-standing customers sign for longer."""
    share = tenure / _LONGEST_TENURE
    two_year = 0.04 + 0.50 * share**1.5
    one_year = 0.12 + 0.16 * share
    return _pick(
        rng,
        (MONTH_TO_MONTH, "One year", "Two year"),
        np.stack([1 - one_year - two_year, one_year, two_year], axis=1),
    )


def _with_flex(rng: np.random.Generator, contract: _Words, share: float) -> _Words:
    """Move customers from month-to-month to the new contract, up to a share of all."""
    monthly = contract == MONTH_TO_MONTH
    moving = share / max(float(monthly.mean()), share, 1e-9)
    return np.where(monthly & (rng.random(contract.size) < moving), FLEX, contract)


def _old_charge(
    rng: np.random.Generator, internet: _Words, contract: _Words, *, partner: _Flags
) -> _Floats:
    base = np.select([internet == "Fiber", internet == "DSL"], [82.0, 56.0], 22.0)
    spread = np.select([internet == "Fiber", internet == "DSL"], [13.0, 11.0], 3.0)
    rebate = np.where(contract == "Two year", 3.0, 0.0)
    charge: _Floats = base + spread * rng.standard_normal(base.size) + 3.0 * partner - rebate
    return charge.clip(15.0, 140.0)


def _internet_shares(senior: _Flags) -> _Floats:
    return np.where(senior[:, None], (0.38, 0.34, 0.28), (0.46, 0.34, 0.20))


def _payment_shares(internet: _Words) -> _Floats:
    on_fiber = (internet == "Fiber")[:, None]
    return np.where(on_fiber, (0.46, 0.14, 0.20, 0.20), (0.24, 0.30, 0.23, 0.23))


def _data_gb(rng: np.random.Generator, internet: _Words, *, senior: _Flags) -> _Floats:
    middle = np.select([internet == "Fiber", internet == "DSL"], [62.0, 28.0], 0.0)
    return middle * np.where(senior, 0.6, 1.0) * rng.lognormal(0.0, 0.55, middle.size)


def _pick(rng: np.random.Generator, words: Sequence[str], shares: _Floats) -> _Words:
    """Draw one word a row, each row with shares of its own, shape ``(n, len(words))``."""
    drawn = rng.random(len(shares))[:, None] > np.cumsum(shares, axis=1)[:, :-1]
    picked: _Words = np.asarray(words)[drawn.sum(axis=1)]
    return picked


def _yes_no(flags: _Flags) -> _Words:
    return np.where(flags, "Yes", "No")
