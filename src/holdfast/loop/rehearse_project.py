"""The project's own policy on a replayed history: the live loop's judgements, its own events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
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
from holdfast.loop.detect import ONSET_WINDOWS
from holdfast.loop.rehearse import Step
from holdfast.performance.onset import change_point
from holdfast.policy.alerting import harm_is_open
from holdfast.policy.allotting import allot
from holdfast.policy.assessing import Observed, assess
from holdfast.policy.deciding import Evidence, decide
from holdfast.policy.transitions import ControlState, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from holdfast.domain.contract import Contract
    from holdfast.domain.events import EventBody
    from holdfast.domain.evidence import Alert, Decision
    from holdfast.domain.matrix import FeatureMatrix
    from holdfast.loop.control import ControlPlan
    from holdfast.loop.develop import Candidate
    from holdfast.loop.rehearse import History
    from holdfast.loop.train import CalibratedModel
    from holdfast.ports.runtime import LoadedModel, Runtime
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
    ) -> None:
        self._history, self._window, self._plan = history, window, plan
        self._trainers, self._runtime = trainers, runtime
        self._row_time = plan.window / window
        self._state, self._n_events, self._previous = ControlState(), 0, GENESIS
        reference = reference_profile(
            history.features.slice(0, warm_up),
            first.contract,
            first.out_of_fold.scores,
            labels=first.out_of_fold.labels,
        )
        self._champion = Incumbent(
            record=_record("v1", first.contract),
            contract=first.contract,
            model=self._load(first.model, first.contract),
            reference=reference,
            baseline=first.out_of_fold.metrics,
            importances=first.importances,
        )
        self._learnt = np.arange(warm_up)  # the rows that the champion was fitted on
        self._own_from = warm_up  # rows from here on were scored by the champion itself
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
        own = slice(max(known - self._window, self._own_from), known)
        labels = self._history.labels[own] if own.start < own.stop else np.zeros(0, np.bool_)
        scores = self.score(self._history.matrix.take(own))[: len(labels)]
        observed = Observed(
            current=self._counted(start, end),
            mature=self._counted(own.start, own.stop) if len(labels) else None,
            labels=labels,
            scores=scores,
        )
        champion = self._champion
        found = assess(
            champion.reference,
            champion.baseline,
            observed,
            policy=self._plan.monitor,
            weights=champion.weights,
        )
        window = Window(start_at=self._moment(start), end_at=self._moment(end))
        self._happened(found.judged(window, self.version), end)
        evidence = found.complete(Evidence(n_rows=end - start))
        if not found.alerts:
            return evidence
        onset = self._onset(found.alerts, start, known)
        fresh = self._history.labels[onset:known][self._sound(known)[onset:]]
        return replace(
            evidence,
            n_labels=len(fresh),
            n_positives=int(fresh.sum()),
            onset_at=self._moment(onset),
        )

    def _onset(self, alerts: Sequence[Alert], start: int, known: int) -> int:
        if any(alert.trigger is Trigger.PERFORMANCE for alert in alerts):
            first = max(self._own_from, known - ONSET_WINDOWS * self._window)
            labels = self._history.labels[first:known]
            scores = self.score(self._history.matrix.take(slice(first, known)))
            losses = (scores - labels) ** 2
            return first + change_point(
                losses, reference_mean=self._champion.baseline.figures["brier"]
            )
        since = self._state.drift_since
        return start if since is None else self._row(since)

    def _retrain(self, decision: Decision, evidence: Evidence, end: int, known: int) -> bool:
        onset = self._row(decision.onset_at or self._moment(end))
        spent = 0 if self._state.guard_until is None else self._row(self._state.guard_until)
        sound = self._sound(known)
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
        version = f"v{int(self.version[1:]) + 1}"
        rows, grid = challenger.rows.features, self._champion.reference.grid
        reference = reference_profile(
            rows,
            challenger.contract,
            challenger.out_of_fold.scores,
            labels=challenger.out_of_fold.labels,
            grid=grid if fits(profile(rows, grid)) else None,
        )
        self._happened(_promoted(version, self.version), end)
        self._champion = Incumbent(
            record=_record(version, challenger.contract),
            contract=challenger.contract,
            model=self._load(challenger.model, challenger.contract),
            reference=reference,
            baseline=challenger.out_of_fold.metrics,
            importances=challenger.importances,
        )
        self._own_from = end

    def _load(self, model: CalibratedModel, contract: Contract) -> LoadedModel:
        return self._runtime.load(model.to_onnx(), contract)

    def _counted(self, start: int, end: int) -> Profile:
        """Count rows on the champion's cells; its scores only where it made them."""
        reference = self._champion.reference
        scores = None
        if start >= self._own_from and reference.score_grid is not None:
            made = self.score(self._history.matrix.take(slice(start, end)))
            scores = score_profile(made, reference.score_grid)
        rows = self._history.features.slice(start, end - start)
        return profile(rows, reference.grid, scores=scores)

    def _sound(self, known: int) -> NDArray[np.bool_]:
        """Return which rows may be learnt from: no window with a broken feed holds them."""
        sound = np.ones(known, dtype=np.bool_)
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
        return _EPOCH + row * self._row_time

    def _row(self, moment: datetime) -> int:
        return round((moment - _EPOCH) / self._row_time)


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
