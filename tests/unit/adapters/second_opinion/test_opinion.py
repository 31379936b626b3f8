"""Another library's opinion in our words."""

from __future__ import annotations

import json

import pytest

from holdfast.adapters.second_opinion.opinion import ColumnOpinion, SecondOpinion


@pytest.fixture(name="opinion")
def _opinion():
    """Two columns compared, of which the first may have drifted; one left out."""

    def of(*, drifted, score=0.01):
        columns = [
            ColumnOpinion(
                name=name, method="K-S p_value", score=score, threshold=0.05, drifted=moved
            )
            for name, moved in (("price", drifted), ("age", False))
        ]
        return SecondOpinion(
            version="0.7.23",
            n_reference=10,
            n_current=20,
            columns=tuple(columns),
            left_out={"born_at": "Evidently has no method for timestamp[us]"},
            share_drifted=0.5 if drifted else 0.0,
            at=0.5,
            drifted=drifted,
        )

    return of


class TestSecondOpinion:
    @pytest.mark.parametrize("drifted", [True, False])
    def test_is_a_rules_outcome_that_stands_beside_our_own(self, opinion, drifted):
        """Named after the tool, with its verdict and not ours."""
        outcome = opinion(drifted=drifted).outcome

        assert outcome.name == "evidently"
        assert outcome.rule == "evidently drift_share >= 0.5"
        assert outcome.fired is drifted
        assert outcome.features == (("price",) if drifted else ())
        assert outcome.figures["n_left_out"] == 1

    def test_says_why_in_a_sentence(self, opinion):
        """What it counted, and from where it fires."""
        assert opinion(drifted=True).outcome.why == (
            "Evidently counts 1 of 2 columns as drifted (50%); its preset fires at 50%."
        )

    def test_is_strict_json(self, opinion):
        """A score that the tool did not find is null, never NaN."""
        document = json.loads(
            json.dumps(opinion(drifted=False, score=None).to_json(), allow_nan=False)
        )

        assert document["schema_version"] == 1
        assert (document["tool"], document["version"]) == ("evidently", "0.7.23")
        assert document["columns"][0] == {
            "name": "price",
            "method": "K-S p_value",
            "score": None,
            "threshold": 0.05,
            "drifted": False,
        }
        assert document["left_out"][0]["name"] == "born_at"
        assert document["drifted"] is False
