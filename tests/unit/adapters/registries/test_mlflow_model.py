"""Tests of holdfast.adapters.registries.mlflow_model."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from holdfast.adapters.registries.mlflow_model import write_model
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.releases import MODEL
from holdfast.testing.project import example_bundle

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def load(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.pyfunc  # noqa: PLC0415 - takes seconds, and warns

        return mlflow.pyfunc.load_model(str(folder))


@pytest.mark.slow
class TestWriteModel:
    def test_takes_whole_numbers_as_files_are_read(self, tmp_path):
        """
        pandas reads whole numbers as int64, and as float64 where one is missing; MLflow would
        refuse the one for the other.
        """
        bundle = example_bundle()
        tenure, charges, plan = bundle.contract.features
        whole = (
            replace(tenure, whole=True),
            replace(charges, whole=True, nullable=False),
            plan,
        )
        contract = replace(bundle.contract, features=whole)
        rows = pd.DataFrame({"tenure": [3, 4], "charges": [70, 80], "plan": ["monthly", "yearly"]})

        write_model(tmp_path / "model", model=bundle.files[MODEL], contract=contract)

        loaded = load(tmp_path / "model")
        scores = loaded.predict(rows)["score"]
        assert scores[0] == loaded.predict(rows.assign(tenure=[3, None]))["score"][0]
        assert len(loaded.predict(loaded.input_example)) == 1

    def test_a_model_that_takes_a_date_says_so(self, tmp_path):
        """
        The signature asks for what clients send, not for what is counted from it, and the
        example can be scored as it is.
        """
        bundle = example_bundle()
        age = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=NOON)
        tenure, *others = bundle.contract.features
        contract = replace(bundle.contract, features=(replace(tenure, derived=age), *others))

        write_model(tmp_path / "model", model=bundle.files[MODEL], contract=contract)

        loaded = load(tmp_path / "model")
        answered = loaded.predict(loaded.input_example)
        inputs = {one.name: str(one.type) for one in loaded.metadata.signature.inputs}
        assert {name: kind.rpartition(".")[2] for name, kind in inputs.items()} == {
            "since": "datetime",
            "charges": "double",
            "plan": "string",
        }
        assert answered.columns.tolist() == ["score", "decision"]
        assert 0 < answered["score"][0] < 1
