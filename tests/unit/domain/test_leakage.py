"""The AUC of one column alone, by hand and against chance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.leakage import separation

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
