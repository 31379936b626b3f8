"""Tests of the rates that tell of a feature or a score that moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import GridMismatchError
from holdfast.drift.grid import cut_grid
from holdfast.drift.indicators import decile_cells, feature_indicators, score_indicators
from holdfast.drift.profile import profile
from holdfast.drift.scores import cut_score_grid, score_profile

RNG = np.random.default_rng(0)
NOT_TOLD = (0.0, 1.0)


def counted(reference, current=None, *, kind=FeatureKind.NUMERIC):
    """Return one feature's indicators, and what they count in a current window."""
    contract = Contract(
        features=(Feature(name="x", kind=kind, nullable=True),),
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )
    table = pa.table({"x": reference})
    grid = cut_grid(table, contract)
    known = profile(table, grid).features[0]
    rated = feature_indicators(known, grid.features[0], tolerance=0.02)
    seen = profile(pa.table({"x": reference if current is None else current}), grid)
    return rated, rated.tally(seen.features[0])


def bounds_of(rated, z=3.0):
    low, high = rated.bounds(z=z, dispersion=1.0, tolerance=0.02)
    return dict(zip(rated.words, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def words(*counts):
    """Return a column in which each word stands so often."""
    return pa.array([word for word, n in counts for _ in range(n)], type=pa.string())


class TestDecileCells:
    def test_cuts_at_the_tenths_of_the_mass(self):
        """As closely as the cells allow."""
        cells = np.zeros(2_001, dtype=np.int64)
        cells[1::2] = 7

        shares = np.cumsum(cells)[decile_cells(cells)] / cells.sum()

        np.testing.assert_allclose(shares, np.arange(1, 10) / 10, atol=0.001)

    def test_never_divides_a_single_value(self):
        """Where 95% are zero there is one cut: zero, or more."""
        cells = np.array([0, 950, 0, 20, 10, 20, 0])

        assert decile_cells(cells).tolist() == [1]

    def test_watches_both_sides_of_a_constant(self):
        """Another value below or above it would be news."""
        assert decile_cells(np.array([0, 40, 0])).tolist() == [0, 1]

    @pytest.mark.parametrize("cells", [[0], [0, 0, 0]])
    def test_without_rows_there_is_nothing_to_cut(self, cells):
        """A feature that was missing throughout."""
        assert decile_cells(np.array(cells)).size == 0


class TestNumericIndicators:
    def test_asks_for_nine_deciles_and_for_missing_values(self):
        """Of a continuous feature."""
        rated, tally = counted(RNG.normal(size=5_000))

        assert len(rated.words) == 10
        np.testing.assert_allclose(tally.hits[:9] / tally.n[:9], np.arange(1, 10) / 10, atol=0.001)
        assert (tally.hits[9], tally.n[9]) == (0, 5_000)

    def test_counts_what_its_words_say(self):
        """Atoms belong to the cut that ends with them."""
        values = np.repeat([1.0, 2.0, 5.0], [300, 500, 200])

        rated, tally = counted(values, np.array([0.5, 1.0, 1.5, 2.0, 2.5, 7.0]))

        assert rated.words == ("share of x ≤ 1", "share of x ≤ 2", "share of x missing")
        assert tally.hits.tolist() == [2, 4, 0]

    def test_says_which_side_of_an_open_cell_is_meant(self):
        """Below a constant lies what is less, not what is less or equal."""
        rated, tally = counted(np.full(50, 3.0), np.array([2.0, 3.0, 3.0, 4.0]))

        assert rated.words[:2] == ("share of x < 3", "share of x ≤ 3")
        assert tally.hits[:2].tolist() == [1, 3]

    def test_missing_and_infinite_values_are_no_values(self):
        """Rates of values are among the values, that of missing ones among the rows."""
        current = pa.array([1.0, None, np.inf, 2.0])

        _, tally = counted(np.array([1.0, 2.0, 3.0]), current)

        assert tally.n.tolist() == [2, 2, 4]
        assert tally.hits[-1] == 2

    def test_a_feature_that_was_missing_throughout_may_come_to_life(self):
        """That is all there is to watch of it."""
        rated, tally = counted(pa.nulls(80, pa.float64()))

        assert rated.words == ("share of x missing",)
        low, high = bounds_of(rated)["share of x missing"]
        assert 0.8 < low < 0.98
        assert high == 1.0
        assert tally.hits.tolist() == [80]


class TestCategoryIndicators:
    REFERENCE = words(("a", 400), ("b", 300), ("c", 285), ("d", 8), ("e", 7))

    def test_frequent_categories_stand_alone_and_rare_ones_together(self):
        """A category of less than the tolerated change cannot fall by it, and has few rows."""
        rated, tally = counted(self.REFERENCE, kind=FeatureKind.CATEGORICAL)

        assert rated.words == (
            "share of x = a",
            "share of x = b",
            "share of x = c",
            "share of x in 2 rare categories",
            "share of x never seen before",
            "share of x missing",
        )
        assert tally.hits.tolist() == [400, 300, 285, 15, 0, 0]

    def test_counts_unseen_words_and_missing_ones(self):
        """Each as what it is."""
        current = pa.array(["a", "zz", None, "e", "yy"])

        _, tally = counted(self.REFERENCE, current, kind=FeatureKind.CATEGORICAL)

        assert tally.hits.tolist() == [1, 0, 0, 1, 2, 1]
        assert tally.n.tolist() == [4, 4, 4, 4, 4, 5]

    def test_at_most_twenty_stand_alone(self):
        """Evidence is averaged over all of them: more would drown each."""
        reference = words(*((f"w{number:02}", 40) for number in range(30)))

        rated, _ = counted(reference, kind=FeatureKind.CATEGORICAL)

        assert len(rated.words) == 20 + 1 + 2
        assert "share of x in 10 rare categories" in rated.words

    def test_of_two_categories_one_says_it_all(self):
        """The other would say the same the other way round."""
        reference = words(("yes", 60), ("no", 40))

        rated, _ = counted(reference, kind=FeatureKind.CATEGORICAL)

        assert rated.words[0] == "share of x = no"
        assert len(rated.words) == 3

    def test_a_boolean_has_no_third_value(self):
        """So nothing unseen is watched."""
        rated, tally = counted(
            pa.array([True] * 30 + [False] * 70 + [None] * 10), kind=FeatureKind.BOOLEAN
        )

        assert rated.words == ("share of x = true", "share of x missing")
        assert tally.hits.tolist() == [30, 10]
        assert tally.n.tolist() == [100, 110]

    def test_a_boolean_that_never_was_true_may_become_it(self):
        """The value that the reference lacks is the one to watch."""
        rated, tally = counted(pa.array([False] * 50), kind=FeatureKind.BOOLEAN)

        assert rated.words[0] == "share of x = true"
        assert tally.hits[0] == 0

    def test_rare_new_words_are_put_up_with_where_rare_words_were(self):
        """A reference of many words seen once promises more of them."""
        common = words(("a", 500), ("b", 500))
        often_new = words(("a", 400), ("b", 400), *((f"once {n}", 1) for n in range(200)))

        few, many = (
            bounds_of(counted(reference, kind=FeatureKind.CATEGORICAL)[0])[
                "share of x never seen before"
            ]
            for reference in (common, often_new)
        )

        assert few[1] < 0.03
        assert many[1] == pytest.approx((201 + 3 * np.sqrt(201)) / 1_001 + 0.02)
        assert (few[0], many[0]) == (0.0, 0.0)

    def test_fewer_new_words_are_no_alarm(self):
        """Where the grid is older than the reference, its words have become known since."""
        rated, _ = counted(words(("a", 60), ("b", 40)), kind=FeatureKind.CATEGORICAL)
        reference = replace(rated.reference, n_unseen=50)

        low, high = bounds_of(replace(rated, reference=reference))["share of x never seen before"]

        assert low == 0.0
        assert 50 / 150 < high < 0.6

    def test_a_single_category_is_watched_safely(self):
        """It may fall; it cannot rise."""
        rated, _ = counted(words(("only", 400)), kind=FeatureKind.CATEGORICAL)

        low, high = bounds_of(rated)["share of x = only"]
        assert 0.9 < low < 0.98
        assert high == 1.0

    def test_without_reference_words_nothing_is_bet_on_new_ones(self):
        """Everything would be new."""
        rated, _ = counted(pa.nulls(9, pa.string()), kind=FeatureKind.CATEGORICAL)

        assert bounds_of(rated)["share of x never seen before"] == NOT_TOLD


class TestScoreIndicators:
    SCORES = RNG.beta(2, 5, size=3_000)
    GRID = cut_score_grid(SCORES, threshold=0.4)

    def test_asks_for_the_deciles_of_the_reference(self):
        """Nine of them: a score is never missing."""
        rated = score_indicators(score_profile(self.SCORES, self.GRID), self.GRID)

        tally = rated.tally(score_profile(self.SCORES[:600], self.GRID))

        assert len(rated.words) == 9
        assert rated.words[0].startswith("share of scores")
        np.testing.assert_allclose(tally.hits / tally.n, np.arange(1, 10) / 10, atol=0.06)

    def test_without_scores_there_is_nothing_to_see(self):
        """Another release served that day."""
        rated = score_indicators(score_profile(self.SCORES, self.GRID), self.GRID)

        assert rated.tally(None).n.sum() == 0

    def test_refuses_the_scores_of_another_release(self):
        """Their cells mean something else."""
        rated = score_indicators(score_profile(self.SCORES, self.GRID), self.GRID)
        other = cut_score_grid(self.SCORES, threshold=0.6)

        with pytest.raises(GridMismatchError):
            rated.tally(score_profile(self.SCORES, other))

    def test_a_model_that_says_one_thing_only_is_watched(self):
        """Another score would be news; so far there is none."""
        grid = cut_score_grid(np.full(90, 0.25), threshold=0.4)

        rated = score_indicators(score_profile(np.full(90, 0.25), grid), grid)

        assert rated.words == ("share of scores < 0.25", "share of scores ≤ 0.25")
