from __future__ import annotations

import numpy as np

from holdfast.scenarios.telecom.cohort import TRAINING, draw_cohort
from holdfast.scenarios.telecom.world import CONTESTED, World


class TestDrawCohort:
    def test_delivers_what_the_customers_are_except_for_the_gaps(self):
        """The feed leaves out; it never alters."""
        cohort = draw_cohort(1, 1, World(broken_share=0.5), 400)

        delivered = cohort.delivered()

        for name, values in delivered.items():
            gaps = cohort.missing.get(name, np.zeros(400, dtype=bool))
            complete = cohort.columns[name].tolist()
            assert values == [
                None if gap else value for gap, value in zip(gaps, complete, strict=True)
            ]

    def test_keeps_its_customers_when_only_the_mechanism_changes(self):
        """Randomness has a purpose each: a concept change cannot move a feature by accident."""
        before = draw_cohort(1, 7, World(), 300)
        after = draw_cohort(1, 7, World(mechanism=CONTESTED), 300)

        assert before.delivered() == after.delivered()
        assert not np.array_equal(before.churned, after.churned)

    def test_numbers_customers_by_part(self):
        """No month's customer can be taken for one of the training set."""
        assert draw_cohort(1, TRAINING, World(), 2).customer_ids == ("C00-000001", "C00-000002")
        assert draw_cohort(1, 12, World(), 1).customer_ids == ("C12-000001",)
