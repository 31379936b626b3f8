"""Tests of a window's profile and of a release's reference."""

from __future__ import annotations

import csv

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import CorruptProfileError, EmptyWindowError, GridMismatchError
from holdfast.drift.grid import cut_grid
from holdfast.drift.profile import (
    Profile,
    ReferenceProfile,
    profile,
    reference_profile,
    total,
)
from holdfast.drift.scores import cut_score_grid, score_profile


def features_of(counted):
    return counted.features


@pytest.fixture(name="window")
def _window(telco):
    return telco(np.random.default_rng(0), 2_000, missing=0.05)


@pytest.fixture(name="grid")
def _grid(window, contract):
    return cut_grid(window, contract)


class TestProfile:
    def test_counts_what_a_direct_count_gives(self, window, grid):
        """Values at an edge, between edges, missing, minimum and maximum."""
        counted = profile(window, grid)

        tenure, _, charges = features_of(counted)[:3]
        values = window.column("tenure").to_numpy()
        np.testing.assert_array_equal(tenure.cells[1::2], np.unique(values, return_counts=True)[1])
        assert tenure.cells[::2].sum() == 0
        assert charges.n_missing == window.column("total_charges").null_count
        assert charges.maximum == pc.max(window.column("total_charges")).as_py()

    def test_mean_can_be_read_from_counts_and_sums(self, window, grid):
        """Edges times their counts, plus the sums of the open cells."""
        counted = features_of(profile(window, grid))[2]
        cells = grid.features[2]

        on_edges = (cells.edges * counted.cells[1::2]).sum()
        between = counted.sums.sum() + cells.median * counted.cells[::2].sum()

        mean = pc.mean(window.column("total_charges")).as_py()
        assert (on_edges + between) / counted.n_values == pytest.approx(mean, rel=1e-9)

    def test_counts_infinite_values_apart(self, one_feature):
        """They are neither missing nor values."""
        grid = cut_grid(pa.table({"x": [1.0, 2.0]}), one_feature("numeric"))

        (counted,) = features_of(profile(pa.table({"x": [1.0, np.inf, np.nan, None]}), grid))

        assert (counted.n_values, counted.n_missing, counted.n_non_finite) == (1, 2, 1)

    def test_names_unseen_categories(self, one_feature):
        """With their counts, so that a typing error is recognised at sight."""
        grid = cut_grid(pa.table({"x": ["DSL", "Fiber"]}), one_feature("categorical"))

        counted = profile(pa.table({"x": ["DSL", "dsl", "dsl", None]}), grid)

        (feature,) = features_of(counted)
        assert feature.unseen == (("dsl", 2),)
        assert (feature.n_unseen, feature.n_missing, counted.rows_outside) == (2, 1, 2)

    def test_counts_each_row_outside_once(self):
        """A row that is outside in two features is still one row."""
        contract = Contract(
            features=tuple(
                Feature(name=name, kind=FeatureKind.NUMERIC, nullable=True) for name in "ab"
            ),
            target=Target(name="y", positive="1", negative="0"),
            threshold=0.5,
            data_digest="",
        )
        grid = cut_grid(pa.table({"a": [0.0, 1.0], "b": [0.0, 1.0]}), contract)

        counted = profile(pa.table({"a": [9.0, 0.0, 9.0], "b": [9.0, 9.0, 0.0]}), grid)

        assert counted.rows_outside == 3

    def test_an_empty_batch_adds_nothing(self, window, grid):
        """The neutral element of addition."""
        counted = profile(window, grid)

        assert counted + profile(window.slice(0, 0), grid) == counted

    def test_refuses_profiles_of_another_grid(self, telco, contract, window, grid):
        """Their cells mean something else."""
        other = telco(np.random.default_rng(9), 500)

        with pytest.raises(GridMismatchError, match="different grids"):
            profile(window, grid) + profile(other, cut_grid(other, contract))

    def test_comes_back_from_bytes(self, window, grid):
        """With its scores."""
        scores = np.random.default_rng(1).random(2_000)
        counted = profile(
            window, grid, scores=score_profile(scores, cut_score_grid(scores, threshold=0.5))
        )

        assert Profile.from_bytes(counted.to_bytes()) == counted

    def test_refuses_bytes_that_are_none(self):
        """Such as those of another file."""
        with pytest.raises(CorruptProfileError):
            Profile.from_bytes(b"PAR1")

    def test_stays_small(self, data_folder):
        """A telecom's 20 columns, with eight continuous ones, take at most 100 KB."""
        with (data_folder / "churn_bigml" / "churn-bigml-80.csv").open() as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        words = {"State", "International plan", "Voice mail plan", "Churn"}
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        table = pa.table(
            {
                name: pa.array(values if name in words else [float(value) for value in values])
                for name, values in columns.items()
            }
        )
        kinds = {n: FeatureKind.CATEGORICAL if n in words else FeatureKind.NUMERIC for n in columns}
        contract = Contract(
            features=tuple(Feature(name=n, kind=k, nullable=True) for n, k in kinds.items()),
            target=Target(name="y", positive="1", negative="0"),
            threshold=0.5,
            data_digest="",
        )

        data = profile(table, cut_grid(table, contract)).to_bytes()

        assert len(contract.features) == 20
        assert len(data) <= 100_000

    def test_stays_small_on_the_reference_use(self, data_folder):
        """Telco's 7,043 customers with 19 features, three of them numbers."""
        path = data_folder / "telco_ibm" / "Telco-Customer-Churn.csv"
        with path.open() as file:
            rows = list(csv.DictReader(file))
        names = [name for name in rows[0] if name not in {"customerID", "Churn"}]
        numbers = {"tenure", "MonthlyCharges", "TotalCharges"}

        size = _size(
            {
                name: [float(row[name].strip() or "nan") for row in rows]
                if name in numbers
                else [row[name] for row in rows]
                for name in names
            }
        )

        assert (len(rows), len(names)) == (7043, 19)
        assert size <= 10_000

    @pytest.mark.parametrize(("n_continuous", "most"), [(3, 25_000), (14, 100_000)])
    def test_stays_small_where_no_value_comes_twice(self, n_continuous, most):
        """
        What costs is a sum in each cell of a continuous feature, some 7 KB: a telecom's 19
        columns may have fourteen of them.
        """
        rng = np.random.default_rng(0)
        columns = {
            f"x{i}": rng.lognormal(sigma=0.1 + i / 10, size=7043).tolist()
            if i < n_continuous
            else rng.choice(["Yes", "No", "No internet service"], 7043).tolist()
            for i in range(19)
        }

        assert _size(columns) <= most


