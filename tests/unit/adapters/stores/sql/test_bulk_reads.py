"""Many rows are read by another process, whose failures are the store's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from sqlalchemy import literal, select

from holdfast.adapters.stores.sql import SqlStore, bulk_reads, stretches
from holdfast.domain.errors import StoreUnavailableError
from holdfast.domain.windows import Window
from holdfast.testing.examples import START, example_contract, example_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTRACT = example_contract()
N_ROWS = 60
_QUERY = select(literal(1))
DAYS = Window(start_at=START, end_at=START + timedelta(days=2))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store in a folder whose name is no plain URL, with rows that begin with missing values."""
    folder = tmp_path / "100% of?it #1"
    folder.mkdir()
    with SqlStore.open(f"sqlite:///{folder.as_posix()}/holdfast.db", create=True) as store:
        requests, predictions = example_rows(N_ROWS, entities=["Ann", "O'Neil", "x\x00y", "ü"])
        store.predictions.prepare(CONTRACT)
        store.predictions.append(CONTRACT, requests, predictions)
        yield store


@pytest.fixture(name="sent")
def _sent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The queries that go to another process."""
    sent: list[list[str]] = []
    put = bulk_reads._put

    def remember(process, queries, types):
        sent.append(queries)
        return put(process, queries, types)

    monkeypatch.setattr(bulk_reads, "_put", remember)
    return sent


def child(monkeypatch, tmp_path, script):
    """Let another script be the other process, for every read."""
    path = tmp_path / "child.py"
    path.write_text(script, encoding="utf-8")
    monkeypatch.setattr(bulk_reads, "_CHILD", path)
    monkeypatch.setattr(bulk_reads, "WORTH_IT", 1)


class TestChoice:
    def test_few_rows_are_read_in_process(self, store, sent):
        """To start a process would take longer than it saves."""
        rows = store.predictions.window(CONTRACT, DAYS)

        assert (rows.num_rows, sent) == (N_ROWS, [])

    def test_few_of_many_rows_are_read_in_process(self, store, sent, monkeypatch):
        """What is asked for counts, not what there is."""
        monkeypatch.setattr(bulk_reads, "WORTH_IT", 50)

        page = store.predictions.read(CONTRACT, after=None, limit=49)

        assert (page.rows.num_rows, sent) == (49, [])

    def test_without_the_extra_all_is_read_in_process(self, store, sent, monkeypatch):
        """Only slower."""
        monkeypatch.setattr(bulk_reads, "WORTH_IT", 1)
        monkeypatch.setattr(bulk_reads, "_is_installed", lambda: False)

        assert store.predictions.window(CONTRACT, DAYS).num_rows == N_ROWS
        assert sent == []


@pytest.mark.slow
class TestSameRows:
    def test_a_page_a_window_and_a_day_are_the_same(self, store, sent, monkeypatch):
        """To the type and the byte, in the same order, whoever reads them, in how many parts."""
        monkeypatch.setattr(stretches, "_ROWS", 25)
        (schema,) = store.retention.schemas()
        days = store.retention.days(
            schema, since=date(2026, 1, 1), until=None, up_to=store.retention.head(schema)
        )

        def read():
            (archived,) = store.retention.rows(days[0])
            return (
                store.predictions.read(CONTRACT, after=None, limit=59).rows,
                store.predictions.window(CONTRACT, DAYS),
                archived,
            )

        in_process = read()
        monkeypatch.setattr(bulk_reads, "WORTH_IT", 1)
        in_bulk = read()

        assert [len(queries) for queries in sent] == [1, 3, 3]
        assert all(one.equals(other) for one, other in zip(in_process, in_bulk, strict=True))
        assert [table.num_rows for table in in_bulk] == [59, N_ROWS, N_ROWS]

    def test_pages_lead_over_what_was_erased(self, store, sent, monkeypatch):
        """A page may be short for it, but no row behind it is left out."""
        monkeypatch.setattr(stretches, "_ROWS", 10)
        store.retention.erase("O'Neil", at=START)
        whole = store.predictions.read(CONTRACT, after=None, limit=N_ROWS).rows
        monkeypatch.setattr(bulk_reads, "WORTH_IT", 1)

        pages: list[pa.Table] = []
        cursor: str | None = None
        while not pages or pages[-1].num_rows:
            page = store.predictions.read(CONTRACT, after=cursor, limit=40)
            pages, cursor = [*pages, page.rows], page.cursor

        assert [page.num_rows for page in pages] == [39, 20, 0]
        assert pa.concat_tables(pages).equals(whole)
        assert len(sent) == 2


@pytest.mark.slow
class TestFailures:
    def test_a_child_that_is_killed_is_an_error(self, store, tmp_path, monkeypatch):
        """Though what it sent reads like a whole answer up to there."""
        child(
            monkeypatch,
            tmp_path,
            "import os, signal, sys, pyarrow as pa\n"
            "table = pa.table({'a': [1]})\n"
            "with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as writer:\n"
            "    writer.write_table(table)\n"
            "sys.stdout.flush()\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n",
        )

        with (
            pytest.raises(StoreUnavailableError, match="exit code -9"),
            store._database.read() as connection,
        ):
            list(bulk_reads.batches(connection, lambda: [_QUERY], []))

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ("", "exit code 0"),
            ("print('no arrow')", "exit code 0"),
            ("import sys; sys.exit('disk I/O error')", "disk I/O error"),
            ("import a_driver_that_is_not_there", "No module named"),
        ],
        ids=["says nothing", "says something else", "fails", "does not start"],
    )
    def test_a_child_that_does_not_answer_is_an_error(
        self, store, tmp_path, monkeypatch, script, words
    ):
        """In its own words, if it has any."""
        child(monkeypatch, tmp_path, script)

        with pytest.raises(StoreUnavailableError, match=words):
            store.predictions.window(CONTRACT, DAYS)

    def test_a_child_that_hangs_is_given_up(self, store, tmp_path, monkeypatch):
        """And killed, so that nothing of it is left."""
        monkeypatch.setattr(bulk_reads, "PATIENCE", 0.2)
        child(monkeypatch, tmp_path, "import signal; signal.pause()")

        with pytest.raises(StoreUnavailableError, match="exit code -9"):
            store.predictions.window(CONTRACT, DAYS)

    def test_the_store_serves_on_after_it(self, store, tmp_path, monkeypatch):
        """Nothing is left locked or open."""
        child(monkeypatch, tmp_path, "raise SystemExit(1)")
        with pytest.raises(StoreUnavailableError):
            store.predictions.window(CONTRACT, DAYS)
        monkeypatch.setattr(bulk_reads, "WORTH_IT", 1_000)

        store.predictions.append(CONTRACT, *example_rows(1, at=datetime(2026, 5, 1, tzinfo=UTC)))

        assert store.predictions.window(CONTRACT, DAYS).num_rows == N_ROWS
