"""A crash at any step between archive and drop: no row is lost, none is there twice."""

from __future__ import annotations

from typing import Any, cast

import pyarrow.parquet as pq
import pytest

from holdfast.adapters.archives import parquet
from holdfast.adapters.archives.manifest import Manifest
from holdfast.adapters.archives.parquet import ParquetArchive
from holdfast.adapters.sources.parquet import ParquetSource
from holdfast.adapters.stores.sql import SqlStore, retention
from holdfast.adapters.stores.sql.events import SqlEventLog
from holdfast.adapters.stores.sql.retention import SqlRetention
from holdfast.loop.archive import Keeping
from holdfast.loop.keep import keep_by_hand
from holdfast.testing.project import DAY, MemoryProject


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture(name="project")
def _project(tmp_path):
    with SqlStore.open(f"sqlite:///{tmp_path}/h.db", create=True) as store:
        project = MemoryProject(store=cast("Any", store))
        project.deploy()
        keeping = Keeping(
            log=store.retention, archive=ParquetArchive(tmp_path / "archive"), retention=2 * DAY
        )
        ids = project.log(30) + project.log(30, at=project.clock.now() + DAY)
        project.label(ids[::2])
        project.clock.advance(9 * DAY)
        project.tick()  # counts them; retention is not on yet
        project.overrides["keeping"] = keeping
        yield project


def crash_after(monkeypatch, owner, name, n_calls):
    """Let a function die after it did its work for the n-th time."""
    before, calls = getattr(owner, name), []

    def dies(*words, **named):
        done = before(*words, **named)
        calls.append(name)
        if len(calls) == n_calls:
            raise Crash
        return done

    monkeypatch.setattr(owner, name, dies)


STEPS = {
    "a file is half written": (pq.ParquetWriter, "write_table", 1),
    "a file stands, its manifest does not": (parquet, "_write", 1),
    "the manifest stands": (Manifest, "write", 1),
    "the second file stands": (Manifest, "write", 2),
    "rows are removed, not committed": (retention, "_tally", 1),
    "a part of a day is dropped": (retention, "_tally", 2),
    "a day is dropped": (SqlRetention, "drop", 1),
    "all is dropped, nothing told": (SqlRetention, "unreported", 1),
    "all is told, not noted": (SqlEventLog, "append", 1),
    "all is noted": (SqlRetention, "mark_reported", 1),
}


@pytest.mark.parametrize("step", STEPS)
class TestACrash:
    def test_loses_nothing_and_doubles_nothing(self, project, monkeypatch, tmp_path, step):
        """
        Each row stands in the log or in the archive when it crashed, and, once it ran
        again, in the archive alone, with its label; the events add up to all of them.
        """
        monkeypatch.setattr(retention, "_DROPPED_AT_ONCE", 10)
        with monkeypatch.context() as dying:
            crash_after(dying, *STEPS[step])
            with pytest.raises(Crash):
                keep(project)
        assert set(logged(project)) | set(archived(tmp_path)) == set(project.truths)

        # A crashed process gives no lease back; here the body's end did.
        keep(project)

        assert logged(project) == []
        assert sorted(archived(tmp_path)) == sorted(project.truths)
        assert labels(tmp_path).count(None) == 30
        assert project.store.views.status().n_dropped == 60
        assert project.store.views.status().n_predictions == 0
        told = [e.body for e in project.events if e.kind == "rows_dropped"]
        assert {body.day: body.n_predictions for body in told} == {
            "2026-03-02": 30,
            "2026-03-03": 30,
        }
        assert not list(tmp_path.rglob("*.part"))


def keep(project):
    return keep_by_hand(project.ports, actor="cli", holder="one")


def logged(project):
    rows = project.store.predictions.read(project.champion.contract, after=None, limit=999).rows
    return rows.column("prediction_id").to_pylist()


def archived(tmp_path):
    if not list(tmp_path.rglob("*.parquet")):
        return []
    return ParquetSource(tmp_path / "archive").read().column("prediction_id").to_pylist()


def labels(tmp_path):
    return ParquetSource(tmp_path / "archive").read().column("label").to_pylist()
