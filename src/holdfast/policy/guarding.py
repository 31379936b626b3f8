"""Whether a challenger may replace the champion: both judged on the same unseen rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.evidence import Check, GuardReport, Outcome
from holdfast.policy.gains import Gain, Gains, auc_gain, brier_gain, weigh
from holdfast.stats.multiplicity import holm, level_of_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from holdfast.policy.segments import SegmentGain, Segments

__all__ = ["RULES", "GuardPolicy", "decide", "harm_of", "judge"]

_HARM_LEVEL = 0.05  # of all that can block a challenger which passes its rule, taken together


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """What a challenger must show.

    Attributes:
        rule: `better` asks for a gain that noise does not explain; `no_worse` lets ties
            pass, by design; `auc_and_recall` takes point values at their word.
        level: Error level of the gain under `better`, when nothing is alarmed.
        alarmed_level: The same while the champion is known to do harm: waiting costs
            more then.
        auc_slack: How far the 95% lower bound of the AUC difference may reach below
            zero when the Brier score carries the gain.
        margin: How far the lower bounds may reach below zero under `no_worse`.
        segment_slack: The rise of a segment's Brier score that is put up with. A challenger
            that learnt a changed world from few rows is a little worse wherever the old
            champion still holds.
        min_rows: Rows below which the guard does not judge.
        min_class: The same for each class.
        max_latency: The longest that scoring one row may take, in the middle.
    """

    rule: str = "better"
    level: float = 0.05
    alarmed_level: float = 0.20
    auc_slack: float = 0.02
    margin: float = 0.01
    segment_slack: float = 0.02
    min_rows: int = 500
    min_class: int = 50
    max_latency: timedelta = timedelta(milliseconds=10)

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"guard rule must be one of {', '.join(RULES)}; found {self.rule!r}")

    def level_for(self, *, alarmed: bool) -> float:
        """Return the error level of a gain under `better`."""
        return self.alarmed_level if alarmed else self.level


def judge(
    labels: NDArray[np.bool_],
    champion_scores: NDArray[np.float64],
    challenger_scores: NDArray[np.float64],
    *,
    champion_threshold: float,
    policy: GuardPolicy,
    alarmed: bool,
    seed: int,
    segments: Sequence[Segments] = (),
    measured: Sequence[Check] = (),
) -> GuardReport:
    """Compare challenger and champion on rows that neither was fitted on.

    Args:
        labels: Ground truth, shape ``(n,)``.
        champion_scores: P(y = 1) by the champion on these rows, shape ``(n,)``.
        challenger_scores: The same by the challenger.
        champion_threshold: Gives the share of rows that both models may flag when their
            recall is compared.
        policy: The rule and its levels.
        alarmed: Whether a harm, concept or performance alarm is open.
        seed: Of the resamples behind recall, Brier score and calibration.
        segments: Parts of the rows, on none of which there may be significant harm.
        measured: Checks made elsewhere, such as of the export; each must have passed.

    Returns:
        A report with one line for each check, also when the guard defers.
    """
    n, n_positive = len(labels), int(labels.sum())
    enough = _enough(n, n_positive, policy)
    if not enough.passed:
        return GuardReport(
            outcome=Outcome.DEFER,
            rule=policy.rule,
            reason=enough.reason,
            n=n,
            n_positive=n_positive,
            checks=(enough,),
        )
    gains = weigh(
        labels,
        champion_scores,
        challenger_scores,
        champion_threshold=champion_threshold,
        segments=segments,
        seed=seed,
    )
    return decide(gains, policy=policy, alarmed=alarmed, measured=measured)


def decide(
    gains: Gains, *, policy: GuardPolicy, alarmed: bool, measured: Sequence[Check] = ()
) -> GuardReport:
    """Apply the policy's rule to gains that were measured on enough rows.

    Args:
        gains: What the challenger gains and loses.
        policy: The rule and its levels.
        alarmed: Whether a harm, concept or performance alarm is open.
        measured: Checks made elsewhere; each must have passed.
    """
    rule_check = _RULES[policy.rule](gains, policy, policy.level_for(alarmed=alarmed))
    checks = (
        _enough(gains.n, gains.n_positive, policy),
        _line(gains.auc),
        _line(gains.brier),
        rule_check,
        *_harms(gains, policy.segment_slack),
        *measured,
    )
    failed = [check for check in checks if not check.passed]
    return GuardReport(
        outcome=Outcome.REFUSE if failed else Outcome.ACCEPT,
        rule=policy.rule,
        reason="; ".join(check.reason for check in failed) or rule_check.reason,
        n=gains.n,
        n_positive=gains.n_positive,
        checks=checks,
    )


def harm_of(
    labels: NDArray[np.bool_],
    champion_scores: NDArray[np.float64],
    challenger_scores: NDArray[np.float64],
    *,
    policy: GuardPolicy,
) -> GuardReport:
    """Look for significant harm by a challenger that was accepted before.

    Refuses only what is shown to be worse, in ROC AUC or in the Brier score, each at half of
    5% (Bonferroni), and by at least the margin: on many rows the least difference is
    significant, and no harm. A challenger that is no better is not refused.

    Args:
        labels: Ground truth, shape ``(n,)``.
        champion_scores: P(y = 1) by the champion on these rows, shape ``(n,)``.
        challenger_scores: The same by the challenger.
        policy: Gives how many rows are needed, and the margin.
    """
    n, n_positive = len(labels), int(labels.sum())
    outcome = Outcome.DEFER
    checks: tuple[Check, ...] = ()
    reason = f"{n} mature labelled rows are too few to see harm"
    if n >= policy.min_rows and min(n_positive, n - n_positive) >= policy.min_class:
        gains = [gain(labels, champion_scores, challenger_scores) for gain in _GAINS]
        worse = [g for g in gains if g.upper(0.025) < 0 and g.estimate <= -policy.margin]
        outcome = Outcome.REFUSE if worse else Outcome.ACCEPT
        shown = worse or gains
        figures = ", ".join(f"{gain.name} {gain.estimate:+.3f}" for gain in shown)
        verdict = "significantly worse" if worse else "not shown to be worse"
        reason = f"{verdict} than the champion on {n:,} mature labelled rows ({figures})"
        checks = tuple(map(_line, gains))
    return GuardReport(
        outcome=outcome,
        rule="harm",
        reason=reason,
        n=n,
        n_positive=n_positive,
        checks=checks,
    )


_GAINS = (auc_gain, brier_gain)


def _enough(n: int, n_positive: int, policy: GuardPolicy) -> Check:
    rarer = min(n_positive, n - n_positive)
    passed = n >= policy.min_rows and rarer >= policy.min_class
    found = f"{n} rows with {rarer} of the rarer class are"
    return Check(
        name="rows",
        passed=passed,
        reason=f"{found} {'enough' if passed else 'too few'} to judge on; "
        f"{policy.min_rows} rows and {policy.min_class} of each class are needed",
        estimate=float(n),
    )


def _better(gains: Gains, policy: GuardPolicy, level: float) -> Check:
    """Ask for a gain in either figure; the level is that of both tests together."""
    auc, brier = gains.auc, gains.brier
    each = level_of_each(level, correlation=gains.correlation)
    by_auc = auc.lower(each) > 0 and brier.upper(0.05) >= 0
    by_brier = brier.lower(each) > 0 and auc.lower(0.05) > -policy.auc_slack
    passed = by_auc or by_brier
    carried = auc if by_auc or not by_brier else brier
    verb = "is a gain" if passed else "is no proven gain"
    return Check(
        name="better",
        passed=passed,
        reason=(
            f"{carried.name} {carried.estimate:+.3f} {verb}: its one-sided {1 - level:.0%} "
            f"interval reaches {carried.lower(each):+.3f}{_spoilt(gains, policy, each)}"
        ),
        estimate=carried.estimate,
        low=carried.lower(each),
    )


def _spoilt(gains: Gains, policy: GuardPolicy, each: float) -> str:
    """Return what holds a gain back that would pass by its own bound."""
    auc, brier = gains.auc, gains.brier
    if auc.lower(each) > 0 and brier.upper(0.05) < 0:
        return f", but the brier score is significantly worse ({brier.estimate:+.3f})"
    if brier.lower(each) > 0 and auc.lower(0.05) <= -policy.auc_slack:
        return f", and a gain in brier comes with a roc_auc that may be {auc.lower(0.05):+.3f}"
    return ""


def _no_worse(gains: Gains, policy: GuardPolicy, level: float) -> Check:  # noqa: ARG001 - each rule is asked so
    worst = min((gains.auc, gains.brier), key=lambda gain: gain.lower(0.05))
    passed = worst.lower(0.05) > -policy.margin
    verb = "stays within" if passed else "reaches below"
    return Check(
        name="no_worse",
        passed=passed,
        reason=(
            f"{worst.name} {worst.estimate:+.3f}: its 95% lower bound "
            f"{worst.lower(0.05):+.3f} {verb} the margin of -{policy.margin:.3f}"
        ),
        estimate=worst.estimate,
        low=worst.lower(0.05),
    )


def _auc_and_recall(gains: Gains, policy: GuardPolicy, level: float) -> Check:  # noqa: ARG001 - each rule is asked so
    """Ask for a higher AUC and no lower recall, whatever chance has to do with it."""
    auc, recall = gains.auc.estimate, gains.recall.estimate
    passed = auc > 0 and recall >= 0
    return Check(
        name="auc_and_recall",
        passed=passed,
        reason=(
            f"roc_auc {auc:+.3f} and recall {recall:+.3f}, as point values: "
            + ("the one improves, the other does not fall" if passed else _lacking(auc, recall))
        ),
        estimate=auc,
    )


def _lacking(auc: float, recall: float) -> str:
    lacks = ["roc_auc does not improve"] * (auc <= 0) + ["recall falls"] * (recall < 0)
    return ", and ".join(lacks)


_RULES: dict[str, Callable[[Gains, GuardPolicy, float], Check]] = {
    "better": _better,
    "no_worse": _no_worse,
    "auc_and_recall": _auc_and_recall,
}
RULES = tuple(_RULES)


def _harms(gains: Gains, slack: float) -> tuple[Check, ...]:
    """Return the checks that block on significant harm; Holm holds all of them to one level."""
    of_segments = [segment.harm(slack=slack) for segment in gains.segments]
    adjusted = holm([gains.recall.harm, gains.calibration.harm, *of_segments])
    lines = [
        _harm(gains.recall, "recall at an equal flagged share", adjusted[0]),
        _harm(gains.calibration, "calibration (the fall of its error)", adjusted[1]),
    ]
    return (*lines, *_segment_lines(gains.segments, adjusted[2:], slack))


def _line(gain: Gain) -> Check:
    return Check(
        name=gain.name,
        passed=True,
        reason=f"{gain.name} changes by {gain.estimate:+.3f}",
        estimate=gain.estimate,
        low=gain.lower(0.025),
        high=gain.upper(0.025),
    )


def _harm(gain: Gain, what: str, p_value: float) -> Check:
    return Check(
        name=gain.name,
        passed=p_value > _HARM_LEVEL,
        reason=f"{what} {gain.estimate:+.3f} {_worse(p_value)}",
        estimate=gain.estimate,
        low=gain.lower(0.025),
        high=gain.upper(0.025),
    )


def _segment_lines(
    segments: Sequence[SegmentGain], p_values: Sequence[float], slack: float
) -> tuple[Check, ...]:
    """Return a line for each segment that is harmed; if none is, one for the worst."""
    if not segments:
        return ()
    ranked = sorted(
        zip(segments, p_values, strict=True), key=lambda pair: pair[0].harm(slack=slack)
    )
    harmed = [pair for pair in ranked if pair[1] <= _HARM_LEVEL]
    return tuple(
        _segment_line(segment, p_value, f"of {len(segments)} segments", slack)
        for segment, p_value in harmed or ranked[:1]
    )


def _segment_line(segment: SegmentGain, p_value: float, of: str, slack: float) -> Check:
    gain = Gain(name="segments", estimate=segment.estimate, standard_error=segment.standard_error)
    return Check(
        name="segments",
        passed=p_value > _HARM_LEVEL,
        reason=(
            f"{of}, {segment.name} ({segment.n:,} rows): brier {segment.estimate:+.4f} "
            f"{_worse(p_value, by=f' by more than {slack:g}')}"
        ),
        estimate=segment.estimate,
        low=gain.lower(0.025),
        high=gain.upper(0.025),
    )


def _worse(p_value: float, *, by: str = "") -> str:
    is_worse = "is" if p_value <= _HARM_LEVEL else "is not"
    return f"{is_worse} significantly worse{by} (p = {p_value:.2g}, Holm)"
