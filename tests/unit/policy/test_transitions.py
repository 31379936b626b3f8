"""Control state is a fold: what each event changes, and what survives a rollback."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.estimates import MaturedEstimate
from holdfast.domain.events import (
    GENESIS,
    AlertRaised,
    ChallengerJudged,
    ChallengerStaged,
    ChampionPromoted,
    ChampionRolledBack,
    DecisionMade,
    ProbationJudged,
    ReleaseRegistered,
    RetrainingFailed,
    RetrainingResumed,
    RetrainingStarted,
    StageEnded,
    WindowJudged,
    chain,
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
from holdfast.domain.ids import EventId, ModelVersion, ReleaseId
from holdfast.domain.stages import Ending, Stage
from holdfast.domain.windows import Window
from holdfast.policy.transitions import ControlState, Staged, fold

V1, V2 = ModelVersion("v1"), ModelVersion("v2")
DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def story(*bodies):
    """Chain bodies into events, a day apart."""
    events, previous = [], GENESIS
    for i, body in enumerate(bodies):
        event = chain(
            body,
            seq=i + 1,
            event_id=EventId(f"e{i}"),
            at=START + i * DAY,
            actor="test",
            previous=previous,
        )
        events.append(event)
        previous = event.digest
    return events


def registered(version):
    return ReleaseRegistered(
        version=version,
        release_id=version * 32,
        schema_digest="s",
        origin="train",
        trainer="logistic_regression",
        metrics={},
    )


def promoted(version, previous=None):
    return ChampionPromoted(
        version=version, release_id=version * 32, previous=previous, reason="first"
    )


def judged(outcome, *, champion=V1, until=START):
    return ChallengerJudged(
        attempt_id="a1",
        champion=champion,
        report=GuardReport(outcome=outcome, rule="better", reason="…", n=500, n_positive=100),
        guard_until=until,
        trainer="logistic_regression",
        training_window="recent",
        margins={},
    )


def broken(window, *, trigger=Trigger.BROKEN_FEED):
    """A window that is judged, and the decision that its feed is to be mended."""
    alert = Alert(trigger=trigger, severity=Severity.CRITICAL, subject="tenure", message="…")
    seen = WindowJudged(
        window=window, model_version=V1, n=9, drifted=(), underpowered=(), share_drifted=0.0
    )
    made = DecisionMade(
        decision=Decision(action=Action.FIX_UPSTREAM, policy="harm", reasons=("…",)),
        model_version=V1,
        alerts=(alert,),
        n_labels=0,
        policy_digest="p",
    )
    return seen, made


class TestFold:
    def test_a_promotion_makes_the_champion_and_keeps_the_previous(self):
        """The version that served before is the one a rollback returns to."""
        events = story(registered("v1"), promoted("v1"), registered("v2"), promoted("v2", "v1"))

        state = fold(events)

        assert (state.champion, state.previous, state.n_releases) == ("v2", "v1", 2)
        assert state.champion_since == START + 3 * DAY

    def test_a_rollback_restores_the_earlier_version(self):
        """Afterwards the replaced version is the previous one."""
        back = ChampionRolledBack(
            version=V1, release_id=ReleaseId("r"), replaced=V2, reason="worse on the phone"
        )

        state = fold(story(promoted("v1"), promoted("v2", "v1"), back))

        assert (state.champion, state.previous) == ("v1", "v2")

    def test_an_attempt_starts_the_cooldown_whatever_comes_of_it(self):
        """A crash in the middle of a retraining still counts as an attempt."""
        started = RetrainingStarted(attempt_id="a1", champion=V1, cause="harm", n_rows=900)

        state = fold(story(promoted("v1"), started))

        assert state.last_attempt_at == START + DAY
        assert state.open_attempt is not None
        assert state.open_attempt.attempt_id == "a1"

    def test_refusals_add_up_until_a_promotion(self):
        """Each refused or failed challenger lengthens the cooldown; a promotion resets it."""
        failed = RetrainingFailed(attempt_id="a2", champion=V1, reason="one class")
        events = story(promoted("v1"), judged(Outcome.REFUSE), failed, judged(Outcome.DEFER))

        assert fold(events).refusals == 2
        assert fold([*events, *story(promoted("v2", "v1"))]).refusals == 0

    def test_remembers_which_rows_judged_a_challenger_of_each_champion(self):
        """After a rollback the old champion's guard rows are still spent."""
        back = ChampionRolledBack(version=V1, release_id=ReleaseId("r"), replaced=V2, reason="…")
        until = START + 5 * DAY

        state = fold(story(promoted("v1"), judged(Outcome.ACCEPT, until=until), promoted("v2")))

        assert fold(story(back), state).guard_until == until

    def test_a_retrained_champion_has_seen_the_guards_rows(self):
        """It was fitted again on them, so they cannot judge its own challengers."""
        until = START + 5 * DAY

        state = fold(story(promoted("v1"), judged(Outcome.ACCEPT, until=until), promoted("v2")))

        assert state.guard_until == until

    def test_rows_stay_spent_though_a_later_attempt_judged_on_older_ones(self):
        """As when an attempt on a file, which reaches until now, comes between two on the log."""
        late, early = START + 9 * DAY, START + 5 * DAY

        state = fold(
            story(
                promoted("v1"),
                judged(Outcome.REFUSE, until=late),
                judged(Outcome.REFUSE, until=early),
            )
        )

        assert state.guard_until == late

    def test_rows_on_which_the_guard_deferred_are_not_spent(self):
        """It looked at no label of theirs; else small traffic could never be judged."""
        until = START + 5 * DAY

        state = fold(story(promoted("v1"), judged(Outcome.DEFER, until=until)))

        assert state.guard_until is None

    def test_knows_until_when_a_retrained_champion_has_learnt(self):
        """The rows of its attempt; one that a person trained has learnt none of the log."""
        until = START + 5 * DAY
        retrained = replace(registered("v2"), origin="retrain", attempt_id="a1")
        events = story(promoted("v1"), judged(Outcome.ACCEPT, until=until), retrained)

        state = fold(events)

        assert state.learnt == {"v2": until}
        assert state.learnt_until is None
        assert fold(story(promoted("v2", "v1")), state).learnt_until == until

    def test_marks_the_window_of_a_broken_feed(self):
        """Its rows are left out of later trainings; saying it twice marks it once."""
        window = Window(start_at=START, end_at=START + DAY)

        state = fold(story(*broken(window), *broken(window)))

        assert state.broken_windows == (window,)

    def test_a_window_is_sound_if_only_older_labels_come_from_a_broken_feed(self):
        """Then the decision is the same, but no alert speaks of the window judged last."""
        window = Window(start_at=START, end_at=START + DAY)

        state = fold(story(*broken(window, trigger=Trigger.PERFORMANCE)))

        assert state.broken_windows == ()

    def test_folding_in_parts_equals_folding_at_once(self):
        """A tick may go on from the state it knew."""
        events = story(registered("v1"), promoted("v1"), judged(Outcome.REFUSE), promoted("v2"))

        for cut in range(len(events)):
            assert fold(events[cut:], fold(events[:cut])) == fold(events)

    def test_nothing_happened_is_a_state(self):
        """A new project has no champion and may try at once."""
        assert fold([]) == ControlState()

    def test_a_broken_file_says_nothing_about_the_log(self):
        """`check --data` on a bad file must not keep sound rows from a later training."""
        window = Window(start_at=START, end_at=START + DAY)
        seen = WindowJudged(
            window=window,
            model_version=V1,
            n=9,
            drifted=(),
            underpowered=(),
            share_drifted=0.0,
            from_file=True,
        )
        gone = Alert(
            trigger=Trigger.BROKEN_FEED,
            severity=Severity.CRITICAL,
            subject="data_gb",
            message="data_gb looks broken upstream: all values missing",
        )
        broken = DecisionMade(
            decision=Decision(action=Action.FIX_UPSTREAM, policy="harm", reasons=("…",)),
            model_version=V1,
            alerts=(gone,),
            n_labels=0,
            policy_digest="p",
        )

        assert fold(story(seen, broken)).broken_windows == ()


