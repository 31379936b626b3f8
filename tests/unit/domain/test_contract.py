"""What a contract promises and refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.canonical import canonical_json, from_json
from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.derivation import DatePart, Derivation
from holdfast.testing.online import TINY_CONTRACT


class TestInputs:
    SINCE = Derivation(
        source="since", part=DatePart.AGE, timed=False, origin_at=datetime(2026, 1, 31, tzinfo=UTC)
    )
    DATED = replace(
        TINY_CONTRACT,
        features=(
            Feature(name=SINCE.name, kind=FeatureKind.NUMERIC, nullable=True, derived=SINCE),
            *TINY_CONTRACT.features,
        ),
    )

    def test_are_the_features_where_nothing_is_derived(self):
        """And nothing of dates stands in the contract's file, so its bytes are as ever."""
        assert TINY_CONTRACT.inputs == TINY_CONTRACT.names
        assert TINY_CONTRACT.dates == ()
        assert b"derived" not in canonical_json(TINY_CONTRACT)
        assert b'"missing"' not in canonical_json(TINY_CONTRACT)

    def test_are_dates_in_place_of_their_features(self):
        """The contract comes back whole from its file."""
        assert self.DATED.inputs == ("since", *TINY_CONTRACT.names)
        assert from_json(canonical_json(self.DATED), Contract) == self.DATED
        assert self.DATED.counted.inputs == self.DATED.names

    def test_a_date_is_no_feature_itself(self):
        """A client could not send both under one name."""
        both = (
            *self.DATED.features,
            Feature(name="since", kind=FeatureKind.NUMERIC, nullable=True),
        )

        with pytest.raises(ValueError, match="a date is no feature itself"):
            replace(self.DATED, features=both)


class TestContract:
    def test_sorts_features_into_the_two_matrices_in_their_order(self):
        """Booleans travel as numbers; both orders are the contract's."""
        numeric = [feature.name for feature in TINY_CONTRACT.numeric]
        categorical = [feature.name for feature in TINY_CONTRACT.categorical]

        assert numeric == ["tenure", "charges", "senior"]
        assert categorical == ["plan"]
        assert TINY_CONTRACT.names == ("tenure", "charges", "senior", "plan")

    def test_refuses_two_features_of_one_name(self):
        """A request could not say which one it means."""
        twice = (TINY_CONTRACT.features[0], TINY_CONTRACT.features[0])

        with pytest.raises(ValueError, match="unique; found"):
            replace(TINY_CONTRACT, features=twice)

    @pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan")])
    def test_refuses_a_threshold_that_is_no_probability(self, threshold):
        """Nothing could ever reach it, or everything would."""
        with pytest.raises(ValueError, match=r"threshold must lie in \[0, 1\]"):
            replace(TINY_CONTRACT, threshold=threshold)

    def test_comes_back_from_its_bytes(self):
        """A release keeps it as JSON."""
        assert from_json(canonical_json(TINY_CONTRACT), Contract) == TINY_CONTRACT


class TestSchemaDigest:
    def test_does_not_depend_on_what_training_data_showed(self):
        """A retrained model of the same columns shares the prediction table."""
        described = replace(TINY_CONTRACT.features[0], maximum=99.0, nullable=True, typical=1.0)
        features = (described, *TINY_CONTRACT.features[1:])
        retrained = replace(TINY_CONTRACT, features=features, threshold=0.3, data_digest="e" * 64)

        assert retrained.schema_digest == TINY_CONTRACT.schema_digest

    @pytest.mark.parametrize(
        "features",
        [
            TINY_CONTRACT.features[:-1],
            TINY_CONTRACT.features[::-1],
            (
                *TINY_CONTRACT.features[:-1],
                Feature(name="plan", kind=FeatureKind.NUMERIC, nullable=True),
            ),
        ],
        ids=["one fewer", "another order", "another kind"],
    )
    def test_changes_with_names_kinds_and_order(self, features):
        """These make another table."""
        other = replace(TINY_CONTRACT, features=features)

        assert other.schema_digest != TINY_CONTRACT.schema_digest


class TestTarget:
    def test_speaks_in_its_own_words(self):
        """Answers say Yes and No, not 1 and 0."""
        target = Target(name="Churn", positive="Yes", negative="No")

        assert (target.word(positive=True), target.word(positive=False)) == ("Yes", "No")
