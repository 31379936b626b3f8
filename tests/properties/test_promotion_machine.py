"""Whatever people and the loop do, and whenever a process dies: production stays whole.

The loop's own functions on a real store, with processes that die before any of their steps;
the same command is then run again by another process, as people and schedulers do.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import count
from typing import Any, cast

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.cheap import challenged, release_called, released
from tests.faults.dying import Death, Process
from tests.soundness import require_sound

from holdfast.adapters.stores.sql import SqlStore
from holdfast.domain.errors import StateError
from holdfast.domain.evidence import Outcome
from holdfast.domain.releases import MANIFEST
from holdfast.domain.stages import Stage
from holdfast.loop import retrain as retraining
from holdfast.loop.cycle import tick
from holdfast.loop.deliver import deliver
from holdfast.loop.fetch import fetch_manifest
from holdfast.loop.hold import held_by_hand
from holdfast.loop.promote import promote, roll_back
from holdfast.loop.recall import recall
from holdfast.loop.register import register
from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.loop.stage import stage, withdraw
from holdfast.policy.transitions import fold
from holdfast.policy.trying import TrialPolicy
from holdfast.testing.fakes import FakeClock, InMemoryObjectStore
from holdfast.testing.fakes.registry import InMemoryModelRegistry
from holdfast.testing.project import DAY, QUIET, START, MemoryProject, World

REVERSED = World(reversed_concept=True)
LEASE_IS_FREE = 120.0  # seconds after the death of whoever held it
DEATHS = st.lists(st.integers(0, 12), max_size=2)
DEATHS_AT_WORK = st.lists(st.integers(2, 9), min_size=1, max_size=2)  # within a retraining
VERDICTS = st.sampled_from([Outcome.ACCEPT, Outcome.ACCEPT, Outcome.REFUSE, Outcome.DEFER])


class Production(RuleBasedStateMachine):
    """A project on SQLite, with a loop and people at work on it, none of whom lives for sure."""

    def __init__(self, template, numbers, judge, happened):
        super().__init__()
        self.folder = template.parent / f"example-{next(numbers)}"
        shutil.copytree(template, self.folder)
        opened = SqlStore.open(f"sqlite:///{self.folder}/h.db", create=False, durability="relaxed")
        self.store = cast("Any", opened)  # it serves what one in memory does
        self.time, self.n_made = 1e9, 0
        self.judge, self.happened = judge, happened
        self.store.leases._now = lambda: self.time
        self.registry = InMemoryModelRegistry()
        self.project = MemoryProject(
            store=self.store,
            objects=InMemoryObjectStore(),
            clock=FakeClock(START),
            overrides={"registry": self.registry},
        )
        self.seen: dict[str, dict[str, bytes]] = {}  # by version, what was registered

    def teardown(self):
        events = self.project.events
        self.happened |= {event.kind for event in events}
        for event in events:
            was = self.store.releases.deployment_at(event.at)
            assert recall(events, event.at).deployment == was
        self.store.close()
        shutil.rmtree(self.folder)

    @property
    def state(self):
        return fold(self.project.events)

    @property
    def versions(self) -> list[Any]:
        return [record.version for record in self.store.releases.releases()]

    def act(self, command, deaths, *, by_a_person=True):
        """Run a command in processes that die, and then in one that lives.

        A person who sees a process die looks at what came of it before asking again.
        """
        before = len(self.project.events)
        for at in deaths:
            try:
                command(Process(self.project.ports, dies_at=at).ports)
            except Death:
                self.time += LEASE_IS_FREE
                require_sound(self.project.ports, pauses=self.project.plan.decision)
                if by_a_person and len(self.project.events) > before:
                    return
            except StateError:
                return
            else:
                return
        try:
            command(self.project.ports)
        except StateError:
            assert deaths or len(self.project.events) == before

    @initialize(
        path=st.sampled_from(["direct", "direct", "canary"]),
        in_use=st.sampled_from([True, True, True, False]),
    )
    def begin(self, path, in_use):
        """With nothing at all, or with days of answers in a world that has changed."""
        self.project.plan = replace(self.project.plan, trial=TrialPolicy(path=path))
        if in_use:
            self.project.deploy(release_called("the first"))
            for _ in range(3):
                self.project.day(world=REVERSED)

    @rule(deaths=DEATHS)
    def register(self, deaths):
        """A release from elsewhere; the same bytes are registered once."""
        self.n_made += 1
        bundle = release_called(f"made by hand {self.n_made}")

        def command(ports):
            register(
                bundle,
                objects=ports.objects,
                events=ports.events,
                predictions=ports.predictions,
                releases=ports.releases,
                clock=ports.clock,
                actor="cli",
                origin="register",
            )

        self.act(command, deaths, by_a_person=False)
        ids = [record.release_id for record in self.store.releases.releases()]
        assert ids.count(bundle.manifest.release_id) == 1

    @precondition(lambda self: self.versions)
    @rule(deaths=DEATHS, data=st.data())
    def promote(self, deaths, data):
        """By hand, without the guard."""
        version = data.draw(st.sampled_from(self.versions), label="version")

        def command(ports):
            with held_by_hand(ports.lease, holder="person") as fence:
                promote(ports, version, reason="by hand", actor="cli", fence=fence)
            deliver(ports, now=ports.clock.now())

        self.act(command, deaths)
        assert self.state.champion == version

    @precondition(lambda self: len(self.versions) > 1)
    @rule(deaths=DEATHS, data=st.data())
    def stage(self, deaths, data):
        """In shadow, or as a canary."""
        version = data.draw(st.sampled_from(self.versions), label="version")
        share = data.draw(st.sampled_from([None, 0.1]), label="share")
        into = Stage.SHADOW if share is None else Stage.CANARY

        def command(ports):
            with held_by_hand(ports.lease, holder="person") as fence:
                stage(ports, version, into, share=share, reason="…", actor="cli", fence=fence)

        champion = self.state.champion
        self.act(command, deaths)
        assert self.state.champion == champion

    @precondition(lambda self: self.state.staged is not None)
    @rule(deaths=DEATHS)
    def withdraw(self, deaths):
        """Whoever stands beside the champion."""

        def command(ports):
            with held_by_hand(ports.lease, holder="person") as fence:
                withdraw(ports, reason="…", actor="cli", fence=fence)

        champion = self.state.champion
        self.act(command, deaths)
        assert (self.state.champion, self.state.staged) == (champion, None)

    @precondition(lambda self: self.state.champion is not None)
    @rule(deaths=DEATHS, data=st.data())
    def roll_back(self, deaths, data):
        """To the one before, or to one that is named."""
        to = data.draw(st.sampled_from([None, *self.versions]), label="to")
        before = self.state

        def command(ports):
            with held_by_hand(ports.lease, holder="person") as fence:
                roll_back(ports, to=to, reason="…", actor="cli", fence=fence)
            deliver(ports, now=ports.clock.now())

        self.act(command, deaths)
        if to is not None:
            assert self.state.champion == to
        elif before.staged is not None and before.staged.stage is Stage.CANARY:
            assert self.state.champion == before.champion
        else:
            assert self.state.champion == (before.previous or before.champion)

    @precondition(lambda self: self.state.champion is not None)
    @rule(deaths=st.one_of(DEATHS_AT_WORK, DEATHS), verdict=VERDICTS)
    def retrain(self, deaths, verdict):
        """A person asks for it, and asks again if the process dies."""
        self.judge.outcome = verdict

        def command(ports):
            retrain_by_hand(
                ports,
                self.project.plan,
                self.project.champion,
                None,
                cause="asked",
                actor="cli",
                holder="person",
            )

        before = self.state
        self.act(command, deaths, by_a_person=False)
        if before.open_attempt is None and self.state.last_attempt_at != before.last_attempt_at:
            assert self.state.open_attempt is None

    @precondition(lambda self: self.state.champion is not None)
    @rule(deaths=st.one_of(DEATHS_AT_WORK, DEATHS), verdict=VERDICTS)
    def tick(self, deaths, verdict):
        """The loop, whose scheduler runs it again if it dies. It leaves nothing half done."""
        self.judge.outcome = verdict

        def command(ports):
            assert tick(ports, self.project.plan, actor="control", holder="loop") is not None

        self.act(command, deaths, by_a_person=False)
        assert self.state.open_attempt is None
        owed = self.store.outbox.pending(due_at=self.project.clock.now() + 365 * DAY)
        assert owed == ()
        assert self.registry.pointed["champion"] == self.state.champion

    @precondition(lambda self: self.registry.versions)
    @rule(data=st.data())
    def point_the_alias_elsewhere(self, data):
        """A person asks for a promotion in the registry; the next tick sees to it, or to that."""
        version = data.draw(st.sampled_from(self.registry.versions), label="version")
        self.registry.pointed["champion"] = version

    @precondition(lambda self: self.state.champion is not None)
    @rule(changed=st.booleans())
    def day(self, changed):
        """Answers and their labels."""
        self.project.day(world=REVERSED if changed else QUIET)

    @rule(days=st.integers(1, 5))
    def nothing_happens(self, days):
        """Cooldowns, stages and probations run."""
        self.project.clock.advance(days * DAY)

    @invariant()
    def all_is_sound(self):
        """One champion, projections that are the fold, versions without a gap, pauses kept."""
        require_sound(self.project.ports, pauses=self.project.plan.decision)

    @invariant()
    def what_was_registered_is_what_would_be_restored(self):
        """Byte for byte, and under the same id."""
        for record in self.store.releases.releases():
            files = self._files(record.release_id)
            assert self.seen.setdefault(record.version, files) == files

    def _files(self, release_id):
        manifest = fetch_manifest(self.project.objects, release_id)
        names = [MANIFEST, *manifest.files]
        return {"": release_id.encode()} | {
            name: self.project.objects.get(release_id, name) for name in names
        }


class Judge:
    """What the guard says at present."""

    outcome = Outcome.ACCEPT

    def challenge(self, *args, **options):
        return challenged(self.outcome, *args, **options)


class TestProduction:
    def test_stays_whole(self, tmp_path, monkeypatch):
        """See the machine: its rules are what happens, its invariants what must be true."""
        judge = Judge()
        monkeypatch.setattr(retraining, "challenge", judge.challenge)
        monkeypatch.setattr(retraining, "build_release", released)
        monkeypatch.setattr(retraining, "_dated", lambda *_: None)  # the outcome is of other rows
        template = tmp_path / "empty"
        template.mkdir()
        SqlStore.open(f"sqlite:///{template}/h.db", create=True).close()
        numbers, happened = count(), set[str]()

        def machine():
            return Production(template, numbers, judge, happened)

        run_state_machine_as_test(
            cast("type[Production]", machine),  # it calls it, and asks no more of it
            # Without shrinking: what fails is printed as it was found, within seconds.
            settings=settings(
                max_examples=16,
                stateful_step_count=12,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
            ),
        )

        assert {"champion_rolled_back", "decision_made", "retraining_resumed"} <= happened
