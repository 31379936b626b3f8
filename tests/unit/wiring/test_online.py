"""The online plane's wiring: a server on what the control plane made."""

from __future__ import annotations

import pytest
import structlog

from holdfast.domain.errors import HoldfastError, NoChampionError
from holdfast.domain.events import AlertRaised
from holdfast.domain.evidence import Severity, Trigger
from holdfast.domain.predictions import PredictionRequest
from holdfast.loop.predict import predict
from holdfast.loop.promote import promote
from holdfast.loop.register import register
from holdfast.policy.transitions import fold
from holdfast.settings import settings_for
from holdfast.testing.project import example_bundle
from holdfast.wiring.control import open_control
from holdfast.wiring.online import open_online

ROW = (3.0, 70.0, "monthly")


@pytest.fixture(autouse=True)
def _own_logging():
    """What opening a project says about the log ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(name="settings")
def _settings(tmp_path):
    return settings_for(
        tmp_path,
        data={"target": "left"},
        registry={"mlflow": ""},
        monitor={"label_maturity": "3d"},
    )


@pytest.fixture(name="served")
def _served(settings):
    """A project with a release in production."""
    with open_control(settings, create=True) as ports:
        record = register(
            example_bundle(),
            objects=ports.objects,
            events=ports.events,
            predictions=ports.predictions,
            releases=ports.releases,
            clock=ports.clock,
            actor="cli",
            origin="train",
        )
        promote(ports, record.version, reason="a test", actor="cli")
    return settings


class TestOpenOnline:
    def test_serves_what_the_control_plane_put_into_production(self, served):
        """Scored, logged and found again, all on one store."""
        with open_online(served) as ports:
            ports.champion.poll()
            model = ports.champion.current()
            (answer,) = predict(
                model, ports.predictions, ports.clock, [PredictionRequest(values=ROW)]
            )

            assert answer.model_version == "v1"
            assert ports.predictions.get(answer.prediction_id).features["plan"] == "monthly"
            assert ports.views.status().n_predictions == 1
            assert ports.label_maturity.days == 3
            ports.check_store()

    def test_makes_no_store(self, settings, tmp_path):
        """A server in the wrong folder says so."""
        with pytest.raises(HoldfastError, match="no store"), open_online(settings):
            pytest.fail("the body must not run")

        assert list(tmp_path.iterdir()) == []

    def test_rows_that_fail_are_told_of_by_each_server(self, served):
        """They add up; people are told once by each."""
        for _ in range(2):
            with open_online(served) as ports:
                ports.champion.poll()
                for n in (2, 2):
                    ports.champion.current().troubles.add(n)
                    ports.champion.poll()

        with open_control(served) as ports:
            alerts = [
                event.body.alert
                for event in ports.events.events()
                if isinstance(event.body, AlertRaised)
            ]
            state = fold(ports.events.events())
            owed = [
                pending
                for pending in ports.outbox.pending(due_at=ports.clock.now())
                if pending.effect.channel == "notifier/console"
            ]
        assert [alert.statistic for alert in alerts] == [2.0, 2.0, 2.0, 2.0]
        assert (state.unscored, state.champion_failure) == ({"v1": 8}, None)
        assert len(owed) == 2
        (incident,) = state.incidents
        assert (incident.n_alarms, incident.edge) == (4, True)

    def test_a_refused_release_raises_one_alert_however_many_servers_refuse_it(
        self, served, tmp_path
    ):
        """People hear of it through the control plane's notifiers."""
        for path in tmp_path.glob(".holdfast/releases/*/model.onnx"):
            path.chmod(0o644)
            path.write_bytes(b"damaged")

        for _ in range(2):
            with open_online(served) as ports:
                ports.champion.poll()
                with pytest.raises(NoChampionError):
                    ports.champion.current()

        with open_control(served) as ports:
            bodies = [event.body for event in ports.events.events()]
            (incident,) = fold(ports.events.events()).incidents
            (owed,) = [
                pending
                for pending in ports.outbox.pending(due_at=ports.clock.now())
                if pending.effect.channel == "notifier/console"
            ]
        (alert,) = [body.alert for body in bodies if isinstance(body, AlertRaised)]
        assert (alert.trigger, alert.severity) == (Trigger.SERVING, Severity.CRITICAL)
        assert "model.onnx" in alert.message
        assert owed.effect.payload == {"do": "notify"}
        assert incident.alert == alert
