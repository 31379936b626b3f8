"""The quick reader of predict requests never says anything but what the careful one says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.contract import Feature, FeatureKind
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.serving.bodies import decode_object
from holdfast.serving.limits import ServingLimits
from holdfast.serving.payloads import read_predict
from holdfast.serving.typed_bodies import TypedBodies
from holdfast.testing.fakes import FakeClock
from holdfast.testing.online import TINY_CONTRACT

LIMITS = ServingLimits(max_rows=3)
BODIES, CLOCK = TypedBodies(), FakeClock()

NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 3.4028234e38, 3.4028235e38, 10**400, 2**64, 1e-400, 5e-324]),
)
VALUES: st.SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=5), st.just([])
)
ROWS = st.fixed_dictionaries(
    {"tenure": NUMBERS, "charges": NUMBERS, "senior": st.booleans(), "plan": st.text(min_size=1)}
) | st.fixed_dictionaries(dict.fromkeys(TINY_CONTRACT.names, VALUES))
NAMED = st.fixed_dictionaries(
    {"features": ROWS},
    optional={"id": VALUES, "entity": VALUES},
)
REQUESTS = (
    NAMED
    | st.fixed_dictionaries({"rows": st.lists(NAMED, max_size=4)}, optional={"explain": VALUES})
    | st.fixed_dictionaries({"features": ROWS, "rows": st.lists(NAMED, max_size=1)})
)


PRICE, *_, PLAN = TINY_CONTRACT.features


def dated(name, *, nullable):
    since = Derivation(source=name, part=DatePart.AGE, timed=nullable, origin_at=CLOCK.now())
    return Feature(name=since.name, kind=FeatureKind.NUMERIC, nullable=nullable, derived=since)


DATED = replace(
    TINY_CONTRACT,
    features=(
        replace(PRICE, nullable=True, missing=(999.0,)),
        dated("since", nullable=False),
        PLAN,
        dated("seen", nullable=True),
    ),
)
DATES = st.one_of(
    st.dates().map(str),
    st.datetimes(timezones=st.sampled_from([UTC])).map(str),
    st.sampled_from([None, "N/A", "", "31.1.2026", 20260131, "0001-01-01T00:00+09:00"]),
)
DATED_ROWS = st.fixed_dictionaries(
    {
        "tenure": st.sampled_from([3, 999, 999.0, None, "?"]),
        "since": DATES,
        "plan": st.sampled_from(["new", "n/a", "", "?", 415, None]),
        "seen": DATES,
    }
)


class TestTypedBodies:
    @given(rows=st.lists(DATED_ROWS, max_size=3))
    def test_reads_dates_and_codes_as_the_careful_reader_does(self, rows):
        """Both count them to the same moment, and keep what was sent."""
        body = json.dumps({"rows": [{"features": row, "id": "r"} for row in rows]}).encode()

        found = BODIES.read(body, DATED, LIMITS, CLOCK)

        if found is not None:
            assert found == read_predict(decode_object(body), DATED, LIMITS, at=CLOCK.now())

    def test_reads_dates_quickly(self):
        """So that the property above does not hold for want of readers."""
        row = {"tenure": 999, "since": "2025-12-31", "plan": "new", "seen": None}

        found = BODIES.read(json.dumps({"features": row}).encode(), DATED, LIMITS, CLOCK)

        assert found is not None
        (request,) = found.requests
        assert request.values == (None, 1.0, "new", None)
        assert request.sent == (None, "2025-12-31T00:00:00+00:00", "new", None)

    @given(request=REQUESTS)
    def test_reads_as_the_careful_reader_does_or_not_at_all(self, request):
        """What it takes was valid, and means the same."""
        body = json.dumps(request).encode()

        found = BODIES.read(body, TINY_CONTRACT, LIMITS, CLOCK)

        if found is not None:
            assert found == read_predict(decode_object(body), TINY_CONTRACT, LIMITS, at=CLOCK.now())

    @given(first=ROWS, last=ROWS)
    def test_takes_the_last_of_two_values_of_a_key(self, first, last):
        """As the careful reader does, whatever the first one was."""
        body = f'{{"features": {json.dumps(first)}, "features": {json.dumps(last)}}}'.encode()

        found = BODIES.read(body, TINY_CONTRACT, LIMITS, CLOCK)

        if found is not None:
            assert found == read_predict(decode_object(body), TINY_CONTRACT, LIMITS, at=CLOCK.now())
