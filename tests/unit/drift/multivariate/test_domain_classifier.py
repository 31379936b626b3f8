"""A classifier that tries to tell the windows apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.canonical import canonical_json
from holdfast.drift.multivariate.bounds import MultivariatePolicy
from holdfast.drift.multivariate.domain_classifier import classify_domains
from holdfast.drift.multivariate.importance import View
from holdfast.drift.verdicts import Verdict


def classify(*windows, **asked):
    """Call it from one place that no type checker follows: most answers may be None."""
    return classify_domains(*windows, **asked)


@pytest.fixture(name="one_column")
def _one_column(contract_of):
    """Compare two windows of one column x of a kind."""

    def compare(kind, reference, current):
        arrow = {"numeric": pa.float64(), "categorical": pa.string(), "boolean": pa.bool_()}[kind]
        before, after = (pa.table({"x": pa.array(x, arrow)}) for x in (reference, current))
        return classify(before, after, contract_of(x=kind), rng=np.random.default_rng(0))

    return compare


class TestLevel:
    def test_p_values_without_drift_are_no_smaller_than_chance(self, pairs, pair_contract):
        """The choice between the views included."""
        policy = MultivariatePolicy(permutations=99, exceedances=10)
        rng = np.random.default_rng(0)

        p_values = np.array(
            [
                classify(
                    pairs(rng, 60), pairs(rng, 40), pair_contract, rng=rng, policy=policy
                ).p_value
                for _ in range(200)
            ]
        )

        for level in (0.05, 0.1, 0.5):
            error = np.sqrt(level * (1 - level) / 200)
            assert np.mean(p_values <= level) < level + 3 * error
        assert np.mean(p_values <= 0.5) > 0.5 - 4 * np.sqrt(0.25 / 200)


class TestDrift:
    def test_finds_joint_drift_and_names_both_partners(self, pairs, pair_contract):
        """Every single distribution is as it was; the correlation changed its sign."""
        rng = np.random.default_rng(0)

        found = classify(
            pairs(rng, 1_000), pairs(rng, 1_000, correlation=-0.6), pair_contract, rng=rng
        )

        assert found.drifted
        assert found.only_together
        assert found.auc > 0.65
        assert {(one.name, one.partner) for one in found.telling} == {
            ("calls", "charges"),
            ("charges", "calls"),
        }

    def test_finds_words_that_no_longer_go_together(self, contract_of):
        """Two categories that agreed, then disagree; each as frequent as before."""
        rng = np.random.default_rng(0)
        city = rng.choice(["north", "south"], 2_000)
        same = rng.random(2_000) < np.where(np.arange(2_000) < 1_000, 0.8, 0.2)
        shop = np.where(same, city, np.where(city == "north", "south", "north"))
        table = pa.table({"city": city, "shop": shop, "other": rng.choice(["a", "b"], 2_000)})
        contract = contract_of(city="categorical", shop="categorical", other="categorical")

        found = classify(
            table.slice(0, 1_000), table.slice(1_000), contract, rng=np.random.default_rng(0)
        )

        assert found.only_together
        assert {one.name for one in found.telling} == {"city", "shop"}

    def test_finds_a_shift_of_one_feature_among_many(self, telco, contract):
        """And names it, and no other."""
        rng = np.random.default_rng(0)

        found = classify(
            telco(rng, 1_000), telco(rng, 1_000, month_to_month=0.75), contract, rng=rng
        )

        assert found.drifted
        assert [(one.name, one.view) for one in found.telling] == [("contract", View.ALONE)]
        assert not found.only_together

    def test_finds_values_that_go_missing(self, telco, contract):
        """They are not dropped before the comparison."""
        rng = np.random.default_rng(0)

        found = classify(telco(rng, 1_000), telco(rng, 1_000, missing=0.15), contract, rng=rng)

        assert found.drifted
        assert found.telling[0].name == "total_charges"

    def test_finds_new_categories_among_hundreds(self, one_column):
        """None of them is frequent enough for a column of its own."""
        rng = np.random.default_rng(0)
        reference = [f"city {i}" for i in rng.integers(747, size=3_000)]
        current = [f"city {i}" for i in rng.integers(747, size=2_600)]
        new = [f"town {i}" for i in rng.integers(747, size=400)]

        found = one_column("categorical", reference, current + new)

        assert found.drifted
        assert found.telling[0].name == "x"

    def test_hundreds_of_categories_are_no_drift(self, one_column):
        """Many are seen in one window only, by chance."""
        rng = np.random.default_rng(1)
        reference, current = (
            [f"city {i}" for i in rng.integers(747, size=n)] for n in (3_000, 1_000)
        )

        found = one_column("categorical", reference, current)

        assert found.verdict is Verdict.STABLE
        assert found.p_value > 0.05

    def test_more_features_than_pairs_have_columns(self, contract_of):
        """A flipped correlation among sixty features is still found, and named."""
        rng = np.random.default_rng(0)
        values = rng.normal(size=(4_000, 60))
        sign = np.where(np.arange(4_000) < 2_000, 0.8, -0.8)
        values[:, 41] = sign * values[:, 7] + 0.6 * rng.normal(size=4_000)
        table = pa.table({f"x{i}": values[:, i] for i in range(60)})
        contract = contract_of(**dict.fromkeys(table.column_names, "numeric"))

        found = classify(
            table.slice(0, 2_000), table.slice(2_000), contract, rng=np.random.default_rng(0)
        )

        assert found.only_together
        assert {one.name for one in found.telling[:2]} == {"x7", "x41"}


class TestNotEnough:
    @pytest.mark.parametrize(("n", "m"), [(1_000, 1), (1_000, 0), (29, 1_000), (0, 0)])
    def test_too_few_rows_to_fit_is_a_verdict(self, pairs, pair_contract, n, m):
        """It says how many would be enough, and nothing else."""
        rng = np.random.default_rng(0)

        found = classify(pairs(rng, n), pairs(rng, m), pair_contract, rng=rng)

        assert found.verdict is Verdict.UNDERPOWERED
        assert found.auc is None
        assert found.p_value is None
        assert found.needed.current >= 30

    def test_a_fit_on_few_rows_may_be_blind(self, pairs, pair_contract):
        """No drift seen, and none of that size could have been."""
        rng = np.random.default_rng(0)

        found = classify(pairs(rng, 1_000), pairs(rng, 40), pair_contract, rng=rng)
        enough = classify(
            pairs(rng, 1_000), pairs(rng, found.needed.current), pair_contract, rng=rng
        )

        assert found.verdict is Verdict.UNDERPOWERED
        assert found.smallest_detectable > 0.6
        assert enough.verdict is Verdict.STABLE

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("numeric", [7.0] * 200),
            ("numeric", [None] * 200),
            ("categorical", ["a"] * 200),
            ("boolean", [True] * 200),
            ("numeric", [1.0, 2.0] * 100),
            ("boolean", [True, False] * 100),
        ],
        ids=["constant", "missing", "one word", "always yes", "duplicates", "two answers"],
    )
    def test_equal_windows_are_stable(self, one_column, kind, values):
        """Also where there is nothing, or little, to look at: no NaN, strict JSON."""
        found = one_column(kind, values, values)

        assert found.verdict is Verdict.STABLE
        assert found.p_value > 0.1
        assert canonical_json(found.to_json())

    def test_a_constant_that_changes_is_told_at_once(self, one_column):
        """Every row is."""
        found = one_column("numeric", [7.0] * 100, [8.0] * 100)

        assert found.auc == 1.0
        assert found.telling[0].name == "x"

    def test_a_difference_too_small_to_matter_is_stable(self, one_column):
        """With enough rows everything is significant."""
        rng = np.random.default_rng(0)

        found = one_column("numeric", rng.normal(size=40_000), rng.normal(0.05, size=40_000))

        assert found.p_value < 0.02
        assert found.auc < 0.52
        assert found.verdict is Verdict.STABLE
