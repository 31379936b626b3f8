"""`holdfast up`: a server, the control loop beside it, and pages that a person looks at."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from tests.harness import await_that

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
WIDTHS = (390, 1280)  # a telephone and a laptop, in CSS pixels


class TestUp:
    def test_serves_and_runs_the_loop_until_it_is_asked_to_stop(self, telco, telco_rows):
        """One command, two processes; SIGTERM ends both, and the exit is a clean one."""
        with telco.serving("up", "--every", "1h") as server:
            server.predict_all([features for features, _ in telco_rows[:50]])
            said = server.process.line_with("Decision:")
            loop = child_of(server.process.popen.pid)

            code = server.process.stop(signal.SIGTERM)

            assert said.strip() == "Decision: keep"
            assert code == 0
            await_that(lambda: not Path(f"/proc/{loop}").exists(), "the loop has ended, too")
        assert any(event["actor"] == "control" for event in telco.json("events"))

    def test_ends_by_ctrl_c_without_a_traceback(self, telco):
        """The terminal sends the signal to both processes at once."""
        with telco.serving("up", "--every", "1h") as server:
            server.process.line_with("Decision:")
            loop = child_of(server.process.popen.pid)

            os.kill(loop, signal.SIGINT)
            code = server.process.stop(signal.SIGINT)

        assert code == 0
        assert "Traceback" not in "".join(server.process.err)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("there is no chromium; `make ci-system` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Page:
    """A page, all that it asked for, and all that it complained of."""

    def __init__(self, page, width):
        self.page, self.width = page, width
        self.addresses: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.addresses.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.hear)

    def hear(self, said):
        if said.type in {"error", "warning"}:
            self.complaints.append(said.text)

    def assert_sound(self, server):
        assert self.complaints == []
        outside = [one for one in self.addresses if not one.startswith((server.url, "data:"))]
        assert outside == [], "nothing phones home"
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(overflow) <= 0, "nothing is cut off at the right"

    def shoot(self, name):
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


@pytest.fixture(params=WIDTHS)
def page(browser, request):
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    yield Page(context.new_page(), request.param)
    context.close()


@pytest.fixture(scope="module")
def watched(_trained_telco, telco_rows, tmp_path_factory):
    """A server with traffic, labels, a judged window in which prices rose, and an alert."""
    project = _trained_telco.copied_to(tmp_path_factory.mktemp("watched") / "telco")
    with project.serving() as server:
        rows = [row | {"MonthlyCharges": row["MonthlyCharges"] + 25} for row, _ in telco_rows[:900]]
        answers = server.predict_all(rows)
        labels = [
            {"prediction_id": answer["prediction_id"], "label": label}
            for answer, (_, label) in zip(answers, telco_rows, strict=False)
        ]
        server.post("/v1/labels", {"labels": labels[:400]})
        project.ok("check")
        yield server


class TestThePages:
    def test_status_says_how_things_stand(self, watched, page):
        """Champion, alerts, decision, window, predictions and labels, at any width."""
        page.page.goto(watched.url)

        text = page.page.inner_text("main")
        assert "v1 predicts Churn" in text
        assert "MonthlyCharges" in text
        assert "900 rows" in text
        assert "400 predictions have their label" in text
        page.shoot(f"status-{page.width}")
        page.assert_sound(watched)

    def test_status_of_a_new_project_says_what_comes_next(self, telco, page):
        """An empty page would leave a newcomer alone."""
        with telco.serving() as server:
            page.page.goto(server.url)

            assert "curl" in page.page.inner_text("main")
            page.shoot(f"status-new-{page.width}")
            page.assert_sound(server)

    def test_docs_show_the_models_own_features(self, watched, page):
        """Swagger's page, served from here, with a row of this model as the example."""
        page.page.goto(f"{watched.url}/docs")
        page.page.locator(".opblock-summary-path", has_text="predict").first.click()
        page.page.get_by_text("MonthlyCharges").first.wait_for()

        page.shoot(f"docs-{page.width}")
        page.assert_sound(watched)


def child_of(pid):
    """Return the only child process of a process."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)
