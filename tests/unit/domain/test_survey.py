"""The survey: kinds, roles, reasons, warnings; and each real data set as it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.adapters.sources import open_source
from holdfast.domain.columns import with_notes
from holdfast.domain.errors import ColumnError, TargetError
from holdfast.domain.survey import ColumnKind, Role, survey

N = 400
RNG = np.random.default_rng(0)
LABELS = np.where(np.arange(N) % 4 == 0, "Yes", "No")


def _table(**columns):
    """A small table with one honest feature, a target, and what a test adds."""
    honest = RNG.normal(size=N).round(2)
    return pa.table({"honest": honest, "y": LABELS, **columns})


class TestRoles:
    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ([5.0] * N, "constant"),
            (["same"] * N, "constant"),
            ([True] * N, "constant"),
            (pa.nulls(N, pa.string()), "missing in each row"),
            ([float(i) for i in range(N)], "counts or numbers the rows"),
            ([float(i * 7 + 3_000_000) for i in range(N)], "counts or numbers the rows"),
            (RNG.permutation(N).astype(float), "counts or numbers the rows"),
            ([f"{i:04}-AB" for i in range(N)], "an identifier: each row has its own"),
            (
                [f"a complaint about the bill, number {i % 300}" for i in range(N)],
                "free text: 300 different ones in 400 rows",
            ),
            ([f"c{i % 300}" for i in range(N)], "identifies rather than describes"),
            ([datetime(2024, 1, 1, tzinfo=UTC) + timedelta(i) for i in range(N)], "seems to say"),
            ([f"{i % 28 + 1:02}/03/2024" for i in range(N)], "dates that are not in ISO form"),
        ],
        ids=[
            "constant-number", "constant-text", "constant-boolean", "empty", "counter",
            "rising-id", "shuffled-counter", "text-id", "free-text", "repeated-id", "time", "date",
        ],
    )  # fmt: skip
    def test_drops_what_cannot_be_a_feature(self, values, reason):
        """And says why."""
        found = survey(_table(x=values), target="y").column("x")

        assert found.role is Role.DROPPED
        assert reason in found.reason

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            (RNG.normal(size=N), ColumnKind.NUMERIC),
            (RNG.permutation(N * 9)[:N].astype(float), ColumnKind.NUMERIC),
            (RNG.integers(0, 2, N).astype(float), ColumnKind.NUMERIC),
            (RNG.integers(0, 2, N).astype(bool), ColumnKind.BOOLEAN),
            ([f"area{i % 150}" for i in range(N)], ColumnKind.CATEGORICAL),
            ([5.0, None] * (N // 2), ColumnKind.NUMERIC),
        ],
        ids=["numbers", "distinct-numbers", "zero-one", "boolean", "150-words", "once-or-missing"],
    )
    def test_keeps_what_can(self, values, kind):
        """Also much-varied numbers and words, and a constant that is sometimes missing."""
        found = survey(_table(x=values), target="y").column("x")

        assert found.role is Role.FEATURE
        assert found.kind is kind
        assert not found.reason

    def test_drops_distinct_whole_numbers_by_an_identifiers_name(self):
        """Shuffled account numbers rise nowhere; their name gives them away."""
        numbers = RNG.permutation(N * 9)[:N].astype(float)

        found = survey(_table(account_id=numbers), target="y").column("account_id")

        assert found.role is Role.DROPPED
        assert "an identifier" in found.reason

    def test_drops_the_unnamed_column_that_counts_rows(self):
        """A data frame's index, written along."""
        found = survey(_table(**{"": [float(i) for i in range(N)]}), target="y").column("")

        assert found.reason == "an unnamed column that only counts the rows"
        assert not found.identifies

    def test_offers_identifiers_as_the_entity(self):
        """They say whom a row is about, if not what the row is like."""
        table = _table(customer=[f"{i:04}-AB" for i in range(N)])

        unnamed = survey(table, target="y")
        named = survey(table, target="y", entity="customer")

        assert unnamed.entity_candidates == ("customer",)
        assert named.entity_candidates == ()
        assert named.column("customer").role is Role.ENTITY

    def test_takes_dates_in_no_order_for_features(self):
        """With a word on what their ages are counted to; a named time settles it as well."""
        days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(i) for i in range(N)]
        table = _table(at=days, signed_on=[*days[7:], *days[:7]])

        plain = survey(table, target="y")
        timed = survey(table, target="y", time="at")
        asked = survey(table, target="y", dates=["at"], drop=["signed_on"])

        assert plain.column("at").role is Role.DROPPED
        assert [c.name for c in plain.dates] == ["signed_on"]
        assert "age is counted to 2025-02-03, the newest date in the file" in " ".join(
            plain.warnings
        )
        assert "age is counted to the time of its row, 'at'" in " ".join(timed.warnings)
        assert [c.name for c in asked.dates] == ["at"]
        assert plain.time_candidates == ("at", "signed_on")
        day = datetime(2024, 6, 1, tzinfo=UTC)
        told = survey(table, target="y", as_of=day)
        assert told.dates[0].derivations[0].origin_at == day
        assert "age is counted to 2024-06-01; in production" in " ".join(told.warnings)

    def test_drops_a_date_that_was_counted_before(self):
        """Twice the same feature would be two of one name."""
        days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(i * 3 % 7) for i in range(N)]
        counted = {"on (age in days)": [float(i * 3 % 7) for i in range(N)]}

        found = survey(_table(on=days, **counted), target="y")

        assert found.column("on").role is Role.DROPPED
        assert "stand in columns of their own" in found.column("on").reason
        assert "on (age in days)" in [column.name for column in found.features]

    def test_suspects_a_date_that_stands_in_one_class_alone(self):
        """The day on which a customer left."""
        day = datetime(2024, 1, 1, tzinfo=UTC)
        left_on = [
            day + timedelta(i * 37 % N) if word == "Yes" else None for i, word in enumerate(LABELS)
        ]
        table = _table(left_on=pa.array(left_on, pa.timestamp("us", tz="UTC")))

        (suspect,) = survey(table, target="y").suspects

        assert suspect.name == "left_on"
        assert "as if it were filled in after the outcome" in suspect.suspicion

    def test_suspects_a_number_that_may_mean_missing(self):
        """Until its owner says so: then it is missing."""
        table = _table(pdays=[999.0 if i % 4 else float(i % 20) for i in range(N)])

        found = survey(table, target="y")
        told = survey(table, target="y", missing={"pdays": (999.0,)})

        (suspect,) = found.code_suspects
        assert (suspect.name, suspect.code_suspected) == ("pdays", 999.0)
        assert any("'pdays' may say 999 where a value is missing" in w for w in found.warnings)
        assert told.code_suspects == ()
        assert told.column("pdays").n_missing == N * 3 // 4
        assert told.column("pdays").codes == (999.0,)

    def test_names_a_number_in_whose_order_the_rows_lie(self):
        """The day's number, say: it tells old rows from new, and nothing about the next."""
        found = survey(_table(day=[float(i // 5) for i in range(N)]), target="y")

        assert any("'day' hardly ever falls from row to row" in said for said in found.warnings)
        assert [column.name for column in found.columns if column.ordered] == ["day"]

    def test_refuses_dates_that_are_none(self):
        """Only ISO forms say the same everywhere."""
        with pytest.raises(ColumnError, match="does not hold dates or times in ISO form"):
            survey(_table(), target="y", dates=["honest"])

    def test_offers_times_as_the_order(self):
        """Until one is named."""
        table = _table(at=[datetime(2024, 1, 1, tzinfo=UTC) + timedelta(i) for i in range(N)])

        unnamed = survey(table, target="y")
        named = survey(table, target="y", time="at")

        assert unnamed.time_candidates == ("at",)
        assert named.time_candidates == ()
        assert named.column("at").role is Role.TIME

    def test_warns_of_a_feature_named_like_an_identifier(self):
        """Rows that share a customer may be many; the name is all there is to go by."""
        table = _table(customer_id=[f"c{i % 150}" for i in range(N)])

        found = survey(table, target="y")

        assert found.column("customer_id").role is Role.FEATURE
        assert any("'customer_id' looks like an identifier" in said for said in found.warnings)

    def test_turns_named_codes_into_categories(self):
        """An area code of 415 is not more than one of 408."""
        table = _table(area=RNG.choice([408.0, 415.0, 510.0], N))

        found = survey(table, target="y", categorical=["area"]).column("area")

        assert found.kind is ColumnKind.CATEGORICAL
        assert found.n_distinct == 3
        assert found.minimum is None

    def test_drops_what_it_is_asked_to(self):
        """With that as the reason."""
        found = survey(_table(x=RNG.normal(size=N)), target="y", drop=["x"])

        assert [(c.name, c.reason) for c in found.dropped] == [("x", "asked for")]

    def test_does_without_a_target(self):
        """A current window is looked over before its labels are there."""
        found = survey(_table())

        assert found.target is None
        assert found.positive_rate is None
        assert [column.name for column in found.features] == ["honest", "y"]


class TestFigures:
    def test_describe_the_labelled_rows(self):
        """A row that cannot be trained on does not count."""
        table = pa.table(
            {"x": [1.0, None, 3.0, 99.0], "z": [1.0, 2.0, 2.0, 1.0], "y": ["a", "b", "a", None]}
        )

        found = survey(table, target="y", positive="a")

        column = found.column("x")
        assert (column.n_missing, column.n_distinct) == (1, 2)
        assert column.missing_share == pytest.approx(1 / 3)
        assert (column.minimum, column.maximum) == (1.0, 3.0)
        assert (found.n_rows, found.n_labelled, found.n_unlabelled) == (4, 3, 1)
        assert found.positive_rate == pytest.approx(2 / 3)

    def test_leave_undated_rows_out(self):
        """A row without a time has no place in the order."""
        day = datetime(2024, 1, 1, tzinfo=UTC)
        table = pa.table({"x": [1.0, 2.0, 1.0], "y": ["a", "b", "a"], "at": [day, day, None]})

        found = survey(table, target="y", time="at")

        assert found.n_undated == 1
        assert found.n_labelled == 2
        assert "1 rows have no time and are not used" in found.warnings


class TestWarnings:
    def test_say_what_was_guessed_and_left_out(self):
        """And how the file was read, where that was not plain."""
        table = _table().set_column(1, "y", pa.array([None, *LABELS[1:]]))
        table = table.cast(with_notes(table.schema, ["read as Latin-1"]))

        found = survey(table, target="y").warnings

        assert found == (
            "read as Latin-1",
            "1 rows have no 'y' and are not used",
            "'Yes' is taken as the positive outcome (a guess)",
        )

    def test_name_a_feature_that_knows_the_answer(self):
        """A column that repeats the target is most likely made from it."""
        found = survey(_table(reason=np.where(LABELS == "Yes", "price", "-")), target="y")

        assert found.column("reason").leaks
        assert any(
            "'reason' alone tells the classes apart (AUC 1.000)" in w for w in found.warnings
        )

    def test_do_not_suspect_an_honest_feature(self):
        """A good feature is no leak."""
        strong = RNG.normal(size=N) + 2.0 * (LABELS == "Yes")

        found = survey(_table(strong=strong), target="y", positive="Yes")

        alone = found.column("strong").separation
        assert alone is not None
        assert alone > 0.8
        assert found.warnings == ()


class TestRefusals:
    @pytest.mark.parametrize(
        "role",
        [{"time": "honst"}, {"entity": "honst"}, {"drop": ["honst"]}, {"categorical": ["honst"]}],
    )
    def test_names_the_nearest_column(self, role):
        """A misspelt leak, for one, would otherwise stay in."""
        with pytest.raises(ColumnError, match="Did you mean 'honest'"):
            survey(_table(), target="y", **role)

    def test_refuses_two_roles_for_a_column(self):
        """Which of them was meant cannot be known."""
        with pytest.raises(ColumnError, match="both target and dropped"):
            survey(_table(), target="y", drop=["y"])

    def test_refuses_a_time_that_is_none(self):
        """Numbers and local dates do not order rows safely."""
        with pytest.raises(ColumnError, match="ISO form"):
            survey(_table(), target="y", time="honest")

    def test_refuses_a_table_without_features(self):
        """Nothing is left to predict from."""
        with pytest.raises(ColumnError, match="no column is left to predict it from"):
            survey(_table(), target="y", drop=["honest"])

    def test_refuses_a_target_of_three_classes(self):
        """The rest of the refusals are the target's own."""
        with pytest.raises(TargetError, match="3 classes"):
            survey(pa.table({"x": [1.0, 2.0, 3.0], "y": ["a", "b", "c"]}), target="y")


# file, options, target, rows, columns as read, positive, rate, dropped, missing by column
KNOWN: dict[str, tuple[Any, ...]] = {
    "telco_ibm/Telco-Customer-Churn.csv": (
        {}, "Churn", 7_043, 21, "Yes", 0.2654, ["customerID"], {"TotalCharges": 11},
    ),
    "cell2cell/cell2celltrain.csv.gz": (
        {}, "Churn", 51_047, 58, "Yes", 0.2882, ["CustomerID"],
        {"MonthlyRevenue": 156, "PercChangeMinutes": 367, "AgeHH1": 909, "ServiceArea": 24},
    ),
    "churn_bigml/churn-bigml-80.csv": ({}, "Churn", 2_666, 20, "VRAI", 0.1455, [], {}),
    "churn_bigml/churn-bigml-20.csv": ({}, "Churn", 667, 20, "VRAI", 0.1424, [], {}),
    "bank_marketing/bank-additional-full.csv.gz": ({}, "y", 41_188, 21, "yes", 0.1127, [], {}),
    "elec2/electricity.csv.gz": ({}, "class", 45_312, 9, "UP", 0.4245, [], {}),
    "noaa_rainfall_injected/rainfall_data.csv.gz": (
        {}, "rain", 18_159, 10, "1", 0.3138, [""], {},
    ),
    "noaa_weather_nse/weather.csv": ({}, "target", 18_159, 9, "1", 0.3138, [], {}),
    "circle_known_drift/dataCircleGSev3Sp3Train.csv": (
        {"header": False}, "c3", 2_000, 3, "1", 0.5, [], {},
    ),
    "default_credit_card_uci/UCI_Credit_Card.csv.gz": (
        {}, "default.payment.next.month", 30_000, 25, "1", 0.2212, ["ID"], {},
    ),
    "german_credit/german.csv": ({}, "credit", 1_000, 21, "2", 0.30, [], {}),
}  # fmt: skip


class TestRealData:
    @pytest.mark.parametrize("file", KNOWN)
    def test_is_as_it_is_known_to_be(self, data_folder, file):
        """Separator, rows, columns, target, rate, identifiers and gaps of each set."""
        options, target, n_rows, n_columns, positive, rate, dropped, missing = KNOWN[file]

        table = open_source(data_folder / file, **options).read()
        found = survey(table, target=target)

        assert (table.num_rows, table.num_columns) == (n_rows, n_columns)
        assert found.target is not None
        assert found.target.positive == positive
        assert found.positive_rate == pytest.approx(rate, abs=5e-5)
        assert [column.name for column in found.dropped] == dropped
        assert not any(column.leaks for column in found.columns)
        # How long the sales call took is known only after it; nothing else is suspected.
        suspected = ["duration"] if file.startswith("bank_marketing") else []
        assert [column.name for column in found.suspects] == suspected
        for name, n_missing in missing.items():
            assert found.column(name).n_missing == n_missing

    def test_every_folder_is_known(self, data_folder):
        """A set that is added gets its line above."""
        folders = {folder.name for folder in data_folder.iterdir() if folder.is_dir()}

        assert folders == {file.split("/")[0] for file in KNOWN} | {"sea_concepts"}

    def test_reads_the_two_files_of_sea_concepts(self, data_folder):
        """Features and labels stand apart, both without a header."""
        folder = data_folder / "sea_concepts"

        features = open_source(folder / "SEA_training_data.csv", header=False).read()
        labels = open_source(folder / "SEA_training_class.csv", header=False).read()
        together = features.append_column("class", labels.column("c1"))
        found = survey(together, target="class")

        assert features.shape == (50_000, 3)
        assert found.positive_rate == pytest.approx(0.38096)
        assert [column.name for column in found.features] == ["c1", "c2", "c3"]

    def test_telcos_total_charges_are_numbers(self, data_folder):
        """Text in the file, for eleven blanks' sake."""
        table = open_source(data_folder / "telco_ibm/Telco-Customer-Churn.csv").read()

        found = survey(table, target="Churn")

        assert found.column("TotalCharges").kind is ColumnKind.NUMERIC
        assert found.entity_candidates == ("customerID",)

    def test_bigmls_french_booleans_keep_their_words(self, data_folder):
        """So that its decisions read VRAI and FAUX."""
        table = open_source(data_folder / "churn_bigml/churn-bigml-80.csv").read()

        found = survey(table, target="Churn", categorical=["Area code"])

        assert table.schema.field("Churn").type == pa.bool_()
        assert found.target is not None
        assert found.target.negative == "FAUX"
        assert found.column("Area code").n_distinct == 3
