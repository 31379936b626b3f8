"""An export is a folder that can be brought up to date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from holdfast.adapters.archives.parquet import ParquetArchive
from holdfast.adapters.sources.parquet import ParquetSource
from holdfast.domain.errors import ArchiveError
from holdfast.domain.predictions import Label
from holdfast.loop.export import Exported, export
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.fakes import InMemoryStore

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
CONTRACT = example_contract()


@pytest.fixture(name="store")
def _store():
    store = InMemoryStore()
    store.predictions.append(CONTRACT, *example_rows(6, at=MIDNIGHT, every=DAY / 2))
    return store


@pytest.fixture(name="archive")
def _archive(tmp_path):
    return ParquetArchive(tmp_path)


class TestExport:
    def test_writes_every_day(self, store, archive, tmp_path):
        """And tells of each as it goes."""
        told: list[int] = []

        done = export(store.retention, archive, on_rows=told.append)

        assert done == Exported(n_days=3, n_written=3, n_rows=6)
        assert told == [2, 2, 2]
        assert ParquetSource(tmp_path).read().num_rows == 6

    def test_run_again_it_writes_nothing(self, store, archive, tmp_path):
        """Not a file is touched."""
        export(store.retention, archive)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}

        assert export(store.retention, archive).n_written == 0

        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before

    def test_writes_again_what_changed(self, store, archive, tmp_path):
        """A day that got a row, or a label."""
        export(store.retention, archive)
        (one,) = store.predictions.append(CONTRACT, *example_rows(1, at=MIDNIGHT + DAY))
        label = Label(positive=True, observed_at=MIDNIGHT, prediction_id=one.prediction_id)
        assert export(store.retention, archive).n_written == 1
        store.labels.record([label], received_at=MIDNIGHT, maturity=DAY)

        assert export(store.retention, archive).n_written == 1

        labels = ParquetSource(tmp_path).read().column("label").to_pylist()
        assert labels.count(True) == 1

    def test_takes_the_days_that_were_asked_for(self, store, archive):
        """The last one is left out."""
        day = (MIDNIGHT + DAY).date()

        done = export(store.retention, archive, since=day, until=day + DAY)

        assert done == Exported(n_days=1, n_written=1, n_rows=2)

    def test_goes_on_after_a_failure(self, store, archive, monkeypatch):
        """The days before it stand already."""
        write = ParquetArchive.write

        def fails_on_the_second(self, day, rows, *, keep):
            if day.day == (MIDNIGHT + DAY).date():
                raise ArchiveError("predictions.parquet", "No space left on device")
            return write(self, day, rows, keep=keep)

        monkeypatch.setattr(ParquetArchive, "write", fails_on_the_second)
        with pytest.raises(ArchiveError):
            export(store.retention, archive)
        monkeypatch.undo()

        assert export(store.retention, archive).n_written == 2

    def test_of_nothing_nothing_is_made(self, archive, tmp_path):
        """Not even the folder's manifest."""
        done = export(InMemoryStore().retention, archive)

        assert done == Exported(n_days=0, n_written=0, n_rows=0)
        assert list(tmp_path.iterdir()) == []
