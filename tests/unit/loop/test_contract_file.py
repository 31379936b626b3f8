"""A contract as the owner of a model hands it in."""

from __future__ import annotations

import pytest

from holdfast.domain.canonical import canonical_json
from holdfast.domain.contract import FeatureKind
from holdfast.domain.errors import DataFileError
from holdfast.loop.contract_file import read_contract_file
from holdfast.testing.learnable import learnable

SHORT = b"""
target = "left"
positive = "yes"
threshold = 0.4

[features]
tenure = "numeric"
plan = "categorical"
senior = "boolean"
"""
SAME_AS_JSON = (
    b'{"target": "left", "positive": "yes", "threshold": 0.4, "features": '
    b'{"tenure": "numeric", "plan": "categorical", "senior": "boolean"}}'
)


class TestReadContractFile:
    @pytest.mark.parametrize("content", [SHORT, SAME_AS_JSON], ids=["toml", "json"])
    def test_takes_names_and_kinds_and_leaves_the_rest_open(self, content):
        """In the order of the file, which is that of the model's columns."""
        found = read_contract_file(content, "c")

        assert [(f.name, f.kind) for f in found.features] == [
            ("tenure", FeatureKind.NUMERIC),
            ("plan", FeatureKind.CATEGORICAL),
            ("senior", FeatureKind.BOOLEAN),
        ]
        assert (found.target, found.positive, found.negative) == ("left", "yes", None)
        assert found.threshold == 0.4
        assert not found.complete

    def test_takes_a_releases_own_contract_whole(self):
        """Ranges, categories and what may be missing stay as they were."""
        contract = learnable().contract

        found = read_contract_file(canonical_json(contract), "contract.json")

        assert found.complete
        assert found.features == contract.features
        assert found.negative == "no"
        assert found.data_digest == contract.data_digest

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (SHORT.replace(b"threshold = 0.4", b""), "missing required field `threshold`"),
            (SHORT.replace(b"0.4", b"1.4"), "threshold"),
            (SHORT.replace(b'"numeric"', b'"number"'), "Invalid enum value 'number'"),
            (SHORT.replace(b"tenure", b"left"), "the target 'left' stands among the features"),
            (b'colour = "red"\n' + SHORT, "unknown field `colour`"),
            (SHORT.partition(b"[")[0] + b"[features]", "length >= 1"),
            (b"{", "neither JSON nor TOML"),
            (b"\xff\xfe", "neither JSON nor TOML"),
            (b'{"target": {"name": "y"}}', "it is no contract"),
        ],
    )
    def test_says_what_is_wrong_and_what_is_needed(self, content, words):
        """Each slip by its name."""
        with pytest.raises(DataFileError) as refusal:
            read_contract_file(content, "c.toml")

        assert words in str(refusal.value)
        assert str(refusal.value).startswith("c.toml: ")
        assert "It is a release's contract.json; or names target" in str(refusal.value)
