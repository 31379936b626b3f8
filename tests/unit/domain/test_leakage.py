"""The AUC of one column alone, by hand and against chance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.leakage import filling, separation, stands_alone, suspicion

LABELS = np.arange(200) % 4 == 0


def _column(values):
    return pa.chunked_array([values])


class TestSeparation:
    def test_counts_pairs_and_halves_ties(self):
        """The AUC is the share of (positive, negative) pairs in the right order."""
        rng = np.random.default_rng(1)
        values = rng.integers(0, 6, 200).astype(float) + LABELS
        positive, negative = values[LABELS][:, None], values[~LABELS][None, :]
        by_hand = np.mean((positive > negative) + 0.5 * (positive == negative))

        found = separation(_column(values), LABELS)

        assert found == pytest.approx(by_hand)

    def test_is_blind_to_direction(self):
        """A column that falls with the label tells as much."""
        assert separation(_column(-LABELS.astype(float)), LABELS) == 1.0

    def test_finds_words_that_repeat_the_label(self):
        """A second label column is the commonest leak."""
        words = np.where(LABELS, "left", "stayed")

        assert separation(_column(words), LABELS) == 1.0

    def test_finds_a_column_filled_in_afterwards(self):
        """A cancellation reason exists only for those who cancelled."""
        rng = np.random.default_rng(2)
        reasons = [rng.choice(["price", "service"]) if label else None for label in LABELS]

        assert separation(_column(reasons), LABELS) == 1.0

    def test_finds_a_boolean_that_repeats_the_label(self):
        """The same in the shortest form."""
        assert separation(_column(~LABELS), LABELS) == 1.0

    def test_rare_words_prove_nothing(self):
        """Each word occurs once or twice: judged on its own rows it would look perfect."""
        rng = np.random.default_rng(3)
        words = rng.integers(0, 150, 200).astype(str)

        found = separation(_column(words), LABELS)

        assert found is not None
        assert found < 0.8

    def test_noise_stays_near_one_half(self):
        """Its 95% band at 50 against 150 rows reaches 0.60."""
        noise = np.random.default_rng(4).normal(size=200)

        found = separation(_column(noise), LABELS)

        assert found is not None
        assert found < 0.6

    def test_does_not_judge_few_rows(self):
        """Ten rows of a class are easily told apart by chance."""
        labels = np.arange(30) < 10

        assert separation(_column(labels.astype(float)), labels) is None

    def test_samples_long_columns(self):
        """A million rows are thinned evenly; the answer stays."""
        labels = np.arange(300_001) % 3 == 0

        assert separation(_column(labels.astype(float)), labels) == 1.0

    def test_finds_a_code_that_does_not_rank(self):
        """Minus one for those who stayed, and any number of days for those who left."""
        rng = np.random.default_rng(5)
        labels = np.arange(4_000) % 4 == 0
        days = np.where(labels, rng.choice([-300.0, 300.0], 4_000), 0.0) + rng.normal(size=4_000)

        found = separation(_column(days), labels)

        assert found is not None
        assert found > 0.97

    def test_ranges_of_noise_stay_near_one_half(self):
        """They are learnt on other rows than they are judged on."""
        labels = np.arange(4_000) % 4 == 0
        noise = np.random.default_rng(6).normal(size=4_000)

        found = separation(_column(noise), labels)

        assert found is not None
        assert found < 0.56


class TestFilling:
    def test_tells_in_which_share_of_each_class_a_value_is(self):
        """Half of those who left gave a reason, and none of those who stayed."""
        reason = ["price" if i % 8 == 0 else None for i in range(200)]

        found = filling(_column(reason), LABELS)

        assert found is not None
        assert (found.positives, found.negatives) == (0.5, 0.0)

    def test_does_not_judge_few_rows(self):
        """Ten rows of a class may all lack a value by chance."""
        assert filling(_column(np.zeros(30)), np.arange(30) < 10) is None


class TestSuspicion:
    def test_names_what_is_filled_in_for_one_class_only(self):
        """Its AUC is 0.75, no more than an honest column's; its gaps give it away."""
        reason = _column(["price" if i % 8 == 0 else None for i in range(200)])

        said = suspicion("reason", reason, LABELS, separation(reason, LABELS))

        assert "a value in 50.0% of the positives and in 0.0% of the negatives" in said
        assert said.endswith("if it is, drop it")

    def test_does_not_suspect_gaps_that_both_classes_have(self):
        """Twice as many among the positives is nothing to write home about."""
        rng = np.random.default_rng(7)
        gaps = rng.random(200) < np.where(LABELS, 0.4, 0.2)
        values = [None if gap else "x" for gap in gaps]

        assert not suspicion("plan", _column(values), LABELS, 0.6)

    def test_does_not_suspect_a_few_odd_gaps(self):
        """Eleven gaps, all of them among those who stayed, may be chance: Telco has such."""
        values = [None if i < 15 and i % 4 else "x" for i in range(200)]

        assert not suspicion("charges", _column(values), LABELS, 0.53)


class TestStandsAlone:
    @pytest.fixture
    def telling(self):
        """A number of AUC about 0.92, and five columns that go with nothing."""
        rng = np.random.default_rng(8)
        labels = np.arange(2_000) % 4 == 0
        others = {f"x{i}": _column(rng.normal(size=2_000)) for i in range(4)}
        others["plan"] = _column(rng.choice(["a", "b", "c"], 2_000))
        return rng.normal(size=2_000) + 2.0 * labels, labels, others

    def test_names_a_number_that_tells_much_and_goes_with_nothing(self, telling):
        """As the length of a sales call does, which ends with its outcome."""
        values, labels, others = telling

        said = stands_alone("duration", _column(values), labels, others)

        assert said.startswith("'duration' alone predicts with AUC 0.9")
        assert "goes with none of the other columns" in said

    def test_does_not_suspect_what_goes_with_another_column(self, telling):
        """What is known beforehand goes with something else that is."""
        values, labels, others = telling
        kin = _column(values + np.random.default_rng(9).normal(size=2_000))

        assert not stands_alone("strong", _column(values), labels, {**others, "kin": kin})

    def test_needs_columns_to_compare_with(self, telling):
        """In a table of two columns each stands alone."""
        values, labels, others = telling

        assert not stands_alone("strong", _column(values), labels, {"x0": others["x0"]})

    def test_does_not_suspect_what_tells_little(self, telling):
        """An AUC of 0.64 is a feature's."""
        values, labels, others = telling

        assert not stands_alone("weak", _column(values - 1.5 * labels), labels, others)
