"""How figures and foreign names are written in reports: short, and safe to put anywhere."""

from __future__ import annotations

import math
import unicodedata

__all__ = [
    "LONGEST_TIP",
    "amount",
    "between",
    "chance",
    "count",
    "effect_size",
    "p_figure",
    "quoted",
    "sentence",
    "share",
    "shares",
    "times",
    "visible",
]

LONGEST_NAME = 60
LONGEST_TIP = 160
"""Characters of a name that a reader sees who points at it."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, direction marks, lone surrogates
_JOINERS = {"\u200c", "\u200d", "\ufe0f"}  # inside emoji and Persian words: harmless there
_RIGHT_TO_LEFT = {"R", "AL"}
_FEWEST_DIGITS = 1e-4  # below, a number is written with a power of ten


def visible(name: str, *, longest: int = LONGEST_NAME) -> str:
    r"""Return a feature's or category's name so that nothing in it acts on its surroundings.

    Control characters and marks of direction are spelled out, an empty name is named, and a
    long one is cut.

    Args:
        name: Whatever stood in the data.
        longest: Characters after which it is cut.

    >>> visible("a\x1b[31mred"), visible(""), visible("x" * 9, longest=5)
    ('a\\x1b[31mred', '(empty)', 'xxxx…')
    """
    cut = name if len(name) <= longest else name[: longest - 1] + "…"
    if not name.strip():
        return "(empty)" if not name else f"({len(name)} blank)"
    return "".join(map(_visible_character, cut))


def quoted(name: str) -> str:
    """Return a name in quotes; one that runs from right to left keeps to itself.

    >>> quoted("Flex")
    '“Flex”'
    """
    shown = visible(name, longest=40)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
        shown = f"\u2068{shown}\u2069"  # the isolate keeps it from turning the sentence around
    return f"“{shown}”"


def share(part: float) -> str:
    """Return a share as a percentage that is short, and never 0% or 100% by rounding.

    >>> share(0.0), share(0.0004), share(0.0123), share(0.345), share(0.9999), share(1.0)
    ('0%', '<0.1%', '1.2%', '34%', '>99.9%', '100%')
    """
    if part in {0.0, 1.0}:
        return f"{part:.0%}"
    if part < 0.001:
        return "<0.1%"
    if part > 0.999:
        return ">99.9%"
    return f"{part:.1%}" if part < 0.0995 or part > 0.9905 else f"{part:.0%}"


def shares(before: float, after: float) -> tuple[str, str]:
    """Return two shares, written finely enough to be told apart.

    >>> shares(0.541, 0.544), shares(0.3, 0.5)
    (('54.1%', '54.4%'), ('30%', '50%'))
    """
    written = share(before), share(after)
    if written[0] != written[1] or abs(after - before) < 0.0005:
        return written
    digits = 1 if f"{before:.1%}" != f"{after:.1%}" else 2
    return f"{before:.{digits}%}", f"{after:.{digits}%}"


def amount(value: float) -> str:
    """Return a value of a feature with four digits that count.

    >>> amount(70.35), amount(1234567.0), amount(0.00001234), amount(-0.5), amount(3.0)
    ('70.35', '1,234,567', '1.234e-05', '-0.5', '3')
    """
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if size == 0:
        return "0"
    if size < _FEWEST_DIGITS or size >= 1e12:
        return f"{value:.4g}"
    if size >= 1_000:
        return f"{value:,.0f}"
    text = f"{value:.{3 - math.floor(math.log10(size))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def effect_size(value: float) -> str:
    """Return an effect with two digits after the point, or two that count if it is small.

    >>> effect_size(0.234), effect_size(0.0031), effect_size(0.0)
    ('0.23', '0.0031', '0')
    """
    return f"{value:.2f}" if value >= 0.095 else f"{float(f'{value:.2g}'):.4g}"


def between(low: float, high: float) -> str:
    """Return a value of which no more may be known than between which others it lies.

    >>> between(3.0, 3.0), between(0.634, 4.855)
    ('3', 'somewhere between 0.634 and 4.855')
    """
    ends = amount(low), amount(high)
    return ends[0] if ends[0] == ends[1] else f"somewhere between {ends[0]} and {ends[1]}"


def sentence(clause: str) -> str:
    """Return a clause as a sentence.

    >>> sentence("it rose"), sentence("there are a, b …")
    ('It rose.', 'There are a, b …')
    """
    return clause[:1].upper() + clause[1:] + ("" if clause.endswith("…") else ".")


def count(n: int, what: str) -> str:
    """Return a count with its noun.

    >>> count(1, "row"), count(7043, "row"), count(2, "category")
    ('1 row', '7,043 rows', '2 categories')
    """
    if n == 1:
        return f"1 {what}"
    return f"{n:,} {what[:-1]}ies" if what.endswith("y") else f"{n:,} {what}s"


def times(power: float) -> str:
    """Return a probability as people say it.

    >>> times(0.8), times(0.95)
    ('8 times in 10', '95 times in 100')
    """
    of = 10 if math.isclose(power * 10, round(power * 10)) else 100
    return f"{power * of:.0f} times in {of}"


def p_figure(p_value: float) -> str:
    """Return a p-value with two digits.

    >>> p_figure(0.04321), p_figure(3.1e-9), p_figure(0.0)
    ('0.043', '3.1e-09', '<1e-300')
    """
    if p_value < 1e-300:
        return "<1e-300"
    return f"{p_value:.2g}"


def chance(p_value: float) -> str:
    """Return how often chance alone does as much, in words that fill "... of windows".

    >>> chance(0.43), chance(0.004), chance(3e-5), chance(1e-9)
    ('in 43 of 100 windows', 'in 4 of 1,000 windows', 'in 3 of 100,000 windows', 'less than once in a million windows')
    """  # noqa: E501  # what a doctest shows stands in one line
    if p_value >= 0.995:
        return "in nearly every window"
    if p_value < 1e-6:
        return "less than once in a million windows"
    of = 100
    while round(p_value * of) < 1:
        of *= 10
    return f"in {round(p_value * of)} of {of:,} windows"


def _visible_character(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape").decode("ascii")
