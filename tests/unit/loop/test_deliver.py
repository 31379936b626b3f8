"""What is owed to the outside: at least once, in order, and never in the loop's way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from holdfast.domain.events import AlertRaised
from holdfast.domain.evidence import Alert, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.releases import MODEL, MODEL_CARD
from holdfast.loop.announce import owed
from holdfast.loop.deliver import deliver
from holdfast.loop.hold import held
from holdfast.loop.promote import roll_back
from holdfast.ports.event_log import Draft
from holdfast.ports.outbox import Effect
from holdfast.testing.fakes import InMemoryModelRegistry, InMemoryNotifier
from holdfast.testing.project import START, MemoryProject, example_bundle

MINUTE = timedelta(minutes=1)


def alert(subject):
    return Alert(
        trigger=Trigger.FEATURE_DRIFT,
        severity=Severity.WARNING,
        subject=subject,
        message=f"{subject} drifted",
        statistic=0.2,
    )


@pytest.fixture(name="outside")
def _outside():
    """A project whose outside is a phone and a registry."""
    project = MemoryProject()
    project.overrides = {"notifiers": (InMemoryNotifier(),), "registry": InMemoryModelRegistry()}
    return project


def phone(project):
    return project.ports.notifiers[0]


def registry(project):
    return project.ports.registry


def owe(project, *subjects):
    """Write alerts down, each with what is owed to the project's channels."""
    channels = [one.channel for one in project.ports.notifiers]
    drafts = [
        Draft(
            body=AlertRaised(alert=alert(subject), model_version=ModelVersion("v1")),
            actor="test",
            effects=owed(alert(subject), channels),
        )
        for subject in subjects
    ]
    return [event.event_id for event in project.store.events.append(drafts, at=START)]


def subjects_told(notifier):
    return [notice.alert.subject for notice in notifier.told]


