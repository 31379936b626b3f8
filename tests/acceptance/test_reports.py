"""The reports that people open in a browser: of two files, and of a project's traffic."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from tests.harness import run

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
        """Run for real; its verdict is told in a sentence."""
        done = run(
            "drift", "before.csv", "after.csv", "--html", "e.html", "--evidently", cwd=compared
        )

        assert done.returncode == 0, done.stderr
        assert "Evidently counts" in done.stdout
        assert (compared / "e.evidently.html").stat().st_size > 1_000_000
        assert json.loads((compared / "e.evidently.json").read_text())["tool"] == "evidently"

    def test_evidently_needs_a_file_to_stand_beside(self, compared):
        """The command line is wrong, and says how it would be right."""
        done = run("drift", "before.csv", "after.csv", "--evidently", cwd=compared)

        assert done.returncode == 2
        assert "--html FILE" in done.stderr

    def test_says_where_it_cannot_write(self, compared):
        """One line, no traceback."""
        done = run("drift", "before.csv", "after.csv", "--html", "no/where.html", cwd=compared)

        assert done.returncode == 1
        assert "no/where.html: cannot be written" in done.stderr


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
        assert "Distribution of score" in page.read_text(encoding="utf-8")
        assert (found["model_version"], found["drift"]["n_current"]) == ("v1", 900)
        assert found["performance"] is None
        assert "No model was in production" in telco.refused("report", "--at", "2020-01-01")
