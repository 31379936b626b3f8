"""The command `drift`, run in this process on small files."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from holdfast.cli.app import app
from holdfast.domain.errors import ColumnError, PluginError, WindowError

BEGIN = datetime(2025, 1, 2, tzinfo=UTC)  # a multiple of a week and of two since 1970


def rows(n_days, *, seed, shift_from=None, first=0):
    """Eighty rows a day, whose charges rise by 30 from a day on."""
    rng = np.random.default_rng(seed)
    days = np.repeat(np.arange(n_days), 80)
    charges = rng.normal(70, 10, days.size)
    if shift_from is not None:
        charges += 30.0 * (days >= shift_from)
    at = [BEGIN + timedelta(days=int(day) + first, hours=i % 24) for i, day in enumerate(days)]
    return pa.table(
        {
            "at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "charges": charges,
            "plan": rng.choice(["monthly", "yearly"], days.size),
        }
    )


@pytest.fixture(name="files", autouse=True)
def _files(tmp_path, monkeypatch):
    """A reference of four weeks, and four weeks of which the last two shifted."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(rows(28, seed=1), tmp_path / "before.parquet")
    pq.write_table(rows(28, seed=2, shift_from=14, first=28), tmp_path / "after.parquet")
    return tmp_path


def drift(*options, current="after.parquet"):
    done = CliRunner().invoke(app, ["drift", "before.parquet", current, *options])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


class TestDrift:
    def test_the_rule_is_the_one_asked_for(self):
        """And its verdict the first thing that is said."""
        done = drift("--rule", "any_feature", "--json", "-")

        found = json.loads(done.stdout)
        assert (found["rule"], found["drifted"]) == ("any_feature", True)

    def test_the_test_is_the_one_asked_for(self):
        """Only decisive tests have an adjusted p-value."""
        found = json.loads(drift("--numeric-test", "kolmogorov_smirnov", "--json", "-").stdout)

        (charges, _) = found["features"]
        decisive = {t["method"] for t in charges["tests"] if t["p_adjusted"] is not None}
        assert decisive == {"kolmogorov_smirnov"}

    def test_weights_say_what_matters(self):
        """A drifted column of no importance is no alarm."""
        rule = ("--rule", "weighted_share=0.5", "--json", "-")

        heavy = json.loads(drift("--weight", "charges=9", "--weight", "plan=1", *rule).stdout)
        light = json.loads(drift("--weight", "charges=1", "--weight", "plan=9", *rule).stdout)

        assert (heavy["drifted"], light["drifted"]) == (True, False)
        assert light["weighted_share"] == pytest.approx(0.1)

    def test_a_weight_of_no_feature_is_a_slip(self):
        """It would weigh nothing, silently."""
        with pytest.raises(ColumnError, match="Did you mean 'plan'"):
            drift("--weight", "plans=2")
        with pytest.raises(ColumnError, match=r"is not compared: .* clock"):
            drift("--weight", "at=2")

    def test_whole_rows_are_compared_if_asked(self):
        """On the terminal, in the JSON and on the page; and --fail-on counts them."""
        done = drift("--multivariate", "--json", "d.json", "--html", "d.html", "--fail-on", "drift")

        found = json.loads(Path("d.json").read_text(encoding="utf-8"))["multivariate"]
        assert done.exit_code == 3
        assert "Whole rows:\n  A classifier can tell" in done.stdout
        assert found["verdict"] == "drifted"
        assert (found["n_reference"], found["n_current"]) == (2240, 2240)
        assert "A classifier can tell" in Path("d.html").read_text(encoding="utf-8")

    def test_says_what_was_not_compared(self):
        """A reason is given once, whatever columns it is of."""
        done = drift()

        assert "Not compared: at (a clock: every current value is later; name it" in done.stdout


