"""A project's grid is cut anew exactly if the contract has other features, or a cell is crowded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.drift.fitting import grid_to_keep
from holdfast.drift.grid import cut_grid

CONTRACT = Contract(
    features=(
        Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True),
        Feature(name="word", kind=FeatureKind.CATEGORICAL, nullable=True),
    ),
    target=Target(name="y", positive="1", negative="0"),
    threshold=0.5,
    data_digest="",
)
KNOWN = np.arange(100.0)
WORDS = ["a", "b", "c"]
GRID = cut_grid(pa.table({"x": KNOWN, "word": [WORDS[i % 3] for i in range(KNOWN.size)]}), CONTRACT)
sizes = st.integers(min_value=0, max_value=30)


def rows(*, n, missing, between, beyond, unseen):
    """Return `n` rows with a value, so many of them off the edges, or of unknown words."""
    x = [*[5.5] * between, *(1e6 + i for i in range(beyond))]
    x += [float(i % 100) for i in range(n - len(x))] + [float("nan")] * missing
    word = [*[f"new {i}" for i in range(unseen)], *(WORDS[i % 3] for i in range(n - unseen))]
    return pa.table(
        {
            "x": pa.array(x, pa.float64()),
            "word": pa.array([*word, *[None] * missing], pa.string()),
        }
    )


class TestGridToKeep:
    @given(
        n=st.integers(min_value=60, max_value=400),
        missing=st.integers(min_value=0, max_value=500),
        between=sizes,
        beyond=sizes,
        unseen=sizes,
    )
    def test_is_cut_anew_exactly_above_a_twentieth(self, n, missing, between, beyond, unseen):
        """
        Of the values that are there, in the fullest open cell of any feature: twenty-one
        rows may hold one such value, and twenty rows two of them may not.
        """
        kept = grid_to_keep(
            GRID,
            rows(n=n, missing=missing, between=between, beyond=beyond, unseen=unseen),
            CONTRACT,
        )

        assert (kept is not None) == (20 * max(between, beyond, unseen) <= n)
        assert kept is None or kept.digest == GRID.digest

    @given(k=st.integers(min_value=1, max_value=40), extra=st.sampled_from([-1, 0]))
    def test_at_exactly_a_twentieth_it_is_kept(self, k, extra):
        """One row less, and the same values are too many."""
        seen = rows(n=20 * k + extra, missing=0, between=0, beyond=k, unseen=0)

        kept = grid_to_keep(GRID, seen, CONTRACT)

        assert (kept is None) == (extra == -1)

    @given(st.permutations(CONTRACT.features), st.booleans())
    def test_is_cut_anew_if_the_contract_has_other_features(self, features, renamed):
        """Others, or in another order: the cells belong to features by their place."""
        if renamed:
            features = [replace(features[0], name="z"), *features[1:]]
        other = replace(CONTRACT, features=tuple(features))
        assume(other.features != CONTRACT.features)
        table = rows(n=100, missing=0, between=0, beyond=0, unseen=0)

        seen = table.append_column(
            "z", table["x" if features[0].kind.value == "numeric" else "word"]
        )

        assert grid_to_keep(GRID, seen, other) is None

    @given(st.integers(min_value=1, max_value=5))
    def test_other_ranges_in_the_contract_are_no_reason(self, seed):
        """Each retraining describes its own rows; the features are the same ones."""
        ranged = replace(CONTRACT.features[0], minimum=-float(seed), maximum=200.0)
        other = replace(CONTRACT, features=(ranged, CONTRACT.features[1]), data_digest=f"{seed}")
        table = rows(n=100, missing=0, between=0, beyond=0, unseen=0)

        assert grid_to_keep(GRID, table, other) is GRID
