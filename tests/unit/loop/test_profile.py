"""Every row is counted once, in its own bucket, under the version whose scores count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.domain.errors import LeaseLostError
from holdfast.domain.predictions import Role
from holdfast.loop import profile as profiling
from holdfast.loop.profile import UNSCORED, profile_new, uncounted_since
from holdfast.testing.project import DAY, START, MemoryProject, example_bundle

LATER = START + timedelta(days=1000)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def count(project, **options):
    return profile_new(
        project.store.predictions, project.store.profiles, project.champion, bucket=DAY, **options
    )


def buckets(project):
    """Return the rows of each bucket, by version and day."""
    found = project.store.profiles.buckets(
        project.champion.reference.grid.digest, start_at=START - 10 * DAY, end_at=LATER
    )
    return {(version, (start - START) // DAY): counts for (version, start), counts in found.items()}


def rows(project):
    return {key: counts.n_rows for key, counts in buckets(project).items()}


class TestProfileNew:
    def test_counts_each_row_once_over_several_ticks(self, project):
        """A row that was counted is not counted again, and none is left out."""
        project.log(30)
        first = count(project)
        project.log(20)

        second, third = count(project), count(project)

        assert (first, second, third) == (30, 20, 0)
        assert rows(project) == {("v1", 0): 50}

    def test_reads_page_by_page_with_the_same_result(self, project, monkeypatch):
        """The size of a page bounds the memory, and nothing else."""
        project.log(95, over=3 * DAY)
        monkeypatch.setattr(profiling, "_PAGE", 10)

        assert count(project) == 95

        assert rows(project) == {("v1", 0): 32, ("v1", 1): 32, ("v1", 2): 31}

    def test_adds_a_late_row_to_its_own_bucket(self, project):
        """Wherever it arrives in the log: its window is the one in which it was predicted."""
        project.log(10, at=START + 2 * DAY)
        count(project)
        project.log(5, at=START)
        project.log(3, at=START + 2 * DAY)

        assert count(project) == 8

        assert rows(project) == {("v1", 0): 5, ("v1", 2): 13}

    def test_counts_scores_of_the_champion_alone(self, project):
        """Another version's lie on other cells; its rows count as rows all the same."""
        project.log(10)
        project.log(7, version="v0")

        count(project)

        found = buckets(project)
        assert found["v1", 0].scores.n == 10
        assert found[UNSCORED, 0].scores is None
        assert found[UNSCORED, 0].n_rows == 7

    def test_after_a_promotion_scores_of_two_versions_do_not_mix(self, project):
        """
        Rows by the old champion that are counted late, and rows by the new one, go into
        buckets of their own; what was counted before stays as it is.
        """
        project.log(10)
        count(project)
        project.log(4)  # by v1, but not counted before the promotion
        project.deploy(example_bundle(seed=1, on_grid_of=0))
        project.log(6)

        assert count(project) == 10

        found = buckets(project)
        assert rows(project) == {("v1", 0): 10, (UNSCORED, 0): 4, ("v2", 0): 6}
        assert found["v2", 0].scores.n == 6
        assert found["v1", 0].scores.grid_digest != found["v2", 0].scores.grid_digest

    def test_a_new_grid_counts_the_whole_log_anew(self, project):
        """Counts of two grids never add: the rows are read once more, from the first one on."""
        project.log(10)
        count(project)
        project.deploy(example_bundle(seed=1))
        project.log(6)

        assert count(project) == 16

        assert rows(project) == {(UNSCORED, 0): 10, ("v2", 0): 6}

    def test_a_new_grid_is_counted_as_far_back_as_asked(self, project):
        """Rows of windows that nobody judges any more need not be read again."""
        project.log(10)
        project.log(20, at=START + 5 * DAY)
        count(project)
        project.deploy(example_bundle(seed=1))

        assert count(project, since=START + 5 * DAY) == 20

        assert rows(project) == {(UNSCORED, 5): 20}

    def test_where_counting_began_does_not_matter_once_it_has(self, project):
        """A row that comes late is counted, however old it is."""
        project.log(20, at=START + 5 * DAY)
        count(project, since=START + 5 * DAY)
        project.log(10)

        assert count(project, since=START + 5 * DAY) == 10

        assert rows(project) == {("v1", 0): 10, ("v1", 5): 20}

    def test_goes_on_after_a_crash_in_a_new_grid(self, project, monkeypatch):
        """Page by page: those that were counted are not read again."""
        project.log(25)
        project.deploy(example_bundle(seed=1))
        monkeypatch.setattr(profiling, "_PAGE", 10)
        with monkeypatch.context() as broken:
            log, read = project.store.predictions, project.store.predictions.read
            answers = iter([read])
            broken.setattr(log, "read", lambda *w, **how: _next(answers)(*w, **how))  # noqa: PLW0108  # at each call
            with pytest.raises(ConnectionError):
                count(project, since=START - DAY)

        assert uncounted_since(*_of(project)) == START + 10 * DAY / 25
        assert count(project, since=START - DAY) == 15
        assert rows(project) == {(UNSCORED, 0): 25}

    def test_leaves_out_what_no_client_was_answered(self, project):
        """A shadow's row is the champion's row once more."""
        project.log(10)
        project.log(10, role=Role.SHADOW)

        count(project)

        assert rows(project) == {("v1", 0): 10}

    def test_a_page_of_nothing_but_shadow_rows_counts_none_and_is_passed(self, project):
        """They are logged behind the answers, so a tick may find them alone."""
        project.log(10)
        count(project)
        project.log(10, role=Role.SHADOW)

        count(project)

        assert rows(project) == {("v1", 0): 10}
        assert uncounted_since(*_of(project)) is None

    def test_a_loop_that_lost_its_lease_counts_nothing(self, project):
        """Else the one that took over would count the same rows again."""
        project.log(10)
        leases = project.store.leases
        outdated = leases.acquire("control", holder="slow", ttl=DAY)
        leases.pass_time(2 * DAY)
        leases.acquire("control", holder="fast", ttl=DAY)

        with pytest.raises(LeaseLostError):
            count(project, fence=outdated)

        assert rows(project) == {}
        assert count(project) == 10


class TestUncountedSince:
    def test_is_the_moment_of_the_first_row_that_is_not_counted(self, project):
        """A window that ends later does not have all its rows yet."""
        project.log(10)
        count(project)
        counted = uncounted_since(*_of(project))
        project.log(10, at=START + 3 * DAY)

        assert counted is None
        assert uncounted_since(*_of(project)) == START + 3 * DAY

    def test_a_new_grid_begins_with_the_first_row(self, project):
        """Its counts are not begun."""
        project.log(10)
        count(project)

        project.deploy(example_bundle(seed=1))

        assert uncounted_since(*_of(project)) == START


def _next(answers):
    for answer in answers:
        return answer
    raise ConnectionError("the store went away")


def _of(project):
    return project.store.predictions, project.store.profiles, project.champion
