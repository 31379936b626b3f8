"""A trial goes on, waits or ends; and why is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.evidence import GuardReport, Outcome
from holdfast.domain.ids import ModelVersion
from holdfast.domain.stages import Stage
from holdfast.policy.transitions import Staged
from holdfast.policy.trying import Next, TrialPolicy, ends_at, next_step

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = TrialPolicy(path="canary", shadow_for=24 * HOUR, canary_for=72 * HOUR)
SHADOW = Staged(
    version=ModelVersion("v2"), stage=Stage.SHADOW, share=None, seq=7, since=START, begun=START
)
CANARY = replace(SHADOW, stage=Stage.CANARY, share=0.1)


def report(outcome, reason="roc_auc -0.04"):
    return GuardReport(outcome=outcome, rule="harm", reason=reason, n=900, n_positive=300)


def judged(staged=SHADOW, *, after=24 * HOUR, works=True, compared=None):
    return next_step(staged, POLICY, works=works, compared=compared, now=START + after)


class TestNextStep:
    @pytest.mark.parametrize(
        ("staged", "lasts", "then"),
        [(SHADOW, 24 * HOUR, Next.CANARY), (CANARY, 72 * HOUR, Next.PROMOTE)],
    )
    def test_goes_on_once_its_stage_has_lasted(self, staged, lasts, then):
        """Not a moment earlier."""
        second = timedelta(seconds=1)

        assert ends_at(staged, POLICY) == START + lasts
        assert judged(staged, after=lasts - second).next is Next.WAIT
        assert judged(staged, after=lasts).next is then

    def test_says_until_when_it_waits(self):
        """For whoever looks on."""
        assert judged(after=HOUR).reason == "its shadow stage lasts until 2026-03-02 00:00 UTC"

    @pytest.mark.parametrize("staged", [SHADOW, CANARY])
    @pytest.mark.parametrize("after", [HOUR, 99 * HOUR])
    def test_is_withdrawn_once_it_failed(self, staged, after):
        """A server could not load it, or ask it; at once, whatever else speaks for it."""
        broken = replace(staged, failure="v2 is torn")

        step = judged(broken, after=after, compared=report(Outcome.ACCEPT))

        assert (step.next, step.reason) == (Next.WITHDRAW, "v2 is torn")

    @pytest.mark.parametrize("after", [HOUR, 99 * HOUR])
    def test_is_withdrawn_if_it_does_harm(self, after):
        """Shown on labels: waiting would only cost more."""
        step = judged(CANARY, after=after, compared=report(Outcome.REFUSE))

        assert (step.next, step.reason) == (Next.WITHDRAW, "roc_auc -0.04")

    def test_waits_for_rows(self):
        """Without traffic nothing was tried."""
        step = judged(works=False)

        assert step.next is Next.WAIT
        assert "no row lately" in step.reason

    def test_labels_that_are_still_to_come_do_not_hold_it_up(self):
        """It passed the guard before; that nothing is known is said."""
        nothing, few = judged(), judged(compared=report(Outcome.DEFER, "9 rows are too few"))

        assert (nothing.next, few.next) == (Next.CANARY, Next.CANARY)
        assert "no mature labels of its trial yet" in nothing.reason
        assert "9 rows are too few" in few.reason
