"""The reports that people open in a browser: of two files, and of a project's traffic."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import sync_playwright
from tests.harness import run

from holdfast.adapters.sources import open_source

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("there is no chromium; `make ci-system` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def compared(telco_rows, tmp_path_factory):
    """Two halves of Telco; in the second prices rose, and the contracts stopped arriving."""
    folder = tmp_path_factory.mktemp("compared")
    before = [features for features, _ in telco_rows[:3500]]
    after = [
        features | {"MonthlyCharges": features["MonthlyCharges"] + 25, "Contract": ""}
        for features, _ in telco_rows[3500:]
    ]
    for name, rows in (("before.csv", before), ("after.csv", after)):
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


class TestDrift:
    def test_writes_a_page_and_json(self, compared):
        """And tells the same on the terminal, the worst first."""
        done = run(
            "drift", "before.csv", "after.csv", "--html", "d.html", "--json", "d.json", cwd=compared
        )

        assert done.returncode == 0, done.stderr
        assert "2 of 19 features drifted, 1 of them a broken feed" in done.stdout
        assert done.stdout.index("Contract") < done.stdout.index("MonthlyCharges")
        assert "The median rose from" in done.stdout
        assert "And 17 stable features" in done.stdout
        assert len((compared / "d.html").read_bytes()) < 500_000
        assert json.loads((compared / "d.json").read_text())["n_current"] == 3543

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [390, 1280])
    def test_the_page_is_sound(self, compared, browser, width, scheme):
        """No complaint, nothing fetched, nothing cut off at the right, all folded parts opened."""
        page = compared / "page.html"
        if not page.exists():
            done = run("drift", "before.csv", "after.csv", "--html", page.name, cwd=compared)
            assert done.returncode == 0, done.stderr
        complaints, addresses = [], []
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: addresses.append(request.url))

        tab.goto(page.as_uri())
        verdict = tab.locator(".words").first.inner_text()
        ARTEFACTS.mkdir(exist_ok=True)
        tab.screenshot(path=ARTEFACTS / f"drift-{width}-{scheme}.png", full_page=True)
        tab.get_by_text("Show all").click()
        for fold in tab.locator("details:not([open]) > summary").all():
            if fold.is_visible():
                fold.click()
        overflow = tab.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        context.close()

        assert verdict.startswith("2 of 19 features drifted")
        assert complaints == []
        assert [one for one in addresses if not one.startswith(("data:", page.as_uri()))] == []
        assert overflow <= 0

    def test_evidentlys_own_report_stands_beside(self, compared):
        """Run for real; its verdict is told in a sentence, and here it is the window's."""
        done = run(
            "drift", "before.csv", "after.csv", "--html", "e.html", "--json", "e.json",
            "--evidently", "--rule", "evidently", cwd=compared,
        )  # fmt: skip

        assert done.returncode == 0, done.stderr
        assert "Evidently counts" in done.stdout
        assert (compared / "e.evidently.html").stat().st_size > 1_000_000
        theirs = json.loads((compared / "e.evidently.json").read_text())
        ours = json.loads((compared / "e.json").read_text())
        assert theirs["tool"] == "evidently"
        assert ours["outcome"] == theirs["outcome"]
        assert ours["drifted"] is theirs["drifted"]

    def test_evidently_needs_a_file_to_stand_beside(self, compared):
        """The command line is wrong, and says how it would be right."""
        done = run("drift", "before.csv", "after.csv", "--evidently", cwd=compared)

        assert done.returncode == 2
        assert "--html FILE" in done.stderr

    def test_shows_windows_over_time(self, data_folder, tmp_path):
        """Electricity prices in New South Wales, month by month against the first year."""
        before, after = _in_two_parts(data_folder / "elec2" / "electricity.csv.gz", tmp_path)

        done = run(
            "drift", before, after, "--drop", "date", "--window", "28d", "--time", "at",
            "--season", "364d", "--html", "w.html", "--json", "w.json", "--fail-on", "drift",
            cwd=tmp_path,
        )  # fmt: skip

        assert done.returncode == 3, done.stderr
        assert re.match(r"\d+ of 20 windows of 28d drifted", done.stdout)
        assert "compared with the whole reference" in done.stdout
        assert "1998-10-29 to 1998-11-26" in done.stdout
        found = json.loads((tmp_path / "w.json").read_text())
        assert len(found["windows"]) == 20
        assert {window["reference"] for window in found["windows"]} == {"same_season", "fixed"}
        page = (tmp_path / "w.html").read_text(encoding="utf-8")
        assert "1997-05-15 to 1997-06-12" in page
        assert len(page.encode()) < 500_000

    def test_compares_whole_rows(self, compared):
        """What tells the halves apart is named, and what goes no longer together."""
        done = run(
            "drift", "before.csv", "after.csv", "--multivariate", "--json", "m.json", cwd=compared
        )

        assert done.returncode == 0, done.stderr
        assert "Whole rows:" in done.stdout
        found = json.loads((compared / "m.json").read_text())["multivariate"]
        assert found["verdict"] == "drifted"
        assert "Contract" in {one["name"] for one in found["classifier"]["telling"]}

    def test_spark_counts_the_same(self, compared, monkeypatch):
        """Its JSON is that of this machine; the last digits of sums depend on their order."""
        pytest.importorskip("pyspark", reason="pyspark is not installed")
        if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
            pytest.skip("Spark needs Java, which is not on this machine")
        monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        (compared / "after").mkdir()
        rows = open_source(compared / "after.csv").read()
        for part in range(3):
            start = part * 1200
            pq.write_table(rows.slice(start, 1200), compared / "after" / f"{part}.parquet")

        here = run("drift", "before.csv", "after", "--json", "-", cwd=compared)
        there = run(
            "drift", "before.csv", "after", "--json", "-", "--spark", "local[2]", cwd=compared
        )

        assert there.returncode == 0, there.stderr
        assert json.loads(here.stdout)["n_current"] == rows.num_rows
        told = [json.loads(done.stdout, parse_float=_rounded) for done in (here, there)]
        assert told[0] == told[1]

    def test_says_where_it_cannot_write(self, compared):
        """One line, no traceback."""
        done = run("drift", "before.csv", "after.csv", "--html", "no/where.html", cwd=compared)

        assert done.returncode == 1
        assert "no/where.html: cannot be written" in done.stderr


