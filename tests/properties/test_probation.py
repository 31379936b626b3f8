"""Whatever the scores: a probation's verdict rests on the rows, and takes one side at most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.evidence import Outcome
from holdfast.policy.probation import Answered, ProbationPolicy, compare, serves

POLICY = ProbationPolicy(min_rows=100, min_class=10)


@st.composite
def pairs(draw):
    """Return labels and the scores of two models of any quality, with ties in some."""
    n, seed = draw(st.integers(100, 400)), draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % draw(st.integers(2, 8)) == 0
    scores = [
        np.round(np.clip(rng.random(n) * spread + labels * lift, 0, 1), digits)
        for spread, lift, digits in (
            (draw(st.floats(0, 1)), draw(st.floats(-0.5, 0.5)), draw(st.integers(1, 6)))
            for _ in range(2)
        )
    ]
    return labels, *scores


counts = st.builds(Answered, n_scored=st.integers(0, 10**7), n_failed=st.integers(0, 10**7))


class TestCompare:
    @settings(max_examples=60, deadline=None)
    @given(rows=pairs())
    def test_never_finds_both_worse_in_the_same_figure(self, rows):
        """Else two models would be exchanged for each other for ever."""
        labels, one, other = rows

        there, back = compare(*rows, policy=POLICY), compare(labels, other, one, policy=POLICY)

        for forth, against in zip(there.checks, back.checks, strict=True):
            assert forth.passed or against.passed

    @settings(max_examples=40, deadline=None)
    @given(rows=pairs(), seed=st.integers(0, 99))
    def test_the_order_of_the_rows_changes_nothing(self, rows, seed):
        """Beyond the last bits of a sum."""
        order = np.random.default_rng(seed).permutation(rows[0].size)

        straight = compare(*rows, policy=POLICY)
        mixed = compare(*(column[order] for column in rows), policy=POLICY)

        assert mixed.outcome is straight.outcome

    @settings(max_examples=40, deadline=None)
    @given(rows=pairs(), level=st.floats(0.001, 0.2))
    def test_a_stricter_level_rolls_no_more_back(self, rows, level):
        """What passes at a level passes at any lower one."""
        strict, loose = (
            compare(*rows, policy=replace(POLICY, level=each)) for each in (level / 2, level)
        )

        if loose.outcome is Outcome.ACCEPT:
            assert strict.outcome is Outcome.ACCEPT


class TestServes:
    @given(champion=counts, before=counts, more=st.integers(1, 1000))
    def test_more_failures_speak_no_less_against_it(self, champion, before, more):
        """Of the same number of answered rows."""
        worse = replace(champion, n_failed=champion.n_failed + more)

        if serves(champion, before, policy=POLICY).outcome is Outcome.REFUSE:
            assert serves(worse, before, policy=POLICY).outcome is Outcome.REFUSE
