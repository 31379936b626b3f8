"""The benchmark of a growing log, at a thousandth of its size."""

import json

import pytest
from benchmarks.log_growth import RESULT, Plan, budgets, main

ROOT = RESULT.parents[2]
SMALL = Plan(sizes=(100, 10_000), appends=5, batches=2, batch=50, gets=5, labels=2, read=1000)


class TestLogGrowth:
    def test_measures_a_store_at_each_size(self, tmp_path, capsys):
        """Rows that are filled in are found, labelled and read back as those that are logged."""
        result = tmp_path / "growth.json"

        main(["--dir", str(tmp_path), "--out", str(result)], SMALL)

        found = json.loads(result.read_text())
        assert [size["rows"] for size in found["sizes"]] == [100, 10_000]
        assert all(
            size[name]["median"] > 0
            for size in found["sizes"]
            for name in ("append_1", "append_16", "append_50", "get", "label_by_id_50", "fsync")
        )
        assert found["read_back"]["rows"] == found["read_back"]["window_rows"] == 100
        assert "append_16: " in capsys.readouterr().out
        assert [path.name for path in tmp_path.iterdir()] == ["growth.json"]


class TestBudgets:
    @pytest.mark.parametrize(("grown", "holds"), [(1.2, True), (2.0, False)])
    def test_hold_as_long_as_the_largest_is_as_quick_as_the_smallest(self, grown, holds):
        """A quarter is what one run differs from the next by."""
        names = ("append_1", "append_16", "append_1000")
        sizes = [{name: {"median": t} for name in names} for t in (1.0, grown)]
        read_back = {"read_seconds": 2.9, "window_seconds": 3.1}

        found = budgets({"sizes": sizes, "read_back": read_back})

        assert {found[name]["holds"] for name in names} == {holds}
        assert found["read_seconds"]["holds"]
        assert not found["window_seconds"]["holds"]


class TestPage:
    def test_shows_the_figures_of_the_published_run(self):
        """The table of `the-store.md` is that run's."""
        run = json.loads(RESULT.read_text(encoding="utf-8"))
        page = (ROOT / "docs/explanation/the-store.md").read_text(encoding="utf-8")
        names = {"append_1": 2, "append_16": 2, "append_1000": 0, "get": 2}

        for size in run["sizes"]:
            cells = [f"{size[name]['median']:.{digits}f} ms" for name, digits in names.items()]
            cells.append(f"{size['label_by_entity_1000']['median']:.0f} ms |")
            if size["rows"] != 100_000:
                assert " | ".join(cells) in page
        assert f"{run['read_back']['read_seconds']:.1f} seconds" in page
