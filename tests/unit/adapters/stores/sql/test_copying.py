"""Many rows in one stream are the rows that a statement each would have written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from holdfast.adapters.stores.sql import SqlStore, copying
from holdfast.testing.examples import example_contract, example_rows

CONTRACT = example_contract()
N_ROWS = 40
AWKWARD = ["a\tb", "line\nline", "\\N", "\\.", "", "'\"", "x\x00y", "ü☃", "\x1a0", "\r"]


@pytest.fixture(name="log")
def _log(postgres_url):
    with SqlStore.open(postgres_url, create=False, durability="relaxed") as store:
        store.predictions.prepare(CONTRACT)
        yield store.predictions


def awkward_rows():
    """Rows whose texts are what a stream of text might take for its own signs."""
    requests, predictions = example_rows(N_ROWS, entities=[f"{word}!" for word in AWKWARD])
    return [
        replace(request, values=(None, 1e-300 * i, AWKWARD[i % len(AWKWARD)], i % 2 == 0))
        for i, request in enumerate(requests)
    ], predictions


@pytest.mark.slow
class TestCopied:
    def test_writes_what_a_statement_for_each_would(self, log, monkeypatch):
        """Whatever a text holds, in the same order, missing values among them."""
        requests, predictions = awkward_rows()
        log.append(CONTRACT, requests, predictions)
        streamed = log.read(CONTRACT, after=None, limit=N_ROWS)
        monkeypatch.setattr(copying, "_MANY", N_ROWS + 1)
        others = example_rows(N_ROWS)[1]  # ids of their own

        log.append(CONTRACT, requests, others)

        each = log.read(CONTRACT, after=streamed.cursor, limit=N_ROWS)
        assert streamed.rows.drop_columns("prediction_id").equals(
            each.rows.drop_columns("prediction_id")
        )
        assert streamed.rows.column("Contract").to_pylist() == [r.values[2] for r in requests]
        assert streamed.rows.column("entity").to_pylist() == [r.entity for r in requests]

    def test_a_row_that_is_refused_is_told_from_a_store_that_is_away(self, log):
        """By the kind of error; nothing of the stream stands, and the next one does."""
        requests, predictions = example_rows(N_ROWS)
        twice = [*predictions[:-1], predictions[0]]

        with pytest.raises(IntegrityError):
            log.append(CONTRACT, requests, twice)
        log.append(CONTRACT, requests, predictions)

        assert log.read(CONTRACT, after=None, limit=2 * N_ROWS).rows.num_rows == N_ROWS
