"""Counts that are kept with each write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.stores.sql.schema import prediction_counts
from holdfast.domain.predictions import Role
from holdfast.testing.examples import START, example_contract, example_rows

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    with SqlStore.open(f"sqlite:///{tmp_path}/h.db", create=True) as store:
        store.predictions.prepare(example_contract())
        yield store


def append(store, n, **options):
    store.predictions.append(example_contract(), *example_rows(n, every=timedelta(0), **options))


def counts(store):
    with store._database.read() as connection:
        rows = connection.execute(select(prediction_counts)).all()
    return {(row.model_version, row.role): (row.n, row.last_at) for row in rows}


class TestPredictionCounts:
    def test_add_up_by_version_and_role(self, store):
        """The first write of each begins its count."""
        append(store, 2)
        append(store, 3, at=START + DAY)
        append(store, 1, version="v2", role=Role.SHADOW)

        assert counts(store) == {("v1", "champion"): (5, START + DAY), ("v2", "shadow"): (1, START)}

    def test_never_go_back_in_time(self, store):
        """What is logged late was not predicted last."""
        append(store, 1, at=START + DAY)
        append(store, 1)

        assert counts(store) == {("v1", "champion"): (2, START + DAY)}

    def test_count_a_batch_of_several_versions(self, store):
        """As an import of old logs may be."""
        requests, predictions = example_rows(2, every=timedelta(0))
        more, of_another = example_rows(1, version="v2", at=START + DAY)

        store.predictions.append(
            example_contract(), [*requests, *more], [*predictions, *of_another]
        )

        assert counts(store) == {
            ("v1", "champion"): (2, START),
            ("v2", "champion"): (1, START + DAY),
        }
