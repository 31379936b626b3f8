from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

import numpy as np
import pytest

from holdfast.scenarios.telecom import LabelArrival, LabelHabits, Telecom
from holdfast.scenarios.telecom.labels import label_arrivals


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
