"""Whether a champion stands its probation: looked at over and over, beside the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.domain.evidence import Check, GuardReport, Outcome
from holdfast.policy.gains import auc_gain, brier_gain, calibration_gain
from holdfast.stats.betting import wealth_against_rate
from holdfast.stats.confidence_sequence import looked_at_always
from holdfast.stats.proportion import wilson

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.policy.gains import Gain
    from holdfast.policy.transitions import Staged

__all__ = [
    "Answered",
    "Followed",
    "ProbationPolicy",
    "Ruling",
    "compare",
    "refused",
    "rule",
    "serves",
]

_RULE = "probation"
_N_TESTS = 4  # that can end a probation: three figures of the labels, and the error rate
_TUNED_AT = 2_000  # rows; among the first that have labels, where a rollback saves most


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbationPolicy:
    """For how long a new champion is compared with the one before it, and what it may lose.

    Attributes:
        lasts: From the promotion on; none at all if 0.
        level: Chance that an equally good champion is ever rolled back, all looks and all
            tests taken together.
        margin: The fall of ROC AUC, or rise of the Brier score, below which a difference is
            no harm, however significant it is on many rows.
        calibration_margin: The same for the rise of the calibration error.
        error_slack: The rise of the share of rows without an answer that is put up with.
        min_rows: Labelled rows below which nothing is compared.
        min_class: The same for each class.
    """

    lasts: timedelta = timedelta(days=44)
    level: float = 0.05
    margin: float = 0.01
    calibration_margin: float = 0.02
    error_slack: float = 0.001
    min_rows: int = 500
    min_class: int = 50

    @property
    def level_of_each(self) -> float:
        """The level of one test, so that all of them together keep theirs (Bonferroni)."""
        return self.level / _N_TESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What servers made of the rows that a champion was to answer."""

    n_scored: int
    n_failed: int  # valid rows that it could not score

    @property
    def n(self) -> int:
        """All rows."""
        return self.n_scored + self.n_failed


