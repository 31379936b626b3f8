"""A telecom's rows for the tests of drift: 3 numbers, 15 categories and a yes/no."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target

N_SERVICES = 14
CONTRACTS = ("Month-to-month", "One year", "Two year")


def telco_contract():
    numbers = [
        Feature(name=name, kind=FeatureKind.NUMERIC, nullable=True)
        for name in ("tenure", "monthly_charges", "total_charges")
    ]
    words = [
        Feature(name=name, kind=FeatureKind.CATEGORICAL, nullable=True)
        for name in ("contract", *(f"service_{i}" for i in range(N_SERVICES)))
    ]
    flag = Feature(name="paperless", kind=FeatureKind.BOOLEAN, nullable=True)
    return Contract(
        features=(*numbers, *words, flag),
        target=Target(name="churn", positive="Yes", negative="No"),
        threshold=0.5,
        data_digest="0" * 64,
    )


def telco_table(rng, n, *, month_to_month=0.55, charges=1.0, missing=0.0):
    """Draw n rows; the arguments are the ways in which the world may change."""
    tenure = np.minimum(72, rng.geometric(0.03, size=n)).astype(np.float64)
    monthly = np.round(np.where(rng.random(n) < 0.25, 20, 75) + 12 * rng.normal(size=n), 2)
    rest = (1 - month_to_month) / 2
    columns = {
        "tenure": pa.array(tenure),
        "monthly_charges": pa.array(monthly * charges),
        "total_charges": pa.array(tenure * monthly, mask=rng.random(n) < missing),
        "contract": words(rng.choice(3, n, p=[month_to_month, rest, rest]), CONTRACTS),
    }
    for i in range(N_SERVICES):
        codes = rng.choice(3, n, p=[0.4, 0.35, 0.25])
        columns[f"service_{i}"] = words(codes, ("No", "Yes", "No internet service"))
    columns["paperless"] = pa.array(rng.random(n) < 0.6)
    return pa.table(columns)


def words(codes, names):
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names)).cast(
        pa.string()
    )


@pytest.fixture(name="telco")
def _telco():
    return telco_table


@pytest.fixture(name="contract", scope="session")
def _contract():
    return telco_contract()


@pytest.fixture(name="one_feature")
def _one_feature():
    """A contract of one feature of the kind asked for, named x."""

    def of(kind, **details):
        return Contract(
            features=(Feature(name="x", kind=FeatureKind(kind), nullable=True, **details),),
            target=Target(name="y", positive="1", negative="0"),
            threshold=0.5,
            data_digest="0" * 64,
        )

    return of
