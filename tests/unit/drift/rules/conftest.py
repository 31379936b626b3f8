"""Reports on features, made by hand: what a rule reads of them."""

from __future__ import annotations

import pytest

from holdfast.domain.contract import FeatureKind
from holdfast.drift.methods.protocol import MethodResult
from holdfast.drift.verdicts import FeatureReport, FeatureTest, Verdict


def feature_report(name, verdict="stable", kind="numeric", *, psi=None, ks=None, expected=None):
    """One feature's report; `psi` is an index and `ks` a p-value."""
    results = []
    if psi is not None:
        results.append(result("population_stability_index", psi, None, expected))
    if ks is not None:
        results.append(result("kolmogorov_smirnov", 0.2, ks))
    return FeatureReport(
        name=name,
        kind=FeatureKind(kind),
        verdict=Verdict(verdict),
        tests=tuple(FeatureTest(result=one, p_adjusted=None, drifted=False) for one in results),
        reference_missing=0.0,
        current_missing=0.0,
    )


def result(method, statistic, p_value, expected=None):
    return MethodResult(
        method=method,
        statistic=statistic,
        p_value=p_value,
        effect=min(1.0, statistic),
        expected=expected,
    )


@pytest.fixture(name="report")
def _report():
    return feature_report


@pytest.fixture(name="reports")
def _reports():
    """So many features of each verdict, named after it: drifted0, drifted1, stable0 …"""

    def of(**n_by_verdict):
        return [
            feature_report(f"{verdict}{i}", verdict)
            for verdict, n in n_by_verdict.items()
            for i in range(n)
        ]

    return of
