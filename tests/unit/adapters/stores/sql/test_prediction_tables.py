"""Tables and columns for predictions, whatever the features are called."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.stores.sql.prediction_tables import column_names
from holdfast.domain.errors import StoreUnavailableError
from holdfast.testing.examples import example_contract, example_rows


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/h.db"


@pytest.fixture
def store(url):
    with SqlStore.open(url, create=True) as store:
        yield store


class TestColumnNames:
    @given(st.lists(st.text(max_size=80), unique=True, max_size=30))
    def test_are_safe_and_unique(self, features):
        """In any database, also without regard to case; PostgreSQL cuts at 63 bytes."""
        names = column_names(features)

        assert list(names) == features
        assert len(set(names.values())) == len(features)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) for name in names.values())

    @pytest.mark.parametrize(
        ("feature", "column"),
        [
            ("tenure", "tenure"),
            ("MonthlyCharges", "monthlycharges"),
            ("Größe (m²)", "grosse_m2"),
            ("3rd party", "f_3rd_party"),
            ("prediction_id", "prediction_id_2"),
            ("年齢", "feature"),
        ],
    )
    def test_stay_readable(self, feature, column):
        """A person who queries the table finds the feature."""
        assert column_names([feature]) == {feature: column}


class TestPredictionTables:
    def test_can_be_queried_by_people(self, store, url):
        """Typed columns that bear the features' names, and times that one can read."""
        contract = example_contract()
        store.predictions.prepare(contract)
        store.predictions.append(contract, *example_rows(1))

        with store._database.read() as connection:
            row = connection.execute(
                text(
                    "SELECT total_charges, contract, senior, predicted_at "
                    f"FROM predictions_{contract.schema_digest[:12]}"
                )
            ).one()

        assert tuple(row) == (20.5, "Monthly", 1, "2026-03-02T09:30:00.123456Z")

    def test_are_made_by_the_control_plane_only(self, store):
        """A server that meets an unknown schema says so; it has no right to make tables."""
        with pytest.raises(StoreUnavailableError, match="control plane"):
            store.predictions.append(example_contract(), *example_rows(1))

    def test_are_found_where_another_process_made_them(self, store, url):
        """A server that is up sees the table of a release that was registered later."""
        contract = example_contract()
        requests, predictions = example_rows(1)
        with SqlStore.open(url, create=False) as control:
            control.predictions.prepare(contract)

        store.predictions.append(contract, requests, predictions)

        assert store.predictions.get(predictions[0].prediction_id).prediction == predictions[0]

    def test_are_not_remembered_from_a_transaction_that_failed(self, store):
        """Otherwise later writes would go to a table that is not there."""
        contract = example_contract()

        def fail():
            with store._database.write() as connection:
                store.predictions._tables.prepare(connection, contract)
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        store.predictions.prepare(contract)

        assert store.predictions.append(contract, *example_rows(1))