def _rounded(digits):
    """Return a figure of a report to seven digits."""
    return f"{float(digits):.7g}"


def _in_two_parts(path, folder):
    """Write a table of half hours as its first year and the rest, each row with its time."""
    rows = open_source(path).read()
    begin = datetime(1996, 5, 7, tzinfo=UTC)
    at = [begin + i * timedelta(minutes=30) for i in range(rows.num_rows)]
    timed = rows.append_column("at", pa.array(at, pa.timestamp("us", tz="UTC")))
    first_year = 365 * 48
    pq.write_table(timed.slice(0, first_year), folder / "before.parquet")
    pq.write_table(timed.slice(first_year), folder / "after.parquet")
    return "before.parquet", "after.parquet"


@pytest.fixture(scope="module")
def pages(compared):
    """Pages of all sorts: over time, of whole rows, of names that may act, of one row."""
    names = ["<script>alert(1)</script>", "سعر الشهري", "😀 " + "x" * 300, "a\u202eb", "plan"]
    levels = ["<b>bold</b>", "مرحبا", "y" * 200, "", "plain"]

    def write(file, n, levels):
        with (compared / file).open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(names)
            for i in range(n):
                figures = [i % 97, 1000.0 ** (i % 7), i, (i * i) % 31]
                writer.writerow([*figures, levels[i % len(levels)]])

    write("names.csv", 900, levels)
    write("news.csv", 700, [*levels[:2], "<img src=x onerror=alert(2)>"])
    write("one.csv", 1, levels)
    orders = {
        "time.html": ("before.csv", "after.csv", "--window", "500"),
        "whole.html": ("before.csv", "after.csv", "--multivariate"),
        "names.html": ("names.csv", "news.csv"),
        "one.html": ("names.csv", "one.csv"),
    }
    for page, words in orders.items():
        done = run("drift", *words, "--html", page, cwd=compared)
        assert done.returncode == 0, done.stderr
    return compared


