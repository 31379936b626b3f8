"""One form of bytes for each value, and no word for what strict JSON cannot say."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import msgspec
import pytest

from holdfast.domain.canonical import canonical_json, digest, from_json, sha256_hex
from holdfast.domain.evidence import Action, Decision
from holdfast.domain.windows import Window

WINDOW = Window(start_at=datetime(2026, 3, 1, tzinfo=UTC), end_at=datetime(2026, 3, 8, tzinfo=UTC))


class TestCanonicalJson:
    def test_does_not_depend_on_the_order_of_keys(self):
        """Also deep inside: two writers of the same facts get the same digest."""
        one = canonical_json({"b": {"y": 1, "x": 2}, "a": None})
        other = canonical_json({"a": None, "b": {"x": 2, "y": 1}})

        assert one == other == b'{"a":null,"b":{"x":2,"y":1}}'

    def test_keeps_text_of_every_script(self):
        """As UTF-8, not as escapes."""
        assert canonical_json("Žluťoučký 客户") == '"Žluťoučký 客户"'.encode()

    @pytest.mark.parametrize(
        "value",
        [math.nan, math.inf, {"a": [1.0, -math.inf]}, [{"deep": (math.nan,)}]],
        ids=["nan", "infinity", "in a list", "in a tuple"],
    )
    def test_refuses_what_strict_json_cannot_say(self, value):
        """Wherever it hides: the encoder would write null, and a figure would be lost."""
        with pytest.raises(ValueError, match="no place in strict JSON"):
            canonical_json(value)

    def test_writes_domain_objects_as_strict_json(self):
        """Any reader can parse it; enumerations are their words, times ISO 8601."""
        decision = Decision(
            action=Action.FIX_UPSTREAM, policy="harm", reasons=("…",), onset_at=WINDOW.start_at
        )

        found = json.loads(canonical_json(decision))

        assert found["action"] == "fix_upstream"
        assert found["onset_at"] == "2026-03-01T00:00:00Z"


class TestFromJson:
    def test_reads_back_what_was_written(self):
        """An equal object, times aware."""
        assert from_json(canonical_json(WINDOW), Window) == WINDOW

    @pytest.mark.parametrize("data", [b"{}", b"[", b'{"start_at": 3, "end_at": 4}'])
    def test_checks_every_field(self, data):
        """Bytes of another form are refused, not half read."""
        with pytest.raises(msgspec.DecodeError):
            from_json(data, Window)


class TestDigest:
    def test_is_the_sha256_of_the_canonical_bytes(self):
        """So that another program can repeat it."""
        assert digest([1, "a"]) == sha256_hex(b'[1,"a"]')

    def test_tells_a_whole_number_from_a_float(self):
        """They are written differently; who wants one digest must say one type."""
        assert digest(1) != digest(1.0)