def staged(version, stage=Stage.SHADOW, share=None):
    return ChallengerStaged(
        version=version,
        release_id=ReleaseId("r" * 64),
        stage=stage,
        share=share,
        champion=V1,
        reason="…",
    )


def ended(version):
    return StageEnded(version=version, stage=Stage.SHADOW, ending=Ending.WITHDRAWN, reason="…")


def refused(version, *, trigger=Trigger.SERVING):
    alert = Alert(trigger=trigger, severity=Severity.CRITICAL, subject=version, message="torn")
    return AlertRaised(alert=alert, model_version=version)


class TestStages:
    def test_knows_who_stands_beside_the_champion_and_since_when(self):
        """Both of the stage, and of the whole trial."""
        bodies = (promoted(V1), staged(V2), staged(V2, Stage.CANARY, 0.1))

        state = fold(story(*bodies))

        assert state.staged == Staged(
            version=V2,
            stage=Stage.CANARY,
            share=0.1,
            seq=3,
            since=START + 2 * DAY,
            begun=START + DAY,
        )
        assert state.champion == V1

    def test_another_challenger_begins_anew(self):
        """Its rows are other ones."""
        state = fold(story(promoted(V1), staged(V2), staged(ModelVersion("v3"))))

        assert state.staged is not None
        assert state.staged.begun == START + 2 * DAY

    def test_a_stage_ends_by_its_event_or_by_another_champion(self):
        """Whichever comes first."""
        rolled_back = ChampionRolledBack(
            version=V1, release_id=ReleaseId("r" * 64), replaced=V2, reason="…"
        )
        ends = (ended(V2), promoted(V2), rolled_back)

        left = [fold(story(promoted(V1), staged(V2), end)).staged for end in ends]

        assert left == [None, None, None]

    def test_remembers_that_a_server_could_not_use_it(self):
        """Only what was said of this challenger since it was staged counts."""
        states = [
            fold(story(promoted(V1), *bodies)).staged
            for bodies in (
                (staged(V2), refused(V2)),
                (staged(V2), refused(V1)),
                (staged(V2), refused(V2, trigger=Trigger.FEATURE_DRIFT)),
                (refused(V2), staged(V2)),
                (staged(V2), refused(V2), staged(V2, Stage.CANARY, 0.1)),
            )
        ]

        assert [state and state.failure for state in states] == ["torn", None, None, None, None]
        assert None not in states


