"""Old rows leave the log once they stand in the archive, and no earlier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.adapters.archives.parquet import ParquetArchive
from holdfast.adapters.sources.parquet import ParquetSource
from holdfast.domain.errors import ArchiveError, StateError
from holdfast.domain.keeping import Removed, least_retention
from holdfast.loop.archive import Keeping
from holdfast.loop.hold import LEASE
from holdfast.loop.keep import keep_by_hand
from holdfast.testing.project import DAY, PLAN, START, MemoryProject


@pytest.fixture(name="project")
def _project(tmp_path):
    project = MemoryProject()
    project.deploy()
    keeping = Keeping(
        log=project.store.retention,
        archive=ParquetArchive(tmp_path / "archive"),
        retention=2 * DAY,
    )
    project.overrides["keeping"] = keeping
    return project


def keep(project):
    return keep_by_hand(project.ports, actor="cli", holder="one")


def n_logged(project):
    contract = project.champion.contract
    return project.store.predictions.read(contract, after=None, limit=10_000).rows.num_rows


def archived(tmp_path):
    return ParquetSource(tmp_path / "archive").read().column("prediction_id").to_pylist()


def dropped_events(project):
    return [event.body for event in project.events if event.kind == "rows_dropped"]


class TestKeep:
    def test_a_tick_drops_whole_days_that_are_older(self, project, tmp_path):
        """They stand in the archive with their labels; the newer ones stay in the log."""
        ids = project.log(30)
        project.label(ids)
        project.clock.advance(DAY)
        project.log(20)
        project.clock.advance(2 * DAY)

        tick = project.tick()

        assert tick.kept.n_days == 1
        assert tick.kept.removed == Removed(n_predictions=30, n_labels=30)
        assert tick.kept.until == (START + DAY).date()
        assert n_logged(project) == 20
        assert sorted(archived(tmp_path)) == sorted(ids)
        assert project.store.views.status().n_dropped == 30

    def test_a_day_counts_from_its_end(self, project):
        """A row is never dropped before its age is reached."""
        project.log(10)
        project.clock.set_to(START + 3 * DAY - timedelta(seconds=1))
        early = project.tick()
        project.clock.advance(timedelta(seconds=1))

        assert early.kept.removed == Removed()
        assert project.tick().kept.removed.n_predictions == 10

    def test_tells_of_it_without_a_name(self, project):
        """One event a day and schema, once; a tick that finds nothing tells nothing."""
        project.log(10)
        project.clock.advance(4 * DAY)
        project.tick()
        project.tick()

        (body,) = dropped_events(project)

        assert (body.day, body.n_predictions, body.n_labels) == ("2026-03-02", 10, 0)

    def test_rows_that_no_tick_has_counted_stay(self, project):
        """The monitors would never see them."""
        project.log(10)
        project.clock.advance(4 * DAY)

        kept = keep(project)

        assert kept.uncounted
        assert n_logged(project) == 10

    def test_rows_that_came_after_the_count_stay(self, project):
        """An import of old rows between two ticks is counted first."""
        project.log(10)
        project.clock.advance(4 * DAY)
        project.tick()
        project.log(5, at=START)

        assert keep(project).removed == Removed()
        assert n_logged(project) == 5

        tick = project.tick()

        assert tick.kept.removed.n_predictions == 5
        assert [body.n_predictions for body in dropped_events(project)] == [10, 15]

    def test_a_late_row_joins_its_day_in_the_archive(self, project, tmp_path):
        """Beside those that left the log before it."""
        first = project.log(10)
        project.clock.advance(4 * DAY)
        project.tick()
        late = project.log(5, at=START)

        project.tick()

        assert sorted(archived(tmp_path)) == sorted(first + late)

    def test_nothing_is_dropped_without_the_file(self, project, monkeypatch):
        """A file that does not read back as it was written is none."""
        project.log(10)
        project.clock.advance(4 * DAY)
        monkeypatch.setattr(ParquetArchive, "holds", lambda *_: False)

        tick = project.tick()

        assert tick.kept.removed == Removed()
        assert n_logged(project) == 10

    def test_a_full_disk_does_not_stop_the_loop(self, project, monkeypatch):
        """The tick has decided already; the log of the process says what is wrong."""
        project.log(10)
        project.clock.advance(4 * DAY)

        def full(*_, **__):
            raise ArchiveError("archive", "No space left on device")

        monkeypatch.setattr(ParquetArchive, "write", full)

        tick = project.tick()

        assert tick.kept is None
        assert tick.decision.reasons
        assert n_logged(project) == 10

    def test_is_off_unless_it_is_asked_for(self, project):
        """Then nothing is ever dropped, and by hand it says so."""
        del project.overrides["keeping"]
        project.log(10)
        project.clock.advance(400 * DAY)

        assert project.tick().kept is None
        with pytest.raises(StateError, match="retention"):
            keep(project)

        assert n_logged(project) == 10

    def test_waits_for_a_loop_that_is_at_work(self, project):
        """Two would drop and archive at once."""
        project.store.leases.acquire(LEASE, holder="another", ttl=DAY)

        with pytest.raises(StateError, match="at work"):
            keep(project)

    def test_the_least_retention_changes_no_verdict(self, tmp_path):
        """What leaves the log at that age is read by no monitor any more."""
        least = least_retention(
            bucket=PLAN.bucket, window=PLAN.window, label_maturity=PLAN.label_maturity
        )
        kept, whole = MemoryProject(), MemoryProject()
        kept.overrides["keeping"] = Keeping(
            log=kept.store.retention, archive=ParquetArchive(tmp_path), retention=least
        )
        found = []
        for project in (kept, whole):
            project.deploy()
            ticks = project.days(22, n=60)
            found.append([(tick.finding.evidence, tick.decision) for tick in ticks])

        assert found[0] == found[1]
        assert n_logged(kept) < n_logged(whole)
