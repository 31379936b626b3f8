"""Whether a challenger may replace the champion: both judged on the same unseen rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from holdfast.domain.evidence import Check, GuardReport, Outcome
from holdfast.stats.auc import delong
from holdfast.stats.paired import paired_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RULES", "Gain", "GuardPolicy", "harm_of", "judge"]

RULES = ("better", "no_worse")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """What a challenger must show.

    Attributes:
        rule: `better` asks for a gain that noise does not explain; `no_worse` lets ties
            pass, by design.
        level: Error level of the gain under `better`, when nothing is alarmed.
        alarmed_level: The same while the champion is known to do harm: waiting costs
            more then.
        auc_slack: How far the 95% lower bound of the AUC difference may reach below
            zero when the Brier score carries the gain.
        margin: How far the lower bounds may reach below zero under `no_worse`.
        min_rows: Rows below which the guard does not judge.
        min_class: The same for each class.
    """

    rule: str = "better"
    level: float = 0.05
    alarmed_level: float = 0.20
    auc_slack: float = 0.02
    margin: float = 0.01
    min_rows: int = 500
    min_class: int = 50

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"guard rule must be one of {', '.join(RULES)}; found {self.rule!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A challenger's advantage with its standard error; positive is better."""

    name: str
    estimate: float
    standard_error: float

    def lower(self, level: float) -> float:
        """Return the one-sided lower bound that is wrong with probability `level`."""
        return self.estimate + float(norm.ppf(level)) * self.standard_error

    def upper(self, level: float) -> float:
        """Return the one-sided upper bound that is wrong with probability `level`."""
        return self.estimate - float(norm.ppf(level)) * self.standard_error


def judge(
    labels: NDArray[np.bool_],
    champion_scores: NDArray[np.float64],
    challenger_scores: NDArray[np.float64],
    *,
    champion_threshold: float,
    policy: GuardPolicy,
    alarmed: bool,
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

    Returns:
        A report with one line for each check, also when the guard defers.

    Source:
        DeLong, DeLong, Clarke-Pearson (1988) for the AUC difference; paired normal
        bounds for the Brier score and for recall.
    """
    n, n_positive = len(labels), int(labels.sum())
    rarer = min(n_positive, n - n_positive)
    if n < policy.min_rows or rarer < policy.min_class:
        return GuardReport(
            outcome=Outcome.DEFER,
            rule=policy.rule,
            reason=(
                f"{n} rows with {rarer} of the rarer class are too few to judge on; "
                f"{policy.min_rows} rows and {policy.min_class} of each class are needed"
            ),
            n=n,
            n_positive=n_positive,
        )
    auc = _auc_gain(labels, champion_scores, challenger_scores)
    brier = _brier_gain(labels, champion_scores, challenger_scores)
    level = policy.alarmed_level if alarmed else policy.level
    rule_check = (
        _better(auc, brier, level=level, slack=policy.auc_slack)
        if policy.rule == "better"
        else _no_worse(auc, brier, margin=policy.margin)
    )
    recall = _recall_gain(labels, champion_scores, challenger_scores, champion_threshold)
    checks = (_line(auc), _line(brier), rule_check, _recall_harm(recall))
    failed = [check for check in checks if not check.passed]
    return GuardReport(
        outcome=Outcome.REFUSE if failed else Outcome.ACCEPT,
        rule=policy.rule,
        reason="; ".join(check.reason for check in failed) or rule_check.reason,
        n=n,
        n_positive=n_positive,
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
        gains = [score(labels, champion_scores, challenger_scores) for score in _GAINS]
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


def _auc_gain(
    labels: NDArray[np.bool_], champion: NDArray[np.float64], challenger: NDArray[np.float64]
) -> Gain:
    gain = delong(labels, challenger, champion).difference(0, 1)
    return Gain(name="roc_auc", estimate=gain.estimate, standard_error=gain.standard_error)


def _brier_gain(
    labels: NDArray[np.bool_], champion: NDArray[np.float64], challenger: NDArray[np.float64]
) -> Gain:
    gain = paired_difference((champion - labels) ** 2 - (challenger - labels) ** 2)
    return Gain(name="brier", estimate=gain.mean, standard_error=gain.standard_error)


_GAINS = (_auc_gain, _brier_gain)


def _recall_gain(
    labels: NDArray[np.bool_],
    champion: NDArray[np.float64],
    challenger: NDArray[np.float64],
    threshold: float,
) -> Gain:
    flagged = max(int((champion >= threshold).sum()), 1)
    found = [_top(scores, flagged)[labels].astype(np.float64) for scores in (challenger, champion)]
    gain = paired_difference(found[0] - found[1])
    return Gain(name="recall", estimate=gain.mean, standard_error=gain.standard_error)


def _top(scores: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(scores), dtype=np.bool_)
    chosen[np.argsort(-scores, kind="stable")[:count]] = True
    return chosen


def _better(auc: Gain, brier: Gain, *, level: float, slack: float) -> Check:
    by_auc = auc.lower(level) > 0 and brier.upper(0.05) >= 0
    by_brier = brier.lower(level) > 0 and auc.lower(0.05) > -slack
    passed = by_auc or by_brier
    carried = auc if by_auc or not by_brier else brier
    verb = "is a gain" if passed else "is no proven gain"
    return Check(
        name="better",
        passed=passed,
        reason=(
            f"{carried.name} {carried.estimate:+.3f} {verb}: its one-sided {1 - level:.0%} "
            f"interval reaches {carried.lower(level):+.3f}"
        ),
        estimate=carried.estimate,
        low=carried.lower(level),
    )


def _no_worse(auc: Gain, brier: Gain, *, margin: float) -> Check:
    worst = min((auc, brier), key=lambda gain: gain.lower(0.05))
    passed = worst.lower(0.05) > -margin
    verb = "stays within" if passed else "reaches below"
    return Check(
        name="no_worse",
        passed=passed,
        reason=(
            f"{worst.name} {worst.estimate:+.3f}: its 95% lower bound "
            f"{worst.lower(0.05):+.3f} {verb} the margin of -{margin:.3f}"
        ),
        estimate=worst.estimate,
        low=worst.lower(0.05),
    )


def _line(gain: Gain) -> Check:
    return Check(
        name=gain.name,
        passed=True,
        reason=f"{gain.name} changes by {gain.estimate:+.3f}",
        estimate=gain.estimate,
        low=gain.lower(0.025),
        high=gain.upper(0.025),
    )


def _recall_harm(recall: Gain) -> Check:
    passed = recall.upper(0.05) >= 0
    verb = "is not significantly worse" if passed else "is significantly worse"
    return Check(
        name="recall",
        passed=passed,
        reason=f"recall at an equal flagged share {recall.estimate:+.3f} {verb}",
        estimate=recall.estimate,
        low=recall.lower(0.025),
        high=recall.upper(0.025),
    )
