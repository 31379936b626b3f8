"""Which policies there are by name, and on what each of them retrains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from holdfast.domain.durations import format_duration
from holdfast.domain.evidence import Severity, Trigger
from holdfast.drift.rules import rule_named  # loads no more than the domain
from holdfast.drift.rules.evidently import EvidentlyShare

if TYPE_CHECKING:
    from holdfast.drift.rules import Rule

__all__ = ["BENIGN", "HARM", "POLICIES", "DecisionPolicy", "NamedPolicy", "known_rule"]

HARM = frozenset({Trigger.PERFORMANCE, Trigger.HARM, Trigger.CONCEPT})
"""What says that the model does worse; each rests on labels."""

BENIGN = frozenset(
    {
        Trigger.FEATURE_DRIFT,
        Trigger.UNSEEN_CATEGORIES,
        Trigger.PREDICTION_DRIFT,
        Trigger.LABEL_DRIFT,
        Trigger.CONFIDENCE,
    }
)
"""What says that the world is another, and may do no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPolicy:
    """On what a policy retrains.

    Attributes:
        words: The same for people, after "retrains on".
        triggers: Alerts that count.
        late_triggers: Alerts that count only where labels take longer than the horizon.
        rule: The rule on a window (`holdfast.drift.rules`) whose outcome counts, if one does.
        periodic: Whether time alone counts.
        severity: The least severity of an alert that counts, if the project names none.
    """

    words: str
    triggers: frozenset[Trigger] = frozenset()
    late_triggers: frozenset[Trigger] = frozenset()
    rule: str | None = None
    periodic: bool = False
    severity: Severity = Severity.WARNING

    @property
    def on_alerts(self) -> bool:
        """Whether any alert counts."""
        return bool(self.triggers)


POLICIES: dict[str, NamedPolicy] = {
    "harm": NamedPolicy(
        words="a model that measurably does worse",
        triggers=HARM,
        late_triggers=frozenset({Trigger.ESTIMATE}),
    ),
    "any": NamedPolicy(
        words="drift, a loss of confidence or harm alike",
        triggers=HARM
        | {
            Trigger.FEATURE_DRIFT,
            Trigger.PREDICTION_DRIFT,
            Trigger.LABEL_DRIFT,
            Trigger.CONFIDENCE,
            Trigger.ESTIMATE,
        },
    ),
    "drift_share": NamedPolicy(words="a share of drifted features", rule="drift_share"),
    "ks_share": NamedPolicy(words="a share of Kolmogorov-Smirnov tests", rule="ks_share"),
    "psi": NamedPolicy(words="a population stability index", rule="psi"),
    "evidently": NamedPolicy(words="Evidently's usual rule", rule="evidently"),
    "schedule": NamedPolicy(words="the calendar", periodic=True),
    "never": NamedPolicy(words="nothing"),
}
"""Every policy by its name. `harm` is the default; the four that are called after a rule
act on what that rule says of the current window; `never` is for comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPolicy:
    """When what was found becomes a retraining.

    Attributes:
        name: A key of `POLICIES`.
        severity: The least severity that an alert must have to count; the named policy's
            own if None.
        every: How long after the last attempt or promotion `schedule` retrains.
        cooldown: How long after an attempt the next one waits; doubles with each refused
            challenger, up to `cooldown_limit`.
        cooldown_limit: The longest cooldown; the label maturity by default, since fresh
            ground truth makes a new attempt worthwhile.
        label_maturity: The age at which a prediction's outcome is known.
        horizon: The longest that labels are waited for: where they take longer, `harm`
            acts on an estimate of performance as well.
        min_labels: Mature labelled rows since the onset that a retraining needs.
        min_positives: How many of each class must be among them.
        guard_rows: Rows that the guard judges on; half as many more must be left to learn
            from, else an attempt would only spend its cooldown.
        guard_class: The same for each class.
        tolerance: A rise of the error rate that must have had its chance to show, before
            drift is called harmless.
    """

    name: str = "harm"
    severity: Severity | None = None
    every: timedelta = timedelta(days=30)
    cooldown: timedelta = timedelta(days=7)
    cooldown_limit: timedelta = timedelta(days=30)
    label_maturity: timedelta = timedelta(days=30)
    horizon: timedelta = timedelta(days=90)
    min_labels: int = 500
    min_positives: int = 50
    guard_rows: int = 500
    guard_class: int = 50
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        if self.name not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}; found {self.name!r}")
        if self.severity is not None and not self.named.on_alerts:
            raise ValueError(
                f"the policy {self.name!r} retrains on {self.named.words}, not on alerts: "
                f"leave out the severity {self.severity.value!r}"
            )
        if self.every <= timedelta(0):
            raise ValueError(f"every must be longer than 0s; found {format_duration(self.every)}")

    @property
    def named(self) -> NamedPolicy:
        """On what it retrains."""
        return POLICIES[self.name]

    @property
    def acts_on(self) -> frozenset[Trigger]:
        """The triggers on which this policy retrains."""
        late = self.label_maturity > self.horizon
        return self.named.triggers | (self.named.late_triggers if late else frozenset())

    @property
    def acts_from(self) -> Severity:
        """The least severity of an alert that counts."""
        return self.named.severity if self.severity is None else self.severity

    @property
    def labels_needed(self) -> int:
        """Mature labelled rows without which a retraining is deferred."""
        return max(self.min_labels, self.guard_rows * 3 // 2)

    @property
    def class_needed(self) -> int:
        """The same for the rarer class."""
        return max(self.min_positives, self.guard_class * 3 // 2)


def known_rule(name: str) -> Rule:
    """Return the rule that a policy is called after, with its customary bound.

    Raises:
        ValueError: If there is no such rule.

    >>> known_rule("psi").words
    'any psi >= 0.2'
    """
    return EvidentlyShare() if name == EvidentlyShare().name else rule_named(name)