class TestProbation:
    """What is known of a champion while the one before it stands beside it."""

    taken_over = (promoted(V1), promoted(V2), staged(V1, Stage.PROBATION))
    report = GuardReport(outcome=Outcome.REFUSE, rule="probation", reason="…", n=9, n_positive=3)

    def rolled_back(self, report):
        return ChampionRolledBack(
            version=V1, release_id=ReleaseId("r" * 64), replaced=V2, reason="…", report=report
        )

    def test_remembers_how_far_its_rows_were_compared(self):
        """So that they are not looked at twice; another stage begins anew."""
        look = ProbationJudged(champion=V2, previous=V1, report=self.report, judged_until=START)

        during = fold(story(*self.taken_over, look)).staged
        later = fold(story(*self.taken_over, look, staged(ModelVersion("v3")), look)).staged

        assert during is not None
        assert later is not None
        assert (during.judged_until, later.judged_until) == (START, None)

    def test_remembers_what_servers_said_of_the_champion(self):
        """Rows that it could not score add up for good; that it did not load is soon over."""
        failed = replace(refused(V2), alert=replace(refused(V2).alert, statistic=3.0))

        during = fold(story(*self.taken_over, failed, refused(V2), failed))
        after = fold(story(*self.taken_over, failed, refused(V2), self.rolled_back(None)))

        assert (during.unscored, during.champion_failure) == ({V2: 6}, "torn")
        assert (after.unscored, after.champion_failure) == ({V2: 3}, None)
        assert during.staged is not None
        assert during.staged.failure is None

    def test_rows_that_the_one_before_failed_on_earlier_are_no_failure_of_its_stage(self):
        """A server may tell of them late."""
        failed = replace(refused(V1), alert=replace(refused(V1).alert, statistic=3.0))

        staged_before = fold(story(*self.taken_over, failed)).staged
        torn = fold(story(*self.taken_over, refused(V1))).staged

        assert staged_before is not None
        assert torn is not None
        assert (staged_before.failure, torn.failure) == (None, "torn")

    def test_a_failed_one_is_a_refused_attempt(self):
        """The cooldown is doubled, and begins with the rollback; a person's own begins none."""
        failed = fold(story(*self.taken_over, self.rolled_back(self.report)))
        by_hand = fold(story(*self.taken_over, self.rolled_back(None)))

        assert (failed.refusals, failed.last_attempt_at) == (1, START + 3 * DAY)
        assert (by_hand.refusals, by_hand.last_attempt_at) == (0, None)


