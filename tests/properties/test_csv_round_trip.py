"""Any text that a CSV writer quotes properly reads back as the same cells."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from holdfast.adapters.sources import CsvSource

# The prefix keeps each cell a word: what numbers and blanks become is tested elsewhere.
_WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
).map(lambda text: f"w{text}w")


@st.composite
def _tables(draw):
    width = draw(st.integers(1, 4))
    row = st.lists(_WORDS, min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=6))


class TestRoundTrip:
    @given(rows=_tables(), delimiter=st.sampled_from(",;\t|"), size=st.integers(1, 4))
    def test_reads_what_was_written(self, rows, delimiter, size):
        """Separators, quotes and line breaks inside cells change nothing."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)

            source = CsvSource(path, delimiter=delimiter, header=False)
            columns = source.read().to_pydict()
            in_batches = [batch.to_pydict() for batch in source.batches(size)]

        assert [list(row) for row in zip(*columns.values(), strict=True)] == rows
        again = [list(row) for b in in_batches for row in zip(*b.values(), strict=True)]
        assert again == rows
