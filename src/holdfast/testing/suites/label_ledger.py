"""What every `LabelLedger` must do, beside the `PredictionLog` of its store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from holdfast.domain.ids import PredictionId
from holdfast.domain.predictions import Label, LabelCounts, LabelFate, Role
from holdfast.domain.treatments import Treatment, TreatmentCounts
from holdfast.domain.windows import Window
from holdfast.testing.examples import START, example_contract, example_rows

if TYPE_CHECKING:
    from holdfast.ports.label_ledger import LabelLedger
    from holdfast.ports.prediction_log import PredictionLog
    from holdfast.testing.examples import Rows

__all__ = ["LabelLedgerSuite"]

_CONTRACT = example_contract()
_DAY = timedelta(days=1)
_MATURITY = 30 * _DAY


class LabelLedgerSuite:
    """Needs the fixtures `ledger` and `log`, empty and of the same store."""

    def test_accepts_the_first_label_of_a_prediction(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """It is joined to the prediction at once."""
        (prediction_id,) = _log(log, example_rows())

        counts = _record(ledger, _by_id(prediction_id, positive=True))

        assert counts.fates == (LabelFate.ACCEPTED,)
        assert _label(log, prediction_id) == (True, START + _DAY)

    def test_counts_a_late_label(self, ledger: LabelLedger, log: PredictionLog) -> None:
        """Observed more than the maturity after its prediction: late, and it stands."""
        on_time, late = _log(log, example_rows(2, every=timedelta(0)))
        tick = timedelta(microseconds=1)

        counts = _record(
            ledger,
            _by_id(on_time, after=_MATURITY),
            _by_id(late, after=_MATURITY + tick),
        )

        assert counts.fates == (LabelFate.ACCEPTED, LabelFate.LATE)
        assert _label(log, late) == (True, START + _MATURITY + tick)

    def test_tells_duplicates_from_conflicts(self, ledger: LabelLedger, log: PredictionLog) -> None:
        """The first stands; what contradicts it is recorded, not applied."""
        (prediction_id,) = _log(log, example_rows())
        _record(ledger, _by_id(prediction_id, positive=False))

        counts = _record(
            ledger,
            _by_id(prediction_id, positive=False, after=2 * _DAY),
            _by_id(prediction_id, positive=True, after=3 * _DAY),
        )

        assert counts.fates == (LabelFate.DUPLICATE, LabelFate.CONFLICTING)
        assert _label(log, prediction_id) == (False, START + _DAY)

    def test_applies_the_order_within_a_batch(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """As if they had come one by one; the fates are in the order of the labels."""
        first, second = _log(log, example_rows(2))

        counts = _record(
            ledger,
            _by_id(second, positive=False),
            _by_id(first, positive=True),
            _by_id(second, positive=True),
            _by_id(first, positive=True),
        )

        assert counts.fates == (
            LabelFate.ACCEPTED,
            LabelFate.ACCEPTED,
            LabelFate.CONFLICTING,
            LabelFate.DUPLICATE,
        )

    def test_joins_an_orphan_when_its_prediction_appears(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """By the prediction's id."""
        rows = example_rows()
        prediction_id = rows[1][0].prediction_id
        counts = _record(ledger, _by_id(prediction_id))

        _log(log, rows)

        assert counts.fates == (LabelFate.ORPHAN,)
        assert _label(log, prediction_id) == (True, START + _DAY)
        assert ledger.totals() == LabelCounts(accepted=1)

    def test_settles_several_orphans_in_the_order_in_which_they_came(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """The first stands, as it does among labels that are no orphans."""
        rows = example_rows(1, entities=["Ann"])
        prediction_id = rows[1][0].prediction_id
        _record(
            ledger,
            _by_id(prediction_id, positive=False, after=2 * _MATURITY),
            _by_entity("Ann", positive=False),
            _by_id(prediction_id, positive=True),
        )

        _log(log, rows)

        assert _label(log, prediction_id) == (False, START + 2 * _MATURITY)
        assert ledger.totals() == LabelCounts(late=1, duplicate=1, conflicting=1)

    def test_knows_a_duplicate_of_an_orphan_that_was_joined(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """A joined orphan stands like any other label."""
        rows = example_rows()
        _record(ledger, _by_id(rows[1][0].prediction_id))
        _log(log, rows)

        counts = _record(ledger, _by_id(rows[1][0].prediction_id))

        assert counts.fates == (LabelFate.DUPLICATE,)

    def test_matches_an_entity_with_its_latest_prediction(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """At or before `at`; where that is not given, before the observation."""
        first, second, third, other = _log(
            log, example_rows(4, every=_DAY, entities=["Ann", "Ann", "Ann", "Bob"])
        )

        counts = _record(
            ledger,
            _by_entity("Ann", at=_DAY, after=9 * _DAY, positive=False),
            _by_entity("Ann", after=9 * _DAY),
        )

        assert counts.accepted == 2
        assert [_label(log, one)[0] for one in (first, second, third, other)] == [
            None,
            False,
            True,
            None,
        ]

    def test_holds_an_entity_without_earlier_prediction_for_an_orphan(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """A later prediction of the entity is not what the label is about."""
        first, later = _log(log, example_rows(2, every=_DAY, entities=["Bob", "Ann"]))

        counts = _record(ledger, _by_entity("Ann", at=timedelta(hours=1)), _by_entity("Eve"))
        _log(log, example_rows(1, at=START + 2 * _DAY, entities=["Ann"]))

        assert counts.fates == (LabelFate.ORPHAN, LabelFate.ORPHAN)
        assert [_label(log, one)[0] for one in (first, later)] == [None, None]
        assert ledger.totals() == LabelCounts(orphan=2)

    def test_joins_an_orphan_by_entity_and_time(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """A log that is imported after its labels finds them waiting."""
        _record(ledger, _by_entity("Ann", at=timedelta(hours=36)))

        first, second, third = _log(log, example_rows(3, every=_DAY, entities=["Ann"] * 3))

        assert [_label(log, one)[0] for one in (first, second, third)] == [None, True, None]
        assert ledger.totals() == LabelCounts(accepted=1)

    def test_gives_an_entitys_label_to_the_champions_answer(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """A shadow's answer was never given to anybody."""
        (champion,) = _log(log, example_rows(1, entities=["Ann"]))
        shadow_rows = example_rows(
            1, at=START + timedelta(seconds=1), entities=["Ann"], role=Role.SHADOW, version="v2"
        )
        (shadow,) = _log(log, shadow_rows)

        _record(ledger, _by_entity("Ann"))

        assert [_label(log, one)[0] for one in (champion, shadow)] == [True, None]

    def test_gives_an_entitys_label_to_a_canarys_answer(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """Somebody was given it."""
        (champion,) = _log(log, example_rows(1, entities=["Ann"]))
        later = START + timedelta(seconds=1)
        rows = example_rows(1, at=later, entities=["Ann"], role=Role.CANARY, version="v2")
        (canary,) = _log(log, rows)

        _record(ledger, _by_entity("Ann"))

        assert [_label(log, one)[0] for one in (champion, canary)] == [None, True]

    def test_matches_an_entity_over_contracts(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """The latest answer counts, whichever model's schema it follows."""
        other = example_contract(feature="tenure")
        (old,) = _log(log, example_rows(1, entities=["Ann"]))
        rows = example_rows(1, at=START + timedelta(hours=1), entities=["Ann"])
        log.prepare(other)
        log.append(other, *rows)

        _record(ledger, _by_entity("Ann"))

        assert _label(log, old)[0] is None
        assert _label(log, rows[1][0].prediction_id)[0] is True

    def test_takes_an_empty_batch(self, ledger: LabelLedger) -> None:
        """Nothing came, nothing is counted."""
        assert _record(ledger) == LabelCounts()

    def test_totals_every_fate(self, ledger: LabelLedger, log: PredictionLog) -> None:
        """Over all batches, without the single fates."""
        first, second = _log(log, example_rows(2))
        _record(ledger, _by_id(first), _by_id(first), _by_id(PredictionId("absent")))
        _record(ledger, _by_id(first, positive=False), _by_id(second, after=2 * _MATURITY))

        assert ledger.totals() == LabelCounts(
            accepted=1, late=1, duplicate=1, conflicting=1, orphan=1
        )

    def test_keeps_who_was_treated_beside_the_label(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """By the prediction's id or by entity; of the others nobody has said so."""
        one, two, _ = ids = _log(log, example_rows(3, entities=["Ann", "Bob", "Eve"]))
        _record(ledger, *(_by_id(each) for each in ids))

        counts = _treat(
            ledger,
            Treatment(treated=True, observed_at=START, prediction_id=one),
            Treatment(treated=False, observed_at=START + _DAY, entity="Bob"),
        )

        assert counts == TreatmentCounts(accepted=2)
        assert _treated(log) == [True, False, None]
        assert [log.get(each).label for each in (one, two)] == [True, True]
        assert [log.get(each).treated for each in ids] == [True, False, None]

    def test_holds_whom_was_treated_for_treated(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """The same again says nothing new, and an offer that was made stays made."""
        (one,) = _log(log, example_rows())
        _record(ledger, _by_id(one))
        facts = [
            Treatment(treated=treated, observed_at=START, prediction_id=one)
            for treated in (False, True, True, False)
        ]

        at_once = _treat(ledger, *facts)
        again = _treat(ledger, facts[1])

        assert at_once == TreatmentCounts(accepted=2, duplicate=1, conflicting=1)
        assert again == TreatmentCounts(duplicate=1)
        assert _treated(log) == [True]

    def test_takes_a_treatment_before_its_prediction(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """By id it waits, as a label does; of an unknown entity it is not kept."""
        rows = example_rows(1, entities=["Ann"])
        prediction_id = rows[1][0].prediction_id

        counts = _treat(
            ledger,
            Treatment(treated=True, observed_at=START, prediction_id=prediction_id),
            Treatment(treated=True, observed_at=START, entity="Eve"),
        )
        _record(ledger, _by_id(*_log(log, rows)))

        assert counts == TreatmentCounts(orphan=2)
        assert _treated(log) == [True]

    def test_knows_no_treatment_before_it_was_told(
        self, ledger: LabelLedger, log: PredictionLog
    ) -> None:
        """What was known at a moment does not change afterwards."""
        (one,) = _log(log, example_rows())
        _record(ledger, _by_id(one))

        ledger.treat(
            [Treatment(treated=True, observed_at=START, prediction_id=one)],
            received_at=START + 10 * _DAY,
        )

        assert _treated(log, known_at=START + 9 * _DAY) == [None]
        assert _treated(log, known_at=START + 10 * _DAY) == [True]


def _log(log: PredictionLog, rows: Rows) -> list[PredictionId]:
    log.prepare(_CONTRACT)
    return [answer.prediction_id for answer in log.append(_CONTRACT, *rows)]


def _record(ledger: LabelLedger, *labels: Label) -> LabelCounts:
    return ledger.record(labels, received_at=START + 9 * _DAY, maturity=_MATURITY)


def _treat(ledger: LabelLedger, *facts: Treatment) -> TreatmentCounts:
    return ledger.treat(facts, received_at=START + 9 * _DAY)


def _treated(log: PredictionLog, *, known_at: datetime = START + 99 * _DAY) -> list[object]:
    day = Window(start_at=START, end_at=START + _DAY)
    rows = log.window(_CONTRACT, day, labels_known_at=known_at)
    found: list[object] = rows.column("was_treated").to_pylist()
    return found


def _by_id(prediction_id: PredictionId, *, positive: bool = True, after: timedelta = _DAY) -> Label:
    return Label(positive=positive, observed_at=START + after, prediction_id=prediction_id)


def _by_entity(
    entity: str,
    *,
    positive: bool = True,
    at: timedelta | None = None,
    after: timedelta = _DAY,
) -> Label:
    moment = None if at is None else START + at
    return Label(positive=positive, observed_at=START + after, entity=entity, at=moment)


def _label(log: PredictionLog, prediction_id: PredictionId) -> tuple[object, object]:
    logged = log.get(prediction_id)
    return logged.label, logged.label_observed_at
