"""Two numbers that go together, a word and a yes/no: rows whose joint law can change alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target


def contract_of(**kinds):
    return Contract(
        features=tuple(
            Feature(name=name, kind=FeatureKind(kind), nullable=True)
            for name, kind in kinds.items()
        ),
        target=Target(name="churn", positive="Yes", negative="No"),
        threshold=0.5,
        data_digest="0" * 64,
    )


@pytest.fixture(name="contract_of")
def _contract_of():
    return contract_of


@pytest.fixture(name="pair_contract")
def _pair_contract():
    return contract_of(
        calls="numeric", charges="numeric", age="numeric", plan="categorical", senior="boolean"
    )


@pytest.fixture(name="pairs")
def _pairs():
    """Draw n rows; the singles' distributions are the same whatever the correlation."""

    def draw(rng, n, *, correlation=0.6):
        calls = rng.normal(size=n)
        noise = np.sqrt(1 - correlation**2) * rng.normal(size=n)
        return pa.table(
            {
                "calls": calls,
                "charges": correlation * calls + noise,
                "age": rng.normal(size=n),
                "plan": pa.array(rng.choice(["basic", "plus", "pro"], n, p=[0.5, 0.3, 0.2])),
                "senior": rng.random(n) < 0.2,
            }
        )

    return draw
