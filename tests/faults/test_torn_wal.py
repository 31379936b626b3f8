"""A write-ahead log that is cut off or altered: the store opens as it was after some commit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.events import verify_chain
from holdfast.domain.predictions import Label
from holdfast.testing.examples import START, example_contract, example_rows, registered

CONTRACT = example_contract()
N_COMMITS = 12


@dataclass(frozen=True, kw_only=True)
class Written:
    """A store's files before its log was folded away, and what stood in it after each commit."""

    database: bytes
    wal: bytes
    states: list[Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "h.db"
    url = f"sqlite:///{path}"
    with SqlStore.open(url, create=True) as store:
        store.predictions.prepare(CONTRACT)
    with SqlStore.open(url, create=False) as store:
        states = [state_of(store)]
        for number in range(N_COMMITS):
            write(store, number)
            states.append(state_of(store))
        return Written(
            database=path.read_bytes(),
            wal=path.with_name("h.db-wal").read_bytes(),
            states=states,
        )


def write(store, number):
    """One commit; each kind writes several tables."""
    at = START + timedelta(hours=number)
    if number % 3 == 0:
        store.predictions.append(
            CONTRACT, *example_rows(number + 1, at=at, request_ids=[f"r-{number}"])
        )
    elif number % 3 == 1:
        store.events.append([registered(f"v{number}"), registered(f"v{number}b")], at=at)
    else:
        label = Label(positive=True, observed_at=at, entity=f"person-{number}")
        store.labels.record([label] * number, received_at=at, maturity=timedelta(days=1))


def state_of(store):
    """Return all that can be asked for, in one value."""
    rows = store.predictions.read(CONTRACT, after=None, limit=1000).rows
    return (
        rows.column("prediction_id").to_pylist(),
        store.views.status().n_predictions,
        verify_chain(store.events.events()),
        [release.version for release in store.releases.releases()],
        store.labels.totals(),
    )


def reopened(database, wal):
    """Return what a store holds whose files a machine was left with."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "h.db"
        path.write_bytes(database)
        path.with_name("h.db-wal").write_bytes(wal)
        with SqlStore.open(f"sqlite:///{path}", create=False) as store:
            state = state_of(store)
            write(store, 0)  # and it takes writes
            with store._database.read() as connection:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        return state


class TestAWriteAheadLog:
    def test_that_is_whole_has_every_commit(self, written):
        """What the other tests start from; without a log only the first state is there."""
        assert reopened(written.database, written.wal) == written.states[-1]
        assert reopened(written.database, b"") == written.states[0]

    @settings(max_examples=25)
    @given(share=st.floats(0, 1))
    def test_that_is_cut_off_has_the_first_commits(self, written, share):
        """
        Rows, keys, counts, events and projections of one commit come or go together. Without
        BEGIN IMMEDIATE in `sqlite_database` each would be a commit of its own.
        """
        cut = round(share * len(written.wal))

        state = reopened(written.database, written.wal[:cut])

        assert state in written.states

    @settings(max_examples=25)
    @given(
        changes=st.lists(
            st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1
        ),
        cut=st.floats(0.5, 1),
    )
    def test_that_is_altered_has_the_commits_before(self, written, changes, cut):
        """Each frame's checksum goes on from the one before: nothing behind a flip counts."""
        wal = bytearray(written.wal[: round(cut * len(written.wal))])
        for share, mask in changes:
            wal[int(share * len(wal))] ^= mask

        state = reopened(written.database, bytes(wal))

        assert state in written.states
