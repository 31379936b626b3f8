"""Principal components of the reference."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.drift.multivariate.components import fit_components


class TestComponents:
    def test_keep_as_many_as_the_share_takes(self, contract_of):
        """Two numbers that go together and one that does not: one axis holds 60%."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=2_000)
        table = pa.table(
            {"a": x, "b": x + 0.1 * rng.normal(size=2_000), "c": rng.normal(size=2_000)}
        )
        contract = contract_of(a="numeric", b="numeric", c="numeric")

        few, more = (fit_components(table, contract, kept=kept) for kept in (0.6, 0.8))

        assert (few.axes.shape[1], more.axes.shape[1]) == (1, 2)

    def test_a_row_that_breaks_the_rule_is_far_from_them(self, contract_of):
        """Though each of its numbers is usual."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=200)
        table = pa.table({"a": x, "b": x + 0.01 * rng.normal(size=200)})
        components = fit_components(table, contract_of(a="numeric", b="numeric"), kept=0.65)

        usual, odd = components.errors(pa.table({"a": [0.9, 0.9], "b": [0.9, -0.9]}))

        assert usual < 0.1
        assert odd > 1.0

    @pytest.mark.parametrize("values", [[1.0] * 40, [None] * 40], ids=["constant", "missing"])
    def test_nothing_that_varies_leaves_no_component(self, contract_of, values):
        """And an error of zero."""
        table = pa.table({"x": pa.array(values, pa.float64())})

        components = fit_components(table, contract_of(x="numeric"), kept=0.65)

        assert components.axes.shape[1] == 0
        assert components.errors(table).max() == pytest.approx(0.0, abs=1e-9)
