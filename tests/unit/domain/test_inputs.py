"""From rows as they are sent to rows as models are given them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.domain.inputs import Inputs, date_text, example_of, is_code

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
TARGET = Target(name="left", positive="yes", negative="no")


def derived(part, *, source="since", nullable=False, timed=False):
    derivation = Derivation(source=source, part=part, timed=timed, origin_at=NOON)
    return Feature(
        name=derivation.name,
        kind=FeatureKind.NUMERIC,
        nullable=nullable,
        derived=derivation,
        typical=30.0,
    )


PRICE = Feature(name="price", kind=FeatureKind.NUMERIC, nullable=True, missing=(999.0,))
PLAN = Feature(name="plan", kind=FeatureKind.CATEGORICAL, nullable=False)
CONTRACT = Contract(
    features=(
        PRICE,
        derived(DatePart.AGE),
        derived(DatePart.WEEKDAY_COSINE),
        PLAN,
        derived(DatePart.AGE, source="seen", nullable=True, timed=True),
    ),
    target=TARGET,
    threshold=0.5,
    data_digest="0" * 64,
)
INPUTS = Inputs(CONTRACT)


class TestInputs:
    def test_asks_for_dates_in_place_of_their_features(self):
        """In the contract's order, each once; and knows which may be missing."""
        assert INPUTS.names == ("price", "since", "plan", "seen")
        assert INPUTS.dates == {"since": False, "seen": True}
        assert not INPUTS.is_plain
        assert Inputs(replace(CONTRACT, features=(PLAN,))).is_plain

    def test_gives_what_dates_mean_at_the_moment(self):
        """All else as it was sent."""
        row = INPUTS.cleaned((3.0, "2026-03-02", "new", "2026-03-04T12:00Z"))

        assert row is not None
        assert INPUTS.given(row, NOON) == (3.0, 3.0, 1.0, "new", 1.0)

    def test_leaves_what_comes_of_a_missing_date_missing(self):
        """If it may be."""
        row = INPUTS.cleaned((3.0, "2026-03-02", "new", None))

        assert row is not None
        assert INPUTS.given(row, NOON)[-1] is None

    def test_takes_codes_for_missing(self):
        """As training did."""
        row = INPUTS.cleaned((999.0, "2026-03-02", "new", None))

        assert row is not None
        assert row[0] is None

    @pytest.mark.parametrize("row", [(1.0, None, "new", None), (1.0, "soon", "new", None)])
    def test_leaves_rows_with_faults_to_a_closer_look(self, row):
        """A date that is none, or may not be missing."""
        assert INPUTS.cleaned(row) is None

    def test_leaves_a_code_that_may_not_be_missing_to_a_closer_look(self):
        """Training never saw the value missing."""
        strict = Contract(
            features=(replace(PRICE, nullable=False),),
            target=TARGET,
            threshold=0.5,
            data_digest="0" * 64,
        )

        assert Inputs(strict).cleaned((999.0,)) is None


class TestDateText:
    def test_is_one_for_all_forms_of_a_moment(self):
        """So that a request that is sent again in another form is the same."""
        assert date_text("2026-03-05") == date_text("2026-03-05T01:00:00+01:00")


class TestIsCode:
    def test_knows_the_codes_of_its_feature(self):
        """A feature without any has none."""
        assert is_code(999, PRICE)
        assert not is_code(998.0, PRICE)
        assert not is_code("new", PLAN)


class TestExampleOf:
    def test_shows_what_a_client_would_send(self):
        """A date of about the age that is typical."""
        row = example_of(CONTRACT, (5.0, 30.0, 1.0, "new", 30.0))

        assert row == {
            "price": 5.0,
            "since": "2026-02-03",
            "plan": "new",
            "seen": "2026-02-03T12:00:00+00:00",
        }