def _size(columns):
    """Return the bytes of the profile of columns of numbers or words on their own grid."""
    kinds = {
        name: FeatureKind.CATEGORICAL if isinstance(values[0], str) else FeatureKind.NUMERIC
        for name, values in columns.items()
    }
    contract = Contract(
        features=tuple(Feature(name=n, kind=k, nullable=True) for n, k in kinds.items()),
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )
    table = pa.table(columns)
    return len(profile(table, cut_grid(table, contract)).to_bytes())


class TestScoresBeside:
    @pytest.fixture(name="scored")
    def _scored(self, window, grid):
        scores = np.random.default_rng(1).random(2_000)
        cells = cut_score_grid(scores, threshold=0.5)
        return profile(window, grid, scores=score_profile(scores, cells))

    def test_are_kept_by_addition(self, scored):
        """A window's scores are the sum of its buckets' scores."""
        assert (scored + scored).scores.n == 4_000

    def test_of_half_a_window_do_not_pass_for_all(self, scored):
        """A bucket with scores and one without do not add silently."""
        with pytest.raises(GridMismatchError, match="no scores"):
            scored + scored.without_scores()

    def test_can_be_left_out(self, scored):
        """Then buckets of different releases add."""
        assert (scored.without_scores() + scored.without_scores()).n_rows == 4_000


class TestTotal:
    def test_adds_buckets_to_a_window(self, window, grid):
        """Seven days make a week."""
        buckets = [profile(window.slice(start, 500), grid) for start in range(0, 2_000, 500)]

        assert total(buckets).n_rows == 2_000

    def test_refuses_a_window_without_buckets(self):
        """There is no grid to lie on, and nothing to judge."""
        with pytest.raises(EmptyWindowError):
            total([])


class TestReferenceProfile:
    def test_comes_back_from_bytes(self, window, contract):
        """Grid, counts and score grid in one file of a release."""
        scores = np.random.default_rng(1).random(900)

        reference = reference_profile(window, contract, scores, labels=scores > 0.5)

        again = ReferenceProfile.from_bytes(reference.to_bytes())
        assert again == reference
        assert again.profile.scores is not None
        assert again.profile.scores.n_labelled == 900

    def test_counts_on_the_projects_grid_if_there_is_one(self, telco, window, contract, grid):
        """So that profiles outlive a promotion."""
        later = telco(np.random.default_rng(5), 300)

        reference = reference_profile(later, contract, np.array([0.2, 0.7]), grid=grid)

        assert reference.grid.digest == grid.digest
        assert profile(window, grid).n_rows + reference.profile.n_rows == 2_300

    def test_refuses_counts_of_another_grid(self, telco, contract, window, grid):
        """A release with mixed files is refused when it is read."""
        other = telco(np.random.default_rng(9), 500)

        with pytest.raises(GridMismatchError):
            ReferenceProfile(grid=cut_grid(other, contract), profile=profile(window, grid))
