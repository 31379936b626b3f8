"""What every `Views` must answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.events import AlertRaised, DecisionMade, WindowJudged
from holdfast.domain.evidence import Action, Alert, Decision, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.predictions import Label, LabelCounts, Role
from holdfast.domain.windows import Window
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect
from holdfast.testing.examples import START, example_contract, example_rows, promoted, registered

if TYPE_CHECKING:
    from holdfast.ports.event_log import EventLog
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.outbox import Outbox
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.ports.views import Views

__all__ = ["ViewsSuite"]

_CONTRACT = example_contract()
_DAY = timedelta(days=1)


class ViewsSuite:
    """Needs `views`, `events`, `log`, `ledger` and `outbox`, empty and of one store."""

    def test_answers_for_an_empty_store(self, views: Views) -> None:
        """Nothing has happened; nothing is wrong."""
        status = views.status()

        assert status.deployment is None
        assert (status.n_predictions, status.n_predictions_by_version) == (0, {})
        assert status.labels == LabelCounts()
        assert (status.last_prediction_at, status.last_window, status.last_decision) == (
            None,
            None,
            None,
        )
        assert (status.open_alerts, status.n_effects_pending) == ((), 0)
        assert views.recent_events(limit=5) == ()
        assert views.last_held_at("control") is None

    def test_counts_the_answers_that_were_given(self, views: Views, log: PredictionLog) -> None:
        """By model version; a shadow's answers and repeated requests are none."""
        log.prepare(_CONTRACT)
        log.append(_CONTRACT, *example_rows(3, request_ids=["a"]))
        log.append(_CONTRACT, *example_rows(1, request_ids=["a"]))
        log.append(_CONTRACT, *example_rows(2, at=START + _DAY, version="v2"))
        log.append(_CONTRACT, *example_rows(4, at=START + 2 * _DAY, role=Role.SHADOW))
        log.append(_CONTRACT, *example_rows(1, at=START, version="v2", role=Role.CANARY))

        status = views.status()

        assert status.n_predictions == 6
        assert status.n_predictions_by_version == {"v1": 3, "v2": 3}
        assert status.n_by_role == {
            Role.CHAMPION: {"v1": 3, "v2": 2},
            Role.CANARY: {"v2": 1},
            Role.SHADOW: {"v1": 4},
        }
        assert status.last_prediction_at == START + _DAY + timedelta(seconds=1)

    def test_counts_what_a_shadow_missed(self, views: Views, log: PredictionLog) -> None:
        """By version, over every server that counted."""
        log.count_dropped(ModelVersion("v2"), 3)
        log.count_dropped(ModelVersion("v2"), 4)
        log.count_dropped(ModelVersion("v3"), 1)

        assert views.status().n_shadow_dropped == {"v2": 7, "v3": 1}

    def test_tells_what_is_in_production(self, views: Views, events: EventLog) -> None:
        """As the release store says it."""
        events.append([registered("v1"), promoted("v1")], at=START)

        deployment = views.status().deployment

        assert deployment is not None
        assert deployment.champion.version == "v1"

    def test_shows_the_last_window_and_decision(self, views: Views, events: EventLog) -> None:
        """With what was alarmed then; alerts of earlier decisions are closed."""
        events.append([_judged(1), _raised("old"), _decided("old")], at=START)
        tick = events.append([_judged(2), _raised("a"), _decided("a", "b")], at=START + _DAY)

        status = views.status()

        assert (status.last_window, status.last_decision) == (tick[0], tick[2])
        assert status.open_alerts == (_alert("a"), _alert("b"))

    def test_an_alert_that_lasts_stays_open(self, views: Views, events: EventLog) -> None:
        """It is raised once, when it is new; later ticks only decide about it."""
        events.append([_judged(1), _raised("a"), _decided("a")], at=START)
        events.append([_judged(2), _decided("a")], at=START + _DAY)

        assert views.status().open_alerts == (_alert("a"),)

    def test_another_champion_closes_the_alerts(self, views: Views, events: EventLog) -> None:
        """They were about the model that it replaced."""
        events.append([registered("v1"), promoted("v1"), registered("v2")], at=START)
        events.append([_judged(1), _raised("a"), _decided("a")], at=START + _DAY)
        events.append([promoted("v2")], at=START + _DAY)

        assert views.status().open_alerts == ()

    def test_counts_labels_and_owed_effects(
        self, views: Views, events: EventLog, ledger: LabelLedger, outbox: Outbox
    ) -> None:
        """Delivered effects are owed no more."""
        effects = (Effect(channel="registry", payload={}),) * 2
        events.append([replace(registered("v1"), effects=effects)], at=START)
        outbox.delivered(outbox.pending(due_at=START)[0].effect_id, at=START)
        label = Label(positive=True, observed_at=START, entity="Ann")
        ledger.record([label], received_at=START, maturity=_DAY)

        status = views.status()

        assert status.n_effects_pending == 1
        assert status.labels == LabelCounts(orphan=1)

    def test_lists_the_newest_events_first(self, views: Views, events: EventLog) -> None:
        """At most as many as asked for."""
        written = events.append([registered(f"v{i}") for i in range(4)], at=START)

        assert views.recent_events(limit=2) == (written[3], written[2])


def _judged(day: int) -> Draft:
    body = WindowJudged(
        window=Window(start_at=START + (day - 1) * _DAY, end_at=START + day * _DAY),
        model_version=ModelVersion("v1"),
        n=100,
        drifted=(),
        underpowered=(),
        share_drifted=0.0,
    )
    return Draft(body=body, actor="control")


def _alert(subject: str) -> Alert:
    return Alert(
        trigger=Trigger.FEATURE_DRIFT,
        severity=Severity.WARNING,
        subject=subject,
        message=f"{subject} drifted",
    )


def _raised(subject: str) -> Draft:
    body = AlertRaised(alert=_alert(subject), model_version=ModelVersion("v1"))
    return Draft(body=body, actor="control")


def _decided(*subjects: str) -> Draft:
    body = DecisionMade(
        decision=Decision(action=Action.KEEP, policy="harm", reasons=("nothing is worse",)),
        model_version=ModelVersion("v1"),
        alerts=tuple(map(_alert, subjects)),
        n_labels=0,
        policy_digest="0" * 64,
    )
    return Draft(body=body, actor="control")
