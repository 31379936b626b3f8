"""A project's own history as a stream: its rows, its windows, and when each label was known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.errors import InputError, NoChampionError
from holdfast.domain.predictions import Label
from holdfast.loop.contenders import Contender, Kind, beside_standard
from holdfast.loop.replay import replay
from holdfast.loop.replay_log import own_history
from holdfast.testing.fakes import FakeClock
from holdfast.testing.project import DAY, PLAN, START, MemoryProject, World

N_A_DAY = 150
REVERSED = World(reversed_concept=True)
N_REFERENCE = 2000


def project_of(days, *, world=lambda day: REVERSED, asked=lambda day: N_A_DAY):
    """Return a project whose rows were logged day by day, and the ids of each day."""
    project = MemoryProject(clock=FakeClock(START))
    project.deploy()
    ids = [project.log(asked(day), world=world(day), at=START + day * DAY) for day in range(days)]
    project.clock.advance(days * DAY)
    return project, ids


def label(project, ids, at, *, flipped=False):
    """Record the labels of these rows as observed and received at a moment."""
    labels = [
        Label(positive=project.truths[i] != flipped, observed_at=at, prediction_id=i) for i in ids
    ]
    project.store.labels.record(labels, received_at=at, maturity=PLAN.label_maturity)


def history_of(project, plan=PLAN):
    return own_history(project.ports, plan, now=project.clock.now())


class TestOwnHistory:
    def test_warms_up_on_the_first_champions_reference(self):
        """Though another is in production by now; then come the labelled rows in order."""
        project, ids = project_of(8)
        for day, asked in enumerate(ids):
            label(project, asked, START + (day + 1) * DAY)

        own = history_of(project)

        assert own.first == "v1"
        assert own.timing.warm_up == N_REFERENCE
        assert own.features.num_rows == len(own.labels) == N_REFERENCE + 8 * N_A_DAY
        asked = [project.truths[i] for day in ids for i in day]
        assert own.labels[N_REFERENCE:].tolist() == asked

    def test_windows_are_those_of_the_plan_and_of_the_calendar(self):
        """From the bucket of the first row on; one that is not over is left out."""
        project, ids = project_of(10)
        for asked in ids:
            label(project, asked, START + 10 * DAY)

        own = history_of(project)

        assert own.timing.n_windows == 2
        assert own.timing.period(0) == (START, START + 4 * DAY)
        assert own.timing.period(1) == (START + 4 * DAY, START + 8 * DAY)
        assert own.timing.bounds(1)[1] == N_REFERENCE + 8 * N_A_DAY

    def test_rows_without_a_label_are_left_out_and_counted(self):
        """Nobody can say how a policy would have fared on them."""
        project, ids = project_of(4)
        label(project, ids[0] + ids[2], START + 3 * DAY)

        own = history_of(project)

        assert (own.n_logged, own.n_unlabelled) == (4 * N_A_DAY, 2 * N_A_DAY)
        assert own.timing.bounds(0) == (N_REFERENCE, N_REFERENCE + 2 * N_A_DAY)

    def test_a_window_without_labelled_rows_is_a_window(self):
        """It is empty, and the calendar goes on."""
        project, ids = project_of(12, asked=lambda day: N_A_DAY if day < 4 or day >= 8 else 0)
        for asked in ids:
            label(project, asked, START + 12 * DAY)

        own = history_of(project)

        sizes = [end - start for start, end in map(own.timing.bounds, range(3))]
        assert sizes == [4 * N_A_DAY, 0, 4 * N_A_DAY]

    def test_rows_are_as_old_as_labels_need(self):
        """At a close those of the last day are too young, with labels that take a day."""
        project, ids = project_of(8)
        for asked in ids:
            label(project, asked, START + 8 * DAY)

        timing = history_of(project).timing

        assert timing.known(0) == N_REFERENCE + 3 * N_A_DAY
        assert timing.known(1) == N_REFERENCE + 7 * N_A_DAY

    def test_labels_that_need_no_time_are_known_at_the_close(self):
        """If they have been observed."""
        project, ids = project_of(4)
        label(project, ids[0], START + 4 * DAY)

        own = history_of(project, replace(PLAN, label_maturity=timedelta(0)))

        assert own.timing.known(0) == N_REFERENCE + N_A_DAY

    def test_a_label_arrives_with_the_first_close_after_it(self):
        """Not a close earlier; one at the very moment of a close counts."""
        project, ids = project_of(12)
        label(project, ids[0], START + 4 * DAY)
        label(project, ids[1], START + 4 * DAY + timedelta(seconds=1))
        label(project, ids[2], START + 9 * DAY)
        label(project, ids[8], START + 12 * DAY)

        own = history_of(project)

        ends = [own.timing.bounds(k)[1] for k in range(3)]
        # The second window has no labelled row: nothing happens at its close.
        assert ends == [N_REFERENCE + 3 * N_A_DAY] * 2 + [N_REFERENCE + 4 * N_A_DAY]
        arrives = own.arrives[N_REFERENCE:].reshape(4, N_A_DAY)
        assert [set(day.tolist()) for day in arrives] == [
            {ends[0]},
            {ends[2]},
            {ends[2]},
            {ends[2]},
        ]
        assert set(own.arrives[:N_REFERENCE].tolist()) == {0}

    def test_refuses_a_log_that_fills_no_window(self):
        """And says what else can be done."""
        project, _ = project_of(2)

        with pytest.raises(InputError, match="does not fill one window yet"):
            history_of(project)

    def test_refuses_a_log_without_a_label(self):
        """And says how labels come in."""
        project, _ = project_of(4)

        with pytest.raises(InputError, match="None of the 600 logged rows has a label yet"):
            history_of(project)

    def test_refuses_a_project_that_never_served(self):
        """There is nothing that could have been done otherwise."""
        with pytest.raises(NoChampionError):
            own_history(MemoryProject().ports, PLAN, now=START)

    def test_writes_nothing(self):
        """The events, the labels and the log are as they were."""
        project, ids = project_of(4)
        label(project, ids[0], START + 2 * DAY)
        before = (project.events, project.store.labels.totals(), project.objects.groups())

        played_of(project)

        after = (project.events, project.store.labels.totals(), project.objects.groups())
        assert before == after


def played_of(project):
    own = history_of(project)
    return replay(
        own,
        own.timing,
        plan=PLAN,
        trainers=[LogisticRegressionTrainer()],
        runtime=OnnxRuntime(),
        contenders=beside_standard(
            [
                Contender(name="harm", plan=PLAN),
                Contender(
                    name="any", plan=replace(PLAN, decision=replace(PLAN.decision, name="any"))
                ),
                Contender(name="periodic:2", kind=Kind.PERIODIC, every=2),
            ]
        ),
        arrives=own.arrives,
    )


@cache
def relived(poisoned_after=None):
    """Play sixteen days; labels that were observed after a moment may say the contrary."""
    project, ids = project_of(16, world=lambda day: World() if day < 4 else REVERSED)
    for day, asked in enumerate(ids):
        soon, late = asked[: N_A_DAY // 2], asked[N_A_DAY // 2 :]
        for some, days in ((soon, 1), (late, 3)):
            at = START + (day + days) * DAY
            flipped = poisoned_after is not None and at > poisoned_after
            label(project, some, min(at, START + 16 * DAY), flipped=flipped)
    return played_of(project)


class TestReplayOfOnesOwnHistory:
    @pytest.mark.parametrize("close", [1, 3])
    def test_no_policy_reads_a_label_before_it_was_observed(self, close):
        """
        All labels observed after a close are turned round. Up to that close, each policy
        scores, decides and promotes as it did without that.
        Where `History.arrived` lets all rows through, this fails.
        """
        honest, poisoned = relived(), relived(START + close * 4 * DAY)

        for one, other in zip(honest.runs, poisoned.runs, strict=True):
            for this, that in zip(one.windows[:close], other.windows[:close], strict=True):
                assert this.step == that.step, one.name
                assert this.model_version == that.model_version
            # The scores of the next window were made before its close.
            following = (run.windows[close] for run in (one, other))
            assert len({(w.model_version, w.metrics.confidence) for w in following}) == 1

    def test_the_poison_works_once_it_is_known(self):
        """Else the test above would prove nothing."""
        honest, poisoned = relived(), relived(START + 4 * DAY)

        differ = {
            one.name
            for one, other in zip(honest.runs, poisoned.runs, strict=True)
            if [w.metrics.confidence for w in one.windows]
            != [w.metrics.confidence for w in other.windows]
        }
        assert {"every_window", "every_window_competing", "periodic:2"} <= differ

    def test_policies_learn_the_new_world_from_the_log(self):
        """Retraining each window does better than never after the world has turned."""
        means = {run.name: run.summary()["mean_roc_auc"] for run in relived().runs}

        assert means["every_window_competing"] > means["never"] + 0.1
        assert np.isfinite(means["harm"])
