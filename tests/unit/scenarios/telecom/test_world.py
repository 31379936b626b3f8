from __future__ import annotations

import pytest

from holdfast.scenarios.telecom.world import CONTESTED, LOYAL, blended


class TestBlended:
    def test_goes_from_one_mechanism_to_the_other(self):
        """A change that comes bit by bit ends where the sudden one does."""
        assert blended(LOYAL, CONTESTED, 0.0) == LOYAL
        assert blended(LOYAL, CONTESTED, 0.5).loyalty == pytest.approx(-0.25)
        assert blended(LOYAL, CONTESTED, 1.0).two_year == pytest.approx(CONTESTED.two_year)
