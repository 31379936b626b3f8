"""The reconstruction error and its band."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.multivariate.bounds import MultivariatePolicy
from holdfast.drift.multivariate.reconstruction import reconstruct
from holdfast.drift.verdicts import Verdict


def reconstructed(*windows, **asked):
    """Call it from one place that no type checker follows: most answers may be None."""
    return reconstruct(*windows, **asked)


class TestReconstruct:
    def test_finds_a_correlation_that_flips(self, pairs, pair_contract):
        """While every single distribution stays as it was."""
        rng = np.random.default_rng(0)

        found = reconstructed(
            pairs(rng, 1_000), pairs(rng, 1_000, correlation=-0.6), pair_contract, rng=rng
        )

        assert found.drifted
        assert found.current_error > found.high
        assert found.shift > 0.1

    def test_finds_rows_that_became_more_alike(self, pairs, pair_contract):
        """The band has two ends."""
        rng = np.random.default_rng(0)

        found = reconstructed(
            pairs(rng, 1_000), pairs(rng, 1_000, correlation=0.98), pair_contract, rng=rng
        )

        assert found.drifted
        assert found.current_error < found.low

    @pytest.mark.parametrize(("n", "m"), [(80, 200), (400, 50)], ids=["small reference", "window"])
    def test_alarms_no_more_often_than_it_may(self, pairs, pair_contract, n, m):
        """Whichever window is the smaller: both are in the band."""
        policy = MultivariatePolicy(draws=199)
        rng = np.random.default_rng(0)

        p_values = [
            reconstructed(
                pairs(rng, n), pairs(rng, m), pair_contract, rng=rng, alpha=0.1, policy=policy
            ).p_value
            for _ in range(200)
        ]

        rate = np.mean(np.array(p_values) <= 0.1)
        assert 0.03 < rate < 0.1 + 3 * np.sqrt(0.09 / 200)

    @pytest.mark.parametrize("correlation", [0.6, 0.45, -0.6])
    def test_the_band_and_the_p_value_say_the_same(self, pairs, pair_contract, correlation):
        """Outside just if p is at most alpha."""
        rng = np.random.default_rng(3)

        for _ in range(10):
            found = reconstructed(
                pairs(rng, 200), pairs(rng, 100, correlation=correlation), pair_contract, rng=rng
            )
            outside = not found.low <= found.current_error <= found.high
            assert outside == (found.p_value <= 0.05)

    def test_too_few_rows_are_a_verdict(self, pairs, pair_contract):
        """With how many would be enough, and they are."""
        rng = np.random.default_rng(0)

        few = reconstructed(pairs(rng, 2_000), pairs(rng, 29), pair_contract, rng=rng)
        enough = reconstructed(
            pairs(rng, 2_000), pairs(rng, few.needed.current), pair_contract, rng=rng
        )

        assert few.verdict is Verdict.UNDERPOWERED
        assert few.p_value is None
        assert enough.verdict is Verdict.STABLE
        assert enough.smallest_detectable is not None

    def test_constant_features_cannot_drift(self, contract_of):
        """An error of zero on both sides, and no NaN."""
        table = pa.table({"x": [1.0] * 200})
        rng = np.random.default_rng(0)

        found = reconstructed(table, table, contract_of(x="numeric"), rng=rng)

        assert found.verdict is Verdict.STABLE
        assert found.p_value == 1.0
