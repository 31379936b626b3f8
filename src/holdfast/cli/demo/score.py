"""The demo's score: what was true beside what was found. Only this reads the truth."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.domain.events import DecisionMade
from holdfast.domain.evidence import Action, Severity, Trigger
from holdfast.domain.ids import ModelVersion
from holdfast.domain.narration import story
from holdfast.domain.tables import conform, encode_table
from holdfast.drift.profile import profile
from holdfast.drift.report import compare
from holdfast.loop.fetch import fetch_for_serving
from holdfast.loop.fetch_reference import fetch_reference
from holdfast.scenarios.telecom.truth import Truth, moved_features, outcomes, truths
from holdfast.stats.auc import roc_auc
from holdfast.wiring.project import open_objects, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.domain.events import Event
    from holdfast.loop.cycle import Tick
    from holdfast.scenarios.telecom import Telecom
    from holdfast.settings import Settings

__all__ = ["Score", "in_short", "said_and_done", "telling_event"]

_FIRST = ModelVersion("v1")
_STRENGTH = (Action.KEEP, Action.ALERT, Action.DEFER, Action.FIX_UPSTREAM, Action.RETRAIN)
_DAILY_LEVEL = 0.05
_DRIFT = {Trigger.FEATURE_DRIFT, Trigger.UNSEEN_CATEGORIES, Trigger.BROKEN_FEED}


class Score:
    """Knows the truth, the first model, and what the loop said and did.

    Args:
        telecom: Whose year it is.
        settings: The demo's project.
    """

    def __init__(self, telecom: Telecom, settings: Settings) -> None:
        self._telecom, self._settings = telecom, settings
        self._truths = truths(telecom)
        objects = open_objects(settings)
        with open_store(settings, create=False) as store:
            record = store.releases.release(_FIRST)
        self._contract, model = fetch_for_serving(objects, record)
        self._never = OnnxRuntime().load(model, self._contract)
        self._reference, _ = fetch_reference(objects, record.release_id)

    def header(self) -> str:
        """Return the line above the months."""
        return f"{'':4}{'rows':>6}  {'AUC':>4}  {'never':>5}  truth -> what was said and done"

    def month(self, number: int, scores: Mapping[str, float], ticks: Sequence[Tick]) -> str:
        """Return the line of one month.

        Args:
            number: The month, counted from 1.
            scores: Our scores by customer.
            ticks: The loop's ticks in the month.
        """
        truth, happened = self._truths[number - 1], outcomes(self._telecom, number)
        ours = np.array([scores[customer] for customer in happened.customer_ids])
        never = self._never.score(encode_table(self._rows(number), self._contract))
        return (
            f"{calendar.month_abbr[truth.month.month]:4}{len(ours):6,}  "
            f"{in_short(roc_auc(happened.churned, ours))}   "
            f"{in_short(roc_auc(happened.churned, never))}  "
            f"{truth.title}{_nature(truth)} -> {said_and_done(ticks)}"
        )

    def verdict(self, ticks: Mapping[int, Sequence[Tick]]) -> Iterator[str]:
        """Yield the score: truth against found, false alarms, and one decision explained."""
        found = {number: _strongest(said) for number, said in ticks.items()}
        wrong = [
            (truth, found.get(number, Action.KEEP))
            for number, truth in enumerate(self._truths, start=1)
            if not self._agrees(number, found)
        ]
        n_months, n_right = len(self._truths), len(self._truths) - len(wrong)
        yield f"Truth against found: {n_right} of {n_months} months as they should be."
        for truth, said in wrong:
            yield (
                f"  {calendar.month_abbr[truth.month.month]} ({truth.title}): "
                f"expected {_word(truth.expected)}, found {_word(said)}"
            )
        false, total = self._false_alarms(ticks)
        daily = self._daily_false_alarms()
        yield (
            f"False alarms about features that had not moved: {false} of {total} alerts; "
            f"a {_DAILY_LEVEL:.0%} test of each feature every day gives {daily:,}."
        )
        yield ""
        yield "Why the loop retrained, in the words of holdfast explain:"
        yield from (f"  {line}" for line in story(telling_event(self._settings)))
        yield ""

    def _agrees(self, number: int, found: Mapping[int, Action]) -> bool:
        """Return whether the loop did in a month as it should.

        Labels may put a retraining off into the next month, and a window still holds a
        broken feed's rows for days after it was mended. Watching harms nobody.
        """
        expected, said = self._truths[number - 1].expected, found.get(number, Action.KEEP)
        before = self._truths[number - 2].expected if number > 1 else Action.KEEP
        if expected is Action.RETRAIN:
            return Action.RETRAIN in {said, found.get(number + 1)}
        if expected is Action.FIX_UPSTREAM:
            return said is Action.FIX_UPSTREAM
        return said in {Action.KEEP, Action.ALERT} or said is before

    def _rows(self, number: int) -> pa.Table:
        traffic = self._telecom.month(number)
        names = self._contract.names
        columns = {name: [row.features[name] for row in traffic.rows] for name in names}
        return conform(pa.table(columns), self._contract)

    def _false_alarms(self, ticks: Mapping[int, Sequence[Tick]]) -> tuple[int, int]:
        """Count alerts on features that truly had not moved, among all on features."""
        promoted_in: int | None = None
        false = total = 0
        for number in sorted(ticks):
            for ticked in ticks[number]:
                moved = self._moved(number, promoted_in)
                said = [a for a in ticked.new_alerts if a.trigger in _DRIFT]
                total += len(said)
                false += sum(alert.subject not in moved for alert in said)
                if ticked.retraining is not None and ticked.retraining.promoted is not None:
                    promoted_in = number
        return false, total

    def _moved(self, number: int, promoted_in: int | None) -> set[str]:
        """Return what truly differs from the reference in this month or the one before.

        A window can reach back into the month before, and the reference of a retrained
        model holds rows of all months up to its promotion.
        """
        references = range(promoted_in + 1) if promoted_in is not None else range(1)
        months = [month for month in (number - 1, number) if month >= 1]
        return {
            name
            for reference in references
            for month in months
            for name in moved_features(self._telecom, reference=reference, current=month)
        }

    def _daily_false_alarms(self) -> int:
        """Count what testing each feature every day at 5% says of features that had not moved."""
        n_alarms = 0
        for day in self._telecom.days():
            if not day.rows:
                continue
            number = self._month_number(day.rows[0].at.month)
            moved = moved_features(self._telecom, reference=0, current=number)
            columns = {n: [row.features[n] for row in day.rows] for n in self._contract.names}
            rows = conform(pa.table(columns), self._contract)
            report = compare(self._reference.profile, profile(rows, self._reference.grid))
            n_alarms += sum(
                any((test.result.p_value or 1.0) <= _DAILY_LEVEL for test in feature.tests)
                for feature in report.features
                if feature.name not in moved
            )
        return n_alarms

    def _month_number(self, month: int) -> int:
        return next(n for n, truth in enumerate(self._truths, 1) if truth.month.month == month)


def telling_event(settings: Settings) -> Event:
    """Return the decision that did most, of a project that has made one."""
    with open_store(settings, create=False) as store:
        decisions = [e for e in store.events.events() if isinstance(e.body, DecisionMade)]
    return max(reversed(decisions), key=_weight)  # the last of the strongest


def _weight(event: Event) -> int:
    assert isinstance(event.body, DecisionMade)
    return _STRENGTH.index(event.body.decision.action)


def _strongest(ticks: Sequence[Tick]) -> Action:
    return max(
        (ticked.decision.action for ticked in ticks), key=_STRENGTH.index, default=Action.KEEP
    )


def said_and_done(ticks: Sequence[Tick]) -> str:
    """Return in a few words what a month's ticks said and did."""
    ends = [ticked.retraining for ticked in ticks if ticked.retraining is not None]
    for retraining in ends:
        if retraining.promoted is not None and retraining.report is not None:
            gain = next(
                check.estimate for check in retraining.report.checks if check.name == "roc_auc"
            )
            gained = in_short(gain or 0.0, signed=True)
            return f"retrained, promoted {retraining.promoted}, {gained} AUC"
    if ends:
        return "retrained, the challenger was refused"
    action = _strongest(ticks)
    subjects = dict.fromkeys(
        alert.subject
        for ticked in ticks
        for alert in ticked.finding.evidence.alerts
        if alert.severity is not Severity.INFO
    )
    about = ", ".join(list(subjects)[:4]) + (" …" if len(subjects) > 4 else "")
    return f"{_word(action)}{f' ({about})' if about else ''}"


def _word(action: Action) -> str:
    return {
        Action.KEEP: "kept",
        Action.ALERT: "watched",
        Action.DEFER: "deferred until labels are in",
        Action.FIX_UPSTREAM: "fix upstream, not retrained",
        Action.RETRAIN: "retrained",
    }[action]


def _nature(truth: Truth) -> str:
    if truth.kind == "none":
        return ""
    return ": harmful" if truth.harmful else ": drift, harmless"


def in_short(value: float, *, signed: bool = False) -> str:
    """Return a figure with two places and no leading zero.

    >>> in_short(0.839), in_short(0.07, signed=True)
    ('.84', '+.07')
    """
    text = f"{value:+.2f}" if signed else f"{value:.2f}"
    return text.replace("0.", ".", 1)
