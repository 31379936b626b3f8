"""The report on whole rows."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.sources.csv import CsvSource
from holdfast.domain.canonical import canonical_json
from holdfast.domain.contract import Contract, Target
from holdfast.domain.features import feature_table, features_of
from holdfast.domain.survey import survey
from holdfast.drift.multivariate.importance import View
from holdfast.drift.multivariate.report import multivariate
from holdfast.drift.verdicts import Verdict


class TestMultivariate:
    def test_the_same_rows_and_seed_give_the_same_report(self, pairs, pair_contract):
        """Nothing is drawn from elsewhere."""
        before, after = (pairs(np.random.default_rng(seed), 400) for seed in (0, 1))

        first, second = (
            multivariate(before, after, pair_contract, seed=7, max_rows=300) for _ in range(2)
        )

        assert canonical_json(first.to_json()) == canonical_json(second.to_json())

    def test_joint_drift_is_said_in_words(self, pairs, pair_contract):
        """Both methods find it, and both partners are named."""
        rng = np.random.default_rng(0)

        report = multivariate(pairs(rng, 1_000), pairs(rng, 1_000, correlation=-0.6), pair_contract)

        said = " ".join(report.words())
        assert report.verdict is Verdict.DRIFTED
        assert "can tell current rows from reference rows" in said
        assert "No single feature does, but how they go together" in said
        assert "calls with charges" in said
        assert "fits current rows worse" in said

    def test_no_drift_is_said_with_what_would_have_been_found(self, pairs, pair_contract):
        """Silence alone would not say how much it is worth."""
        rng = np.random.default_rng(0)

        report = multivariate(pairs(rng, 1_000), pairs(rng, 1_000), pair_contract)

        assert report.verdict is Verdict.STABLE
        assert "would have been found" in report.words()[0]
        assert "still holds" in report.words()[1]

    @pytest.mark.parametrize(("n", "m"), [(500, 1), (500, 0), (10, 500), (500, 40)])
    def test_too_few_rows_are_said(self, pairs, pair_contract, n, m):
        """With how many would be enough; as strict JSON, too."""
        rng = np.random.default_rng(0)

        report = multivariate(pairs(rng, n), pairs(rng, m), pair_contract)

        assert report.verdict is Verdict.UNDERPOWERED
        assert "too few" in report.words()[0].lower()
        assert "would be enough" in report.words()[0]
        assert json.loads(canonical_json(report.to_json()))["verdict"] == "underpowered"

    def test_large_windows_are_drawn_from_and_that_is_said(self, pairs, pair_contract):
        """The time is bounded; the report does not claim to have seen all rows."""
        rng = np.random.default_rng(0)

        report = multivariate(pairs(rng, 900), pairs(rng, 100), pair_contract, max_rows=200)

        assert report.subsampled
        assert (report.classifier.n_reference, report.classifier.n_current) == (200, 100)
        assert "200 of 900 reference rows and 100 of 100 current ones" in report.words()[-1]

    def test_rows_drawn_elsewhere_are_said_too(self, pairs, pair_contract):
        """Whoever streams a file draws from it first."""
        rng = np.random.default_rng(0)

        report = multivariate(
            pairs(rng, 200), pairs(rng, 200), pair_contract, drawn_from=(200, 10**6)
        )

        assert "200 of 1000000 current ones" in report.words()[-1]

    def test_nothing_heavy_is_imported(self):
        """A second of waiting for pandas, which is not used, or for scikit-learn."""
        done = subprocess.run(
            [sys.executable, "-c", _COMPARE_ONE_COLUMN], capture_output=True, text=True, check=True
        )

        assert done.stdout.strip() == "stable []"


_COMPARE_ONE_COLUMN = """
import sys
from holdfast.domain.arrow import mask_array, word_array
import numpy as np, pyarrow as pa
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
import holdfast.drift.report
assert not [name for name in sys.modules if "drift.multivariate" in name]
from holdfast.drift.multivariate.report import multivariate
features = [
    Feature(name="x", kind=FeatureKind.CATEGORICAL, nullable=True),
    Feature(name="y", kind=FeatureKind.BOOLEAN, nullable=True),
    Feature(name="z", kind=FeatureKind.NUMERIC, nullable=True),
]
target = Target(name="t", positive="1", negative="0")
contract = Contract(features=tuple(features), target=target, threshold=0.5, data_digest="0" * 64)
yes = mask_array(np.arange(400) % 3 == 0)
columns = [word_array(["a", "b"] * 200), yes, yes.cast(pa.int8()).cast(pa.float64())]
table = pa.Table.from_arrays(columns, names=["x", "y", "z"])
report = multivariate(table, table, contract, max_rows=300)
print(report.verdict, [name for name in ("pandas", "sklearn") if name in sys.modules])
"""


@pytest.mark.slow
class TestRealRows:
    @pytest.fixture(name="telecom")
    def _telecom(self, data_folder):
        """The rows of a real telecom, with what its columns are."""
        read = CsvSource(data_folder / "telco_ibm" / "Telco-Customer-Churn.csv").read()
        found = survey(read, drop=["customerID"])
        contract = Contract(
            features=features_of(read, found),
            target=Target(name="", positive="1", negative="0"),
            threshold=0.5,
            data_digest="0" * 64,
        )
        return feature_table(read, found), contract

    def test_resampled_rows_do_not_drift(self, telecom):
        """Two disjoint halves of one table, dealt out anew each time."""
        table, contract = telecom
        reports = []
        for seed in range(40):
            order = np.random.default_rng(seed).permutation(table.num_rows)
            before, after = (
                table.take(pa.array(order[:1_000])),
                table.take(pa.array(order[1_000:2_000])),
            )
            reports.append(multivariate(before, after, contract, seed=seed))

        assert sum(report.drifted for report in reports) <= 6  # binomial, 99%

    def test_joint_drift_of_real_rows_is_found(self, telecom):
        """One column is shuffled against all others: it alone is what it was."""
        table, contract = telecom
        rng = np.random.default_rng(0)
        order = rng.permutation(table.num_rows)
        before, after = (table.take(pa.array(half)) for half in np.array_split(order, 2))
        place = after.column_names.index("tenure")
        shuffled = after.column("tenure").take(pa.array(rng.permutation(after.num_rows)))

        report = multivariate(before, after.set_column(place, "tenure", shuffled), contract)

        assert report.drifted
        assert report.classifier.only_together
        assert report.classifier.telling[0].view is View.TOGETHER
        assert "tenure" in {one.name for one in report.classifier.telling}
