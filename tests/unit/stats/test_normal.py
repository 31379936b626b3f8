"""Tests of the one-sided normal p-value."""

from __future__ import annotations

import pytest

from holdfast.stats.normal import excess_p_value


class TestExcessPValue:
    def test_is_one_in_twenty_at_1_645_standard_errors(self):
        """The textbook value."""
        assert excess_p_value(1.645, standard_error=1.0) == pytest.approx(0.05, abs=1e-4)

    @pytest.mark.parametrize(("excess", "p_value"), [(0.1, 0.0), (0.0, 1.0), (-0.1, 1.0)])
    def test_without_an_error_the_excess_is_certain(self, excess, p_value):
        """No division by zero, and no NaN."""
        assert excess_p_value(excess, standard_error=0.0) == p_value
