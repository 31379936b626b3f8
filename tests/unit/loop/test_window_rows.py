"""Which logged rows a tick looks at, and what a row without a label is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.domain.events import RetrainingStarted
from holdfast.loop.choose import n_assumed
from holdfast.loop.window_rows import (
    labels_of,
    learnable_rows,
    mature_rows,
    mature_window,
    own_rows,
)
from holdfast.policy.transitions import ControlState
from holdfast.testing.project import DAY, PLAN, MemoryProject, World

NEGATIVE = replace(PLAN, missing_is_negative=True)


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def half_labelled(project):
    """Forty rows, two days ago: who left is known by now; of the others nobody speaks."""
    ids = project.log(40)
    project.clock.advance(2 * DAY)
    said = [one for one in ids if project.truths[one]]
    project.label(said)
    return said, [one for one in ids if not project.truths[one]]


def mature(project):
    return mature_rows(
        project.ports,
        project.plan,
        project.champion,
        ControlState(),
        now=project.clock.now(),
        since=None,
    )


class TestMissingAtMaturity:
    def test_unknown_leaves_rows_without_a_label_out(self, project):
        """The default: nothing is assumed."""
        said, _ = half_labelled(project)

        rows = mature(project)

        assert set(rows.column("prediction_id").to_pylist()) == set(said)
        assert n_assumed(rows) == 0

    def test_negative_counts_them_as_negative(self, project):
        """Of mature rows alone; those who leave are heard of, and nobody else."""
        project.plan = NEGATIVE
        _, unsaid = half_labelled(project)
        young = project.log(5)

        rows = mature(project)

        labels = dict(zip(rows.column("prediction_id").to_pylist(), labels_of(rows), strict=True))
        assert len(labels) == 40
        assert not any(labels[one] for one in unsaid)
        assert not set(young) & set(labels)
        assert n_assumed(rows) == len(unsaid)

    def test_a_later_label_wins_for_training_and_leaves_the_verdict(self, project):
        """It is late, and counts from then on; the judged window's event stays as it is."""
        project.plan = NEGATIVE
        _, unsaid = half_labelled(project)
        project.tick()
        judged = [event for event in project.events if event.kind == "window_judged"]
        project.truths[unsaid[0]] = True
        n_late = project.store.labels.totals().late

        project.label(unsaid[:1])

        rows = mature(project)
        labels = dict(zip(rows.column("prediction_id").to_pylist(), labels_of(rows), strict=True))
        assert labels[unsaid[0]]
        assert n_assumed(rows) == len(unsaid) - 1
        assert project.store.labels.totals().late == n_late + 1
        assert [e for e in project.events if e.kind == "window_judged"] == judged
        assert judged[0].body.n_assumed == len(unsaid)

    def test_whoever_learns_from_them_is_told_how_many_there_are(self, project):
        """The same words stand in the event of a retraining and in the guard's report."""
        project.plan = NEGATIVE
        _, unsaid = half_labelled(project)

        _, used = learnable_rows(
            project.ports,
            project.plan,
            project.champion,
            ControlState(),
            now=project.clock.now(),
            since=None,
        )

        assert (used.n, used.n_assumed) == (40, len(unsaid))
        assert f"{len(unsaid)} of them assumed negative" in used.words

    def test_the_champions_own_rows_are_filled_in_too(self, project):
        """What is measured, what the monitors learn and what is learnt from are the same."""
        project.plan = NEGATIVE
        half_labelled(project)
        now = project.clock.now()

        rows = own_rows(
            project.ports, project.plan, project.champion, mature_window(now, project.plan), now
        )

        assert (rows.num_rows, n_assumed(rows) > 0) == (40, True)

    def test_the_loop_goes_round_on_positive_labels_alone(self, project):
        """Detected, retrained, guarded and promoted, with nobody who says that nothing happened."""
        project.plan = NEGATIVE
        for _ in range(3):
            ids = project.log(500, world=World(reversed_concept=True))
            project.clock.advance(DAY)
            project.label([one for one in ids if project.truths[one]])
            project.tick()

        (started,) = [e.body for e in project.events if isinstance(e.body, RetrainingStarted)]
        assert started.rows_used is not None
        assert started.rows_used.n_assumed > 300
        assert project.kinds.count("champion_promoted") == 2
