"""Days of the log as files: whole, durable, and the same again if nothing changed."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.adapters.archives import parquet
from holdfast.adapters.archives.parquet import ParquetArchive
from holdfast.adapters.sources.parquet import ParquetSource
from holdfast.domain.errors import ArchiveError
from holdfast.domain.keeping import ARCHIVE_COLUMNS, ErasedFiles
from holdfast.domain.predictions import Label
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.fakes import InMemoryStore

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
CONTRACT = example_contract(feature="score")


@pytest.fixture(name="store")
def _store():
    return InMemoryStore()


@pytest.fixture(name="archive")
def _archive(tmp_path):
    return ParquetArchive(tmp_path / "archive")


def log(store, n=1, *, at=MIDNIGHT, entities=()):
    return store.predictions.append(CONTRACT, *example_rows(n, at=at, entities=entities))


def label(store, prediction):
    told = Label(positive=True, observed_at=MIDNIGHT, prediction_id=prediction.prediction_id)
    store.labels.record([told], received_at=MIDNIGHT, maturity=DAY)


def days(store):
    log = store.retention
    (schema,) = log.schemas()
    return log.days(schema, since=None, until=None, up_to=log.head(schema))


def write(store, archive):
    """Write every day, as often as it is called."""
    return [
        archive.write(day, store.retention.rows(day), keep=day.n_dropped > 0) for day in days(store)
    ]


def files(tmp_path):
    root = tmp_path / "archive"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.*"))


def manifest(tmp_path):
    return json.loads((tmp_path / "archive/manifest.json").read_text(encoding="utf-8"))


class TestWrite:
    def test_puts_each_day_into_a_folder_of_its_own(self, store, archive, tmp_path):
        """Named as Hive names them, below a folder of the schema."""
        log(store, 2)
        log(store, at=MIDNIGHT + DAY)

        assert write(store, archive) == [2, 1]

        schema = CONTRACT.schema_digest[:12]
        assert files(tmp_path) == [
            "manifest.json",
            f"schema={schema}/day=2026-03-01/predictions.parquet",
            f"schema={schema}/day=2026-03-02/predictions.parquet",
        ]

    def test_is_read_back_as_a_source(self, store, archive, tmp_path):
        """With labels, a column for the day, and every feature under its own name."""
        first, _ = log(store, 2, entities=["Ann"])
        label(store, first)
        write(store, archive)

        rows = ParquetSource(tmp_path / "archive").read()

        assert rows.column("score").to_pylist() == [20.5, 21.5]  # the feature
        assert rows.column("logged_score").to_pylist() == [0.0, 0.1]
        assert rows.column("entity").to_pylist() == ["Ann", None]
        assert rows.column("label").to_pylist() == [True, None]
        assert rows.column("Contract").to_pylist() == ["Monthly", "Yearly"]
        assert rows.column("day").to_pylist() == ["2026-03-01"] * 2

    def test_says_what_stands_in_each_file(self, store, archive, tmp_path):
        """Rows, labels and the digest of the bytes; the features with their kinds."""
        first, _ = log(store, 2)
        label(store, first)
        write(store, archive)

        said = manifest(tmp_path)

        (path, entry), *rest = said["files"].items()
        assert rest == []
        data = (tmp_path / "archive" / path).read_bytes()
        assert (entry["n_rows"], entry["n_labels"]) == (2, 1)
        assert entry["sha256"] == sha256(data).hexdigest()
        assert entry["day"] == "2026-03-01"
        assert said["schemas"][CONTRACT.schema_digest][0] == ["score", "numeric"]

    def test_keeps_rows_of_the_file_that_left_the_log(self, store, archive, tmp_path):
        """Of a day that was dropped in part they stand nowhere else; none is doubled."""
        log(store, 2)
        write(store, archive)
        store.retention.drop(days(store)[0])
        log(store, 3)
        write(store, archive)

        assert write(store, archive) == [5]

        rows = ParquetSource(tmp_path / "archive").read()
        assert sorted(rows.column("position").to_pylist()) == [1, 2, 3, 4, 5]

    def test_replaces_what_stands_in_the_log_still(self, store, archive, tmp_path):
        """A label that came since is in the new file, and the old row is not."""
        (one,) = log(store)
        write(store, archive)
        label(store, one)

        write(store, archive)

        assert ParquetSource(tmp_path / "archive").read().column("label").to_pylist() == [True]

    def test_leaves_the_old_file_if_it_fails(self, store, archive, tmp_path):
        """And nothing unfinished beside it."""
        log(store, 2)
        write(store, archive)
        before = files(tmp_path)
        (day,) = days(store)

        def broken():
            yield from store.retention.rows(day)
            raise OSError(28, "No space left on device")

        with pytest.raises(ArchiveError, match="No space left"):
            archive.write(day, broken(), keep=False)

        assert files(tmp_path) == before
        assert archive.holds(day)

    def test_refuses_a_day_that_shrank_while_it_was_read(self, store, archive):
        """Else an export beside a tick that drops would pass for the whole day."""
        log(store, 2)
        (day,) = days(store)

        with pytest.raises(ArchiveError, match="1 rows left the log"):
            archive.write(replace(day, n_rows=3), store.retention.rows(day), keep=False)

        assert not archive.holds(day)

    def test_is_on_disk_before_it_bears_its_name(self, store, archive, monkeypatch):
        """Else a crash of the machine could leave a name with nothing behind it."""
        log(store)
        order, fsync = [], os.fsync

        def noted(descriptor):
            order.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", noted)

        write(store, archive)

        written = [path.rpartition("/")[2] for path in order]
        assert "predictions.parquet.part" in written
        assert written.index("predictions.parquet.part") < written.index("manifest.json.part")
        assert written[written.index("predictions.parquet.part") + 1] == "day=2026-03-01"


class TestHolds:
    def test_knows_the_day_it_wrote(self, store, archive):
        """And only that state of it."""
        log(store)
        (before,) = days(store)
        assert not archive.holds(before)
        write(store, archive)
        log(store)
        (after,) = days(store)

        assert archive.holds(before)
        assert not archive.holds(after)

    def test_does_not_trust_a_changed_file(self, store, archive, tmp_path):
        """Rows are dropped on its word: its bytes are read."""
        log(store)
        write(store, archive)
        (path,) = (tmp_path / "archive").rglob("*.parquet")
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1

        path.write_bytes(data)

        assert not archive.holds(days(store)[0])

    def test_does_not_trust_a_file_that_is_gone(self, store, archive, tmp_path):
        """The manifest alone is no archive."""
        log(store)
        write(store, archive)

        next((tmp_path / "archive").rglob("*.parquet")).unlink()

        assert not archive.holds(days(store)[0])

    def test_refuses_a_manifest_that_does_not_parse(self, store, archive, tmp_path):
        """It is not taken for an empty archive."""
        log(store)
        write(store, archive)
        (tmp_path / "archive/manifest.json").write_text("{", encoding="utf-8")

        with pytest.raises(ArchiveError, match="manifest"):
            archive.holds(days(store)[0])


class TestErase:
    def test_takes_an_entity_out_of_every_file(self, store, archive, tmp_path):
        """The others stay; a file with nobody left in it goes."""
        log(store, 3, entities=["Ann", "Bob"])
        log(store, at=MIDNIGHT + DAY, entities=["Ann"])
        write(store, archive)

        erased = archive.erase("Ann")

        assert erased == ErasedFiles(n_rows=2, n_files=2)
        rows = ParquetSource(tmp_path / "archive").read()
        assert rows.column("entity").to_pylist() == ["Bob", None]
        assert [entry["n_rows"] for entry in manifest(tmp_path)["files"].values()] == [2]
        everything = b"".join(p.read_bytes() for p in (tmp_path / "archive").rglob("*.*"))
        assert b"Ann" not in everything
        assert b"Bob" in everything

    def test_a_file_without_the_entity_is_not_touched(self, store, archive, tmp_path):
        """Not a byte of it."""
        log(store, entities=["Bob"])
        write(store, archive)
        (path,) = (tmp_path / "archive").rglob("*.parquet")
        before = path.stat()

        assert archive.erase("Ann") == ErasedFiles()

        assert path.stat() == before

    def test_a_day_that_is_still_logged_is_written_anew(self, store, archive):
        """The file is not the log's state any more, as the manifest knows."""
        log(store, 2, entities=["Ann", "Bob"])
        write(store, archive)
        archive.erase("Ann")
        store.retention.erase("Ann", at=MIDNIGHT)

        (day,) = days(store)

        assert not archive.holds(day)
        assert write(store, archive) == [1]
        assert archive.holds(day)

    def test_removes_what_a_crash_left_unfinished(self, store, archive, tmp_path):
        """It may hold the entity's rows."""
        log(store, entities=["Bob"])
        write(store, archive)
        (path,) = (tmp_path / "archive").rglob("*.parquet")
        path.with_name(path.name + ".part").write_bytes(b"Ann")

        archive.erase("Ann")

        assert not list((tmp_path / "archive").rglob("*.part"))

    def test_of_no_archive_nothing_is_erased(self, archive, tmp_path):
        """And none is made."""
        assert archive.erase("Ann") == ErasedFiles()
        assert not (tmp_path / "archive").exists()


class TestColumns:
    def test_large_days_are_written_in_pieces(self, store, archive, tmp_path, monkeypatch):
        """The memory does not grow with the day; neither does merging read it at once."""
        monkeypatch.setattr(parquet, "_BATCH", 2)
        log(store, 5)
        (day,) = days(store)
        table = pa.concat_tables(store.retention.rows(day))
        archive.write(day, (table.slice(i, 1) for i in range(5)), keep=False)
        dropped = replace(day, n_dropped=3, n_rows=2)

        archive.write(dropped, [table.slice(3)], keep=True)

        (path,) = (tmp_path / "archive").rglob("*.parquet")
        with pq.ParquetFile(path) as file:
            assert file.metadata.num_rows == 5
            assert file.schema_arrow.names[: len(ARCHIVE_COLUMNS)][0] == "position"
