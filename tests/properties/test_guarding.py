"""What the guard promises, whatever the models and the rows are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.evidence import Outcome
from holdfast.policy.gains import Gain, Gains
from holdfast.policy.guarding import RULES, GuardPolicy, decide, judge
from holdfast.policy.segments import SegmentGain, Segments

FIGURES = st.tuples(
    st.floats(-0.1, 0.1).map(lambda x: round(x, 4)), st.sampled_from([0.0, 0.001, 0.01, 0.05])
)
LOSSES = st.sampled_from([-0.2, -0.06, -0.05, -0.04, 0.0, 0.1])


@st.composite
def all_gains(draw):
    named = {
        name: Gain(name=name, estimate=estimate, standard_error=error)
        for name in ("auc", "brier", "recall", "calibration")
        for estimate, error in [draw(FIGURES)]
    }
    segments = tuple(
        SegmentGain(name=f"s{i}", n=100, estimate=loss, standard_error=0.01)
        for i, loss in enumerate(draw(st.lists(LOSSES, max_size=3)))
    )
    correlation = draw(st.floats(-1, 1))
    return Gains(n=1000, n_positive=300, **named, correlation=correlation, segments=segments)


@st.composite
def pairs(draw, *, most=1200):
    """Labels and two models' scores; any of them may be tied, constant or upside down."""
    n = draw(st.integers(0, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.random(n) < draw(st.floats(0, 1))
    scores = [
        np.clip(
            np.round(rng.random(n) * spread + labels * skill, draw(st.sampled_from([1, 2, 12]))),
            0,
            1,
        )
        for spread, skill in (
            draw(st.tuples(st.floats(0, 1), st.floats(-0.3, 0.3))) for _ in range(2)
        )
    ]
    return labels, *scores


def verdict(rows, *, rule, alarmed=False, codes=None):
    parts = [] if codes is None else [Segments(names=("a", "b"), codes=codes)]
    return judge(
        *rows,
        champion_threshold=0.5,
        policy=GuardPolicy(rule=rule),
        alarmed=alarmed,
        seed=0,
        segments=parts,
    )


def accepts(found, *, rule, alarmed=False):
    report = decide(found, policy=GuardPolicy(rule=rule), alarmed=alarmed)
    return report.outcome is Outcome.ACCEPT


@pytest.mark.parametrize("rule", RULES)
class TestGuard:
    @settings(max_examples=25, deadline=None)
    @given(rows=pairs(), alarmed=st.booleans())
    def test_never_accepts_on_too_few_rows(self, rule, rows, alarmed):
        """It defers, then and only then; a rate of errors of 20% changes nothing about it."""
        labels = rows[0]

        outcome = verdict(rows, rule=rule, alarmed=alarmed).outcome

        rarer = min(labels.sum(), (~labels).sum())
        assert (outcome is Outcome.DEFER) == (labels.size < 500 or rarer < 50)

    @settings(max_examples=20, deadline=None)
    @given(rows=pairs(), seed=st.integers(0, 99))
    def test_the_order_of_the_rows_changes_nothing(self, rule, rows, seed):
        """The whole report is the same, figures and words, ties and segments included."""
        order = np.random.default_rng(seed).permutation(rows[0].size)
        codes = (np.arange(rows[0].size) % 2).astype(np.intp)
        mixed = tuple(one[order] for one in rows)

        straight = verdict(rows, rule=rule, codes=codes)
        again = verdict(mixed, rule=rule, codes=codes[order])

        assert again.outcome is straight.outcome
        assert [c.passed for c in again.checks] == [c.passed for c in straight.checks]

    @given(found=all_gains())
    def test_harm_by_the_champion_never_turns_a_yes_into_a_no(self, rule, found):
        """Who would be promoted over a healthy champion is promoted over an alarmed one."""
        if accepts(found, rule=rule):
            assert accepts(found, rule=rule, alarmed=True)

    @given(
        found=all_gains(),
        worse=st.sampled_from(["auc", "brier", "recall", "calibration"]),
        by=st.floats(0, 0.2),
        alarmed=st.booleans(),
    )
    def test_a_worse_champion_is_never_harder_to_replace(self, rule, found, worse, by, alarmed):
        """A larger gain at the same error, in any figure, keeps a yes a yes."""
        before = getattr(found, worse)
        larger = replace(found, **{worse: replace(before, estimate=before.estimate + by)})

        if accepts(found, rule=rule, alarmed=alarmed):
            assert accepts(larger, rule=rule, alarmed=alarmed)

    @given(found=all_gains())
    def test_a_gross_harm_blocks_beside_whatever_else(self, rule, found):
        """More segments cost power of each, but not so much that this one is not seen."""
        gross = SegmentGain(name="x", n=100, estimate=-0.2, standard_error=0.01)

        assert not accepts(replace(found, segments=(*found.segments, gross)), rule=rule)

    @settings(max_examples=15, deadline=None)
    @given(rows=pairs(most=900))
    def test_a_champion_is_no_challenger_of_itself(self, rule, rows):
        """No rule but the one that lets ties pass promotes it."""
        labels, champion, _ = rows

        report = verdict((labels, champion, champion.copy()), rule=rule)

        assert report.outcome is not Outcome.ACCEPT or rule == "no_worse"
