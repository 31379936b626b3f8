"""A new grid is counted page by page: a crash between pages costs no row and doubles none."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.adapters.stores.sql import SqlStore, profiles
from holdfast.adapters.stores.sql.schema import cursors
from holdfast.loop import profile as profiling
from holdfast.loop.profile import uncounted_since
from holdfast.testing.project import DAY, START, MemoryProject, example_bundle

PAGE, N = 40, 110  # three pages: the last one is not full


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture(name="url")
def _url(tmp_path):
    return f"sqlite:///{tmp_path}/h.db"


@pytest.fixture(name="project")
def _project(url, monkeypatch):
    """A day was judged on the first grid; then a release with a grid of its own came."""
    monkeypatch.setattr(profiling, "_PAGE", PAGE)
    with SqlStore.open(url, create=True) as store:
        kept: Any = store  # has what a store in memory has, on disk
        project = MemoryProject(store=kept)
        project.deploy()
        project.day(n=N)
        project.tick()
        project.deploy(example_bundle(seed=1))
        yield project


def crash_at(page, monkeypatch, *, where):
    """Let the process end in the transaction of a page, or in the reading of it."""
    passed = iter(range(1, page))

    def dying(usual):
        def call(*given, **options):
            if next(passed, None) is None:
                raise Crash
            return usual(*given, **options)

        return call

    if where == "read":
        monkeypatch.setattr(profiling, "_by_bucket", dying(profiling._by_bucket))
    else:
        usual = profiles._put
        broken = dying(usual)

        def put(connection, table, *given):
            return (broken if table is cursors else usual)(connection, table, *given)

        monkeypatch.setattr(profiles, "_put", put)


def counted(project):
    """Return how many rows stand in the buckets of the champion's grid."""
    counts = project.store.profiles.row_counts(
        project.champion.reference.grid.digest, start_at=START - 9 * DAY, end_at=START + 9 * DAY
    )
    return sum(counts.values())


class TestACrashWhileANewGridIsCounted:
    @pytest.mark.parametrize("page", [1, 2, 3])
    @pytest.mark.parametrize("where", ["read", "cursor"])
    def test_goes_on_where_it_stopped(self, project, monkeypatch, page, where):
        """
        Counts and cursor are one transaction: with `_put(connection, cursors, …)` outside
        of `Database.write` in `SqlProfileStore.add`, the page in which the process died
        would be counted twice.
        """
        with monkeypatch.context() as broken:
            crash_at(page, broken, where=where)
            with pytest.raises(Crash):
                project.tick(holder="died")
        before, open_since = counted(project), uncounted_since(*_of(project))

        done = project.tick(holder="died")

        assert before == PAGE * (page - 1)
        assert open_since == START + before * DAY / N
        assert done.n_counted == N - before
        assert counted(project) == N
        assert uncounted_since(*_of(project)) is None
        assert project.tick(holder="died").n_counted == 0

    def test_rows_that_come_meanwhile_are_late_for_no_window(self, project, monkeypatch):
        """
        The window that was judged on the old grid has the same rows on the new one, and
        half of them in between: neither is told of as a revision. The row that is late
        indeed is told of once.
        """
        project.days(4, n=N)
        project.deploy(example_bundle(seed=2))
        with monkeypatch.context() as broken:
            crash_at(4, broken, where="cursor")
            with pytest.raises(Crash):
                project.tick(holder="died")
        project.log(1, at=START + DAY)

        revised = [project.tick(holder="died").n_revised for _ in range(2)]

        told = [event.body for event in project.events if event.kind == "window_revised"]
        assert [body.n_late for body in told] == [1] * revised[0]
        assert revised == [3, 0]
        assert counted(project) == 5 * N + 1


def _of(project):
    return project.store.predictions, project.store.profiles, project.champion
