"""A judged window keeps its verdict; late rows are told of, once."""

from __future__ import annotations

import pytest

from holdfast.domain.events import WindowRevised, verify_chain
from holdfast.domain.narration import headline
from holdfast.loop import revise as revising
from holdfast.testing.project import DAY, START, MemoryProject, World, example_bundle

SHIFTED = World(shift=40.0)


@pytest.fixture(name="project")
def _project():
    """Five days have passed; each ended with a tick."""
    project = MemoryProject()
    project.deploy()
    project.days(5, n=60)
    return project


def revisions(project):
    return [event.body for event in project.events if isinstance(event.body, WindowRevised)]


def judged(project):
    return [event for event in project.events if event.kind == "window_judged"]


class TestRevise:
    def test_days_on_time_revise_nothing(self, project):
        """Windows that end with the day under way grow: that is no revision."""
        assert revisions(project) == []

    def test_tells_of_late_rows_in_windows_that_are_over(self, project):
        """
        Rows of the third day, come on the sixth: the windows that ended on the fourth and
        on the fifth day were judged with the third as over. The one of the third day was
        not, and the one of today is judged now.
        """
        project.log(10, at=START + 2 * DAY)

        tick = project.tick()

        found = revisions(project)
        assert tick.n_revised == 1 + 1
        assert [(r.window.end_at - START) // DAY for r in found] == [4, 5]
        assert [r.n_late for r in found] == [10, 10]
        assert all(r.model_version == "v1" and r.differs is False for r in found)

    def test_keeps_the_verdict(self, project):
        """What was said stands in the log as it was said, and the chain holds."""
        before = judged(project)
        project.log(10, at=START + 2 * DAY)

        project.tick()

        assert judged(project)[: len(before)] == before
        assert verify_chain(project.events) == len(project.events)

    def test_says_whether_the_verdict_would_be_another(self, project):
        """Two hundred rows at far higher charges: that feature would have drifted."""
        project.log(200, at=START + 2 * DAY, world=SHIFTED)

        project.tick()

        last = revisions(project)[-1]
        assert last.differs is True
        assert "charges" in last.drifted
        assert last.n - last.n_judged >= 200

    def test_a_row_of_yesterday_revises_nothing(self, project):
        """Yesterday was under way in every window that is over, and is in today's."""
        project.log(10, at=START + 4 * DAY)

        assert project.tick().n_revised == 0

    def test_tells_of_each_row_once(self, project):
        """The next tick, or the same one again after a crash, has nothing to add."""
        project.log(10, at=START + 2 * DAY)
        project.tick()

        again = [project.tick().n_revised for _ in range(2)]

        assert again == [0, 0]
        assert len(revisions(project)) == 2

    def test_a_tick_that_crashed_after_counting_is_made_good(self, project, monkeypatch):
        """Late rows are found by comparing counts: those counted before the crash, too."""
        project.log(10, at=START + 2 * DAY)
        with monkeypatch.context() as broken:
            broken.setattr("holdfast.loop.cycle.detect", _crash)
            with pytest.raises(ConnectionError):
                project.tick()

        project.tick(holder="one")

        assert [r.n_late for r in revisions(project)] == [10, 10]

    def test_windows_of_a_former_champion_are_told_of_without_a_verdict(self, project):
        """They were judged against a reference that does not count any more."""
        project.deploy(example_bundle(seed=1, on_grid_of=0))
        project.log(10, at=START + 2 * DAY)

        project.tick()

        assert [r.differs for r in revisions(project)] == [None, None]

    def test_a_new_grid_revises_nothing(self, project):
        """All rows are read once more, and none of them is late."""
        project.deploy(example_bundle(seed=1))

        assert project.tick().n_revised == 0

    def test_after_a_crash_between_telling_and_judging_they_are_not_told_again(
        self, project, monkeypatch
    ):
        """The tick that is run again finds them told."""
        project.log(10, at=START + 2 * DAY)
        with monkeypatch.context() as broken:
            broken.setattr("holdfast.loop.cycle._act", _crash)
            with pytest.raises(ConnectionError):
                project.tick()
        told = revisions(project)

        assert project.tick(holder="one").n_revised == 0
        assert len(told) == 2
        assert revisions(project) == told

    def test_more_late_rows_are_told_of_as_more(self, project):
        """One event a tick and window; each says what came since the last one."""
        project.log(10, at=START + 2 * DAY)
        project.tick()
        project.log(3, at=START + 2 * DAY)
        project.log(4, at=START + DAY)

        project.tick()

        found = [((r.window.end_at - START) // DAY, r.n_late) for r in revisions(project)]
        assert found == [(4, 10), (5, 10), (3, 4), (4, 7), (5, 7)]

    @pytest.mark.parametrize("before_the_promotion", [True, False])
    def test_windows_judged_on_an_older_grid_are_told_of(self, project, before_the_promotion):
        """
        On the new grid they have the rows that they were judged with, and the late ones,
        whenever those arrived.
        """
        if before_the_promotion:
            project.log(10, at=START + 2 * DAY)
        project.deploy(example_bundle(seed=1))
        if not before_the_promotion:
            project.log(10, at=START + 2 * DAY)

        told = [project.tick().n_revised for _ in range(2)]

        assert told == [2, 0]
        assert [(r.model_version, r.n_late, r.differs) for r in revisions(project)] == [
            ("v1", 10, None),
            ("v1", 10, None),
        ]

    def test_says_what_the_rule_would_say(self, project):
        """Beside the features: the verdict on the window as a whole, and in whose words."""
        project.log(200, at=START + 2 * DAY, world=SHIFTED)

        project.tick()

        last = revisions(project)[-1]
        assert last.verdict.rule == "drift_share >= 0.5"
        assert last.verdict.fired is False
        assert last.weighted_share < 0.05 < last.share_drifted  # no label depends on charges

    def test_what_is_not_looked_at_is_told_of_by_the_next_ticks(self, project, monkeypatch):
        """Each window once, the newest first, until none is left."""
        monkeypatch.setattr(revising, "_MOST", 1)
        project.log(10, at=START + DAY)

        told = [project.tick().n_revised for _ in range(4)]

        assert told == [1, 1, 1, 0]
        found = [((r.window.end_at - START) // DAY, r.n_unlooked) for r in revisions(project)]
        assert found == [(5, 2), (4, 1), (3, 0)]

    def test_looks_at_the_newest_windows_and_counts_the_rest(self, project, monkeypatch):
        """A row of long ago lies in many windows; the loop must not stop for it."""
        monkeypatch.setattr(revising, "_MOST", 1)
        project.log(10, at=START + 2 * DAY)

        project.tick()

        (only,) = revisions(project)
        assert (only.window.end_at - START) // DAY == 5
        assert only.n_unlooked == 1

    def test_reads_in_words(self, project):
        """As `events` shows it."""
        project.log(10, at=START + 2 * DAY)
        project.tick()

        said = {headline(event) for event in project.events if event.kind == "window_revised"}

        assert said == {
            "Counted 10 late rows into a window judged for v1: its verdict stays the same"
        }


def _crash(*_args, **_options):
    raise ConnectionError("the store went away")
