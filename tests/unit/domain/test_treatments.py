"""Who was acted upon, and who is left alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast.domain.treatments import HoldOut, JudgeOn, RowsUsed, Treatment, TreatmentCounts

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class TestTreatment:
    def test_names_one_prediction_or_one_entity(self):
        """As a label does."""
        with pytest.raises(ValueError, match="either a prediction_id or an entity"):
            Treatment(treated=True, observed_at=NOW)


class TestTreatmentCounts:
    def test_add_up(self):
        """Over the batches of a file."""
        total = TreatmentCounts(accepted=2, orphan=1) + TreatmentCounts(accepted=1, conflicting=4)

        assert total == TreatmentCounts(accepted=3, orphan=1, conflicting=4)


class TestHoldOut:
    def test_is_a_share_of_the_entities_and_always_the_same(self):
        """Whoever is held out stays so when the share grows."""
        whom = [f"customer-{i}" for i in range(5_000)]
        small, large = HoldOut(share=0.1, salt="a"), HoldOut(share=0.3, salt="a")

        held = {one for one in whom if small.holds(one)}

        assert len(held) == pytest.approx(500, abs=80)
        assert held <= {one for one in whom if large.holds(one)}

    def test_differs_between_projects(self):
        """Else the same customers would be left alone by everybody."""
        whom = [f"customer-{i}" for i in range(5_000)]

        one, other = (
            {each for each in whom if HoldOut(share=0.1, salt=salt).holds(each)} for salt in "ab"
        )

        assert len(one & other) < 100

    def test_of_nobody_holds_nobody(self):
        """Which is the default."""
        assert not HoldOut().holds("customer-1")


class TestRowsUsed:
    def test_say_in_words_which_and_how_many(self):
        """In events, reports and by `holdfast explain`."""
        used = RowsUsed(which=JudgeOn.HOLDOUT, n=97, n_left_out=703, n_treated=400)

        assert used.words == "97 rows of the hold-out; 703 left out, 400 treated in all"
        assert RowsUsed(which=JudgeOn.ALL, n=9).words == "9 rows, all that are labelled"