CUT_OFF = """() => [...document.querySelectorAll("main *, header *")].filter(one => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    return box.width > 1 && style.clipPath === "none" && !one.closest("svg")
        && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map(one => one.outerHTML.slice(0, 120))"""

OVERLAPPING = """() => [...document.querySelectorAll(".ticks")].flatMap(axis => {
    const shown = [...axis.children].map(one => one.getBoundingClientRect())
        .filter(box => box.width > 0).sort((one, other) => one.left - other.left);
    return shown.slice(1).filter((box, i) => box.left < shown[i].right - 0.5).map(box => box.left);
})"""


class TestPage:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [390, 1280])
    @pytest.mark.parametrize("name", ["time", "whole", "names", "one"])
    def test_is_sound_wherever_it_is_opened(self, pages, browser, name, width, scheme):
        """All parts opened: nothing cut off or overlapping, no complaint, nothing fetched."""
        complaints, addresses = [], []
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message))
        tab.on("request", lambda request: addresses.append(request.url))
        address = (pages / f"{name}.html").as_uri()

        tab.goto(address)
        tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        cut_off, overlapping = tab.evaluate(CUT_OFF), tab.evaluate(OVERLAPPING)
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        overflow = tab.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        ARTEFACTS.mkdir(exist_ok=True)
        tab.screenshot(path=ARTEFACTS / f"drift-{name}-{width}-{scheme}.png", full_page=True)
        context.close()

        assert (complaints, cut_off, overlapping) == ([], [], [])
        assert [one for one in addresses if not one.startswith(("data:", address))] == []
        assert overflow <= 0
        assert ground == ("rgb(17, 23, 27)" if scheme == "dark" else "rgb(244, 246, 247)")
        assert (pages / f"{name}.html").stat().st_size < 500_000

    def test_is_read_without_a_mouse(self, pages, browser):
        """The keyboard reaches each fold and opens it; what has the focus is marked."""
        tab = browser.new_page()
        tab.goto((pages / "time.html").as_uri())
        fold = tab.locator("details:not([open]) > summary").last

        for _ in range(200):
            tab.keyboard.press("Tab")
            if fold.evaluate("one => one === document.activeElement"):
                break
        marked = fold.evaluate("one => getComputedStyle(one).outlineStyle")
        tab.keyboard.press("Enter")
        opened = tab.locator("details").last.evaluate("one => one.open")
        tab.close()

        assert marked == "solid"
        assert opened

    def test_tells_the_series_in_words_and_blocks(self, pages):
        """Windows, the map of features, rows taken whole."""
        over_time, whole = (
            (pages / f"{name}.html").read_text(encoding="utf-8") for name in ("time", "whole")
        )

        assert "Which features drifted when" in over_time
        assert "7 of 7" in over_time
        assert "Reconstruction error" in whole


class TestReport:
    def test_goes_from_no_traffic_to_a_page(self, telco, telco_rows):
        """An empty window is refused; then features, scores and labels are told."""
        assert "holds no rows" in telco.refused("report")
        with telco.serving() as server:
            rows = [
                row | {"MonthlyCharges": row["MonthlyCharges"] + 25} for row, _ in telco_rows[:900]
            ]
            server.predict_all(rows)

        said = telco.ok("report")
        found = json.loads(telco.ok("report", "--json", "-"))

        (page,) = (telco.folder / "reports").glob("*-v1.html")
        assert str(page.relative_to(telco.folder)) in said
        assert "MonthlyCharges" in said
        assert "No mature labels" in said
        assert "900 rows of 900 wait for the next tick" in said
        assert "900 rows of 900 wait for the next tick" in page.read_text(encoding="utf-8")
        assert (found["reprofiling"], found["n_uncounted"]) == (False, 900)
        assert "Distribution of score" in page.read_text(encoding="utf-8")
        assert (found["model_version"], found["drift"]["n_current"]) == ("v1", 900)
        assert found["performance"] is None
        assert "No model was in production" in telco.refused("report", "--at", "2020-01-01")
