"""Tests of holdfast.integrations.mlflow_model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.canonical import canonical_json
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.errors import ColumnError
from holdfast.domain.releases import CONTRACT, MODEL
from holdfast.domain.tables import conform, encode_table
from holdfast.integrations.mlflow_model import Scorer, _load_pyfunc
from holdfast.testing.project import example_bundle, world_rows

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """What MLflow hands to the loader: the model and its contract."""
    bundle = example_bundle()
    (tmp_path / MODEL).write_bytes(bundle.files[MODEL])
    (tmp_path / CONTRACT).write_bytes(canonical_json(bundle.contract))
    return tmp_path


class TestScorer:
    def test_scores_as_holdfast_does(self, folder):
        """To the bit, by names in any order, with columns beside them and values missing."""
        bundle, table = example_bundle(), world_rows(300, seed=3)[0]
        model = OnnxRuntime().load(bundle.files[MODEL], bundle.contract)
        expected = model.score(encode_table(conform(table, bundle.contract), bundle.contract))
        frame = table.to_pandas()[["plan", "tenure", "charges"]].assign(beside=1)

        answered = _load_pyfunc(str(folder)).predict(frame)

        assert np.array_equal(answered["score"], expected)
        over = expected >= bundle.contract.threshold
        assert answered["decision"].tolist() == np.where(over, "yes", "no").tolist()

    def test_keeps_the_rows_index(self, folder):
        """So that answers can be joined to what was asked."""
        frame = world_rows(3, seed=3)[0].to_pandas().set_index(pd.Index(["a", "b", "c"]))

        answered = _load_pyfunc(str(folder)).predict(frame)

        assert answered.index.tolist() == ["a", "b", "c"]

    def test_names_a_feature_that_is_absent(self, folder):
        """As everywhere else."""
        with pytest.raises(ColumnError, match="tenure"):
            _load_pyfunc(str(folder)).predict(pd.DataFrame({"plan": ["monthly"]}))

    def test_ages_of_dates_count_back_from_the_question(self):
        """A server would say the same at that moment."""
        bundle = example_bundle()
        age = Derivation(source="since", part=DatePart.AGE, timed=False, origin_at=NOON)
        tenure, *others = bundle.contract.features
        dated = replace(bundle.contract, features=(replace(tenure, derived=age), *others))
        model = OnnxRuntime().load(bundle.files[MODEL], bundle.contract)
        frame = pd.DataFrame(
            {
                "since": [pd.Timestamp(NOON.replace(tzinfo=None)) - timedelta(days=10)],
                "charges": [70.0],
                "plan": ["monthly"],
            }
        )
        plain = frame.assign(tenure=[12.0])

        answered = Scorer(model, dated, now=lambda: NOON + timedelta(days=2)).predict(frame)

        expected = Scorer(model, bundle.contract).predict(plain)
        assert answered["score"].tolist() == expected["score"].tolist()