class TestDeliver:
    def test_tells_people_of_an_alert_under_its_events_id(self, outside):
        """By which a receiver knows a repetition."""
        (event_id,) = owe(outside, "tenure")

        assert deliver(outside.ports, now=START) == 1

        (notice,) = phone(outside).told
        assert (notice.alert.subject, notice.event_id) == ("tenure", event_id)
        assert len(outside.store.outbox) == 0

    def test_delivers_once_what_was_taken(self, outside):
        """A second round has nothing left to do."""
        owe(outside, "tenure")
        deliver(outside.ports, now=START)

        assert deliver(outside.ports, now=START) == 0

        assert len(phone(outside).told) == 1

    def test_more_than_a_page_is_delivered_in_one_go(self, outside):
        """In the order in which it was owed."""
        subjects = [f"feature {i}" for i in range(250)]
        owe(outside, *subjects)

        assert deliver(outside.ports, now=START) == 250

        assert subjects_told(phone(outside)) == subjects

    def test_what_failed_is_tried_again_after_growing_pauses(self, outside):
        """One minute, two, four … and six hours at most; never before its time."""
        owe(outside, "tenure")
        phone(outside).down = True
        now, pauses = START, []

        for _ in range(12):
            deliver(outside.ports, now=now)
            due = next(
                at
                for at in (now + i * MINUTE for i in range(1, 1000))
                if outside.store.outbox.pending(due_at=at)
            )
            pauses.append(due - now)
            now = due

        assert pauses[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
        assert pauses[-1] == timedelta(hours=6)
        phone(outside).down = False
        assert deliver(outside.ports, now=now) == 1
        assert subjects_told(phone(outside)) == ["tenure"]

    def test_later_effects_of_the_same_channel_wait(self, outside):
        """Also within one round: an alias must not point at a release that is not there yet."""
        owe(outside, "first", "second")
        calls = []

        def fail_once(notice):
            calls.append(notice.alert.subject)
            if len(calls) == 1:
                raise ConnectionError

        phone(outside).notify = fail_once

        assert deliver(outside.ports, now=START) == 0
        assert deliver(outside.ports, now=START + MINUTE) == 2

        assert calls == ["first", "first", "second"]

    def test_another_channel_does_not_wait(self, outside):
        """A registry that is down keeps no alert back."""
        registry(outside).down = True
        outside.register(example_bundle())
        owe(outside, "tenure")

        delivered = deliver(outside.ports, now=START)

        assert delivered == 1
        assert subjects_told(phone(outside)) == ["tenure"]
        assert len(outside.store.outbox) >= 1

    @pytest.mark.parametrize("error", [ValueError("a bug"), OSError("no route"), AssertionError()])
    def test_nothing_that_a_plug_in_raises_stops_the_loop(self, outside, error):
        """It is counted, kept, and logged without the payload."""

        def fail(notice):
            raise error

        phone(outside).notify = fail
        owe(outside, "tenure")

        with capture_logs() as logs:
            delivered = deliver(outside.ports, now=START)

        assert delivered == 0
        assert [(entry["event"], entry["channel"]) for entry in logs] == [
            ("effect_failed", "notifier/phone")
        ]
        assert len(outside.store.outbox) == 1

    def test_an_effect_that_nobody_takes_is_kept_and_said(self, outside):
        """A newer version may have written it."""
        outside.store.outbox.owe("e1", [Effect(channel="pigeon", payload={})])

        with capture_logs() as logs:
            deliver(outside.ports, now=START)

        assert "no one takes effects of channel 'pigeon'" in logs[0]["reason"]
        assert len(outside.store.outbox) == 1


class TestChannels:
    """Each address is a channel of its own."""

    def test_one_that_is_down_neither_stops_nor_repeats_the_others(self, outside):
        """It gets all of it once it is back; the other had it at once, and once."""
        down, up = InMemoryNotifier("mail"), InMemoryNotifier("chat")
        outside.overrides["notifiers"] = (down, up)
        owe(outside, "first", "second")
        down.down = True

        deliver(outside.ports, now=START)
        told_meanwhile = subjects_told(up)
        down.down = False
        deliver(outside.ports, now=START + MINUTE)

        assert told_meanwhile == ["first", "second"]
        assert subjects_told(up) == subjects_told(down) == ["first", "second"]

    def test_one_is_told_of_what_is_loud_enough_for_it(self, outside):
        """A note on the terminal does not ring a telephone."""
        terminal = InMemoryNotifier("console")
        pager = InMemoryNotifier("pager", least=Severity.CRITICAL)
        outside.overrides["notifiers"] = (terminal, pager)
        owe(outside, "tenure")

        deliver(outside.ports, now=START)

        assert (subjects_told(terminal), subjects_told(pager)) == (["tenure"], [])

    def test_a_process_without_its_address_leaves_a_notice_to_one_that_has_it(self, outside):
        """A person's shell may lack what the loop has in its environment."""
        owe(outside, "tenure")
        phone_of_the_loop = phone(outside)
        outside.overrides["notifiers"] = (InMemoryNotifier("console"),)
        n_by_hand = deliver(outside.ports, now=START)
        outside.overrides["notifiers"] = (phone_of_the_loop,)

        assert (n_by_hand, deliver(outside.ports, now=START)) == (0, 1)

        assert subjects_told(phone_of_the_loop) == ["tenure"]

    def test_many_notices_for_others_hide_none_of_its_own(self, outside):
        """A page of them stands before it in the queue."""
        owe(outside, *(f"feature {i}" for i in range(250)))
        chat = InMemoryNotifier("chat")
        outside.overrides["notifiers"] = (chat,)
        owe(outside, "tenure")

        deliver(outside.ports, now=START)

        assert subjects_told(chat) == ["tenure"]

    def test_what_nobody_takes_for_a_week_is_let_go_and_said(self, outside):
        """Its address was left out of the settings."""
        owe(outside, "tenure")
        outside.overrides["notifiers"] = (InMemoryNotifier("chat"),)

        with capture_logs() as logs:
            deliver(outside.ports, now=START + timedelta(days=7))

        assert [entry["event"] for entry in logs] == ["channel_gone"]
        assert len(outside.store.outbox) == 0

    def test_a_notice_of_an_event_that_is_not_there_waits_and_is_said(self, outside):
        """It stops neither the loop nor another channel."""
        effect = Effect(channel="notifier/mail", payload={"do": "notify"})
        outside.store.outbox.owe("e1", [effect])
        owe(outside, "tenure")

        with capture_logs() as logs:
            deliver(outside.ports, now=START)

        assert "No event has the id 'e1'" in logs[0]["reason"]
        assert subjects_told(phone(outside)) == ["tenure"]

    def test_what_an_earlier_version_owed_goes_to_everyone(self, outside):
        """It wrote one effect for all of them."""
        (event_id,) = owe(outside, "tenure")
        deliver(outside.ports, now=START)
        payload = {"alert": {"subject": "tenure"}}
        outside.store.outbox.owe(event_id, [Effect(channel="notifier", payload=payload)])

        deliver(outside.ports, now=START)

        assert subjects_told(phone(outside)) == ["tenure", "tenure"]

    def test_after_a_day_without_a_line_all_of_it_arrives_once_and_in_order(self, outside):
        """An alert an hour, the first of them tried again and again."""
        phone(outside).down = True
        for hour in range(24):
            owe(outside, f"hour {hour}")
            deliver(outside.ports, now=START + timedelta(hours=hour))
        phone(outside).down = False

        deliver(outside.ports, now=START + timedelta(hours=30))
        deliver(outside.ports, now=START + timedelta(hours=60))

        assert subjects_told(phone(outside)) == [f"hour {hour}" for hour in range(24)]


class TestRegistry:
    def test_gets_a_release_with_its_figures_and_files(self, outside):
        """Under the event's id, by which it recognises a repetition."""
        bundle = example_bundle()
        record = outside.register(bundle)

        deliver(outside.ports, now=START)

        (run,) = registry(outside).runs.values()
        assert run.event_id == outside.events[0].event_id
        assert run.name == "v1"
        assert registry(outside).models == {"v1": bundle.files[MODEL]}
        assert run.figures["roc_auc"] == bundle.metrics.figures["roc_auc"]
        assert run.tags["holdfast.release_id"] == record.release_id
        assert run.files["release/model_card.md"] == bundle.files[MODEL_CARD]
        assert run.files["release/roc.svg"] == bundle.files["roc.svg"]

    def test_learns_of_a_promotion_after_the_release(self, outside):
        """In order: the champion's alias needs a version to point at."""
        outside.deploy()

        deliver(outside.ports, now=START)

        assert registry(outside).versions == ["v1"]
        assert registry(outside).pointed == {"champion": "v1"}

    def test_a_project_without_one_owes_nothing(self):
        """What was meant for it counts as done."""
        project = MemoryProject()
        project.deploy()

        deliver(project.ports, now=START)

        assert len(project.store.outbox) == 0

    def test_a_corrupt_release_does_not_stop_the_rest(self, outside):
        """It waits in its channel; alerts still go out."""
        record = outside.register(example_bundle())
        outside.objects._groups[record.release_id][MODEL] += b"x"
        owe(outside, "tenure")

        assert deliver(outside.ports, now=START) == 1

        assert registry(outside).versions == []

    def test_after_an_outage_all_of_it_arrives_in_order(self, outside):
        """
        Two releases, two promotions and a rollback happen while nobody answers. Each
        stands there once afterwards, and the aliases are where production is.
        """
        registry(outside).down = -1
        outside.deploy()
        outside.deploy(example_bundle(1))
        roll_back(outside.ports, reason="a test", actor="cli")
        deliver(outside.ports, now=START)
        registry(outside).down = 0

        assert deliver(outside.ports, now=START + timedelta(seconds=59)) == 0
        deliver(outside.ports, now=START + timedelta(minutes=1))

        assert registry(outside).versions == ["v1", "v2"]
        assert registry(outside).pointed == {"champion": "v1", "previous": "v2"}
        assert len(outside.store.outbox) == 0

    def test_what_was_done_though_the_answer_was_lost_is_done_once(self, outside):
        """
        The registry took the release and the aliases, and the line broke before it said
        so; both are delivered again, under the same event ids.
        """
        outside.deploy()
        for minutes in range(3):
            registry(outside).losing = 1
            deliver(outside.ports, now=START + timedelta(minutes=10 * minutes))
        registry(outside).losing = 0

        deliver(outside.ports, now=START + timedelta(hours=7))

        assert registry(outside).versions == ["v1"]
        assert len(registry(outside).runs) == 1
        assert registry(outside).n_calls > 2
        assert len(outside.store.outbox) == 0

    def test_a_registry_new_to_the_project_gets_what_aliases_point_at(self, outside):
        """Its predecessor had the releases; else all that is owed would wait for ever."""
        outside.deploy()
        deliver(outside.ports, now=START)
        outside.overrides["registry"] = InMemoryModelRegistry()
        outside.deploy(example_bundle(1))

        deliver(outside.ports, now=START)

        assert sorted(registry(outside).versions) == ["v1", "v2"]
        assert registry(outside).pointed == {"champion": "v2", "previous": "v1"}

    def test_an_effect_of_an_event_that_is_not_there_waits(self, outside):
        """It is said, and nothing else happens."""
        outside.store.outbox.owe(
            "e1", [Effect(channel="registry", payload={"do": "record_attempt"})]
        )

        with capture_logs() as logs:
            deliver(outside.ports, now=START)

        assert "no event e1" in logs[0]["reason"]
        assert len(outside.store.outbox) == 1


class TestInTheLoop:
    def test_a_tick_goes_on_though_everything_outside_is_down(self, outside):
        """And tells people as soon as the line is back."""
        outside.deploy()
        phone(outside).down, registry(outside).down = True, -1

        tick = outside.days(3)[-1]
        phone(outside).down, registry(outside).down = False, 0
        outside.clock.advance(timedelta(hours=7))
        outside.tick()

        assert tick.decision is not None
        assert len(outside.store.outbox) == 0
        assert registry(outside).versions == ["v1"]

    def test_a_slow_channel_holds_no_lease(self, outside):
        """Another loop may tick while this one waits for an answer."""
        outside.deploy()
        owe(outside, "tenure")
        fences = []

        def look(notice):
            with held(outside.ports.lease, holder="another") as fence:
                fences.append(fence)

        phone(outside).notify = look

        outside.tick()

        assert len(fences) >= 1
        assert None not in fences
