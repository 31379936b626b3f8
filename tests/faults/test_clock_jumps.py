"""A clock that is set back: ids stay unique, and the log stays what it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from holdfast.domain.events import verify_chain
from holdfast.loop.fetch import fetch_for_serving

pytestmark = pytest.mark.slow

ROW = {"age": 40.0, "plan": "basic"}


class TestAServerWhoseClockIsSetBack:
    def test_logs_each_answer_once_with_the_time_that_it_was_told(self, project, control):
        """
        To and fro by days, as a virtual machine's is: no id comes twice though the times do,
        each answer keeps its time, a repeated request its answer, and whoever reads the log
        on from where they were misses none. Were ids' time all there is of them in `uuid7`,
        some would be refused.
        """
        clock = project.time_lapse()
        start = clock.now()
        answers: list[dict[str, Any]] = []
        read: list[str] = []
        with control(project) as (_, ports), project.serving() as server:
            champion = ports.releases.deployment().champion
            contract, _ = fetch_for_serving(ports.objects, champion)
            cursor = None
            for hours in (0, 48, -48, -48, 1, 0, -1000, 48):
                clock.set_to(start + timedelta(hours=hours))
                answers += [server.predict(ROW, entity="Ann", id=f"{len(answers)}")]
                answers += server.predict_all([ROW] * 20)
                page = ports.predictions.read(contract, after=cursor, limit=1000)
                cursor = page.cursor
                read += page.rows.column("prediction_id").to_pylist()
            again = server.predict(ROW, entity="Ann", id="0")
            label = {"prediction_id": answers[0]["prediction_id"], "label": "yes"}
            fates = server.post("/v1/labels", label)["fates"]
            status = server.get("/v1/status")
            events = verify_chain(ports.events.events())

        ids = [one["prediction_id"] for one in answers]
        assert len(set(ids)) == len(ids) == status["n_predictions"]
        assert read == ids, "in the order of commits, not of clocks"
        assert again == answers[0]
        assert fates == ["accepted"]
        newest = max(datetime.fromisoformat(one["predicted_at"]) for one in answers)
        assert datetime.fromisoformat(status["last_prediction_at"]) == newest
        assert events > 0
        assert all(finding["healthy"] for finding in project.json("doctor"))
