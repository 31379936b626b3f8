"""Two data sets compared without a project."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.errors import ColumnError
from holdfast.drift.report import Verdict
from holdfast.loop.compare import compare_sources


class TableSource:
    """A table that is there already."""

    digest = "d" * 64

    def __init__(self, table):
        self._table = table

    def read(self):
        return self._table

    def batches(self, rows):
        yield self._table


def table(seed, n=1000, *, shift=0.0, plan=("a", "b"), **more):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "charges": rng.normal(size=n) + shift,
            "plan": rng.choice(plan, n).tolist(),
            **{name: column[:n] for name, column in more.items()},
        }
    )


def compared(reference, current, **options):
    return compare_sources(TableSource(reference), TableSource(current), **options)


class TestCompareSources:
    def test_names_what_drifted(self):
        """And nothing else."""
        report = compared(table(0), table(1, shift=0.5))

        assert report.names(Verdict.DRIFTED) == ("charges",)
        assert (report.n_reference, report.n_current) == (1000, 1000)

    def test_finds_nothing_in_a_second_draw(self):
        """The same world twice."""
        assert compared(table(0), table(1)).share_drifted == 0.0

    def test_sees_categories_that_the_reference_never_had(self):
        """By name."""
        report = compared(table(0), table(1, plan=("a", "b", "c")))

        assert report.feature("plan").unseen[0][0] == "c"
        assert report.feature("plan").drifted

    def test_leaves_out_what_it_is_told_to(self):
        """And what only names the rows."""
        numbered = table(0).append_column("row", [[f"r{i:04}" for i in range(1000)]])

        report = compared(numbered, numbered, drop=["plan"])

        assert [feature.name for feature in report.features] == ["charges"]

    @pytest.mark.parametrize(
        ("lacking", "words"), [(["plan"], "'plan'"), (["plan", "charges"], "nor are 1 more")]
    )
    def test_says_which_column_the_current_file_lacks(self, lacking, words):
        """And what to do about it."""
        current = table(1).append_column("other", [[0.5] * 1000]).drop_columns(lacking)

        with pytest.raises(ColumnError, match=words) as caught:
            compared(table(0), current)

        assert "--drop" in str(caught.value)

    def test_the_report_is_strict_json(self):
        """With the keys that other tools read."""
        found = json.loads(json.dumps(compared(table(0), table(1)).to_json(), allow_nan=False))

        assert {"schema_version", "n_reference", "n_current", "features", "drifted"} <= set(found)
        assert found["features"][0]["tests"][0]["method"].islower()
