"""The rows of a retraining: none twice, none too young, none broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.domain.errors import TargetError, TooFewLabelsError
from holdfast.loop.gather import schooling_from_file, schooling_from_log
from holdfast.policy.transitions import fold
from holdfast.testing.project import DAY, START, MemoryProject, World, world_rows

REVERSED = World(reversed_concept=True)
N_REFERENCE = 2000


@pytest.fixture(name="project")
def _project():
    project = MemoryProject()
    project.deploy()
    return project


def gathered(project, *, onset_at=None, **state):
    return schooling_from_log(
        project.ports,
        project.plan,
        project.champion,
        replace(fold(project.events), **state),
        now=project.clock.now(),
        onset_at=onset_at,
    )


def tenures(schooling):
    return schooling.rows.features.column("tenure").to_pylist()


class TestFromTheLog:
    def test_the_reference_comes_first_and_the_log_after_it(self, project):
        """In the order of prediction, each row with its own label."""
        for _ in range(4):
            project.day()

        schooling = gathered(project)

        reference, labels = world_rows(N_REFERENCE, seed=1000)
        assert len(schooling.rows) == N_REFERENCE + 3 * 400
        assert tenures(schooling)[:N_REFERENCE] == reference.column("tenure").to_pylist()
        assert schooling.rows.labels[:N_REFERENCE].tolist() == labels.tolist()
        truths = list(project.truths.values())[: 3 * 400]
        assert schooling.rows.labels[N_REFERENCE:].tolist() == truths
        assert np.flatnonzero(schooling.rows.reference).tolist() == list(range(N_REFERENCE))
        assert schooling.until == START + 3 * DAY

    def test_says_where_the_changed_world_begins(self, project):
        """Counted from the first row of the reference."""
        for _ in range(4):
            project.day()

        assert gathered(project, onset_at=START + DAY).onset == N_REFERENCE + 400
        assert gathered(project).onset == N_REFERENCE

    def test_says_which_rows_have_judged_before(self, project):
        """The reference never judges: the champion was fitted on it."""
        for _ in range(4):
            project.day()
        guards = {project.champion.record.version: START + 2 * DAY}

        assert gathered(project).spent == N_REFERENCE
        assert gathered(project, guards=guards).spent == N_REFERENCE + 800

    def test_a_window_is_as_large_as_the_traffic(self, project):
        """The rows of the mature window, though the log goes further back."""
        for _ in range(8):
            project.day(n=200)

        assert gathered(project).n_window == 4 * 200

    def test_no_row_stands_among_both_reference_and_log(self, project):
        """
        A retrained champion's reference holds rows of the log. Counted again they would
        weigh twice, and one copy could be learnt from while the other validates.
        """
        project.days(2)
        project.days(3, world=REVERSED)
        assert project.champion.record.version == "v2"
        project.days(4, world=REVERSED)

        schooling = gathered(project)

        assert len(set(tenures(schooling))) == len(schooling.rows)
        assert schooling.onset == len(schooling.rows) - 4 * 400

    def test_refuses_to_start_from_too_few_rows(self, project):
        """And says how many are there and how many are needed."""
        for _ in range(2):
            project.day()

        with pytest.raises(TooFewLabelsError) as caught:
            gathered(project)

        assert (caught.value.found, caught.value.required) == (400, 500)


class TestFromAFile:
    def test_counts_the_file_as_one_window_of_a_new_world(self, project):
        """The guard gets its share of the file, and nothing of the reference."""
        rows, labels = world_rows(1200, seed=9, world=REVERSED)

        schooling = schooling_from_file(
            project.ports, project.champion, rows, labels, now=project.clock.now()
        )

        assert len(schooling.rows) == N_REFERENCE + 1200
        assert (schooling.n_window, schooling.onset, schooling.spent) == (
            1200,
            N_REFERENCE,
            N_REFERENCE,
        )
        np.testing.assert_array_equal(schooling.rows.labels[N_REFERENCE:], labels)

    def test_needs_labels(self, project):
        """It names the target that is not there."""
        rows, _ = world_rows(100, seed=9)

        with pytest.raises(TargetError, match="left"):
            schooling_from_file(project.ports, project.champion, rows, None, now=START)
