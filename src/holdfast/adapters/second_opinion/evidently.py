"""What Evidently's own drift preset says of the same rows: a second opinion, run for real."""

from __future__ import annotations

import importlib
import json
import math
import os
import warnings
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from holdfast.adapters.second_opinion.opinion import ColumnOpinion, SecondOpinion
from holdfast.domain.errors import ColumnError, EmptyWindowError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["EvidentlyReport", "evidently_drift"]

_NUMERICAL, _CATEGORICAL = "numerical", "categorical"


class _Pair(NamedTuple):
    """One column of both sides, as Evidently is given it."""

    kind: str
    reference: pa.ChunkedArray
    current: pa.ChunkedArray

    @property
    def empty_side(self) -> str | None:
        """The side without any value: Evidently refuses it."""
        sides = {"reference": self.reference, "current": self.current}
        return next((side for side, one in sides.items() if one.null_count == len(one)), None)


class EvidentlyReport:
    """Evidently's report: its opinion, and its own HTML.

    Args:
        opinion: What was read from it.
        snapshot: Evidently's result, which draws the page.
    """

    def __init__(self, opinion: SecondOpinion, snapshot: Any) -> None:
        self.opinion = opinion
        self._snapshot = snapshot

    def save_html(self, path: Path) -> None:
        """Write Evidently's own page, of about 4 MB.

        Raises:
            OSError: If the file cannot be written.
        """
        with _quiet():
            page = self._snapshot.get_html_str(as_iframe=False)
        # Not by its `save_html`, which silently writes nothing if it is given a `Path`.
        path.write_text(page, encoding="utf-8")

    def save_json(self, path: Path) -> None:
        """Write the opinion as strict JSON.

        Raises:
            OSError: If the file cannot be written.
        """
        text = json.dumps(self.opinion.to_json(), allow_nan=False, ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def evidently_drift(reference: pa.Table, current: pa.Table) -> EvidentlyReport:
    """Run Evidently's `DataDriftPreset` with its defaults.

    Numbers are compared as doubles, an infinite one as a missing one; words, categories
    and yes/no as words. Evidently refuses columns without any value on one side, and has
    no method for dates: those are left out, and named.

    Args:
        reference: Says which columns are compared.
        current: Rows with the same columns; others are ignored.

    Raises:
        MissingExtraError: If Evidently is not installed.
        EmptyWindowError: If either holds no rows.
        ColumnError: If a column is not in the current rows, is of another kind there, or
            no column can be compared.
    """
    for which, rows in (("reference window", reference), ("current window", current)):
        if rows.num_rows == 0:
            raise EmptyWindowError(which)
    pairs, left_out = _comparable(reference, current)
    evidently, snapshot = _run(pairs)
    opinion = _opinion(
        json.loads(snapshot.json()),
        order=reference.column_names,
        version=evidently.__version__,
        n_rows=(reference.num_rows, current.num_rows),
        left_out=left_out,
    )
    return EvidentlyReport(opinion, snapshot)


def _comparable(reference: pa.Table, current: pa.Table) -> tuple[dict[str, _Pair], dict[str, str]]:
    """Return the columns that Evidently takes, and why it does not take the others."""
    pairs: dict[str, _Pair] = {}
    left_out: dict[str, str] = {}
    for name, kind in _kinds(reference, current).items():
        if kind is None:
            left_out[name] = f"Evidently has no method for {reference.column(name).type}"
            continue
        pair = _Pair(kind, *(_values(rows.column(name), kind) for rows in (reference, current)))
        if pair.empty_side is None:
            pairs[name] = pair
        else:
            left_out[name] = f"the {pair.empty_side} rows hold no value"
    if not pairs:
        name, why = next(iter(left_out.items()), ("", "there is no column"))
        raise ColumnError(
            name, f"{why}, nor can another column be compared", remedy="Compare other columns."
        )
    return pairs, left_out


def _run(pairs: Mapping[str, _Pair]) -> tuple[Any, Any]:
    """Return Evidently's module and its result."""
    of_kind = {
        kind: [name for name, pair in pairs.items() if pair.kind == kind]
        for kind in (_NUMERICAL, _CATEGORICAL)
    }
    before = pa.table({name: pair.reference for name, pair in pairs.items()})
    after = pa.table({name: pair.current for name, pair in pairs.items()})
    with _quiet():
        evidently, presets = _load()
        definition = evidently.DataDefinition(
            numerical_columns=of_kind[_NUMERICAL], categorical_columns=of_kind[_CATEGORICAL]
        )
        reference, current = (
            evidently.Dataset.from_pandas(rows.to_pandas(), data_definition=definition)
            for rows in (before, after)
        )
        # With its tests, which say what counts as drifted: scores alone do not.
        report = evidently.Report([presets.DataDriftPreset()], include_tests=True)
        return evidently, report.run(current, reference)  # in Evidently's own order


def _load() -> tuple[Any, Any]:
    os.environ["DO_NOT_TRACK"] = "1"  # read when it is imported; nothing phones home
    try:
        return importlib.import_module("evidently"), importlib.import_module("evidently.presets")
    except ImportError as error:
        raise MissingExtraError(needs="Evidently", extra="evidently") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of Evidently and of what it calls to itself.

    It uses what numpy and its web framework have deprecated, and divides by zero on
    constant columns; nobody who reads its opinion can mend that.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _opinion(
    document: Mapping[str, Any],
    *,
    order: Sequence[str],
    version: str,
    n_rows: tuple[int, int],
    left_out: Mapping[str, str],
) -> SecondOpinion:
    """Read what Evidently's result says, from its JSON."""
    status = {test["metric_config"]["metric_id"]: test["status"] for test in document["tests"]}
    by_kind: dict[str, list[dict[str, Any]]] = {"ValueDrift": [], "DriftedColumnsCount": []}
    for metric in document["metrics"]:
        by_kind[metric["config"]["type"].rpartition(":")[2]].append(metric)
    (whole,) = by_kind["DriftedColumnsCount"]
    columns = sorted(by_kind["ValueDrift"], key=lambda one: order.index(one["config"]["column"]))
    return SecondOpinion(
        version=version,
        n_reference=n_rows[0],
        n_current=n_rows[1],
        columns=tuple(
            ColumnOpinion(
                name=metric["config"]["column"],
                method=metric["config"]["method"],
                score=metric["value"] if math.isfinite(metric["value"]) else None,
                threshold=metric["config"]["threshold"],
                drifted=status[metric["id"]] == "FAIL",
            )
            for metric in columns
        ),
        left_out=left_out,
        share_drifted=whole["value"]["share"],
        at=whole["config"]["drift_share"],
        drifted=status[whole["id"]] == "FAIL",
    )


def _kinds(reference: pa.Table, current: pa.Table) -> dict[str, str | None]:
    """Return what each column of the reference is to Evidently."""
    kinds = {}
    for side, rows in (("reference", reference), ("current", current)):
        twice = [name for name, n in Counter(rows.column_names).items() if n > 1]
        if twice:
            raise ColumnError(
                twice[0], f"occurs twice in the {side} rows", remedy="Rename one of them."
            )
    for name in reference.column_names:
        if name not in current.column_names:
            raise ColumnError(
                name,
                "is in the reference rows, but not in the current ones",
                remedy="Compare rows with the same columns.",
            )
        before, after = (rows.column(name).type for rows in (reference, current))
        # A column without any value may have no type of its own.
        kinds[name] = _kind(after if pa.types.is_null(before) else before)
        if _kind(after) != kinds[name] and not pa.types.is_null(after):
            raise ColumnError(
                name,
                f"holds {before} values in the reference, but {after} in the current rows",
                remedy="Convert one of them.",
            )
    return kinds


def _kind(type_: pa.DataType) -> str | None:
    if pa.types.is_dictionary(type_):
        return _kind(type_.value_type)
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return _NUMERICAL
    is_word = pa.types.is_string(type_) or pa.types.is_large_string(type_)
    is_other = pa.types.is_boolean(type_) or pa.types.is_null(type_)
    return _CATEGORICAL if is_word or is_other else None


def _values(column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind == _CATEGORICAL:
        return column.cast(pa.string())
    floats = column.cast(pa.float64(), safe=False)
    missing = pa.scalar(None, pa.float64())
    return pc.if_else(pc.is_finite(floats), floats, missing)  # NaN is missing as well
