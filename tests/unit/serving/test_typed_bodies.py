"""What is read at once, and what is left to the reader that can say what is wrong."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind
from holdfast.serving.bodies import decode_object
from holdfast.serving.limits import ServingLimits
from holdfast.serving.payloads import read_predict
from holdfast.serving.typed_bodies import _MOST_CONTRACTS, TypedBodies
from holdfast.testing.fakes import FakeClock
from holdfast.testing.online import TINY_CONTRACT

LIMITS = ServingLimits(max_rows=3, max_explained_rows=2)
CLOCK = FakeClock()
ROW = {"tenure": 3, "charges": 70.5, "senior": False, "plan": "monthly"}


def read(body, contract=TINY_CONTRACT, **options):
    return TypedBodies().read(msgspec.json.encode(body), contract, LIMITS, CLOCK, **options)


class TestTypedBodies:
    @pytest.mark.parametrize(
        "body",
        [
            {"features": ROW},
            {"features": ROW | {"charges": None}},
            {"features": ROW, "id": "order-1", "entity": "Ann"},
            {"features": ROW, "explain": True},
            {"rows": [{"features": ROW}]},
            {"rows": [{"features": ROW, "id": "a"}, {"features": ROW, "entity": "b"}]},
            {"rows": [{"features": ROW}], "explain": False},
        ],
    )
    def test_reads_what_fits_as_the_slower_reader_does(self, body):
        """The same payload, down to the type of each value."""
        found = read(body)

        expected = read_predict(
            decode_object(msgspec.json.encode(body)), TINY_CONTRACT, LIMITS, at=CLOCK.now()
        )
        assert found == expected
        assert [*map(type, found.requests[0].values)] == [*map(type, expected.requests[0].values)]

    @pytest.mark.parametrize(
        "body",
        [
            {"features": ROW | {"tenure": "3"}},
            {"features": ROW | {"tenure": 1e39}},
            {"features": ROW | {"plan": 415}},
            {"features": ROW | {"plan": ""}},
            {"features": ROW | {"plan": "\r"}},
            {"features": ROW | {"plan": " N/A "}},
            {"features": ROW | {"plan": "x" * 1025}},
            {"features": ROW | {"shoe_size": 43}},
            {"features": {"tenure": 3}},
            {"features": ROW, "id": 7},
            {"features": ROW, "id": "a\nb"},
            {"features": ROW, "entity": "\u200e"},
            {"features": ROW, "explain": None},
            {"features": ROW, "rows": [{"features": ROW}]},
            {"rows": [{"features": ROW}], "id": "a"},
            {"rows": [{"features": ROW}] * 4},
            {"rows": [{"features": ROW}] * 3, "explain": True},
            {"rows": []},
            {"rows": [{"features": ROW, "entity": ""}]},
            {"row": ROW},
            {},
            [],
        ],
    )
    def test_leaves_the_rest_to_it(self, body):
        """Some of it is taken on a second look; of the rest that reader says what is wrong."""
        assert read(body) is None

    def test_a_query_that_asks_for_explanations_counts(self):
        """As `explain` in the body does, with the same bound on rows."""
        assert read({"features": ROW}, explain=True).explain
        assert read({"rows": [{"features": ROW}] * 3}, explain=True) is None

    @pytest.mark.parametrize("body", [b"", b"{", b'{"features": NaN}', b'{"features": "\xff"}'])
    def test_leaves_what_is_no_json(self, body):
        """With its words, too."""
        assert TypedBodies().read(body, TINY_CONTRACT, LIMITS, CLOCK) is None

    def test_takes_names_that_are_no_words_of_python(self):
        """Columns are called as their owners like."""
        names = ["Total Charges", "class", "größe", "", "f0"]
        contract = _with_names(names)

        found = read({"features": {name: i for i, name in enumerate(names)}}, contract)

        assert found.requests[0].values == (0.0, 1.0, 2.0, 3.0, 4.0)

    def test_leaves_names_that_no_type_can_bear(self):
        """A quote, say; the slower reader takes them."""
        body = {"features": {'12" vinyl': 1}}
        contract = _with_names(['12" vinyl'])

        assert read(body, contract) is None
        assert read_predict(body, contract, LIMITS, at=CLOCK.now()).requests[0].values == (1.0,)

    def test_keeps_the_contracts_of_the_moment_apart(self):
        """While a challenger is tried there are two; of the old ones none is kept for ever."""
        bodies = TypedBodies()
        contracts = [_with_names([f"x{i}"]) for i in range(_MOST_CONTRACTS + 2)]

        for i, contract in [*enumerate(contracts), *enumerate(contracts)]:
            body = msgspec.json.encode({"features": {f"x{i}": i}})
            found = bodies.read(body, contract, LIMITS, CLOCK)
            assert found is not None
            assert found.requests[0].values == (float(i),)

        assert len(bodies._forms) <= _MOST_CONTRACTS


def _with_names(names) -> Contract:
    features = [Feature(name=name, kind=FeatureKind.NUMERIC, nullable=True) for name in names]
    return replace(TINY_CONTRACT, features=tuple(features))
