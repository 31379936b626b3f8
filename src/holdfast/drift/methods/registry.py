"""How one feature of two windows is compared: every built-in method, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.drift.methods.categorical import ChiSquare, GTest
from holdfast.drift.methods.divergences import (
    Hellinger,
    JensenShannon,
    KullbackLeibler,
    PopulationStabilityIndex,
    TotalVariation,
)
from holdfast.drift.methods.numeric import (
    AndersonDarling,
    CramerVonMises,
    KolmogorovSmirnov,
    Wasserstein,
)
from holdfast.drift.methods.shares import Missingness, UnseenCategories

if TYPE_CHECKING:
    from holdfast.drift.methods.protocol import Method

__all__ = ["METHODS"]

_ALL: tuple[Method, ...] = (
    AndersonDarling(),
    KolmogorovSmirnov(),
    CramerVonMises(),
    ChiSquare(),
    GTest(),
    Missingness(),
    UnseenCategories(),
    PopulationStabilityIndex(),
    JensenShannon(),
    KullbackLeibler(),
    Hellinger(),
    TotalVariation(),
    Wasserstein(),
)
METHODS: dict[str, Method] = {method.name: method for method in _ALL}
"""Every method by its name, in the order in which reports show them."""
