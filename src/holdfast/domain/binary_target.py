"""Whether a column can be predicted: exactly two words, and which one counts as positive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.domain.columns import as_words
from holdfast.domain.contract import Target
from holdfast.domain.errors import TargetError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LabelledRows", "read_labels", "read_target"]

_POSITIVE_WORDS = frozenset(
    {"yes", "y", "true", "t", "vrai", "wahr", "oui", "ja", "si", "sí", "up", "positive", "pos"}
)
_CLASSES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRows:
    """What the target column says.

    Attributes:
        target: Its name and two words.
        guessed: Whether the positive word was guessed rather than given.
        known: Which rows of the table have a label, shape ``(n_rows,)``.
        labels: True where positive, for the rows that have a label, shape ``(n_known,)``.
    """

    target: Target
    guessed: bool
    known: NDArray[np.bool_]
    labels: NDArray[np.bool_]


def read_target(table: pa.Table, name: str, positive: str | None = None) -> LabelledRows:
    """Read a column as a binary target.

    Args:
        table: As a `DataSource` returns it.
        name: The column to predict.
        positive: The word that counts as positive, in any case; guessed if None: a word
            such as Yes, True or UP, the 1 beside a 0 or −1, else the rarer word.

    Raises:
        TargetError: If there is no such column, or it does not hold exactly two classes.
    """
    if name not in table.column_names:
        raise _absent(name, table.column_names)
    if pa.types.is_timestamp(table.column(name).type):
        raise TargetError(name, "holds times", remedy="Name a column with two classes.")
    words = as_words(table.column(name), table.schema.field(name))
    counts = _counts(words)
    if len(counts) != 2:
        raise _not_binary(name, counts)
    chosen = _guess(counts) if positive is None else _chosen(name, positive, list(counts))
    other = next(word for word in counts if word != chosen)
    known = pc.is_valid(words).to_numpy(zero_copy_only=False)
    labels = pc.equal(words.drop_null(), pa.scalar(chosen)).to_numpy(zero_copy_only=False)
    return LabelledRows(
        target=Target(name=name, positive=chosen, negative=other),
        guessed=positive is None,
        known=np.asarray(known, dtype=np.bool_),
        labels=np.asarray(labels, dtype=np.bool_),
    )


def read_labels(table: pa.Table, target: Target) -> LabelledRows:
    """Read labels in the words of a known target; one class alone will do.

    Args:
        table: As a `DataSource` returns it; has the target's column.
        target: Whose words the labels must be.

    Raises:
        TargetError: If the column holds another word.
    """
    words = as_words(table.column(target.name), table.schema.field(target.name))
    others = [word for word in _counts(words) if word not in {target.positive, target.negative}]
    if others:
        raise TargetError(
            target.name,
            f"holds {others[0]!r}, which the model in production does not know",
            remedy=f"Its words are {target.positive!r} and {target.negative!r}.",
        )
    known = pc.is_valid(words).to_numpy(zero_copy_only=False)
    labels = pc.equal(words.drop_null(), target.positive).to_numpy(zero_copy_only=False)
    return LabelledRows(
        target=target,
        guessed=False,
        known=np.asarray(known, dtype=np.bool_),
        labels=np.asarray(labels, dtype=np.bool_),
    )


def _counts(words: pa.ChunkedArray) -> dict[str, int]:
    """Return how often each word occurs, most frequent first."""
    pairs = [
        (row["values"], row["counts"]) for row in pc.value_counts(words.drop_null()).to_pylist()
    ]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _absent(name: str, columns: list[str]) -> TargetError:
    meant = nearest(name, columns)
    remedy = f"Did you mean {meant!r}?" if meant else f"The columns are {', '.join(columns[:20])}."
    if all(_number(column) is not None for column in columns):
        remedy += " The names are numbers: if the file has no header, add --no-header."
    return TargetError(name, "there is no such column", remedy=remedy)


def _not_binary(name: str, counts: dict[str, int]) -> TargetError:
    if not counts:
        return TargetError(name, "is missing in each row", remedy="Name a column with labels.")
    if len(counts) == 1:
        return TargetError(
            name,
            f"holds one class only, {next(iter(counts))!r}",
            remedy="Add rows of the other class: a classifier learns from both.",
        )
    shown = ", ".join(f"{word!r} ({n})" for word, n in list(counts.items())[:_CLASSES_SHOWN])
    more = f" and {len(counts) - _CLASSES_SHOWN} more" if len(counts) > _CLASSES_SHOWN else ""
    return TargetError(
        name,
        f"holds {len(counts)} classes, two are needed: {shown}{more}",
        remedy="Merge or remove classes until two are left, or name another column.",
    )


def _guess(counts: dict[str, int]) -> str:
    telling = [word for word in counts if word.casefold() in _POSITIVE_WORDS]
    if len(telling) == 1:
        return telling[0]
    if "1" in counts and counts.keys() & {"0", "-1"}:
        return "1"
    return list(counts)[-1]  # the rarer one


def _chosen(name: str, positive: str, words: list[str]) -> str:
    number = _number(positive)
    for word in words:
        if word == positive or (number is not None and _number(word) == number):
            return word
    folded = [word for word in words if word.casefold() == positive.strip().casefold()]
    if len(folded) == 1:
        return folded[0]
    raise TargetError(
        name,
        f"holds {words[0]!r} and {words[1]!r}, not {positive!r}",
        remedy="Name one of the two as the positive word.",
    )


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