class Followed(StrEnum):
    """What becomes of a champion on probation."""

    WAIT = "wait"
    ROLL_BACK = "roll_back"
    KEEP = "keep"
    WITHDRAW = "withdraw"  # the one before it cannot take over any more: nothing to go back to


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What becomes of it, why in words, and the figures behind it."""

    next: Followed
    reason: str
    report: GuardReport | None = None


def compare(
    labels: NDArray[np.bool_],
    previous_scores: NDArray[np.float64],
    champion_scores: NDArray[np.float64],
    *,
    policy: ProbationPolicy,
) -> GuardReport:
    """Compare a champion with the one before it on rows since the promotion, at any look.

    Each of ROC AUC (DeLong), Brier score (paired mean) and calibration error is refused if
    its bound shows it to be worse and it is worse by the margin at least; a worse calibration
    counts only where the Brier score, which has it in it, is no better. The bounds form
    confidence sequences: they hold at all looks together, so that a comparison at every tick
    of a probation rolls an equal champion back no more often than the level says.

    Args:
        labels: Ground truth of the rows, shape ``(n,)``.
        previous_scores: P(y = 1) by the champion before, on these rows, shape ``(n,)``.
        champion_scores: The same by the champion on probation.
        policy: The level, the margins and how many rows are needed.

    Returns:
        Refused if it is significantly worse; deferred on too few rows; else accepted.

    Source:
        The confidence sequences of `holdfast.stats.confidence_sequence`; Bonferroni over the
        figures.
    """
    n, n_positive = len(labels), int(labels.sum())
    rarer = min(n_positive, n - n_positive)
    if n < policy.min_rows or rarer < policy.min_class:
        reason = (
            f"{n:,} mature labelled rows with {rarer:,} of the rarer class are too few to compare; "
            f"{policy.min_rows:,} and {policy.min_class:,} are needed"
        )
        return _report(Outcome.DEFER, reason, n=n, n_positive=n_positive)
    factor = looked_at_always(n, level=policy.level_of_each, tuned_at=_TUNED_AT)
    auc, brier, calibration = (
        gain(labels, previous_scores, champion_scores)
        for gain in (auc_gain, brier_gain, calibration_gain)
    )
    checks = (
        _line(auc, factor, policy.margin),
        _line(brier, factor, policy.margin),
        # The Brier score has calibration in it: if it is better, ranking gained more than that.
        _line(calibration, factor, policy.calibration_margin, outweighed=brier.estimate > 0),
    )
    worse = [check for check in checks if not check.passed]
    verdict = "significantly worse" if worse else "not shown to be worse"
    figures = "; ".join(check.reason for check in worse or checks)
    return _report(
        Outcome.REFUSE if worse else Outcome.ACCEPT,
        f"{verdict} than the champion before it on {n:,} mature labelled rows since the "
        f"promotion: {figures}",
        n=n,
        n_positive=n_positive,
        checks=checks,
    )


def serves(champion: Answered, previous: Answered, *, policy: ProbationPolicy) -> GuardReport:
    """Judge the share of rows that a champion leaves without an answer, at any look.

    Put up with is the upper bound of what the champion before it left unanswered, and the
    slack. Against that a bet is made that wins if failures come more often.

    Args:
        champion: Rows of the champion on probation.
        previous: Rows of the champion before it, while it answered.
        policy: The level and the slack.

    Source:
        Ville's inequality, by `holdfast.stats.betting`.
    """
    usual = wilson(previous.n_failed, previous.n, level=0.95).high if previous.n else 0.0
    at_most = min(usual + policy.error_slack, 0.999)
    won = wealth_against_rate(champion.n_failed, champion.n, rate=at_most)
    passed = won < 1 / policy.level_of_each
    share = champion.n_failed / champion.n if champion.n else 0.0
    reason = (
        f"{champion.n_failed:,} of {champion.n:,} rows could not be scored ({share:.2%}); "
        f"{at_most:.2%} is put up with, for the champion before it left "
        f"{previous.n_failed:,} of {previous.n:,}"
    )
    check = Check(name="error_rate", passed=passed, reason=reason, estimate=share)
    outcome = Outcome.ACCEPT if passed else Outcome.REFUSE
    said = reason if passed else f"its errors in serving are significantly more: {reason}"
    return _report(outcome, said, n=champion.n, n_positive=0, checks=(check,))


def refused(problem: str) -> GuardReport:
    """Return the report on a champion that cannot be loaded."""
    check = Check(name="loads", passed=False, reason=problem)
    said = f"it cannot be loaded: {problem}"
    return _report(Outcome.REFUSE, said, n=0, n_positive=0, checks=(check,))


def rule(
    staged: Staged,
    champion: str,
    *,
    serving: GuardReport,
    compared: GuardReport | None,
    now: datetime,
) -> Ruling:
    """Judge a probation: total, and the first rule that fits decides.

    1. The champion before it can no longer take over: the probation ends, with nothing to
       return to.
    2. It cannot be loaded, or leaves significantly more rows unanswered: rolled back.
    3. It is significantly worse on labelled rows since the promotion: rolled back.
    4. Its time is over: it has passed.
    5. Else it goes on.

    Args:
        staged: The champion before, as it stands beside this one.
        champion: The version on probation.
        serving: What `serves` said, or `refused`.
        compared: What `compare` said; None if there was no reason to look again.
        now: The tick's moment.
    """
    before = staged.version
    if staged.failure is not None:
        reason = f"{before} can no longer take over: {staged.failure}"
        return Ruling(next=Followed.WITHDRAW, reason=reason)
    for report in (serving, compared):
        if report is not None and report.outcome is Outcome.REFUSE:
            reason = f"on probation, {champion} was found wanting: {report.reason}"
            return Ruling(next=Followed.ROLL_BACK, reason=reason, report=report)
    if staged.until is None or now >= staged.until:
        reason = f"{champion} has stood its probation"
        known = "" if compared is None else f"; {compared.reason}"
        return Ruling(next=Followed.KEEP, reason=f"{reason}{known}", report=compared)
    until = f"{staged.until:%Y-%m-%d %H:%M} UTC"
    reason = f"{champion} is on probation against {before} until {until}"
    return Ruling(next=Followed.WAIT, reason=reason, report=compared)


def _line(gain: Gain, factor: float, margin: float, *, outweighed: bool = False) -> Check:
    """Return a figure with bounds that hold at every look."""
    half = factor * gain.standard_error
    low, high = gain.estimate - half, gain.estimate + half
    passed = outweighed or high >= 0 or gain.estimate > -margin
    return Check(
        name=gain.name,
        passed=passed,
        reason=f"{gain.name} {gain.estimate:+.3f} [{low:+.3f}, {high:+.3f}]",
        estimate=gain.estimate,
        low=low,
        high=high,
    )


def _report(
    outcome: Outcome, reason: str, *, n: int, n_positive: int, checks: tuple[Check, ...] = ()
) -> GuardReport:
    return GuardReport(
        outcome=outcome, rule=_RULE, reason=reason, n=n, n_positive=n_positive, checks=checks
    )
