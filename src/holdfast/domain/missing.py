"""Which words stand for a missing value, in files and in requests alike."""

from __future__ import annotations

__all__ = ["DASHES", "MISSING_CODES", "MISSING_WORDS", "stands_for_missing"]

MISSING_CODES = ("", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null", "?")
"""What counts as missing, in any case, at most 4 characters long. 'Unknown' and 'No' do not:
they are answers. 'None' is missing only among numbers, booleans or times: as text it is far
more often an answer ("no offer") than a gap, and as a category nothing is lost."""

DASHES = ("-", "--", ".")
"""What is missing among numbers and times. Elsewhere "-" may be the other one of "+"."""


def _spellings(code: str) -> set[str]:
    spelt = {""}
    for sign in code:
        spelt = {begun + form for begun in spelt for form in {sign, sign.upper()}}
    return spelt


MISSING_WORDS = frozenset(word for code in MISSING_CODES for word in _spellings(code))
"""Every spelling of the codes: a lookup is quicker than to fold each word of a request."""


def stands_for_missing(text: str) -> bool:
    """Return whether text stands for a missing value.

    >>> stands_for_missing(" N/A "), stands_for_missing("None")
    (True, False)
    """
    return text.strip() in MISSING_WORDS
