"""A challenger's way into production, as a person leads it, through a real server."""

from __future__ import annotations

import pytest
from tests.harness import await_that

pytestmark = pytest.mark.slow


class TestShadowAndCanary:
    def test_from_shadow_over_canary_to_champion(self, telco, telco_rows):
        """Every request gets its answer, the server never restarts, and the log tells it all."""
        telco.variables["HOLDFAST_TRAIN__SEED"] = "1"
        telco.ok("train")
        rows = [
            {"features": features, "entity": f"customer-{i}"}
            for i, (features, _) in enumerate(telco_rows[:300])
        ]
        with telco.serving() as server:

            def ask():
                return server.post("/v1/predict", {"rows": rows})["predictions"]

            def state():
                return server.get("/v1/status")

            def stage():
                found = state()["serving"]["challenger"]
                return found and (found["model_version"], found["stage"])

            telco.ok("promote", "v2", "--as", "shadow")
            await_that(lambda: stage() == ("v2", "shadow"), "the shadow is loaded")
            answers = ask()
            await_that(
                lambda: state()["n_predictions_by_role"].get("shadow") == {"v2": 300},
                "the shadow has scored them all",
            )
            assert {one["model_version"] for one in answers} == {"v1"}
            assert "Shadow:        v2 scores beside it" in telco.ok("status")

            telco.ok("promote", "v2", "--as", "canary", "--share", 0.3, "--force")
            await_that(lambda: stage() == ("v2", "canary"), "the canary answers")
            first, again = ask(), ask()
            by_canary = [one["model_version"] == "v2" for one in first]
            assert by_canary == [one["model_version"] == "v2" for one in again]
            assert abs(sum(by_canary) - 90) < 4 * (300 * 0.3 * 0.7) ** 0.5
            labels = [
                {"entity": row["entity"], "label": label, "observed_at": one["predicted_at"]}
                for row, one, (_, label) in zip(rows, again, telco_rows, strict=False)
            ]
            assert server.post("/v1/labels", {"labels": labels})["accepted"] == 300
            deployment = telco.json("status")["deployment"]
            assert (deployment["version"], deployment["challenger"]["share"]) == ("v1", 0.3)

            telco.ok("promote", "v2", "--force")
            swapped = await_that(
                lambda: {one["model_version"] for one in ask()} == {"v2"}, "v2 answers all"
            )

            assert swapped <= 2.0
            await_that(lambda: stage() == ("v1", "probation"), "v1 scores on beside it")
            assert state()["probation"]["against"] == "v1"
            assert state()["serving"]["challenger_refused"] is None
            telco.ok("rollback")
            await_that(lambda: {one["model_version"] for one in ask()} == {"v1"}, "v1 answers all")
            assert state()["probation"] is None
        kinds = [event["kind"] for event in telco.json("events")[:7]]
        assert kinds == [
            "champion_rolled_back",
            "stage_ended",
            "challenger_staged",
            "champion_promoted",
            "stage_ended",
            "challenger_staged",
            "challenger_staged",
        ]
