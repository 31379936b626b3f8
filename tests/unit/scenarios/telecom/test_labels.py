from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domain.estimates import LabelDriftVerdict
from holdfast.domain.predictions import Label
from holdfast.domain.windows import Window
from holdfast.drift.profile import reference_profile
from holdfast.drift.scores import score_profile
from holdfast.performance.label_drift import label_drift
from holdfast.performance.realised import measure
from holdfast.policy.monitoring import Monitors, SequentialPolicy, Watched
from holdfast.scenarios.telecom import LabelArrival, LabelHabits, Telecom
from holdfast.scenarios.telecom.labels import label_arrivals
from holdfast.scenarios.telecom.schema import POSITIVE, TARGET
from holdfast.scenarios.telecom.truth import outcomes
from holdfast.testing.examples import example_contract, example_rows
from holdfast.testing.fakes import InMemoryStore


@pytest.fixture(scope="module")
def labels(telecom):
    return telecom.month(4).labels


@pytest.fixture(scope="module")
def firsts(labels):
    """The first label of each customer."""
    found: dict[str, LabelArrival] = {}
    for label in labels:
        found.setdefault(label.customer_id, label)
    return list(found.values())


class TestLabelArrivals:
    def test_come_in_order_of_arrival(self, labels):
        """Whoever replays them needs no sorting."""
        known = [label.known_at for label in labels]

        assert known == sorted(known)

    def test_tell_of_leavers_before_stayers(self, firsts):
        """Leaving is known after 3 to 20 days, staying after 20 to 21."""
        delays = defaultdict(list)
        for label in firsts:
            delays[label.label].append(label.known_at - label.predicted_at)

        assert min(delays["Yes"]) >= timedelta(days=3) - timedelta(seconds=1)
        assert max(delays["Yes"]) <= timedelta(days=20)
        assert min(delays["No"]) >= timedelta(days=20) - timedelta(seconds=1)
        assert max(delays["No"]) <= timedelta(days=21)

    def test_inflate_the_churn_rate_of_whoever_counts_too_early(self, telecom, labels):
        """By the 22nd the labels so far say nearly all leave; the truth is a quarter."""
        noon = telecom.first_day(4) + timedelta(days=21)

        so_far = [label.label == "Yes" for label in labels if label.known_at.date() < noon]

        assert len(so_far) > 500
        assert np.mean(so_far) > 0.8
        assert telecom.cohort(4).churned.mean() < 0.3

    def test_are_unbiased_once_mature(self, telecom, firsts):
        """Labels are lost whatever the outcome, so those that arrive tell the true rate."""
        rate = np.mean([label.label == "Yes" for label in firsts])

        assert len(firsts) / telecom.customers_per_month == pytest.approx(0.97, abs=0.01)
        assert rate == pytest.approx(telecom.cohort(4).churned.mean(), abs=0.01)

    def test_repeat_a_few_and_contradict_two(self, labels):
        """An echo comes after the first label, which is the true one."""
        said = defaultdict(list)
        for label in labels:
            said[label.customer_id].append(label.label)
        echoed = [words for words in said.values() if len(words) > 1]

        kinds = Counter(len(set(words)) for words in echoed)

        assert kinds == {1: round(0.005 * len(said)), 2: 2}

    def test_can_be_tidy(self):
        """Without losses and echoes each row has exactly one label."""
        tidy = LabelHabits(lost_share=0.0, duplicate_share=0.0, n_conflicting=0)

        month = Telecom(seed=1, customers_per_month=200, labels=tidy).month(1)

        told = sorted((label.customer_id, label.predicted_at) for label in month.labels)
        assert told == [(row.customer_id, row.at) for row in month.rows]

    def test_of_nobody_are_none(self):
        """A month whose labels are all lost is no error."""
        arrivals = label_arrivals(
            np.random.default_rng(1),
            LabelHabits(lost_share=1.0),
            customer_ids=("a", "b"),
            predicted_at=np.array(["2025-01-01", "2025-01-02"], dtype="datetime64[s]"),
            churned=np.array([True, False]),
        )

        assert arrivals == ()


class TestLabelHabits:
    def test_refuse_stayers_before_leavers(self):
        """A customer cannot be known to stay while the notice may still come."""
        with pytest.raises(ValueError, match="must be heard of before"):
            LabelHabits(leaving_days=(3.0, 25.0))


_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
_MATURITY = 22 * _DAY  # the last who stays is heard of after 21 days


