from __future__ import annotations

import csv

import pytest

from holdfast.scenarios.telecom import Telecom
from holdfast.scenarios.telecom.schema import ENTITY, FEATURES, NULLABLE, TARGET


class TestTrainingSet:
    def test_has_the_customer_the_features_and_the_target(self, telecom):
        """All columns of one length; about a quarter of the customers left."""
        training = telecom.training_set()

        assert tuple(training.columns) == (ENTITY, *FEATURES, TARGET)
        assert {len(column) for column in training.columns.values()} == {len(training)}
        assert len(training) == 12_000
        assert set(training.columns[TARGET]) == {"Yes", "No"}
        assert training.columns[TARGET].count("Yes") / 12_000 == pytest.approx(0.25, abs=0.03)

    def test_has_the_gaps_of_the_feed(self, telecom):
        """So that a model's contract takes a missing value where traffic will have one."""
        columns = telecom.training_set().columns

        gaps = {name: columns[name].count(None) / 12_000 for name in FEATURES}

        assert {name for name, gap in gaps.items() if gap} == set(NULLABLE)
        assert all(gaps[name] == pytest.approx(NULLABLE[name], rel=0.3) for name in NULLABLE)

    def test_writes_the_same_bytes_for_the_same_seed(self, tmp_path):
        """The file's digest may be pinned."""
        first = Telecom(seed=5).training_set(200).write_csv(tmp_path / "a.csv")
        second = Telecom(seed=5).training_set(200).write_csv(tmp_path / "b.csv")
        other = Telecom(seed=6).training_set(200).write_csv(tmp_path / "c.csv")

        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() != other.read_bytes()

    def test_can_be_read_back(self, tmp_path):
        """A missing value is an empty field, and no word reads as one."""
        training = Telecom(seed=5).training_set(500)

        with training.write_csv(tmp_path / "telecom.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))

        for name, column in training.columns.items():
            assert [row[name] for row in rows] == ["" if v is None else str(v) for v in column]
        assert not {"None", "NA", "null", "nan"} & {word for row in rows for word in row.values()}
