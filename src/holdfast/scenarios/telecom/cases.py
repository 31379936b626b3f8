"""One short story for each sort of change, with what a good loop says of it and by when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from holdfast.domain.evidence import Action, Trigger
from holdfast.scenarios.telecom.labels import LabelHabits
from holdfast.scenarios.telecom.simulator import Telecom
from holdfast.scenarios.telecom.story import (
    Chapter,
    ShiftKind,
    broken_feed,
    campaign,
    competitor,
    price_rise,
    stuck_feed,
    summer,
    unit_change,
)
from holdfast.scenarios.telecom.world import CONTESTED, LOYAL, blended

__all__ = ["CASES", "CUSTOMERS_PER_MONTH", "LABELS_COMPLETE", "Case", "Heard"]

CUSTOMERS_PER_MONTH = 3_000
"""About 100 rows a day: how soon a change can be seen depends on it."""

LABELS_COMPLETE = timedelta(days=21)
"""The age at which the labels of a row have come, with the habits of most stories."""

_WEEK = timedelta(days=7)
_SOON = _WEEK  # a change of the rows: within one window
_SHOWN = LABELS_COMPLETE + 3 * _WEEK  # a change of the labels: three windows, and their delay
_GROWN = timedelta(days=150)  # from the first of six monthly steps to the last
_DRIFT = frozenset({Trigger.FEATURE_DRIFT})
_FEED = frozenset({Trigger.BROKEN_FEED})
_WORSE = frozenset({Trigger.CONCEPT, Trigger.HARM, Trigger.PERFORMANCE})
_OF_LABELS = _WORSE | {Trigger.LABEL_DRIFT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something that a good loop says, by a time.

    Attributes:
        triggers: Any one of them will do.
        subjects: What it is about: any of these; empty if that does not matter.
        within: From the change on.
    """

    triggers: frozenset[Trigger]
    subjects: tuple[str, ...] = ()
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A story about one change, and the truth about it.

    Attributes:
        name: In a word or two.
        what: In plain words.
        story: One chapter a month.
        changes_in: The month that brings the change, counted from 1; None if none does.
        must: All that has to be said.
        never: What would be a false alarm.
        retrained: Whether, and within how long after the change, a retraining begins; None if
            none may ever.
        mended_upstream: Whether all there is to do is to mend the feed.
        calm_within: By when, after the change, what drifts is known to be harmless; None if
            nothing says so.
        labels: How outcomes become known.
        label_maturity: The age at which they all are.
    """

    name: str
    what: str
    story: tuple[Chapter, ...]
    changes_in: int | None = None
    must: tuple[Heard, ...] = ()
    never: frozenset[Trigger] = frozenset()
    retrained: timedelta | None = None
    mended_upstream: bool = False
    calm_within: timedelta | None = None
    labels: LabelHabits = field(default_factory=LabelHabits)
    label_maturity: timedelta = LABELS_COMPLETE

    def telecom(self, seed: int = 7, *, customers_per_month: int = CUSTOMERS_PER_MONTH) -> Telecom:
        """Return the telecom to which this happens."""
        return Telecom(
            seed=seed,
            customers_per_month=customers_per_month,
            story=self.story,
            labels=self.labels,
        )

    @property
    def changes_on(self) -> date | None:
        """The day of the change, in a telecom that starts when it does by default."""
        return None if self.changes_in is None else self.telecom().first_day(self.changes_in)


_QUIET = Chapter(title="quiet", what="Nothing new.")


def _after_a_quiet_month(*chapters: Chapter) -> tuple[Chapter, ...]:
    return (_QUIET, *chapters)


_CALM = Case(
    name="calm",
    what="Nothing happens for a year.",
    story=(_QUIET,) * 12,
    never=_FEED | _WORSE,
)

_PRICE_RISE = Case(
    name="price rise",
    what="Every charge rises by 12% for good; nobody leaves for it.",
    story=_after_a_quiet_month(
        Chapter(
            title="price rise",
            what="Every monthly charge rises by 12%.",
            kind=ShiftKind.COVARIATE,
            expected=Action.ALERT,
            change=price_rise(),
            lasts=True,
            moves=("monthly_charge",),
        ),
        _QUIET,
    ),
    changes_in=2,
    must=(Heard(triggers=_DRIFT, subjects=("monthly_charge",), within=_SOON),),
    never=_FEED | _WORSE | {Trigger.LABEL_DRIFT},
    calm_within=LABELS_COMPLETE + 2 * _WEEK,
)

_CAMPAIGN = Case(
    name="campaign",
    what="Newer customers, many from the capital, stay; each decides as such customers did.",
    story=_after_a_quiet_month(
        Chapter(
            title="campaign",
            what="Advertisements bring newer customers from the capital.",
            kind=ShiftKind.BENIGN,
            expected=Action.ALERT,
            change=campaign(),
            lasts=True,
            moves=(
                "tenure",
                "contract",
                "monthly_charge",
                "total_charge",
                "partner",
                "plan_age",
                "region",
            ),
        ),
        _QUIET,
    ),
    changes_in=2,
    must=(
        # Shares move by a tenth at most: less than the 700 rows of one window can tell.
        Heard(triggers=_DRIFT, subjects=("tenure",), within=4 * _WEEK),
        Heard(triggers=_DRIFT, subjects=("region",), within=4 * _WEEK),
    ),
    # More of those who leave: the share of labels may drift, the model does as well as before.
    never=_FEED | _WORSE,
    calm_within=LABELS_COMPLETE + 4 * _WEEK,
)

_COMPETITOR = Case(
    name="competitor",
    what="Why customers leave changes for good, and no feature shows it.",
    story=_after_a_quiet_month(
        Chapter(
            title="competitor",
            what="A competitor pays exit fees and courts fibre.",
            kind=ShiftKind.CONCEPT,
            harmful=True,
            expected=Action.RETRAIN,
            change=competitor(),
            lasts=True,
        ),
        _QUIET,
    ),
    changes_in=2,
    must=(Heard(triggers=frozenset({Trigger.CONCEPT, Trigger.HARM}), within=_SHOWN),),
    never=_FEED | _DRIFT | {Trigger.UNSEEN_CATEGORIES},
    retrained=_SHOWN + _WEEK,
)


def _feed(title: str, chapter: Chapter, subject: str) -> Case:
    """Return the story of a feed that is broken for a month, and mended after it."""
    return Case(
        name=title,
        what=chapter.what,
        story=_after_a_quiet_month(chapter, _QUIET),
        changes_in=2,
        must=(Heard(triggers=_FEED, subjects=(subject,), within=_SOON),),
        mended_upstream=True,
    )


_MISSING = _feed(
    "feed missing",
    Chapter(
        title="feed missing",
        what="70% of the rows come without data_gb and support_calls.",
        kind=ShiftKind.MISSINGNESS,
        harmful=True,
        expected=Action.FIX_UPSTREAM,
        change=broken_feed(),
        moves=("support_calls", "data_gb"),
    ),
    "data_gb",
)

_STUCK = _feed(
    "feed stuck",
    Chapter(
        title="feed stuck",
        what="The feed of support_calls repeats one value for everybody.",
        kind=ShiftKind.STUCK,
        harmful=True,
        expected=Action.FIX_UPSTREAM,
        change=stuck_feed("support_calls"),
        moves=("support_calls",),
    ),
    "support_calls",
)

_UNITS = _feed(
    "unit change",
    Chapter(
        title="unit change",
        what="The feed sends monthly_charge in cents.",
        kind=ShiftKind.UNITS,
        harmful=True,
        expected=Action.FIX_UPSTREAM,
        change=unit_change("monthly_charge", 100.0),
        moves=("monthly_charge",),
    ),
    "monthly_charge",
)

_SLOW_STAYERS = Case(
    name="slow stayers",
    what="Nothing happens; those who leave are heard of weeks before those who stay.",
    story=(_QUIET,) * 6,
    never=_FEED | _OF_LABELS,
    labels=LabelHabits(leaving_days=(1.0, 4.0), staying_days=(25.0, 29.0)),
    label_maturity=timedelta(days=30),
)

_CREEPING_PRICES = Case(
    name="creeping prices",
    what="Charges rise by 2% every month; nobody leaves for it.",
    story=_after_a_quiet_month(
        *(
            Chapter(
                title="prices creep",
                what="Every monthly charge rises by 2%.",
                kind=ShiftKind.GRADUAL,
                expected=Action.ALERT,
                change=price_rise(1.02),
                lasts=True,
                moves=("monthly_charge",),
            )
            for _ in range(8)
        )
    ),
    changes_in=2,
    # After four months charges are 8% up: a change of the size that a window shows.
    must=(Heard(triggers=_DRIFT, subjects=("monthly_charge",), within=timedelta(days=120)),),
    never=_FEED | _WORSE | {Trigger.LABEL_DRIFT},
)

_CREEPING_COMPETITOR = Case(
    name="creeping competitor",
    what="Over six months the competitor changes why customers leave; no feature shows it.",
    story=_after_a_quiet_month(
        *(
            Chapter(
                title="competitor grows",
                what="The competitor's offer reaches another sixth of the customers.",
                kind=ShiftKind.GRADUAL,
                harmful=True,
                expected=Action.RETRAIN,
                change=competitor(blended(LOYAL, CONTESTED, min(1.0, step / 6))),
                lasts=True,
            )
            for step in range(1, 9)
        )
    ),
    changes_in=2,
    # Each sixth is hardly worse than the one before; from the last one on, in July, the time is
    # that of a sudden change.
    must=(Heard(triggers=frozenset({Trigger.CONCEPT, Trigger.HARM}), within=_GROWN + _SHOWN),),
    never=_FEED | _DRIFT | {Trigger.UNSEEN_CATEGORIES},
    retrained=_GROWN + _SHOWN + _WEEK,
)

_SWING = (1.0, 1.0, 1.1, 1.2, 1.3, 1.35, 1.35, 1.3, 1.2, 1.1, 1.0, 1.0)

_SEASON = Case(
    name="seasonal swing",
    what="Usage rises towards the summer and falls after it; the training set saw the winter.",
    story=tuple(
        Chapter(
            title="season",
            what=f"Customers use {factor:.0%} of the winter's data.",
            kind=ShiftKind.SEASONAL if factor > 1.0 else ShiftKind.NONE,
            expected=Action.ALERT if factor > 1.0 else Action.KEEP,
            change=summer(usage_factor=factor, call_factor=1.0),
            moves=("data_gb",) if factor > 1.0 else (),
        )
        for factor in _SWING
    ),
    changes_in=3,
    must=(Heard(triggers=_DRIFT, subjects=("data_gb",), within=timedelta(days=61) + _SOON),),
    never=_FEED | _WORSE | {Trigger.LABEL_DRIFT},
)

CASES = {
    case.name: case
    for case in (
        _CALM,
        _PRICE_RISE,
        _CAMPAIGN,
        _COMPETITOR,
        _MISSING,
        _STUCK,
        _UNITS,
        _SLOW_STAYERS,
        _CREEPING_PRICES,
        _CREEPING_COMPETITOR,
        _SEASON,
    )
}
"""Every story by its name."""