class QuietMonths:
    """Two quiet months in a store: predictions, and labels as they become known."""

    def __init__(self, telecom):
        self.store, self.contract = InMemoryStore(), example_contract()
        self.store.predictions.prepare(self.contract)
        self.trained = np.array(telecom.training_set().columns[TARGET]) == POSITIVE
        self.reference = self._figures(self.trained)
        months = [telecom.month(number) for number in (1, 2)]
        self.true_rate = np.mean([outcomes(telecom, number).churned for number in (1, 2)])
        ids = {}
        for row in (row for month in months for row in month.rows):
            rows = example_rows(at=row.at)
            ids[row.customer_id] = rows[1][0].prediction_id
            self.store.predictions.append(self.contract, *rows)
        for label in (label for month in months for label in month.labels):
            self.store.labels.record(
                [
                    Label(
                        positive=label.label == POSITIVE,
                        observed_at=label.known_at,
                        prediction_id=ids[label.customer_id],
                    )
                ],
                received_at=label.known_at,
                maturity=_MATURITY,
            )
        self.start = months[0].rows[0].at.replace(hour=0, minute=0, second=0, microsecond=0)

    def drift(self, end_at, *, known_at):
        """What the labels of a week say that are known at a moment."""
        week = Window(start_at=end_at - _WEEK, end_at=end_at)
        rows = self.store.predictions.window(self.contract, week, labels_known_at=known_at)
        labels = rows.column("label").to_numpy(zero_copy_only=False)
        return label_drift(self.reference, self._figures(labels))

    def alarms(self, *, age):
        """What the label monitor says if it sees each day so long after its end."""
        rng = np.random.default_rng(0)
        rows = [(20.5 + i, float(i), "Yearly", False) for i in range(50)]
        table = pa.table(dict(zip(self.contract.names, zip(*rows, strict=True), strict=True)))
        scores = rng.random(self.trained.size)  # they say nothing: only the rate is in question
        reference = reference_profile(table, self.contract, scores, labels=self.trained)
        monitors = Monitors.of(
            reference,
            measure(self.trained, scores, threshold=0.5),
            policy=SequentialPolicy(buckets_per_year=365.25),
        )
        assert reference.score_grid is not None
        state, raised = monitors.start(self.start), []
        for number in range(56):
            day = Window(
                start_at=self.start + number * _DAY, end_at=self.start + (number + 1) * _DAY
            )
            known = self.store.predictions.window(
                self.contract, day, labels_known_at=day.end_at + age
            )
            labels = known.column("label").to_numpy(zero_copy_only=False)
            counts = score_profile(rng.random(labels.size), reference.score_grid, labels)
            state, found = monitors.learn(state, day, counts)
            raised += [alarm for alarm in found if alarm.watched is Watched.LABEL]
        return raised

    @staticmethod
    def _figures(labels):
        return measure(labels, np.full(labels.size, 0.25), threshold=0.5)


@pytest.fixture(scope="module")
def watched():
    return QuietMonths(Telecom(seed=7, customers_per_month=4_000))


class TestLabelsInTheOrderOfTheirOutcome:
    def test_fabricate_no_label_drift_where_rows_are_old_enough(self, watched):
        """A week is looked at once every row of it is older than the label maturity."""
        weeks = [watched.start + k * _WEEK for k in range(1, 9)]

        found = [watched.drift(end_at, known_at=end_at + _MATURITY) for end_at in weeks]

        shifted = [one for one in found if one.verdict is LabelDriftVerdict.SHIFTED]
        assert len(shifted) <= 1, "eight tests at 5% each"
        assert all(one.verdict is not LabelDriftVerdict.TOO_FEW for one in found)
        assert np.mean([one.current for one in found]) == pytest.approx(watched.true_rate, abs=0.01)

    def test_fabricate_it_where_labels_are_joined_as_they_come(self, watched):
        """A naive join takes the labels that are there: of leavers nearly all, of stayers none."""
        weeks = [watched.start + k * _WEEK for k in range(3, 9)]

        found = [watched.drift(end_at, known_at=end_at + 12 * _DAY) for end_at in weeks]

        assert {one.verdict for one in found} == {LabelDriftVerdict.SHIFTED}
        assert min(one.current for one in found) > 0.8
        assert watched.true_rate < 0.3

    def test_raise_no_alarm_where_the_monitor_waits_for_them(self, watched):
        """Day by day over eight weeks, within the budget of four false alarms a year."""
        assert watched.alarms(age=_MATURITY) == []

    def test_raise_one_within_days_where_it_does_not(self, watched):
        """Six days after each day: a monitor over time is fooled as a test of a week is."""
        first, *_ = watched.alarms(age=6 * _DAY)

        assert first.raised_at <= watched.start + _WEEK
        assert first.rate > 0.8
