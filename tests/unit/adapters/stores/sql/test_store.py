"""Opening, sharing and leaving a store."""

from __future__ import annotations

import subprocess
import sys

import pytest

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import NoStoreError
from holdfast.testing.examples import START, example_contract, promoted, registered

HEAVY = (
    "pyarrow",
    "pandas",
    "scipy",
    "sklearn",
    "alembic",
    "mlflow",
    "psycopg",
    "sqlalchemy.dialects.postgresql",
    "holdfast.drift.profile",
)
SERVE = """
import sys
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.predictions import Label
from holdfast.testing.examples import START, example_contract, example_rows
from datetime import timedelta

contract = example_contract()
store = SqlStore.open(sys.argv[1], create=False)
rows = example_rows(2, entities=["Ann"])
store.predictions.append(contract, *rows)
label = Label(positive=True, observed_at=START, entity="Ann")
store.labels.record([label], received_at=START, maturity=timedelta(days=1))
assert store.predictions.get(rows[1][0].prediction_id).label is True
store.releases.deployment()
store.views.status()
print(*sorted(sys.modules))
"""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/h.db"


class TestOpen:
    def test_says_when_there_is_no_store(self, url, tmp_path):
        """And makes none, as a mistyped path must not look like an empty project."""
        with pytest.raises(NoStoreError, match="no store at"):
            SqlStore.open(url, create=False)

        assert list(tmp_path.iterdir()) == []

    def test_keeps_a_store_that_is_there(self, url):
        """`create` makes what is absent; it never makes anew."""
        with SqlStore.open(url, create=True) as store:
            store.events.append([registered("v1")], at=START)

        with SqlStore.open(url, create=True) as store:
            assert [release.version for release in store.releases.releases()] == ["v1"]

    def test_shares_the_store_with_other_processes(self, url):
        """What one has written, the other sees at its next look."""
        with SqlStore.open(url, create=True) as control, SqlStore.open(url, create=False) as server:
            before = server.releases.deployment()
            control.events.append([registered("v1"), promoted("v1")], at=START)
            after = server.releases.deployment()

        assert before is None
        assert after is not None
        assert after.champion.version == "v1"

    def test_outlives_its_own_door(self, url):
        """A port that somebody holds keeps working when the store object is gone."""
        events = SqlStore.open(url, create=True).events

        events.append([registered("v1")], at=START)

        assert len(list(events.events())) == 1

    @pytest.mark.slow
    def test_loads_nothing_heavy_for_serving(self, url, tmp_path):
        """
        What a server does with the store needs no control plane; and a process that
        ends without closing it leaves no log behind.
        """
        with SqlStore.open(url, create=True) as store:
            store.predictions.prepare(example_contract())

        done = subprocess.run(
            [sys.executable, "-c", SERVE, url], capture_output=True, text=True, check=True
        )

        assert set(done.stdout.split()).isdisjoint(HEAVY)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["h.db", "h.db.lock"]
