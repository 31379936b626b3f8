"""Tests of holdfast.policy.allotting."""

from __future__ import annotations

from itertools import product

from holdfast.policy.allotting import Plan, allot


class TestAllot:
    def test_gives_half_a_window_to_the_guard_and_a_quarter_to_validation(self):
        """Once there is plenty."""
        plan = allot(10_000, n_window=2000, onset=3000, least_guard=500)

        assert plan == Plan(onset=3000, validation=8500, guard=9000, half_life=2000)

    def test_shares_a_young_world_between_the_learner_and_the_judge(self):
        """900 fresh rows: the guard gets the 500 it needs, half the rest is learnt from."""
        plan = allot(10_000, n_window=2000, onset=9100, least_guard=500)

        assert plan == Plan(onset=9100, validation=9300, guard=9500, half_life=2000)

    def test_the_guard_gets_what_it_needs_though_windows_are_small(self):
        """Else a project with little traffic could never promote anything."""
        plan = allot(10_000, n_window=300, onset=0, least_guard=500)

        assert plan.guard == 9500
        assert plan.validation == 9500 - 75

    def test_rows_that_judged_before_do_not_judge_again(self):
        """What is spent goes to validation or training, and the guard makes do with the rest."""
        plan = allot(10_000, n_window=2000, onset=0, least_guard=500, spent=9700)

        assert plan.guard == 9700
        assert plan.validation == 9200

    def test_nothing_is_left_where_all_is_spent(self):
        """The guard is empty then, and defers."""
        assert allot(1000, n_window=1000, onset=0, least_guard=500, spent=1000).guard == 1000

    def test_the_parts_follow_each_other_whatever_is_asked(self):
        """In time order and within the rows: none is in two parts."""
        sizes, windows = (0, 1, 7, 499, 500, 501, 1000, 5000), (1, 300, 2000)
        for n, n_window, onset, spent in product(sizes, windows, (0, 400, 5000), (0, 300)):
            judged = min(spent, n)

            plan = allot(n, n_window=n_window, onset=onset, least_guard=500, spent=judged)

            assert 0 <= plan.onset <= plan.validation <= plan.guard <= n
            assert plan.guard >= judged