class TestAttempts:
    """What is known of a retraining that has no end yet, so that another process can go on."""

    begun = RetrainingStarted(attempt_id="a1", champion=V1, cause="harm", n_rows=900)
    of_it = replace(registered("v2"), attempt_id="a1")

    def open_after(self, *bodies):
        return fold(story(registered("v1"), promoted("v1"), self.begun, *bodies)).open_attempt

    def test_knows_how_far_it_came(self):
        """Judged, and registered; when it began, and with which event."""
        attempt = self.open_after(judged(Outcome.ACCEPT), self.of_it)

        assert (attempt.attempt_id, attempt.seq, attempt.at) == ("a1", 3, START + 2 * DAY)
        assert attempt.judgement == judged(Outcome.ACCEPT)
        assert attempt.version == "v2"
        assert attempt.n_tries == 1

    def test_counts_how_often_it_was_begun(self):
        """By the last of its tries."""
        again = RetrainingResumed(attempt_id="a1", champion=V1, n_tries=2, reason="it broke off")

        assert self.open_after(again).n_tries == 2

    def test_heeds_nothing_of_another_attempt(self):
        """An accepted challenger of its own is what it waits for."""
        other = replace(judged(Outcome.REFUSE), attempt_id="a0")

        attempt = self.open_after(other, replace(self.of_it, attempt_id="a0"))

        assert (attempt.judgement, attempt.version) == (None, None)

    @pytest.mark.parametrize(
        "end",
        [
            [RetrainingFailed(attempt_id="a1", champion=V1, reason="one class")],
            [judged(Outcome.REFUSE)],
            [judged(Outcome.DEFER)],
            [judged(Outcome.ACCEPT), of_it, promoted("v2", "v1")],
            [
                judged(Outcome.ACCEPT),
                of_it,
                ChallengerStaged(
                    version=V2,
                    release_id=ReleaseId("r"),
                    stage=Stage.SHADOW,
                    share=None,
                    champion=V1,
                    reason="…",
                ),
            ],
            [
                ChampionRolledBack(
                    version=V2, release_id=ReleaseId("r"), replaced=V1, reason="by hand"
                )
            ],
        ],
        ids=["failed", "refused", "deferred", "promoted", "staged", "another champion"],
    )
    def test_ends(self, end):
        """By a judgement that does not accept, by production, or by another champion."""
        assert self.open_after(*end) is None

    def test_that_was_interrupted_is_no_refusal(self):
        """Nobody is to blame: the next pause is as long as the last."""
        failed = RetrainingFailed(attempt_id="a1", champion=V1, reason="too old", interrupted=True)

        assert fold(story(promoted("v1"), self.begun, failed)).refusals == 0


def week_judged(week, *, version=V1, from_file=False):
    """A tick that found a week's labels mature."""
    window = Window(start_at=START + 7 * week * DAY, end_at=START + 7 * (week + 1) * DAY)
    return WindowJudged(
        window=window,
        model_version=version,
        n=9,
        drifted=(),
        underpowered=(),
        share_drifted=0.0,
        from_file=from_file,
        matured=MaturedEstimate(window=window, n=9),
    )


class TestMatured:
    def test_keeps_the_champions_latest_windows_without_overlap(self):
        """Windows slide by a day; two that share rows are no two."""
        told = [week_judged(week) for week in (0, 1 / 7, 1, 2)]

        state = fold(story(promoted("v1"), *told))

        assert state.matured == (told[0].matured, told[2].matured, told[3].matured)

    def test_keeps_ten(self):
        """However long the model serves: no tick reads all events for it."""
        state = fold(story(promoted("v1"), *(week_judged(week) for week in range(14))))

        assert [one.window for one in state.matured] == [
            week_judged(week).window for week in range(4, 14)
        ]

    def test_another_champion_begins_anew(self):
        """What one model's scores were worth says nothing of another's."""
        state = fold(story(promoted("v1"), week_judged(0), promoted("v2", "v1")))

        assert state.matured == ()

    def test_takes_neither_a_files_rows_nor_another_models(self):
        """They are no window of the champion's."""
        told = [week_judged(0, from_file=True), week_judged(1, version=V2)]

        assert fold(story(promoted("v1"), *told)).matured == ()
