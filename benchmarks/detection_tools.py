"""What the detection benchmark asks: Holdfast, its peers and two dummies, on the same windows.

Every tool runs with the settings it comes with.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from benchmarks.detection_rows import NO_DRIFT
from scipy import stats

from holdfast.domain.contract import Contract, Target
from holdfast.domain.features import features_of
from holdfast.domain.survey import survey
from holdfast.domain.tables import conform
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.report import DriftPolicy, DriftReport, compare
from holdfast.drift.rows import count_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.detection_rows import Windows
    from numpy.typing import NDArray

    from holdfast.drift.methods.protocol import Method

__all__ = ["NOT_RUN", "TOOLS", "Finding", "contract_of", "decisive_methods"]

NOT_RUN = {
    "whylogs 1.6.4": "its drift scores need the extra viz, which needs pillow < 11; 13 is pinned",
    "deepchecks 0.19.1": "installs, but imports pkg_resources, which setuptools no longer has; "
    "with an older setuptools it stops at scikit-learn 1.9: 'max_error' is no scorer there",
    "alibi-detect 0.13.0": "needs pillow < 11; 13 is pinned",
    "nannyml 0.13.1": "needs s3fs, whose aiobotocore needs an older botocore or multidict < 7; "
    "botocore 1.44 and multidict 7.2 are pinned",
    "river 0.26.1": "installs, but watches one stream of values; it compares no two tables",
}
"""Peers of the same kind that cannot run in one environment with ours, as uv resolves it."""

ALPHA = 0.05
_NO_TARGET = Target(name="", positive="1", negative="0")
_NO_FILE = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one tool said of one pair of windows.

    Attributes:
        n_flagged: Features that it says have drifted.
        window: Its verdict on the whole window; None if it gives none.
        verdicts: How many features got each verdict; empty if it only knows yes and no.
        p_values: By method, then by feature; empty if it shows none.
    """

    n_flagged: int
    window: bool | None = None
    verdicts: dict[str, int] = field(default_factory=dict)
    p_values: dict[str, dict[str, float]] = field(default_factory=dict)


def holdfast(windows: Windows) -> dict[str, Finding]:
    """Profile the reference once, as a user would, and compare each window with it.

    Every method is asked where nothing drifted, for there its p-values are judged.
    """
    contract = contract_of(windows.reference)
    grid = cut_grid(conform(windows.reference, contract), contract)
    reference = count_rows(windows.reference, contract, grid)
    findings = {}
    for cell, current in windows.current.items():
        counted = count_rows(current, contract, grid)
        methods = METHODS if cell == NO_DRIFT else decisive_methods()
        findings[cell] = _finding(compare(reference, counted, grid=grid, methods=methods))
    return findings


def contract_of(reference: pa.Table) -> Contract:
    """Return what the columns of a reference are, all of them features."""
    return Contract(
        features=features_of(reference, survey(reference)),
        target=_NO_TARGET,
        threshold=0.5,
        data_digest=_NO_FILE,
    )


def decisive_methods() -> dict[str, Method]:
    """Return the methods that make verdicts: others cost time, and change none of them."""
    return {name: METHODS[name] for name in DriftPolicy().decisive}


def _finding(report: DriftReport) -> Finding:
    p_values: dict[str, dict[str, float]] = {}
    for feature in report.features:
        for test in feature.tests:
            if test.result.p_value is not None:
                p_values.setdefault(test.result.method, {})[feature.name] = test.result.p_value
    return Finding(
        n_flagged=sum(feature.drifted for feature in report.features),
        window=report.drifted,
        verdicts=dict(Counter(feature.verdict.value for feature in report.features)),
        p_values=p_values,
    )


def evidently(windows: Windows) -> dict[str, Finding]:
    """Run `DataDriftPreset`; it has no way to keep what it knows of a reference."""
    os.environ["DO_NOT_TRACK"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about libraries it calls
        library = import_module("evidently")  # 3 s that only this tool pays
        preset = import_module("evidently.presets").DataDriftPreset
        reference = windows.reference.to_pandas()
        findings = {}
        for cell, current in windows.current.items():
            snapshot = library.Report([preset()]).run(
                current_data=current.to_pandas(), reference_data=reference
            )
            value = snapshot.dict()["metrics"][0]["value"]
            findings[cell] = Finding(n_flagged=int(value["count"]), window=value["share"] >= 0.5)
    return findings


def bh_baseline(windows: Windows) -> dict[str, Finding]:
    """Do what a careful analyst does by hand: the right tests, and one correction."""
    return {
        cell: Finding(n_flagged=_significant(windows.reference, current))
        for cell, current in windows.current.items()
    }


def _significant(reference: pa.Table, current: pa.Table) -> int:
    p_values = []
    for name in reference.column_names:
        left, right = reference.column(name), current.column(name)
        if left.null_count + right.null_count:
            p_values.append(_missingness(left, right))
        test = _kolmogorov_smirnov if pa.types.is_floating(left.type) else _homogeneity
        p_values.append(test(left.drop_null(), right.drop_null()))
    return int((stats.false_discovery_control(p_values) <= ALPHA).sum())


def _missingness(left: pa.ChunkedArray, right: pa.ChunkedArray) -> float:
    table = [[side.null_count, len(side) - side.null_count] for side in (left, right)]
    return float(stats.fisher_exact(np.array(table)).pvalue)


def _kolmogorov_smirnov(left: pa.ChunkedArray, right: pa.ChunkedArray) -> float:
    # Its exact p-value is for samples without ties, and is tried in vain on most of these.
    return float(stats.ks_2samp(left.to_numpy(), right.to_numpy(), method="asymp").pvalue)


def _homogeneity(left: pa.ChunkedArray, right: pa.ChunkedArray) -> float:
    words = pa.chunked_array([*left.chunks, *right.chunks]).combine_chunks().dictionary_encode()
    codes: NDArray[np.int32] = words.indices.to_numpy()
    width = len(words.dictionary)
    table = [np.bincount(part, minlength=width) for part in np.split(codes, [len(left)])]
    return float(stats.chi2_contingency(table, correction=False).pvalue) if width > 1 else 1.0


def always(windows: Windows) -> dict[str, Finding]:
    """Say that everything has drifted: the highest power there is."""
    width = windows.reference.num_columns
    return {cell: Finding(n_flagged=width, window=True) for cell in windows.current}


def never(windows: Windows) -> dict[str, Finding]:
    """Say that nothing has: no false alarm, ever."""
    return {cell: Finding(n_flagged=0, window=False) for cell in windows.current}


TOOLS: dict[str, Callable[[Windows], dict[str, Finding]]] = {
    "holdfast": holdfast,
    "evidently": evidently,
    "bh_baseline": bh_baseline,
    "always": always,
    "never": never,
}
