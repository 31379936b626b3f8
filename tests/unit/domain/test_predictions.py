"""Labels, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.domain.ids import PredictionId
from holdfast.domain.predictions import Label, LabelCounts, LabelFate

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class TestLabel:
    @pytest.mark.parametrize(
        "named", [{}, {"prediction_id": PredictionId("p"), "entity": "Ann"}], ids=["none", "both"]
    )
    def test_names_one_prediction_in_one_way(self, named):
        """With neither it is about nothing, with both the two could disagree."""
        with pytest.raises(ValueError, match="either a prediction_id or an entity"):
            Label(positive=True, observed_at=NOW, **named)


class TestLabelCounts:
    def test_counts_each_fate(self):
        """Every label of a batch is in exactly one count."""
        fates = (*LabelFate, LabelFate.ACCEPTED)

        counts = LabelCounts.of(fates)

        assert counts.accepted == 2
        assert (counts.late, counts.duplicate, counts.conflicting, counts.orphan) == (1, 1, 1, 1)
        assert counts.fates == fates

    def test_adds_up_over_batches(self):
        """In their order."""
        first = LabelCounts.of((LabelFate.ACCEPTED, LabelFate.ORPHAN))
        second = LabelCounts.of((LabelFate.ORPHAN,))

        both = first + second

        assert (both.accepted, both.orphan) == (1, 2)
        assert both.fates == first.fates + second.fates
