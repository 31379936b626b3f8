"""Methods of drift that other packages bring."""

from __future__ import annotations

import importlib
import sys
from textwrap import dedent

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.contract import Contract, Feature, FeatureKind, Target
from holdfast.domain.errors import PluginError
from holdfast.drift.grid import cut_grid
from holdfast.drift.methods.registry import METHODS
from holdfast.drift.profile import profile
from holdfast.drift.report import DriftPolicy, compare
from holdfast.wiring.plugins import drift_methods

MEAN_SHIFT = """
    from holdfast.drift.methods.protocol import MethodResult

    class MeanShift:
        name = "mean_shift"
        is_test = True

        def applies(self, pair):
            return pair.numbers is not None

        def compare(self, pair):
            left, right = (side.sums.sum() / side.n_values for side in pair.numbers)
            shift = float(abs(left - right))
            return MethodResult(
                method=self.name, statistic=shift, p_value=1e-6 if shift > 1 else 1.0, effect=shift
            )

    class Thief(MeanShift):
        name = "chi_square"

    class Shouting(MeanShift):
        name = "Mean Shift!"

    class Failing(MeanShift):
        def compare(self, pair):
            raise ZeroDivisionError("in the mean")

    class Doubtful(MeanShift):
        def applies(self, pair):
            return pair.nothing

    class Mumbling(MeanShift):
        def compare(self, pair):
            return 0.5

    class Borrowing(MeanShift):
        name = "borrowed"

        def compare(self, pair):
            return MethodResult(method="chi_square", statistic=0.0, p_value=1.0, effect=0.0)

    class Unsure(MeanShift):
        def compare(self, pair):
            return MethodResult(method=self.name, statistic=0.0, p_value=None, effect=0.0)

    class Unfinished(MeanShift):
        def __init__(self):
            raise OSError("no such table")

    def greedy(pair):
        return MeanShift()
"""


@pytest.fixture(name="installed")
def _installed(tmp_path, monkeypatch):
    """Install a distribution that adds entry points, and its module `third_party_drift`."""

    def of(*targets, name="our-drift"):
        folder = tmp_path / name
        (folder / "third_party_drift.py").parent.mkdir()
        (folder / "third_party_drift.py").write_text(dedent(MEAN_SHIFT))
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = "\n".join(f"point_{i} = {target}" for i, target in enumerate(targets))
        (info / "entry_points.txt").write_text(f"[holdfast.drift_methods]\n{lines}\n")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, "third_party_drift", raising=False)
        importlib.invalidate_caches()

    return of


def _windows():
    """Count a numeric feature in two windows, the second 50 higher."""
    contract = Contract(
        features=(Feature(name="x", kind=FeatureKind.NUMERIC, nullable=True),),
        target=Target(name="y", positive="1", negative="0"),
        threshold=0.5,
        data_digest="",
    )
    rows = [pa.table({"x": pa.array(np.arange(200.0) + by)}) for by in (0, 50)]
    grid = cut_grid(rows[0], contract)
    return [profile(table, grid) for table in rows]


class TestDriftMethods:
    def test_without_packages_they_are_the_built_in_ones(self):
        """In the same order."""
        assert list(drift_methods()) == list(METHODS)

    def test_a_package_adds_one(self, installed):
        """Last, and by its own name, not the entry point's."""
        installed("third_party_drift:MeanShift")

        assert list(drift_methods()) == [*METHODS, "mean_shift"]

    def test_an_added_method_can_decide(self, installed):
        """It is shown, takes part in the family and makes the verdict."""
        installed("third_party_drift:MeanShift")
        report = compare(
            *_windows(),
            policy=DriftPolicy(decisive=("mean_shift",)),
            methods=drift_methods(),
        )

        strongest = report.feature("x").strongest
        assert strongest is not None
        assert strongest.result.method == "mean_shift"
        assert strongest.drifted

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("third_party_drift:Thief", "'chi_square' has the name of one of Holdfast itself"),
            ("third_party_drift:Shouting", "name is 'Mean Shift!'. Name it in snake_case"),
            ("third_party_drift:greedy", "cannot be called without arguments"),
            ("third_party_drift:Unfinished", "failed when it was called: OSError: no such table"),
            ("third_party_drift:nothing", "cannot be imported: .*'nothing'"),
            ("no_such_module:Method", "cannot be imported: No module named 'no_such_module'"),
            ("collections:OrderedDict", "gives 'OrderedDict', which lacks .* applies and compare"),
        ],
    )
    def test_says_in_one_line_what_is_wrong(self, installed, target, message):
        """Which entry point of which package, what was found, what to do."""
        installed(target)

        with pytest.raises(PluginError, match=message) as caught:
            drift_methods()

        assert str(caught.value).startswith(f"Entry point 'point_0 = {target}' of ")
        assert "'our-drift'" in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("Failing", "failed in compare: ZeroDivisionError: in the mean"),
            ("Doubtful", "failed in applies: .* no attribute 'nothing'"),
            ("Mumbling", "answered with 'float', which is no MethodResult"),
            ("Borrowing", "answered with the result of a method 'chi_square'"),
            ("Unsure", "answered with no p-value, but it says that it is a test"),
        ],
    )
    def test_what_goes_wrong_while_it_compares_is_named(self, installed, name, message):
        """Whatever it raises, people read whose fault it is, in one line."""
        installed(f"third_party_drift:{name}")
        (method,) = [one for key, one in drift_methods().items() if key not in METHODS]

        with pytest.raises(PluginError, match=f"'{method.name}' {message}") as caught:
            compare(*_windows(), policy=DriftPolicy(), methods={**METHODS, method.name: method})

        assert "'our-drift'" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_two_packages_cannot_share_a_name(self, installed):
        """The one that came first is named."""
        installed("third_party_drift:MeanShift")
        installed("third_party_drift:MeanShift", name="their-drift")

        with pytest.raises(PluginError, match="has the name of one of the package '"):
            drift_methods()
