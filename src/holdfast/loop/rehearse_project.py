"""The project's own policy on a replayed history: the live loop's judgements, its own events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from holdfast.domain.errors import TooFewLabelsError, TrainingFailedError
from holdfast.domain.events import (
    GENESIS,
    ChallengerJudged,
    ChampionPromoted,
    DecisionMade,
    RetrainingFailed,
    RetrainingStarted,
    chain,
)
from holdfast.domain.evidence import Action, Trigger
from holdfast.domain.ids import EventId, ModelVersion, ReleaseId
from holdfast.domain.releases import ReleaseRecord
from holdfast.domain.windows import Window
from holdfast.drift.fitting import fits
from holdfast.drift.profile import Profile, profile, reference_profile
from holdfast.drift.scores import score_profile
from holdfast.loop.challenge import Challenger, challenge
from holdfast.loop.control import Incumbent
from holdfast.loop.detect import OF_A_WINDOW, ONSET_WINDOWS
from holdfast.loop.disperse import dispersion_of
from holdfast.loop.rehearse import Step
from holdfast.loop.rehearse_watch import PARTS, Watch, borders, budgeted
from holdfast.loop.timetable import Timeline
from holdfast.performance.onset import change_point
from holdfast.policy.alerting import by_date, findings_of, harm_is_open
from holdfast.policy.allotting import allot
from holdfast.policy.assessing import Assessment, Observed, assess
from holdfast.policy.deciding import decide
from holdfast.policy.raising import Alarmed, alarmed, harmless, hushed, n_telling
from holdfast.policy.transitions import ControlState, fold
from holdfast.policy.waiting import Maturing
from holdfast.policy.weighing import Evidence, rule_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.events import EventBody
    from holdfast.domain.evidence import Decision
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.drift.grid import Grid
    from holdfast.loop.control import ControlPlan
    from holdfast.loop.develop import Candidate
    from holdfast.loop.rehearse import History
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

__all__ = ["Project"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Project:
    """The project's own policy: the very judgements of the live loop, on replayed rows.

    Args:
        history: The stream.
        first: The first model, with its out-of-fold scores.
        warm_up: Rows of the warm-up.
        window: Rows of a window; stands for the plan's window of time.
        plan: What the project wants of the loop.
        trainers: Who competes.
        runtime: Executes the exported models.
        timeline: When each row is; None: rows come evenly, a window of them in the plan's.
        dated: Whether those are the rows' own times.
    """

    def __init__(
        self,
        history: History,
        first: Candidate,
        *,
        warm_up: int,
        window: int,
        plan: ControlPlan,
        trainers: Sequence[Trainer],
        runtime: Runtime,
        timeline: Timeline | None = None,
        dated: bool = False,
    ) -> None:
        self._history, self._window, self._plan = history, window, budgeted(plan, dated=dated)
        self._say = by_date if dated else self._by_row
        self._trainers, self._runtime = trainers, runtime
        n = history.features.num_rows
        lasts = n * (plan.window / window)
        self._timeline = timeline or Timeline([0, n], [_EPOCH, _EPOCH + lasts])
        self._state, self._n_events, self._previous = ControlState(), 0, GENESIS
        self._champion = self._incumbent("v1", first, history.features.slice(0, warm_up))
        self._learnt = np.arange(warm_up)  # the rows that the champion was fitted on
        self._own_from = warm_up  # rows from here on were scored by the champion itself
        self._watch = self._watching()
        self._happened(_promoted("v1", None), warm_up)

    @property
    def version(self) -> ModelVersion:
        """See `Rehearsal.version`."""
        return self._champion.record.version

    @property
    def threshold(self) -> float:
        """See `Rehearsal.threshold`."""
        return self._champion.contract.threshold

    def score(self, rows: FeatureMatrix) -> NDArray[np.float64]:
        """See `Rehearsal.score`."""
        return self._champion.model.score(rows)

    def close(self, start: int, end: int, *, known: int) -> Step:
        """See `Rehearsal.close`."""
        evidence = self._evidence(start, end, known)
        decision = decide(evidence, self._plan.decision, self._state, now=self._moment(end))
        self._happened(
            DecisionMade(
                decision=decision,
                model_version=self.version,
                alerts=evidence.alerts,
                n_labels=evidence.n_labels,
                policy_digest=self._plan.policy_digest,
            ),
            end,
        )
        if decision.action is not Action.RETRAIN:
            return Step(decision=decision, alerts=evidence.alerts)
        promoted = self._retrain(decision, evidence, end, known)
        return Step(decision=decision, alerts=evidence.alerts, attempted=True, promoted=promoted)

    def _evidence(self, start: int, end: int, known: int) -> Evidence:
        """Judge the window, follow the incidents, and count the labels; see `loop.detect`."""
        sound = self._sound(known, end)
        alarms = (*self._watch.see(start, end), *self._watch.learn(known, sound))
        said = self._assessment(start, end, known)
        state, now = self._state, self._moment(end)
        followed = partial(
            alarmed,
            state,
            champion=self.version,
            now=now,
            window=self._plan.window,
            unjudged=OF_A_WINDOW if said is None else said.unjudged,
        )
        findings = findings_of(
            alarms,
            () if said is None else said.levels,
            None if said is None else said.drift,
            begun={one.about: one.onset_at for one in state.incidents if one.onset_at is not None},
            moment=self._say,
        )
        found = followed(findings)
        evidence = self._weighed(found, said, start=start, end=end, known=known)

        def n_since(at: datetime) -> int:
            return int(sound[max(self._row(at), self._own_from) :].sum())

        evidence = replace(evidence, n_seen=n_telling(found, n_since=n_since))
        quiet = harmless(found, evidence, self._plan.decision, n_since=n_since)
        if quiet:
            found = followed(hushed(findings, found, quiet))
            evidence = replace(evidence, alerts=found.alerts)
        if said is not None:
            window = Window(start_at=self._moment(start), end_at=now)
            self._happened(said.judged(window, self.version), end)
        for body in found.bodies:
            self._happened(body, end)
        return evidence

    def _assessment(self, start: int, end: int, known: int) -> Assessment | None:
        if start == end:
            return None
        since = self._row(self._moment(known) - self._plan.window)
        own = slice(min(max(since, self._own_from), known), known)
        arrived = self._history.arrived(known, by=end)[own]
        labels = self._history.labels[own][arrived]
        scores = self.score(self._history.matrix.take(own))[arrived]
        observed = Observed(
            current=self._counted(start, end),
            mature=self._counted(own.start, own.stop) if labels.size else None,
            labels=labels,
            scores=scores,
        )
        champion = self._champion
        return assess(
            champion.reference,
            champion.baseline,
            observed,
            policy=self._plan.monitor,
            weights=champion.weights,
        )

    def _weighed(
        self, found: Alarmed, said: Assessment | None, *, start: int, end: int, known: int
    ) -> Evidence:
        evidence = Evidence(n_rows=end - start, alerts=found.alerts)
        weights, policy = self._champion.weights, self._plan.decision
        if said is not None:
            rules = rule_outcomes(said.drift, policy, weights=weights)
            evidence = replace(said.complete(evidence), rules=rules)
        onset = self._onset(found, start, end, known) if found.alerts else 0
        sound = self._sound(known, end)
        if not found.alerts:
            sound[self._learnt[self._learnt < known]] = (
                False  # what the champion has learnt teaches nothing
            )
        fresh = self._history.labels[:known][onset:][sound[onset:]]
        waiting = end - max(onset, known)
        mature_at = self._moment(end) + (self._moment(end) - self._moment(known))
        return replace(
            evidence,
            n_labels=len(fresh),
            n_positives=int(fresh.sum()),
            onset_at=self._moment(onset) if found.alerts else None,
            awaited=(Maturing(mature_at=mature_at, n_rows=waiting),) if waiting > 0 else (),
            label_share=float(np.mean(self._history.arrived(known, by=end))),
        )

    def _onset(self, found: Alarmed, start: int, end: int, known: int) -> int:
        if found.harmed_since is not None:
            return self._row(found.harmed_since)
        if any(alert.trigger is Trigger.PERFORMANCE for alert in found.alerts):
            first = max(self._own_from, known - ONSET_WINDOWS * self._window)
            rows = first + np.flatnonzero(self._history.arrived(known, by=end)[first:])
            if rows.size:
                labels = self._history.labels[first:known][rows - first]
                losses = (self.score(self._history.matrix.take(rows)) - labels) ** 2
                baseline = self._champion.baseline.figures["brier"]
                return int(rows[change_point(losses, reference_mean=baseline)])
        since = found.drifted_since or self._state.drift_since
        return start if since is None else self._row(since)

    def _retrain(self, decision: Decision, evidence: Evidence, end: int, known: int) -> bool:
        onset = self._row(decision.onset_at or self._moment(end))
        spent = 0 if self._state.guard_until is None else self._row(self._state.guard_until)
        sound = self._sound(known, end)
        learnt = np.isin(np.arange(known), self._learnt)
        rows = replace(self._history.known(0, known), reference=learnt).where(sound)
        attempt, champion = f"a{end}", self.version
        self._happened(
            RetrainingStarted(
                attempt_id=attempt, champion=champion, cause="replay", n_rows=len(rows)
            ),
            end,
        )
        try:
            outcome = challenge(
                rows,
                self._champion.model,
                self._champion.contract,
                allot(
                    len(rows),
                    n_window=self._window,
                    onset=int(sound[:onset].sum()),
                    spent=int(sound[:spent].sum()),
                    least_guard=self._plan.guard.min_rows,
                ),
                trainers=self._trainers,
                aim=self._plan.aim,
                windows=self._plan.windows,
                policy=self._plan.guard,
                alarmed=harm_is_open(evidence.alerts),
                seed=self._plan.seed,
            )
        except (TooFewLabelsError, TrainingFailedError) as error:
            self._happened(
                RetrainingFailed(attempt_id=attempt, champion=champion, reason=str(error)), end
            )
            return False
        self._happened(
            ChallengerJudged(
                attempt_id=attempt,
                champion=champion,
                report=outcome.report,
                guard_until=self._moment(known),
                trainer=outcome.trainer,
                training_window=outcome.training_window,
                margins=outcome.margins,
                calibration=outcome.calibration,
                failures=outcome.failures,
            ),
            end,
        )
        if outcome.challenger is None:
            return False
        self._promote(outcome.challenger, end)
        self._learnt = np.flatnonzero(sound)[outcome.challenger.chosen]
        return True

    def _promote(self, challenger: Challenger, end: int) -> None:
        version, before = f"v{int(self.version[1:]) + 1}", self.version
        rows, grid = challenger.rows.features, self._champion.reference.grid
        kept = grid if fits(profile(rows, grid)) else None
        self._happened(_promoted(version, before), end)
        self._champion = self._incumbent(version, challenger, rows, grid=kept)
        self._own_from = end
        self._watch = self._watching()

    def _incumbent(
        self,
        version: str,
        made: Candidate | Challenger,
        rows: pa.Table,
        *,
        grid: Grid | None = None,
    ) -> Incumbent:
        """Return a model as the one in production, with what its windows are compared with."""
        held_out, contract = made.out_of_fold, made.contract
        reference = reference_profile(
            rows, contract, held_out.scores, labels=held_out.labels, grid=grid
        )
        parts = max(1, rows.num_rows * PARTS // self._window)
        return Incumbent(
            record=_record(version, contract),
            contract=contract,
            model=self._runtime.load(made.model.to_onnx(), contract),
            reference=reference,
            baseline=held_out.metrics,
            importances=made.importances,
            dispersion=dispersion_of(
                rows,
                held_out,
                reference,
                held_out.metrics,
                borders=borders(0, rows.num_rows, parts=parts),
                policy=self._plan.sequential,
            ),
        )

    def _watching(self) -> Watch:
        return Watch(
            self._history, self._champion, self._plan, since=self._own_from, moment=self._moment
        )

    def _counted(self, start: int, end: int) -> Profile:
        """Count rows on the champion's cells; its scores only where it made them."""
        reference = self._champion.reference
        scores = None
        if start >= self._own_from and reference.score_grid is not None:
            made = self.score(self._history.matrix.take(slice(start, end)))
            scores = score_profile(made, reference.score_grid)
        rows = self._history.features.slice(start, end - start)
        return profile(rows, reference.grid, scores=scores)

    def _sound(self, known: int, end: int) -> NDArray[np.bool_]:
        """Return which rows may be learnt from: labelled, and of no window with a broken feed."""
        sound = self._history.arrived(known, by=end)
        for window in self._state.broken_windows:
            sound[self._row(window.start_at) : self._row(window.end_at)] = False
        return sound

    def _happened(self, body: EventBody, row: int) -> None:
        event = chain(
            body,
            seq=self._n_events + 1,
            event_id=EventId(f"{self._n_events + 1}"),
            at=self._moment(row),
            actor="replay",
            previous=self._previous,
        )
        self._n_events, self._previous = event.seq, event.digest
        self._state = fold([event], self._state)

    def _moment(self, row: int) -> datetime:
        """Return the time that a row stands for."""
        return self._timeline.moment(row)

    def _row(self, moment: datetime) -> int:
        return self._timeline.row(moment)

    def _by_row(self, moment: datetime) -> str:
        return f"row {self._row(moment):,}"


def _record(version: str, contract: Contract) -> ReleaseRecord:
    return ReleaseRecord(
        version=ModelVersion(version),
        release_id=ReleaseId(version),
        schema_digest=contract.schema_digest,
    )


def _promoted(version: str, previous: ModelVersion | None) -> ChampionPromoted:
    return ChampionPromoted(
        version=ModelVersion(version),
        release_id=ReleaseId(version),
        previous=previous,
        reason="replay",
    )
