"""API keys as a person uses them: made, shown, revoked, over real HTTP."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import sync_playwright
from tests.harness import await_that

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]


@pytest.fixture
def body(telco_rows):
    """A request that fits the model."""
    return {"features": telco_rows[0][0]}


class TestKeys:
    def test_from_the_first_key_to_its_revocation(self, telco, body):
        """Open, then 401, 200, 403, and within two seconds 401 again; nothing restarts."""
        with telco.serving() as server:
            ask = Asking(server, body)
            assert ask() == 200

            secret = telco.ok("keys", "create", "--scope", "predict", "--expires", "1d").strip()
            closed = await_that(lambda: ask() == 401, "the first key closes the door")
            assert (ask(secret), ask("hf_0a1b2c3d4e5f_" + "A" * 43)) == (200, 401)
            model = server.client.get("/v1/model", headers=ask.shown(secret))
            assert (model.status_code, "'read'" in model.text) == (403, True)

            key_id = telco.json("keys", "list")[0]["key_id"]
            telco.ok("keys", "revoke", key_id)
            revoked = await_that(lambda: ask(secret) == 401, "the revocation is known")

            assert max(closed, revoked) <= 2.0
            assert server.client.get("/health/ready").status_code == 200
        said = "".join(server.process.out + server.process.err)
        assert secret not in said
        assert [event["kind"] for event in telco.json("events")[:2]] == [
            "key_revoked",
            "key_created",
        ]
        assert secret[16:] not in telco.ok("events", "--json")

    def test_other_machines_are_let_in_by_keys_only(self, telco, body):
        """Refused at the start without a usable one; with one, every request is asked for it."""
        refused = telco.refused("serve", "--host", "0.0.0.0", "--port", 0)
        assert "holdfast keys create --scope predict" in refused
        secret = telco.ok("keys", "create", "--scope", "predict").strip()

        with telco.serving("serve", "--host", "0.0.0.0") as server:
            ask = Asking(server, body)
            named = {"Host": "churn.example.org"}

            assert (ask(**named), ask(secret, **named)) == (401, 200)


class TestInABrowser:
    @pytest.mark.skipif(CHROMIUM is None, reason="no chromium; `make ci-system` installs it")
    def test_a_key_is_the_password_of_the_pages(self, telco):
        """The status, the documentation, and a request tried out there after "Authorize"."""
        words = ("keys", "create", "--scope", "read", "--scope", "predict")
        secret = telco.ok(*words).strip()

        with telco.serving() as server, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = chromium.new_context(
                http_credentials={"username": "anyone", "password": secret}
            ).new_page()
            complaints = []
            page.on("console", lambda said: complaints.append(said.text))

            status = page.goto(server.url)
            page.goto(f"{server.url}/docs")
            page.locator(".opblock-summary-path", has_text="predict").first.click()
            page.locator(".btn.authorize").first.click()
            page.locator(".dialog-ux input").first.fill(secret)
            page.locator(".dialog-ux .modal-btn.authorize").first.click()
            page.locator(".dialog-ux .btn-done").first.click()
            page.locator(".opblock.is-open .execute").first.click()
            answer = page.locator(".live-responses-table tbody .response-col_status").first
            answer.wait_for()

            assert status is not None
            assert (status.status, answer.inner_text().split()[0]) == (200, "200")
            assert complaints == []
            chromium.close()


class Asking:
    """Predicts with or without a key, and says the status."""

    def __init__(self, server, body):
        self.server, self.body = server, body

    @staticmethod
    def shown(secret):
        return {} if secret is None else {"Authorization": f"Bearer {secret}"}

    def __call__(self, secret=None, **headers):
        headers |= self.shown(secret)
        return self.server.client.post("/v1/predict", json=self.body, headers=headers).status_code
