"""Text without NUL that becomes what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.adapters.stores.sql.stored_text import from_stored, to_stored

TEXTS = st.text(alphabet=st.sampled_from("\x00\x1a01ä"))


class TestStoredText:
    @given(TEXTS)
    def test_comes_back_and_holds_no_nul(self, text):
        """Whatever stands beside a NUL, or beside the sign that stands for it."""
        stored = to_stored(text)

        assert "\x00" not in stored
        assert from_stored(stored) == text

    @given(TEXTS, TEXTS)
    def test_tells_texts_apart(self, one, other):
        """Else two people, or two categories, would become one."""
        assert (to_stored(one) == to_stored(other)) == (one == other)

    def test_leaves_other_text_alone(self):
        """So that anybody can read it in the database."""
        assert to_stored("Grüße, 100 %") == "Grüße, 100 %"
