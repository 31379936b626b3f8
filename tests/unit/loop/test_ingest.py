"""From a source to training rows: order, labels, entities, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.sources import TableSource, open_source
from holdfast.domain.derivation import Derivation
from holdfast.domain.errors import ColumnError, TargetError
from holdfast.loop.ingest import DataSpec, ingest


def source_of(**columns):
    """Return a source of columns that are there already."""
    return TableSource(pa.table(columns))


def _day(day):
    return datetime(2024, 1, day, tzinfo=UTC)


class TestIngest:
    def test_gives_rows_a_model_can_be_trained_on(self):
        """Features in contract types, labels as truth values, and where they came from."""
        source = source_of(
            tenure=[1.0, 2.0, 1.0, 4.0],
            plan=["a", "b", None, "a"],
            customer=["k1", "k2", "k1", "k4"],
            churned=[1.0, 0.0, 0.0, None],
        )

        data = ingest(source, DataSpec(target="churned", entity="customer"))

        assert len(data) == 3
        assert data.features.to_pydict() == {"tenure": [1.0, 2.0, 1.0], "plan": ["a", "b", None]}
        assert data.labels.tolist() == [True, False, False]
        assert (data.target.positive, data.target.negative) == ("1", "0")
        assert [feature.name for feature in data.feature_specs] == ["tenure", "plan"]
        assert data.entities is not None
        assert data.entities.tolist() == ["k1", "k2", "k1"]
        assert data.times is None
        assert data.digest == source.digest
        assert data.survey.n_unlabelled == 1

    def test_describes_the_labelled_rows_alone(self):
        """What a row without a label holds, no model has seen."""
        source = source_of(x=[1.0, 2.0, None], y=["a", "b", None])

        data = ingest(source, DataSpec(target="y"))

        assert not data.feature_specs[0].nullable

    def test_counts_dates_to_the_moment_of_each_row(self):
        """Its time; or, where none is named, the newest date in the file."""
        columns = {
            "since": pa.array([_day(3), _day(1), None, _day(2)], pa.timestamp("us", tz="UTC")),
            "at": [_day(9), _day(6), _day(7), _day(8)],
            "y": ["a", "b", "a", "b"],
        }

        timed = ingest(source_of(**columns), DataSpec(target="y", time="at"))
        plain = ingest(source_of(**columns), DataSpec(target="y", drop=("at",)))

        name = "since (age in days)"
        assert timed.features.column(name).to_pylist() == [5.0, None, 6.0, 6.0]
        assert plain.features.column(name).to_pylist() == [0.0, 2.0, None, 1.0]
        (spec,) = plain.feature_specs
        assert (spec.name, spec.nullable, spec.maximum) == (name, True, 2.0)
        assert isinstance(spec.derived, Derivation)
        assert spec.derived.origin_at == _day(3)

    def test_takes_codes_for_missing_values(self):
        """And tells whoever serves the model which they are."""
        source = source_of(pdays=[1.0, 999.0, 3.0], y=["a", "b", "a"])

        data = ingest(source, DataSpec(target="y", missing={"pdays": (999.0,)}))

        assert data.features.column("pdays").to_pylist() == [1.0, None, 3.0]
        (spec,) = data.feature_specs
        assert (spec.nullable, spec.maximum, spec.missing) == (True, 3.0, (999.0,))

    def test_orders_rows_by_time(self):
        """Labels and entities move along; rows of one moment keep their order."""
        source = source_of(
            x=[3.0, 1.0, 9.0, 2.0, 2.5],
            at=[_day(3), _day(1), None, _day(2), _day(2)],
            who=["c", "a", "z", "b", "b2"],
            y=["no", "yes", "yes", "no", "yes"],
        )

        data = ingest(source, DataSpec(target="y", time="at", entity="who"))

        assert data.features.column("x").to_pylist() == [1.0, 2.0, 2.5, 3.0]
        assert data.labels.tolist() == [True, False, True, False]
        assert data.entities is not None
        assert data.times is not None
        assert data.entities.tolist() == ["a", "b", "b2", "c"]
        assert data.times.dtype == np.dtype("datetime64[us]")
        assert (np.diff(data.times) >= np.timedelta64(0)).all()
        assert data.survey.n_undated == 1

    def test_keeps_the_order_of_rows_of_one_moment(self):
        """Batch imports stamp thousands of rows alike."""
        source = source_of(
            x=[i + 0.5 for i in range(100)],
            at=[_day(2 - i % 2) for i in range(100)],
            y=["a", "b"] * 50,
        )

        data = ingest(source, DataSpec(target="y", time="at"))

        odd_then_even = [*range(1, 100, 2), *range(0, 100, 2)]
        assert data.features.column("x").to_pylist() == [i + 0.5 for i in odd_then_even]

    def test_writes_numbered_entities_without_a_fraction(self):
        """Customer 3000002 is not 3000002.0."""
        source = source_of(x=[1.0, 2.0], id=[3_000_002.0, None], y=["a", "b"])

        data = ingest(source, DataSpec(target="y", entity="id"))

        assert data.entities is not None
        assert data.entities.tolist() == ["3000002", None]

    def test_obeys_the_owner(self):
        """What is positive, what is dropped, which numbers are codes."""
        source = source_of(
            x=[1.0, 2.0, 2.0], area=[408.0, 415.0, 408.0], leak=[0.0, 1.0, 1.0], y=["a", "b", "b"]
        )

        data = ingest(
            source, DataSpec(target="y", positive="a", drop=("leak",), categorical=("area",))
        )

        assert data.labels.tolist() == [True, False, False]
        assert data.features.to_pydict() == {"x": [1.0, 2.0, 2.0], "area": ["408", "415", "408"]}

    def test_refuses_what_the_survey_refuses(self):
        """With its words."""
        source = source_of(x=[1.0, 2.0], y=["a", "b"])

        with pytest.raises(TargetError, match="Did you mean 'y'"):
            ingest(source, DataSpec(target="Y"))
        with pytest.raises(ColumnError, match="ISO form"):
            ingest(source, DataSpec(target="y", time="x"))


class TestRealData:
    def test_takes_in_telco(self, data_folder):
        """The reference use, from the file as published."""
        source = open_source(data_folder / "telco_ibm/Telco-Customer-Churn.csv")

        data = ingest(source, DataSpec(target="Churn", entity="customerID"))

        specs = {feature.name: feature for feature in data.feature_specs}
        assert len(data) == 7_043
        assert int(data.labels.sum()) == 1_869
        assert len(specs) == 19
        assert specs["TotalCharges"].nullable
        assert specs["tenure"].whole
        assert specs["Contract"].categories == ("Month-to-month", "Two year", "One year")
        assert data.entities is not None
        assert data.entities[0] == "7590-VHVEG"
        assert data.digest == "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"

    def test_takes_in_a_set_of_codes(self, data_folder):
        """A class of 1 and 2 is read as those words."""
        source = open_source(data_folder / "german_credit/german.csv")

        data = ingest(source, DataSpec(target="credit", positive="2"))

        assert (data.target.positive, data.target.negative) == ("2", "1")
        assert int(data.labels.sum()) == 300
