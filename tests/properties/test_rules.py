"""A rule says what is certain, whatever the features that cannot be told turn out to be."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.contract import FeatureKind
from holdfast.drift.rules import AnyFeature, DriftShare, WeightedShare, drifted_share
from holdfast.drift.verdicts import FeatureReport, Verdict

TOLD = (Verdict.DRIFTED, Verdict.STABLE)


def feature(i, verdict):
    return FeatureReport(
        name=f"f{i}",
        kind=FeatureKind.NUMERIC,
        verdict=verdict,
        tests=(),
        reference_missing=0.0,
        current_missing=0.0,
    )


FEATURES = st.lists(st.sampled_from(Verdict), min_size=1, max_size=8).map(
    lambda verdicts: [feature(i, verdict) for i, verdict in enumerate(verdicts)]
)
WEIGHTS = st.dictionaries(
    st.integers(0, 9).map("f{}".format), st.integers(0, 5).map(float), max_size=8
)
BOUNDS = st.integers(1, 20).map(lambda twentieths: twentieths / 20)
RULES = st.one_of(
    BOUNDS.map(lambda at: DriftShare(at=at)),
    BOUNDS.map(lambda at: WeightedShare(at=at)),
    st.just(AnyFeature()),
)


def worlds(features):
    """Every way in which the features that cannot be told may turn out."""
    open_ = [i for i, one in enumerate(features) if one.verdict is Verdict.UNDERPOWERED]
    for verdicts in product(TOLD, repeat=len(open_)):
        told = dict(zip(open_, verdicts, strict=True))
        yield [replace(one, verdict=told.get(i, one.verdict)) for i, one in enumerate(features)]


class TestRules:
    @given(rule=RULES, features=FEATURES, weights=WEIGHTS)
    def test_a_verdict_holds_in_every_world_that_is_possible(self, rule, features, weights):
        """And none is given exactly where two such worlds differ."""
        outcome = rule.judge(features, weights)

        possible = {rule.judge(world, weights).fired for world in worlds(features)}
        assert possible == ({True, False} if outcome.fired is None else {outcome.fired}) or (
            drifted_share(features, weights) is None and possible == {None}
        )

    @given(rule=RULES, features=FEATURES, weights=WEIGHTS)
    def test_more_drift_never_quiets_a_rule(self, rule, features, weights):
        """One more feature that drifted cannot take a verdict back."""
        more = [replace(features[0], verdict=Verdict.DRIFTED), *features[1:]]

        before, after = rule.judge(features, weights).fired, rule.judge(more, weights).fired

        assert before is not True or after is True

    @given(features=FEATURES, weights=WEIGHTS)
    def test_a_share_is_a_share(self, features, weights):
        """In [0, 1], and known wherever anything has weight."""
        share = drifted_share(features, weights)

        assert share is None or 0.0 <= share <= 1.0
        assert (share is None) == (not any(weights.get(one.name) for one in features))
