"""Whatever happens, in whatever order: one champion, a way back, and nothing judged twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from holdfast.domain.events import (
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    DecisionMade,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingResumed,
    RetrainingStarted,
    StageEnded,
    WindowJudged,
    verify_chain,
)
from holdfast.domain.evidence import (
    Action,
    Alert,
    Decision,
    GuardReport,
    Outcome,
    Severity,
    Trigger,
)
from holdfast.domain.ids import ModelVersion, ReleaseId
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.windows import Window
from holdfast.policy.deciding import DecisionPolicy, cooldown_ends_at
from holdfast.policy.transitions import ControlState, fold
from holdfast.ports.event_log import Draft
from holdfast.testing.fakes import InMemoryStore

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = DecisionPolicy()


def broken_feed():
    return Alert(
        trigger=Trigger.BROKEN_FEED, severity=Severity.CRITICAL, subject="tenure", message="…"
    )


def drifting():
    return Alert(
        trigger=Trigger.FEATURE_DRIFT, severity=Severity.WARNING, subject="tenure", message="…"
    )


class ControlLog(RuleBasedStateMachine):
    """Everything that may be written to an event log, by a loop and by people."""

    versions: Bundle[ModelVersion] = Bundle("versions")

    def __init__(self):
        super().__init__()
        self.store = InMemoryStore()
        self.now = START
        self.state: Any = ControlState()  # its fields are set from the first step on
        self.history: list[ModelVersion] = []  # champions, the last one is in production
        self.n_attempts = 0
        self.spent: dict[ModelVersion, datetime] = {}  # by champion, rows that judged
        self.broken: set[Window] = set()

    def happen(self, body):
        self.now += DAY
        before = self.state
        (event,) = self.store.events.append([Draft(body=body, actor="test")], at=self.now)
        self.state = fold([event], before)
        return before

    @initialize(target=versions)
    def begin(self):
        first = self._register(None)
        self._promote(first)
        return first

    @rule(target=versions)
    def train(self):
        return self._register(None)

    @rule(version=versions)
    def promote(self, version):
        if version != self.state.champion:
            self._promote(version)
            assert self.state.refusals == 0
            assert self.state.alerts == ()

    @precondition(lambda self: len(self.history) > 1)
    @rule()
    def roll_back(self):
        """What served before serves again, and what was replaced is the way forward."""
        replaced, previous = self.state.champion, self.state.previous
        self._roll_back(previous)
        assert (self.state.champion, self.state.previous) == (previous, replaced)

    @precondition(lambda self: len(self.history) > 1)
    @rule(version=versions)
    def roll_back_to(self, version):
        if version != self.state.champion:
            self._roll_back(version)

    @rule(version=versions, share=st.sampled_from([None, 0.1, 0.5]))
    def stage(self, version, share):
        """In shadow, or as a canary; whoever stood there makes room."""
        self.happen(
            ChallengerStaged(
                version=version,
                release_id=_release_id(version),
                stage=Stage.SHADOW if share is None else Stage.CANARY,
                share=share,
                champion=self.state.champion,
                reason="…",
            )
        )
        assert self.state.staged.version == version

    @precondition(lambda self: self.state.staged is not None)
    @rule()
    def withdraw(self):
        """The champion is what it was."""
        staged = self.state.staged
        before = self.happen(
            StageEnded(
                version=staged.version,
                stage=staged.stage,
                ending=Ending.WITHDRAWN,
                reason="…",
            )
        )
        assert replace(before, staged=None) == self.state

    @rule(days=st.integers(1, 7), broken=st.booleans(), alarmed=st.booleans())
    def judge_a_window(self, days, broken, alarmed):
        """One tick: a window, and the decision about it."""
        window = Window(start_at=self.now - days * DAY, end_at=self.now)
        self.happen(
            WindowJudged(
                window=window,
                model_version=self.state.champion,
                n=100,
                drifted=(),
                underpowered=(),
                share_drifted=0.0,
            )
        )
        alerts = [broken_feed()] * broken + [drifting()] * alarmed
        before = self.happen(
            DecisionMade(
                decision=Decision(
                    action=Action.FIX_UPSTREAM if broken else Action.ALERT,
                    policy="harm",
                    reasons=("…",),
                    onset_at=window.start_at if alerts else None,
                ),
                model_version=self.state.champion,
                alerts=tuple(alerts),
                n_labels=0,
                policy_digest="p",
            )
        )
        if broken:
            self.broken.add(window)
        if alerts and before.drift_since is not None:
            assert self.state.drift_since == before.drift_since  # it goes on, and began then
        assert (self.state.drift_since is None) == (not alerts)

    @rule(target=versions, outcome=st.sampled_from(Outcome), age=st.integers(0, 5))
    def retrain(self, outcome, age):
        """An attempt, whose rows are as old as labels need to be."""
        attempt, champion = self._start(), self.state.champion
        until = self.now - age * DAY
        before = self.happen(
            ChallengerJudged(
                attempt_id=attempt,
                champion=champion,
                report=GuardReport(
                    outcome=outcome, rule="better", reason="…", n=900, n_positive=300
                ),
                guard_until=until,
                trainer="logistic_regression",
                training_window="recent",
                margins={},
            )
        )
        assert (self.state.open_attempt is None) == (outcome is not Outcome.ACCEPT)
        assert self.state.refusals == before.refusals + (outcome is Outcome.REFUSE)
        if outcome is not Outcome.DEFER:
            self.spent[champion] = max(until, self.spent.get(champion, until))
        if outcome is not Outcome.ACCEPT:
            return multiple()
        version = self._register(attempt)
        assert self.state.open_attempt.version == version
        self._promote(version)
        assert self.state.open_attempt is None
        assert self.state.learnt_until == until
        return version

    @rule()
    def fail_to_retrain(self):
        """It counts as a refusal: the next attempt waits longer."""
        attempt = self._start()
        before = self.happen(
            RetrainingFailed(attempt_id=attempt, champion=self.state.champion, reason="…")
        )
        assert self.state.refusals == before.refusals + 1
        assert self.state.open_attempt is None

    @rule()
    def crash_while_retraining(self):
        """Nothing is written after the start; the attempt counts all the same."""
        attempt = self._start()
        assert self.state.open_attempt.attempt_id == attempt

    @precondition(lambda self: self.state.open_attempt is not None)
    @rule()
    def go_on_with_what_crashed(self):
        """Under its own id, however often; the pause runs from its first event."""
        attempt, began_at = self.state.open_attempt, self.state.last_attempt_at
        self.happen(
            RetrainingResumed(
                attempt_id=attempt.attempt_id,
                champion=self.state.champion,
                n_tries=attempt.n_tries + 1,
                reason="…",
            )
        )
        assert self.state.open_attempt == replace(attempt, n_tries=attempt.n_tries + 1)
        assert self.state.last_attempt_at == began_at

    @invariant()
    def one_champion_serves_and_the_one_before_is_known(self):
        assert self.state.champion == (self.history[-1] if self.history else None)
        expected = self.history[-2] if len(self.history) > 1 else None
        assert self.state.previous == expected

    @invariant()
    def servers_read_what_the_events_say(self):
        deployment = self.store.releases.deployment()
        assert (deployment is None) == (self.state.champion is None)
        if deployment is not None:
            previous = None if deployment.previous is None else deployment.previous.version
            assert deployment.champion.version == self.state.champion
            assert previous == self.state.previous
            assert deployment.since == self.state.champion_since
            read, said = deployment.challenger, self.state.staged
            assert (read is None) == (said is None)
            if read is not None:
                assert (read.record.version, read.stage, read.share, read.since, read.seq) == (
                    said.version,
                    said.stage,
                    said.share,
                    said.since,
                    said.seq,
                )
        assert self.state.n_releases == len(self.store.releases.releases())

    @invariant()
    def rows_that_judged_stay_spent(self):
        """For every champion, also after it was replaced and has come back."""
        for champion, until in self.spent.items():
            assert self.state.guards[champion] >= until
        if self.state.champion in self.spent:
            assert self.state.guard_until >= self.spent[self.state.champion]

    @invariant()
    def windows_of_broken_feeds_stay_marked(self):
        assert set(self.state.broken_windows) == self.broken
        assert len(self.state.broken_windows) == len(self.broken)

    @invariant()
    def an_attempt_is_followed_by_a_pause(self):
        ends_at: Any = cooldown_ends_at(POLICY, self.state)
        if self.state.last_attempt_at is None:
            assert ends_at is None
        else:
            pause = ends_at - self.state.last_attempt_at
            assert POLICY.cooldown <= pause <= POLICY.cooldown_limit

    @invariant()
    def the_state_is_the_fold_of_the_log(self):
        """Whoever reads it anew comes to the same; and the chain is whole."""
        events = list(self.store.events.events())
        assert fold(events) == self.state
        assert verify_chain(events) == len(events)

    def _register(self, attempt):
        version = ModelVersion(f"v{len(self.store.releases.releases()) + 1}")
        self.happen(
            ReleaseRegistered(
                version=version,
                release_id=_release_id(version),
                schema_digest="s",
                origin="train" if attempt is None else "retrain",
                trainer="logistic_regression",
                metrics={},
                attempt_id=attempt,
            )
        )
        return version

    def _promote(self, version):
        before = self.happen(
            ChampionPromoted(
                version=version,
                release_id=_release_id(version),
                previous=self.state.champion,
                reason="…",
            )
        )
        self._took_over(version, before)

    def _roll_back(self, version):
        before = self.happen(
            ChampionRolledBack(
                version=version,
                release_id=_release_id(version),
                replaced=self.state.champion,
                reason="…",
            )
        )
        self._took_over(version, before)

    def _took_over(self, version, before):
        """The new champion may have learnt the rows that judged the old one's challengers."""
        assert self.state.staged is None
        self.history.append(version)
        if before.guard_until is not None:
            assert self.state.guard_until >= before.guard_until

    def _start(self):
        self.n_attempts += 1
        attempt = f"a{self.n_attempts}"
        self.happen(
            RetrainingStarted(
                attempt_id=attempt, champion=self.state.champion, cause="…", n_rows=900
            )
        )
        assert self.state.last_attempt_at == self.now
        return attempt


def _release_id(version):
    return ReleaseId(version.encode().hex().rjust(64, "0"))


TestControlLog = ControlLog.TestCase
TestControlLog.settings = settings(max_examples=40, stateful_step_count=25)
