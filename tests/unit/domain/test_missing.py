"""Which words stand for a missing value."""

from __future__ import annotations

import pytest

from holdfast.domain.missing import MISSING_CODES, MISSING_WORDS, stands_for_missing


class TestStandsForMissing:
    @pytest.mark.parametrize("word", ["", " ", "NA", "n/a", "N/A", "?", " ? ", "NULL", "nAn"])
    def test_takes_blanks_and_codes_in_any_case(self, word):
        """As spreadsheets, statistics packages and databases write them."""
        assert stands_for_missing(word)

    @pytest.mark.parametrize("word", ["None", "Unknown", "No", "-", "0", "-1", "other", "nap"])
    def test_leaves_answers_alone(self, word):
        """ "None" is more often "no offer" than a gap; as a category nothing of it is lost."""
        assert not stands_for_missing(word)

    def test_knows_every_spelling_of_every_code(self):
        """Requests look them up as they stand."""
        assert {word.lower() for word in MISSING_WORDS} == set(MISSING_CODES)
        assert {"NaN", "Null", "#N/A"} < MISSING_WORDS
        assert max(map(len, MISSING_CODES)) <= 4  # only so short cells are looked at in files
