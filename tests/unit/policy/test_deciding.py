"""Every row of the decision table, and that the table has no holes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.domain.evidence import Action, Alert, Severity, Trigger
from holdfast.drift.rules import RuleOutcome
from holdfast.policy.deciding import DecisionPolicy, Evidence, cooldown_ends_at, decide
from holdfast.policy.policies import BENIGN, HARM, POLICIES
from holdfast.policy.transitions import ControlState
from holdfast.policy.waiting import Maturing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ONSET = NOW - 40 * DAY
HELD_FOR = Evidence(n_rows=1000, n_labels=800, n_positives=200, performance_held=True)


def alert(trigger, severity=Severity.WARNING, *, subject="tenure"):
    return Alert(trigger=trigger, severity=severity, subject=subject, message=f"{trigger} alarmed")


HARMFUL = Alert(
    trigger=Trigger.PERFORMANCE,
    severity=Severity.CRITICAL,
    subject="roc_auc",
    message="ROC AUC fell from 0.84 to 0.71",
)
DRIFT = alert(Trigger.FEATURE_DRIFT)


def rule(name, *, fired):
    return RuleOutcome(
        name=name, rule=f"{name} >= 0.5", fired=fired, band="", why="It moved a lot."
    )


def evidence(**changes) -> Evidence:
    return replace(HELD_FOR, **{"performance_held": None, **changes})


def decided(found, policy="harm", state=None, **settings):
    policy = DecisionPolicy(name=policy, **settings)
    return decide(found, policy, state or ControlState(), now=NOW)


FEW = {"n_labels": 300, "n_positives": 90}
DUE = ControlState(champion_since=NOW - 30 * DAY)
COOLING = ControlState(last_attempt_at=NOW - 6 * DAY)

TABLE = [
    # what was found, policy, the decision, its words
    (evidence(performance_held=True), "harm", Action.KEEP, "performance held on the mature labels"),
    (Evidence(n_rows=0), "harm", Action.KEEP, "no predictions in the window, nothing to judge"),
    (evidence(alerts=(HARMFUL,)), "harm", Action.RETRAIN, "ROC AUC fell from 0.84 to 0.71"),
    (evidence(alerts=(alert(Trigger.HARM),)), "harm", Action.RETRAIN, "harm alarmed"),
    (
        evidence(alerts=(alert(Trigger.CONCEPT),)),
        "harm",
        Action.RETRAIN,
        "800 labelled rows that the model has not learnt yet are enough",
    ),
    (evidence(n_rows=0, alerts=(HARMFUL,)), "harm", Action.RETRAIN, "ROC AUC fell"),
    (
        evidence(alerts=(HARMFUL,), **FEW),
        "harm",
        Action.DEFER,
        "only 300 of the 750 labelled rows needed are mature: 450 are",
    ),
    (
        evidence(alerts=(HARMFUL,), n_positives=74),
        "harm",
        Action.DEFER,
        "only 74 of the 75 rows needed of the rarer class are mature: 1 is missing",
    ),
    (evidence(alerts=(HARMFUL,), n_positives=780), "harm", Action.DEFER, "only 20 of the 75"),
    (
        evidence(alerts=(DRIFT,), performance_held=True, **FEW),
        "harm",
        Action.ALERT,
        "performance held on the mature labels, but only 300 of the 619 that would show harm",
    ),
    (
        evidence(alerts=(DRIFT,), **FEW),
        "harm",
        Action.ALERT,
        "too few mature labels to tell whether it harms; watched",
    ),
    (
        evidence(alerts=(DRIFT,), estimate_held=True, **FEW),
        "harm",
        Action.ALERT,
        "estimated from its scores, the model holds",
    ),
    (
        evidence(alerts=(DRIFT,), estimate_held=False, **FEW),
        "harm",
        Action.ALERT,
        "estimated from its scores, the model does worse",
    ),
    (
        evidence(alerts=(DRIFT,), performance_held=True),
        "harm",
        Action.KEEP,
        "tenure drifted, harmless so far: watched",
    ),
    (evidence(alerts=(DRIFT,)), "any", Action.RETRAIN, "feature_drift alarmed"),
    (evidence(alerts=(alert(Trigger.UNSEEN_CATEGORIES),), **FEW), "any", Action.ALERT, "watched"),
    (evidence(alerts=(alert(Trigger.ESTIMATE),)), "harm", Action.ALERT, "too few mature labels"),
    (evidence(alerts=(alert(Trigger.ESTIMATE),)), "any", Action.RETRAIN, "estimate alarmed"),
    (
        evidence(alerts=(HARMFUL,), performance_held=False),
        "never",
        Action.ALERT,
        "policy 'never' retrains on nothing, not on this",
    ),
    (
        evidence(rules=(rule("psi", fired=True),)),
        "psi",
        Action.RETRAIN,
        "the rule psi >= 0.5 fired: It moved a lot.",
    ),
    (
        evidence(rules=(rule("psi", fired=False),)),
        "psi",
        Action.KEEP,
        "the rule psi >= 0.5 did not fire: It moved a lot.",
    ),
    (
        evidence(rules=(rule("psi", fired=None),)),
        "psi",
        Action.KEEP,
        "the rule psi >= 0.5 could not be judged",
    ),
    (evidence(n_rows=0), "psi", Action.KEEP, "the rule psi had no rows to judge"),
    (
        evidence(rules=(rule("psi", fired=True),)),
        "ks_share",
        Action.KEEP,
        "the rule ks_share had no rows to judge",
    ),
    (
        evidence(alerts=(HARMFUL,), rules=(rule("evidently", fired=False),)),
        "evidently",
        Action.ALERT,
        "retrains on Evidently's usual rule, not on this",
    ),
    (evidence(), "schedule", Action.RETRAIN, "a retraining is due every 30d"),
    (
        evidence(alerts=(HARMFUL,), broken=("data_gb is missing in 70% of rows",)),
        "any",
        Action.FIX_UPSTREAM,
        "that the model does worse (ROC AUC fell",
    ),
    (
        evidence(n_rows=0, alerts=(alert(Trigger.BROKEN_FEED),)),
        "any",
        Action.FIX_UPSTREAM,
        "mend it upstream",
    ),
    (
        evidence(alerts=(HARMFUL,), broken_labels=("data_gb was missing",)),
        "harm",
        Action.FIX_UPSTREAM,
        "their harm is the feed's",
    ),
]


class TestTable:
    @pytest.mark.parametrize(("found", "policy", "action", "words"), TABLE)
    def test_is_as_written(self, found, policy, action, words):
        """The main rows of the decision table, each with a sentence that it gives."""
        decision = decided(found, policy, DUE)

        assert decision.action is action
        assert any(words in reason for reason in decision.reasons), decision.reasons

    @pytest.mark.parametrize(
        ("state", "action", "words"),
        [
            (ControlState(champion_since=NOW - 29 * DAY), Action.KEEP, "due 2026-03-02 00:00 UTC"),
            (ControlState(champion_since=NOW - 30 * DAY), Action.RETRAIN, "due every 30d"),
            (COOLING, Action.KEEP, "the next retraining is due 2026-03-25 00:00 UTC"),
            (ControlState(), Action.RETRAIN, "due every 30d"),
        ],
    )
    def test_goes_by_the_calendar(self, state, action, words):
        """From the last attempt or promotion on, whichever is later."""
        decision = decided(evidence(), "schedule", state)

        assert decision.action is action
        assert any(words in reason for reason in decision.reasons)


class TestSeverity:
    def test_may_be_raised(self):
        """A project may want to retrain on critical alerts alone."""
        found = evidence(alerts=(alert(Trigger.HARM),), performance_held=False)

        decision = decided(found, severity=Severity.CRITICAL)

        assert decision.action is Action.ALERT
        assert "policy 'harm' acts on alerts from critical on" in decision.reasons

    def test_may_be_lowered(self):
        """Or on notes already."""
        found = evidence(alerts=(alert(Trigger.FEATURE_DRIFT, Severity.INFO),))

        decision = decided(found, "any", severity=Severity.INFO)

        assert decision.action is Action.RETRAIN

    def test_of_an_alert_below_it_is_told_but_not_acted_on(self):
        """A note is in the reasons, beside what was found otherwise."""
        found = evidence(alerts=(alert(Trigger.HARM, Severity.INFO),))

        decision = decided(found)

        assert decision.action is Action.KEEP
        assert decision.reasons[0] == "harm alarmed"

    @pytest.mark.parametrize("name", ["psi", "schedule", "never"])
    def test_is_refused_where_no_alert_counts(self, name):
        """It would seem to say something."""
        with pytest.raises(ValueError, match="leave out the severity 'critical'"):
            DecisionPolicy(name=name, severity=Severity.CRITICAL)


class TestHorizon:
    def test_an_estimate_counts_where_labels_come_too_late(self):
        """Labels that take half a year cannot be waited for."""
        found = evidence(alerts=(alert(Trigger.ESTIMATE),))

        decision = decided(found, label_maturity=180 * DAY)

        assert decision.action is Action.RETRAIN


class TestDefer:
    def test_says_when_the_cooldown_ends(self):
        """So that a person knows when to look again."""
        decision = decided(evidence(alerts=(HARMFUL,)), state=COOLING)

        assert decision.action is Action.DEFER
        assert decision.retry_at == NOW + DAY
        assert "cooldown lasts until 2026-03-02 00:00 UTC, 1 day more" in decision.reasons[-1]

    def test_ends_with_the_cooldown(self):
        """The end itself is no longer within it."""
        state = ControlState(last_attempt_at=NOW - 7 * DAY)

        decision = decided(evidence(alerts=(HARMFUL,)), state=state)

        assert decision.action is Action.RETRAIN

    def test_says_when_enough_labels_will_be_mature(self):
        """From the rows that were predicted since the onset."""
        awaited = tuple(Maturing(mature_at=NOW + i * DAY, n_rows=100) for i in range(1, 8))

        decision = decided(evidence(alerts=(HARMFUL,), awaited=awaited, onset_at=ONSET, **FEW))

        assert decision.retry_at == NOW + 5 * DAY
        assert decision.reasons[-1] == (
            "only 300 of the 750 labelled rows needed since 2026-01-20 00:00 UTC are mature: "
            "450 are missing; they are expected by 2026-03-06 00:00 UTC"
        )

    def test_says_why_if_that_cannot_be_told(self):
        """Without traffic nobody knows when labels will come."""
        decision = decided(evidence(alerts=(HARMFUL,), **FEW))

        assert decision.retry_at is None
        assert "when they come cannot be told: no rows" in decision.reasons[-1]

    def test_waits_for_whatever_lasts_longest(self):
        """To ask again at the end of the cooldown would be too early."""
        awaited = (Maturing(mature_at=NOW + 9 * DAY, n_rows=5000),)
        found = evidence(alerts=(HARMFUL,), awaited=awaited, **FEW)

        decision = decided(found, state=COOLING)

        assert decision.retry_at == NOW + 9 * DAY
        assert len(decision.reasons) == 3


SEVERITIES = tuple(Severity)
ALERTS = ((), *((alert(t, s),) for t in Trigger for s in SEVERITIES))
PAIRS = tuple(
    (alert(a), alert(b))
    for a, b in itertools.combinations((*sorted(HARM), *sorted(BENIGN), Trigger.ESTIMATE), 2)
)
STATES = {
    "never tried": ControlState(champion_since=NOW - 90 * DAY),
    "cooling": ControlState(champion_since=NOW - 90 * DAY, last_attempt_at=NOW - DAY),
    "cooled": ControlState(champion_since=NOW - 90 * DAY, last_attempt_at=NOW - 60 * DAY),
}


def combinations(policies, alerts):
    """Every combination of what a decision can depend on."""
    return itertools.product(
        policies,
        alerts,
        ((), ("feed",)),  # broken now
        ((), ("feed",)),  # broken when its labels were made
        ((0, 0), (800, 10), (800, 200)),  # none, enough, enough of each class
        (0, 10_000),  # labels that would have shown harm
        (None, True, False),  # performance held
        (0, 1000),  # rows in the window
        (None, False, True),  # the rule fired
        STATES.values(),
    )


def table(policy, found, state):
    """The decision table a second time, as a person would write it down."""
    named = POLICIES[policy]
    loud = [a for a in found.alerts if a.severity is not Severity.INFO]
    if found.broken or any(a.trigger is Trigger.BROKEN_FEED for a in found.alerts):
        return Action.FIX_UPSTREAM
    since = max(at for at in (state.champion_since, state.last_attempt_at) if at is not None)
    cause = (
        any(a.trigger in named.triggers for a in loud)
        or (named.rule is not None and bool(found.rules) and found.rules[0].fired is True)
        or (policy == "schedule" and NOW - since >= 30 * DAY)
    )
    if not cause:
        harm = found.performance_held is False or any(a.trigger in HARM for a in loud)
        seen = found.n_seen >= 619 and not harm
        pages = [a for a in loud if not (seen and a.trigger in BENIGN)]
        return Action.ALERT if pages else Action.KEEP
    if found.broken_labels:
        return Action.FIX_UPSTREAM
    rarer = min(found.n_positives, found.n_labels - found.n_positives)
    ready = found.n_labels >= 750 and rarer >= 75 and state is not STATES["cooling"]
    return Action.RETRAIN if ready else Action.DEFER


def check(decision, found):
    """What holds of each decision, whatever it is about."""
    assert decision.reasons
    assert all(decision.reasons)
    assert decision.retry_at is None or decision.retry_at > NOW
    if decision.action is Action.DEFER:
        assert any("missing" in why or "cooldown" in why for why in decision.reasons)
        assert decision.retry_at or any("cannot be told" in why for why in decision.reasons)
    else:
        assert decision.retry_at is None
    if decision.action is Action.RETRAIN:
        assert not found.broken
        assert not found.broken_labels
        assert found.n_labels >= 750


class TestEveryCombination:
    @pytest.mark.parametrize(
        ("names", "alerts"),
        [(POLICIES, ALERTS), (("harm", "any"), PAIRS)],
        ids=["each alert alone", "two alerts at once"],
    )
    def test_has_one_decision_and_it_is_the_tables(self, names, alerts):
        """Never retrained on a broken feed, in a cooldown, or without enough labels."""
        policies = {name: DecisionPolicy(name=name) for name in POLICIES}
        wrong = []
        for name, open_, broken, late, labels, n_seen, held, n_rows, fired, state in combinations(
            names, alerts
        ):
            if fired is not None and (POLICIES[name].rule is None or n_rows == 0):
                continue  # no rule was asked
            found = Evidence(
                n_rows=n_rows,
                alerts=open_,
                broken=broken,
                broken_labels=late,
                performance_held=held,
                n_labels=labels[0],
                n_positives=labels[1],
                n_seen=n_seen,
                rules=() if fired is None else (rule(POLICIES[name].rule, fired=fired),),
            )
            decision = decide(found, policies[name], state, now=NOW)
            check(decision, found)
            if decision.action is not table(name, found, state):
                wrong.append((name, found, state, decision))

        assert wrong == []


class TestCooldown:
    def test_doubles_with_each_refusal_up_to_the_limit(self):
        """Refused challengers slow the loop down, but never beyond the label maturity."""
        policy = DecisionPolicy()
        ends = [
            cooldown_ends_at(policy, ControlState(last_attempt_at=NOW, refusals=refusals))
            for refusals in (0, 1, 2, 9, 10_000)
        ]

        assert [(end - NOW).days for end in ends if end] == [7, 14, 28, 30, 30]

    def test_there_is_none_before_the_first_attempt(self):
        """A young project may retrain as soon as its labels allow."""
        assert cooldown_ends_at(DecisionPolicy(), ControlState()) is None
