"""The quick reader of predict requests never says anything but what the careful one says."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from holdfast.serving.bodies import decode_object
from holdfast.serving.limits import ServingLimits
from holdfast.serving.payloads import read_predict
from holdfast.serving.typed_bodies import TypedBodies
from holdfast.testing.online import TINY_CONTRACT

LIMITS = ServingLimits(max_rows=3)
BODIES = TypedBodies()

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


class TestTypedBodies:
    @given(request=REQUESTS)
    def test_reads_as_the_careful_reader_does_or_not_at_all(self, request):
        """What it takes was valid, and means the same."""
        body = json.dumps(request).encode()

        found = BODIES.read(body, TINY_CONTRACT, LIMITS)

        if found is not None:
            assert found == read_predict(decode_object(body), TINY_CONTRACT, LIMITS)

    @given(first=ROWS, last=ROWS)
    def test_takes_the_last_of_two_values_of_a_key(self, first, last):
        """As the careful reader does, whatever the first one was."""
        body = f'{{"features": {json.dumps(first)}, "features": {json.dumps(last)}}}'.encode()

        found = BODIES.read(body, TINY_CONTRACT, LIMITS)

        if found is not None:
            assert found == read_predict(decode_object(body), TINY_CONTRACT, LIMITS)
