"""Tests of the prediction log as a source of rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from holdfast.adapters.engines.local import LocalEngine
from holdfast.adapters.sources import LoggedSource, logged
from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import DataFileError
from holdfast.domain.predictions import Role
from holdfast.domain.windows import Window
from holdfast.drift.profile import total
from holdfast.loop import profile as profiling
from holdfast.loop.profile import profile_new
from holdfast.testing.examples import START as LOGGED_AT
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.project import DAY, START, MemoryProject
from holdfast.testing.suites.engine import assert_same_counts


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def source_of(project, **options):
    return LoggedSource(project.store.predictions, project.champion.contract, **options)


class TestLoggedSource:
    def test_gives_what_the_champion_answered_within_a_window(self, project):
        """Late rows too, wherever they stand in the log; no shadow's, whose rows are the same."""
        project.log(10, at=START + 2 * DAY)
        project.log(7, at=START + DAY)
        project.log(5, at=START + DAY, role=Role.SHADOW)
        project.log(3, at=START)
        window = Window(start_at=START + DAY, end_at=START + 2 * DAY)

        rows = source_of(project, window=window).read()

        expected = project.store.predictions.window(project.champion.contract, window)
        assert rows.num_rows == 7
        assert rows.equals(expected.select(rows.column_names))

    def test_reads_page_by_page(self, project, monkeypatch):
        """The size of a page bounds the memory, and nothing else."""
        project.log(95)
        whole = source_of(project)
        expected = whole.read()
        monkeypatch.setattr(logged, "_PAGE", 10)

        assert [page.num_rows for page in whole.batches(40)] == [10] * 9 + [5]
        assert whole.read() == expected

    def test_a_feature_may_bear_the_name_of_a_column_of_the_log(self):
        """As "score" does in credit data; the store keeps the two apart, and so does this."""
        contract = example_contract(feature="score")
        requests, answers = example_rows(3)
        log = MemoryProject().store.predictions
        log.append(contract, requests, answers)

        rows = LoggedSource(log, contract).read()

        assert rows.column_names == [*contract.names, "predicted_at"]
        assert rows.column("score").to_pylist() == [request.values[0] for request in requests]

    def test_an_empty_window_is_named(self, project):
        """With its ends, and what to do."""
        project.log(3)
        window = Window(start_at=START + 5 * DAY, end_at=START + 6 * DAY)

        with pytest.raises(DataFileError, match="holds no row of this model from 2026-03-07"):
            _ = source_of(project, window=window).schema


class TestCounts:
    def test_are_the_sum_of_the_ticks_buckets(self, project, monkeypatch):
        """The engine reads the log anew; the loop has counted it row by row as it came."""
        monkeypatch.setattr(profiling, "_PAGE", 300)
        project.log(900, over=3 * DAY)
        project.log(50, at=START)  # late
        project.log(40, role=Role.SHADOW)
        champion, store = project.champion, project.store
        profile_new(store.predictions, store.profiles, champion, bucket=DAY)
        window = Window(start_at=START, end_at=START + 2 * DAY)
        buckets = store.profiles.buckets(
            champion.reference.grid.digest, start_at=window.start_at, end_at=window.end_at
        )

        counted = LocalEngine(2).profile(
            source_of(project, window=window), champion.contract, champion.reference.grid
        )

        assert counted.n_rows == 650
        assert_same_counts(counted, total(b.without_scores() for b in buckets.values()))

    def test_of_a_database_are_those_of_memory(self, project, tmp_path):
        """The same rows from SQLite, page by page."""
        project.log(500)
        champion = project.champion
        contract, grid = champion.contract, champion.reference.grid
        rows = source_of(project).read().to_pylist()
        template = example_rows(len(rows), at=LOGGED_AT, every=timedelta(minutes=1))
        requests = [
            replace(request, values=tuple(row[name] for name in contract.names))
            for request, row in zip(template[0], rows, strict=True)
        ]
        store = SqlStore.open(f"sqlite:///{tmp_path}/holdfast.db", create=True)
        store.predictions.prepare(contract)
        store.predictions.append(contract, requests, template[1])

        counted = LocalEngine(2).profile(LoggedSource(store.predictions, contract), contract, grid)
        store.close()

        expected = LocalEngine(2).profile(source_of(project), contract, grid)
        assert pa.types.is_floating(source_of(project).schema.field("tenure").type)
        assert_same_counts(counted, expected)
