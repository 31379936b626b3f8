"""Counts of labels that are kept with each write are what the ledger holds."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select

from holdfast.adapters.stores.sql import SqlStore, migrate, migrations
from holdfast.adapters.stores.sql.label_counts import totals
from holdfast.adapters.stores.sql.schema import labels
from holdfast.adapters.stores.sql.sqlite import connect, database_path
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Label, LabelCounts
from holdfast.testing.examples import START, example_contract, example_rows

CONTRACT = example_contract()
DAY = timedelta(days=1)


@pytest.fixture(name="url")
def _url(tmp_path):
    return f"sqlite:///{tmp_path}/h.db"


@pytest.fixture(name="store")
def _store(url):
    with SqlStore.open(url, create=True) as store:
        store.predictions.prepare(CONTRACT)
        yield store


def record(store, *labels, at=START):
    store.labels.record(labels, received_at=at, maturity=DAY)


def about(name, *, positive=True, at=START):
    return Label(positive=positive, observed_at=at, prediction_id=PredictionId(name))


def counted_and_held(store):
    """Return the counts as they are kept, and as one finds them by counting."""
    with store._database.read() as connection:
        kept = totals(connection)
        query = select(labels.c.fate, func.count()).group_by(labels.c.fate)
        held = LabelCounts(**dict(map(tuple, connection.execute(query))))
    return kept, held


class TestLabelCounts:
    def test_follow_each_label_and_its_fate(self, store):
        """Whatever it was, also where one call brings several."""
        requests, predictions = example_rows(3)
        store.predictions.append(CONTRACT, requests, predictions)
        first, second, _ = (p.prediction_id for p in predictions)

        record(store, about(first), about(first), about(first, positive=False))
        record(store, about(second, at=START + 2 * DAY), about(uuid7(START)))

        kept, held = counted_and_held(store)
        assert kept == held
        assert kept == LabelCounts(accepted=1, duplicate=1, conflicting=1, late=1, orphan=1)

    def test_follow_an_orphan_that_finds_its_prediction(self, store):
        """It counts as what it became."""
        requests, predictions = example_rows(2)
        record(store, *(about(p.prediction_id) for p in predictions), about(uuid7(START)))

        store.predictions.append(CONTRACT, requests, predictions)

        kept, held = counted_and_held(store)
        assert kept == held
        assert kept == LabelCounts(accepted=2, orphan=1)

    def test_follow_labels_that_leave(self, store):
        """With a person who is erased, or with old days."""
        requests, predictions = example_rows(3, entities=["Ann", "Ann", "Bob"])
        store.predictions.append(CONTRACT, requests, predictions)
        orphan = Label(positive=True, observed_at=START, entity="Ann", at=START - DAY)
        record(store, *(about(p.prediction_id) for p in predictions), orphan)

        store.retention.erase("Ann", at=START)

        kept, held = counted_and_held(store)
        assert kept == held
        assert kept == LabelCounts(accepted=1)

    def test_begin_with_what_a_store_of_an_older_version_holds(self, url):
        """Its ledger is counted once, while it is migrated."""
        fates = Counter(accepted=3, orphan=1)
        database = connect(database_path(url))
        database.set_up()
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        with database.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0004")
            rows = [{"ledger_id": i, "fate": fate} for i, fate in enumerate(fates.elements())]
            same = {"positive": True, "observed_at": START, "received_at": START}
            connection.execute(
                labels.insert(), [row | same | {"was_orphan": False} for row in rows]
            )
        database.close()

        migrate(url)

        with SqlStore.open(url, create=False) as store:
            kept, held = counted_and_held(store)
            assert store.views.status().labels == kept
        assert kept == held == LabelCounts(accepted=3, orphan=1)
