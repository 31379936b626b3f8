from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, date, datetime

import msgspec
import pytest

from holdfast.scenarios.telecom import YEAR, Telecom
from holdfast.scenarios.telecom.schema import CONTRACTS, ENTITY, FEATURES, NULLABLE


@pytest.fixture(scope="module")
def small():
    return Telecom(seed=3, customers_per_month=300)


@pytest.fixture(scope="module")
def days(small):
    return list(small.days())


class TestMonth:
    def test_is_the_same_bytes_for_the_same_seed(self, small):
        """Two telecoms of one seed, asked in another order."""
        twin = Telecom(seed=3, customers_per_month=300)
        twin.month(12)

        assert msgspec.json.encode(twin.month(5)) == msgspec.json.encode(small.month(5))

    def test_differs_by_seed_and_by_month(self, small):
        """No two draws share their customers."""
        other = Telecom(seed=4, customers_per_month=300)

        drawn = [
            tuple(tuple(row.features.values()) for row in month.rows)
            for month in (small.month(1), small.month(2), other.month(1))
        ]

        assert len(set(drawn)) == 3

    def test_has_every_feature_ready_for_json(self, telecom):
        """Numbers are numbers, words are known words, and only a feed leaves gaps."""
        for row in telecom.month(5).rows[:2_000]:
            assert tuple(row.features) == FEATURES
            assert {type(value) for value in row.features.values()} <= {int, float, str, type(None)}
            assert row.features["contract"] in CONTRACTS
            assert all(row.features[name] is not None for name in FEATURES if name not in NULLABLE)
            assert row.features["plan_age"] <= row.features["tenure"] <= 72
        msgspec.json.encode(telecom.month(5).rows)

    def test_spreads_its_rows_over_its_days(self, telecom):
        """In order of time, in UTC, and every day of February sees a fair part."""
        rows = telecom.month(2).rows
        moments = [row.at for row in rows]
        per_day = [sum(at.day == day for at in moments) for day in range(1, 29)]

        assert moments == sorted(moments)
        assert {at.tzinfo for at in moments} == {UTC}
        assert {(at.year, at.month) for at in moments} == {(2025, 2)}
        assert min(per_day) > 0.7 * 8_000 / 28

    def test_never_repeats_a_training_row(self, telecom):
        """Neither the customers nor their values: a leak would flatter every model."""
        columns = telecom.training_set().columns
        trained = set(zip(*(columns[name] for name in FEATURES), strict=True))

        for number in (1, 7, 11):
            rows = telecom.month(number).rows
            assert not trained & {tuple(row.features.values()) for row in rows}
            assert not set(columns[ENTITY]) & {row.customer_id for row in rows}

    def test_has_customers_of_its_own(self, small):
        """Each customer is asked about once in the year."""
        ids = [row.customer_id for n in range(1, 13) for row in small.month(n).rows]

        assert len(set(ids)) == len(ids) == 12 * 300

    def test_names_the_months_there_are(self, small):
        """Months count from 1."""
        for number in (0, 13):
            with pytest.raises(ValueError, match=f"months 1 to 12; asked for {number}"):
                small.month(number)

    def test_is_drawn_quickly(self):
        """The demo's year must not wait for its simulator; the best of three, generously."""
        big = Telecom(seed=1, customers_per_month=6_000)

        def seconds():
            started = time.perf_counter()
            big.month(7)
            return time.perf_counter() - started

        assert min(seconds() for _ in range(3)) < 0.5


class TestDays:
    def test_go_through_the_calendar_without_a_gap(self, days):
        """From New Year on; after December only labels follow."""
        assert [day.on.toordinal() for day in days] == list(
            range(days[0].on.toordinal(), days[0].on.toordinal() + len(days))
        )
        assert days[0].on == date(2025, 1, 1)
        assert days[-1].labels
        assert not any(day.rows for day in days if day.on >= date(2026, 1, 1))

    def test_bring_every_row_and_label_once(self, small, days):
        """The days are the months, cut otherwise."""
        months = [small.month(number) for number in range(1, 13)]

        assert [row for day in days for row in day.rows] == [r for m in months for r in m.rows]
        assert sum(len(day.labels) for day in days) == sum(len(m.labels) for m in months)

    def test_put_each_thing_on_its_day(self, days):
        """A label never comes before the row that it is about."""
        seen: dict[str, datetime] = {}
        for day in days:
            assert all(row.at.date() == day.on for row in day.rows)
            assert all(label.known_at.date() == day.on for label in day.labels)
            assert all(seen[label.customer_id] == label.predicted_at for label in day.labels)
            seen.update({row.customer_id: row.at for row in day.rows})

    def test_carry_labels_into_the_next_month(self, days):
        """On a day in February the labels of January's rows arrive."""
        tenth = next(day for day in days if day.on == date(2025, 2, 10))

        assert any(label.predicted_at.month == 1 for label in tenth.labels)


class TestTelecom:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"start": date(2025, 1, 15)}, "first of a month; found 2025-01-15"),
            ({"customers_per_month": 0}, "at least one customer"),
            ({"story": ()}, "one chapter"),
        ],
    )
    def test_refuses_what_it_cannot_tell(self, wrong, message):
        """Built wrongly, it says so at once."""
        with pytest.raises(ValueError, match=message):
            Telecom(**{"seed": 1, **wrong})

    def test_dates_its_months_from_its_start(self):
        """A story can begin in any month of any year."""
        telecom = Telecom(seed=1, customers_per_month=50, start=date(2027, 11, 1), story=YEAR[:3])

        assert telecom.month(3).month == date(2028, 1, 1)
        assert {row.at.month for row in telecom.month(3).rows} == {1}

    def test_needs_nothing_heavy(self):
        """In a fresh interpreter: the slim base runs the simulator."""
        code = (
            "import sys; from holdfast.scenarios.telecom import Telecom; Telecom(seed=1).month(1);"
            "print([m for m in ('pandas', 'scipy', 'sklearn', 'pyarrow') if m in sys.modules])"
        )

        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )

        assert done.stdout.strip() == "[]"
