"""The pages for people."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.domain.errors import StoreUnavailableError
from holdfast.domain.events import AlertRaised, DecisionMade, WindowJudged
from holdfast.domain.evidence import Action, Alert, Decision, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.windows import Window
from holdfast.ports.event_log import Draft
from holdfast.testing.online import TINY_CONTRACT


def judge(world, subject="charges"):
    """Leave behind what a tick of the loop leaves behind."""
    version = ModelVersion("v1")
    alert = Alert(
        trigger=Trigger.PERFORMANCE,
        severity=Severity.CRITICAL,
        subject=subject,
        message=f"{subject} fell from 0.842 to 0.761",
    )
    now = world.clock.now()
    window = WindowJudged(
        window=Window(start_at=now - timedelta(days=7), end_at=now),
        model_version=version,
        n=48210,
        drifted=(subject,),
        underpowered=(),
        share_drifted=0.25,
        n_labelled=1204,
        performance={"roc_auc": 0.761},
    )
    decision = DecisionMade(
        decision=Decision(
            action=Action.FIX_UPSTREAM, policy="harm", reasons=("The feed is broken.",)
        ),
        model_version=version,
        alerts=(alert,),
        n_labels=1204,
        policy_digest="p",
    )
    bodies = (window, AlertRaised(alert=alert, model_version=version), decision)
    drafts = [Draft(body=body, actor="control") for body in bodies]
    return world.store.events.append(drafts, at=now)[-1].seq


class TestStatusPage:
    def test_says_what_to_do_first(self, world):
        """Before the first training: one command, and nothing that cannot be done yet."""
        with world.client() as client:
            page = client.get("/")

        assert page.status_code == 200
        assert "holdfast train" in page.text
        assert "holdfast check" not in page.text

    def test_says_what_comes_next(self, client):
        """A model and no rows: the request to send, ready to be copied."""
        page = client.get("/").text

        assert "curl http://localhost/v1/predict" in page
        assert "&#34;tenure&#34;: 29" in page
        assert "holdfast label" in page
        assert "holdfast check" in page

    def test_tells_how_the_project_stands(self, client, serving, row):
        """What serves since when, rows, labels, the last window, decision and alerts."""
        answer = client.post("/v1/predict", json={"features": row}).json()
        label = {"prediction_id": answer["prediction_id"], "label": "Yes"}
        client.post("/v1/labels", json=label)
        seq = judge(serving)

        page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", client.get("/").text))

        assert "v1 predicts churn since 2026-03-01 12:00 UTC" in page
        assert "1 row logged" in page
        assert "1 prediction has its label" in page
        assert "48,210 rows 2026-02-22 12:00 to 2026-03-01 12:00 UTC" in page
        assert "ROC AUC0.761" in page
        assert "Fix upstream by policy harm" in page
        assert "The feed is broken." in page
        assert "critical charges fell from 0.842 to 0.761" in page
        assert f"holdfast explain {seq}" in page

    def test_shows_a_refused_release(self, client, serving):
        """On top, with what to do."""
        serving.deploy("v2", bias=2.0, damaged="model.onnx")
        serving.champion.refresh()

        page = client.get("/").text

        assert "v2 should serve, but was refused." in page
        assert "holdfast rollback" in page

    def test_stands_while_the_store_does_not_answer(self, client, serving, failing):
        """A person who looks because something is wrong must see something."""
        failing(serving.store.views, "status", StoreUnavailableError("gone"))

        page = client.get("/")

        assert page.status_code == 503
        assert "The store does not answer." in page.text
        assert "<strong>v1</strong> predicts" in page.text

    def test_escapes_what_comes_from_data(self, world):
        """Names of columns and words of targets are other people's text."""
        wicked = "<script>alert(1)</script>"
        target = replace(TINY_CONTRACT.target, name=wicked)
        tenure = replace(TINY_CONTRACT.features[0], name=wicked)
        features = (tenure, *TINY_CONTRACT.features[1:])
        world.deploy("v1", contract=replace(TINY_CONTRACT, features=features, target=target))
        with world.client() as client:
            empty = client.get("/").text
            judge(world, subject=wicked)
            full = client.get("/").text

        for page in (empty, full):
            assert "&lt;script&gt;" in page
            assert "<script" not in page

    @pytest.mark.parametrize(
        ("query", "seconds"),
        [("", None), ("?refresh=5", 5), ("?refresh=0", 2), ("?refresh=5;url=x", None)],
    )
    def test_reloads_itself_only_if_asked(self, client, query, seconds):
        """The wish is a number of seconds and nothing else."""
        page = client.get(f"/{query}").text

        found = re.search(r'http-equiv="refresh" content="([^"]*)"', page)

        assert (found and found[1]) == (seconds and str(seconds))


class TestPolicies:
    @pytest.mark.parametrize("path", ["/", "/docs"])
    def test_pages_ask_no_other_address(self, client, path):
        """Everything is served from here, and the policy lets nothing else pass."""
        page = client.get(path)

        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert "script-src 'unsafe" not in policy
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)

    @pytest.mark.parametrize("path", ["/", "/docs"])
    def test_every_file_that_a_page_names_is_there(self, client, path):
        """With its own type: browsers refuse a script of another."""
        named = re.findall(r'(?:src|href)="(static/[^"]+)"', client.get(path).text)
        types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

        assert named
        for file in named:
            response = client.get(f"/{file}")
            ending = file.partition("?")[0].rpartition(".")[2]

            assert response.status_code == 200, file
            assert response.headers["content-type"].startswith(types[ending])
            assert response.headers["cache-control"] == "public, max-age=86400"

    def test_a_file_that_a_browser_has_is_not_sent_again(self, client):
        """304 by its tag."""
        tag = client.get("/static/holdfast.css").headers["etag"]

        again = client.get("/static/holdfast.css", headers={"If-None-Match": tag})

        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
    def test_nothing_beside_the_static_files_is_served(self, client, path):
        """No source, no listing."""
        assert client.get(path).status_code == 404