class TestDriftInWindows:
    def test_shows_since_when(self):
        """A line for each window, then the newest in full."""
        done = drift("--window", "7d", "--time", "at", "--json", "w.json")

        assert done.stdout.startswith("2 of 4 windows of 7d drifted.")
        lines = [line for line in done.stdout.splitlines() if line.startswith("2025-")]
        verdicts = ["not drifted" if "not drifted" in line else "drifted" for line in lines]
        assert verdicts == ["not drifted", "not drifted", "drifted", "drifted"]
        assert "charges 0.8" in lines[-1]
        assert "\nThe newest, 2025-02-20 to 2025-02-27:\nThe window has drifted" in done.stdout
        found = json.loads(Path("w.json").read_text(encoding="utf-8"))
        assert [window["drifted"] for window in found["windows"]] == [False, False, True, True]
        assert found["left_out"] == [{"column": "at", "reason": "says when the row was"}]

    def test_the_page_is_of_the_newest_with_all_in_a_series(self):
        """A reader wants the present, and how it came about."""
        drift("--window", "7d", "--time", "at", "--html", "w.html")

        page = Path("w.html").read_text(encoding="utf-8")
        assert "2,240" in page
        assert "2025-01-30 to 2025-02-06" in page

    @pytest.mark.parametrize(("shift_from", "code"), [(14, 3), (None, 0)])
    def test_fail_on_looks_at_the_newest(self, files, shift_from, code):
        """What was long ago is known by now."""
        pq.write_table(rows(28, seed=5, shift_from=shift_from, first=28), files / "after.parquet")

        done = drift("--window", "7d", "--time", "at", "--fail-on", "drift")

        assert done.exit_code == code

    def test_a_past_alarm_is_none_now(self, files):
        """The shift is in the first window, and gone in the newest."""
        early, late = rows(14, seed=5, shift_from=0, first=28), rows(14, seed=6, first=42)
        pq.write_table(pa.concat_tables([early, late]), files / "after.parquet")

        done = drift("--window", "14d", "--time", "at", "--fail-on", "drift")

        assert done.exit_code == 0

    def test_many_windows_are_abbreviated(self):
        """The newest are shown, the earlier ones counted."""
        done = drift("--window", "80")

        assert "4 earlier windows, 0 of them drifted; --json has them all" in done.stdout
        assert len([line for line in done.stdout.splitlines() if line.startswith("rows ")]) == 24

    def test_no_filled_window_is_an_error(self):
        """It must not pass for no drift."""
        with pytest.raises(
            WindowError, match=r"2,240 current rows fill no window of 90d.*--partial"
        ):
            drift("--window", "90d", "--time", "at")

    @pytest.mark.parametrize("column", ["charges", "plan"])
    def test_a_time_that_is_none_is_named(self, column):
        """With what it holds, and what is needed."""
        with pytest.raises(ColumnError, match=f"{column!r}: holds .* not times"):
            drift("--window", "7d", "--time", column)
        with pytest.raises(ColumnError, match=f"{column!r}: holds .* not times"):
            drift("--time", column)


BROKEN = """
class Broken:
    name = "broken"
    is_test = True

    def applies(self, pair):
        return pair.numbers is not None

    def compare(self, pair):
        raise KeyError("mean")
"""
TEST = (
    BROKEN.replace("Broken", "Always")
    .replace("broken", "always")
    .replace(
        'raise KeyError("mean")',
        "from holdfast.drift.methods.protocol import MethodResult\n"
        '        return MethodResult(method="always", statistic=1.0, p_value=0.0, effect=1.0)',
    )
)


class TestDriftWithPlugins:
    @pytest.fixture(name="installed")
    def _installed(self, tmp_path, monkeypatch):
        """Install a distribution with one entry point."""

        def of(code, target):
            (tmp_path / "cli_plugin.py").write_text(code)
            info = tmp_path / "cli_plugin-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cli-plugin\nVersion: 1\n")
            (info / "entry_points.txt").write_text(
                f"[holdfast.drift_methods]\nmine = cli_plugin:{target}\n"
            )
            monkeypatch.syspath_prepend(str(tmp_path))
            monkeypatch.delitem(sys.modules, "cli_plugin", raising=False)
            importlib.invalidate_caches()

        return of

    def test_a_packages_method_is_asked_and_may_decide(self, installed):
        """By its name, as a built-in one."""
        installed(TEST, "Always")

        found = json.loads(drift("--numeric-test", "always", "--json", "-").stdout)

        (charges, _) = found["features"]
        decisive = {t["method"] for t in charges["tests"] if t["p_adjusted"] is not None}
        assert decisive == {"always"}

    def test_a_broken_one_is_named(self, installed):
        """The entry point, the package, the method, and what it raised; no traceback."""
        installed(BROKEN, "Broken")

        with pytest.raises(
            PluginError, match=r"'cli-plugin'.*'broken' failed in compare: KeyError"
        ):
            drift()
