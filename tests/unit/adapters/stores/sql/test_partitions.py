"""Months of a prediction table: who gets one, and when it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.postgres_server import PASSWORD

from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.stores.sql.partitions import Month
from holdfast.domain.ids import PredictionId, uuid7
from holdfast.domain.predictions import Label
from holdfast.testing.examples import START, example_contract, example_rows, registered

CONTRACT = example_contract()
TABLE = f"predictions_{CONTRACT.schema_digest[:12]}"
DAY = timedelta(days=1)
WHERE = f"SELECT tableoid::regclass::text, count(*) FROM {TABLE} GROUP BY 1 ORDER BY 1"
PARTS = f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{TABLE}'::regclass"


class TestMonth:
    @given(st.integers(0, 7_258_118_400))  # seconds, to the year 2200
    def test_holds_the_ids_of_its_time_and_no_others(self, seconds):
        """Ids are compared as text, byte by byte."""
        moment = datetime.fromtimestamp(seconds, UTC)
        one = uuid7(moment)

        month = Month.of(one)

        assert month == Month(moment.year, moment.month)
        assert month.first_id <= one < month.following.first_id

    @pytest.mark.parametrize("other", ["", "absent", "not-a-uuid-but-as-long-as-one-is-and"])
    def test_is_none_for_other_ids(self, other):
        """They go where everything goes that has no month."""
        assert Month.of(other) is None


@pytest.mark.slow
class TestPartitions:
    @pytest.fixture
    def store(self, postgres_url):
        with SqlStore.open(postgres_url, create=False) as store:
            store.predictions.prepare(CONTRACT)
            yield store

    @pytest.fixture
    def sql(self, postgres):
        return lambda *statements: postgres.sql(*statements, database="store")

    def test_are_there_before_their_rows(self, store, sql):
        """A log of several months, imported at once, and a row of an id that bears no time."""
        for months in range(3):
            store.predictions.append(CONTRACT, *example_rows(2, at=START + months * 31 * DAY))
        requests, (odd,) = example_rows(1)
        odd = type(odd)(**{**fields(odd), "prediction_id": PredictionId("odd")})
        store.predictions.append(CONTRACT, requests, [odd])

        assert sql(WHERE) == [
            (f"{TABLE}_2026_03", 2),
            (f"{TABLE}_2026_04", 2),
            (f"{TABLE}_2026_05", 2),
            (f"{TABLE}_default", 1),
        ]
        assert (f"{TABLE}_2026_06",) in sql(PARTS), "made ahead"
        assert store.predictions.get(PredictionId("odd")).prediction == odd

    def test_are_never_waited_for(self, store, sql, postgres_url):
        """
        A reader keeps the table in use when the first row of a month comes: that goes into
        the default, and nobody is refused.
        """
        with SqlStore.open(postgres_url, create=False) as other:
            with other._database.read(long=True) as reading:
                reading.exec_driver_sql(f"SELECT count(*) FROM {TABLE}").all()
                answers = store.predictions.append(CONTRACT, *example_rows(2))

            assert sql(WHERE) == [(f"{TABLE}_default", 2)]
            # From then on that month stays there.
            other.predictions.append(CONTRACT, *example_rows(1, at=START + DAY))
        assert sql(WHERE) == [(f"{TABLE}_default", 3)]
        assert store.predictions.get(answers[0].prediction_id).prediction == answers[0]

    def test_are_not_asked_of_a_role_that_may_make_none(self, store, sql, postgres, postgres_url):
        """As `docs/howto/use-postgresql.md` makes it for servers: rows, and no tables."""
        tables = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
        sql(
            f"CREATE ROLE serving LOGIN PASSWORD '{PASSWORD}'",
            f"GRANT {tables} TO serving",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO serving",
        )
        try:
            url = postgres_url.replace("holdfast:", "serving:")
            with SqlStore.open(url, create=False) as server:
                server.check_writable()
                server.predictions.append(CONTRACT, *example_rows(2))
                server.events.append([registered("v1")], at=START)
        finally:
            sql("DROP OWNED BY serving", "DROP ROLE serving")

        assert sql(WHERE) == [(f"{TABLE}_default", 2)]

    def test_go_once_their_last_row_was_dropped(self, store, sql):
        """Their space is free at once; what is left, and what comes later, has a place."""
        old, kept = example_rows(3), example_rows(2, at=START + 31 * DAY)
        store.predictions.append(CONTRACT, *old)
        store.predictions.append(CONTRACT, *kept)
        label = Label(positive=True, observed_at=START, prediction_id=old[1][0].prediction_id)
        store.labels.record([label], received_at=START, maturity=DAY)
        (schema,) = store.retention.schemas()
        up_to = store.retention.head(schema)
        (day, _) = store.retention.days(schema, since=None, until=None, up_to=up_to)

        removed = store.retention.drop(day)

        assert (removed.n_predictions, removed.n_labels) == (3, 1)
        assert sql(WHERE) == [(f"{TABLE}_2026_04", 2)]
        assert (f"{TABLE}_2026_03",) not in sql(PARTS)
        store.predictions.append(CONTRACT, *example_rows(1))
        assert sql(WHERE)[0] == (f"{TABLE}_2026_03", 1)

    def test_are_only_looked_at_where_the_id_says(self, store, sql):
        """A look-up by id touches one month, however many there are."""
        answers = store.predictions.append(CONTRACT, *example_rows(1))
        store.predictions.append(CONTRACT, *example_rows(1, at=START + 31 * DAY))

        query = f"SELECT * FROM {TABLE} WHERE prediction_id = '{answers[0].prediction_id}'"
        plan = "\n".join(line for (line,) in sql(f"EXPLAIN {query}"))

        assert f"{TABLE}_2026_03" in plan
        assert f"{TABLE}_2026_04" not in plan


def fields(prediction):
    return {name: getattr(prediction, name) for name in prediction.__dataclass_fields__}
