"""A person is erased wherever their name stands, and the audit log says only that it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.adapters.archives.parquet import ParquetArchive
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.canonical import canonical_json
from holdfast.domain.errors import ArchiveError, StateError, UnknownPredictionError
from holdfast.domain.keeping import ErasedFiles, Removed
from holdfast.domain.predictions import Label
from holdfast.loop.export import export
from holdfast.loop.forget import forget
from holdfast.loop.hold import LEASE
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.fakes import FakeClock

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
CONTRACT = example_contract()
NAME = "Annegret-Muster-4711"


@pytest.fixture(name="store")
def _store(tmp_path):
    with SqlStore.open(f"sqlite:///{tmp_path}/h.db", create=True) as store:
        store.predictions.prepare(CONTRACT)
        yield store


@pytest.fixture(name="archive")
def _archive(tmp_path):
    return ParquetArchive(tmp_path / "archive")


def log(store, n=40, *, at=MIDNIGHT):
    """Log rows about one person and many others; some are labelled by name."""
    entities = [NAME if i % 10 == 0 else f"other-{i}" for i in range(n)]
    ids = [f"{entity}/{i}/{at:%d}" for i, entity in enumerate(entities)]
    rows = example_rows(n, at=at, entities=entities, request_ids=ids)
    answers = store.predictions.append(CONTRACT, *rows)
    labels = [
        Label(positive=True, observed_at=at + DAY, entity=NAME),
        Label(positive=True, observed_at=at - 9 * DAY, entity=NAME),  # an orphan
        Label(positive=True, observed_at=at + DAY, entity="other-1"),
    ]
    store.labels.record(labels, received_at=at + DAY, maturity=30 * DAY)
    return answers


def erase(store, *archives):
    return forget(
        store.retention,
        archives,
        store.events,
        NAME,
        lease=store.leases,
        clock=FakeClock(MIDNIGHT + 9 * DAY),
        actor="cli",
        holder="one",
    )


def traces(tmp_path):
    """Return the files, of the store or the archive, in which the name stands."""
    return [
        path.name
        for path in sorted(tmp_path.rglob("*"))
        if path.is_file() and NAME.encode() in path.read_bytes()
    ]


class TestForget:
    def test_leaves_the_name_in_no_file(self, store, archive, tmp_path):
        """
        Not in the database, its WAL or its free pages, and not in the archive: deleting
        alone leaves the bytes where they were.
        """
        log(store)
        log(store, at=MIDNIGHT + DAY)
        export(store.retention, archive)
        assert {"h.db-wal", "predictions.parquet"} <= set(traces(tmp_path))

        done = erase(store, archive)

        assert traces(tmp_path) == []
        assert done.removed == Removed(n_predictions=8, n_labels=4, n_request_keys=8)
        assert done.files == ErasedFiles(n_rows=8, n_files=2)
        assert done.scrubbed

    def test_also_after_the_file_was_shuffled(self, store, archive, tmp_path):
        """Pages that were split and freed long ago hold old bytes, too."""
        for day in range(3):
            log(store, 400, at=MIDNIGHT + day * DAY)
        (schema,) = store.retention.schemas()
        days = store.retention.days(
            schema, since=None, until=None, up_to=store.retention.head(schema)
        )
        store.retention.drop(days[1])
        log(store, 100, at=MIDNIGHT + 5 * DAY)

        erase(store, archive)

        assert traces(tmp_path) == []

    def test_the_others_stay(self, store, archive):
        """With their labels, and under their ids."""
        answers = log(store)

        erase(store, archive)

        with pytest.raises(UnknownPredictionError):
            store.predictions.get(answers[0].prediction_id)
        assert store.predictions.get(answers[1].prediction_id).label is True
        assert store.views.status().n_predictions == 36

    def test_the_event_names_nobody(self, store, archive):
        """The log of events is for ever; what stands there cannot be erased."""
        log(store)

        done = erase(store, archive)

        (event,) = store.events.events()
        assert event.kind == "entity_erased"
        assert (event.body.n_predictions, event.body.erasure_id) == (4, done.erasure_id)
        assert NAME.encode() not in canonical_json(event)

    def test_run_again_after_a_crash_it_finishes(self, store, archive, tmp_path, monkeypatch):
        """Here the archive could not be written; the event comes with the end of the work."""
        log(store)
        export(store.retention, archive)

        def full(*_):
            raise ArchiveError("predictions.parquet", "No space left on device")

        monkeypatch.setattr(ParquetArchive, "_write_without", full)
        with pytest.raises(ArchiveError):
            erase(store, archive)
        monkeypatch.undo()
        assert list(store.events.events()) == []

        done = erase(store, archive)

        assert traces(tmp_path) == []
        assert done.removed.n_predictions == 4
        assert len(list(store.events.events())) == 1

    def test_says_so_if_a_reader_keeps_old_pages(self, store, archive, monkeypatch):
        """The name may still stand in the WAL then: it is not called done."""
        log(store)
        monkeypatch.setattr(type(store.retention), "scrub", lambda _: False)

        assert not erase(store, archive).scrubbed

    def test_waits_for_a_loop_that_is_at_work(self, store, archive):
        """It could be archiving the very rows."""
        log(store)
        store.leases.acquire(LEASE, holder="another", ttl=DAY)

        with pytest.raises(StateError, match="at work"):
            erase(store, archive)

        assert store.views.status().n_predictions == 40
