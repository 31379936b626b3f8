"""Tests of holdfast.adapters.trainers.encoding."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from holdfast.adapters.trainers.encoding import CategoryCodes, Encoding
from holdfast.adapters.trainers.encoding_graph import (
    Parts,
    answer_nodes,
    encoding_nodes,
    graph_bytes,
)
from holdfast.domain.matrix import FeatureMatrix
from holdfast.ports.trainer import Calibration


def column(*words):
    return np.array(words, dtype=object)


def matrix(numeric, *columns):
    n = len(columns[0]) if columns else len(numeric)
    return FeatureMatrix(
        numeric=np.array(numeric, dtype=np.float32).reshape(n, -1),
        categorical=np.array(columns, dtype=object).reshape(len(columns), n).T,
    )


class TestCategoryCodes:
    def test_gives_each_frequent_category_a_column(self):
        """Most frequent first; equal ones by their words, not by the rows' order."""
        codes = CategoryCodes.of(column(*"bbbbb", *"aaaaa", *"cccccc"))

        assert codes == CategoryCodes(known=("c", "a", "b"), spread=True)
        assert codes.encode(column("a", "c")).tolist() == [[0, 1, 0], [1, 0, 0]]

    def test_takes_a_missing_value_for_a_category(self):
        """That a word is missing can tell as much as the word."""
        codes = CategoryCodes.of(column(*[""] * 6, *"aaaaa"))

        assert codes.encode(column("")).tolist() == [[1, 0]]

    def test_takes_a_rare_category_for_an_unseen_one(self):
        """So that training has rows of what an unseen one looks like."""
        codes = CategoryCodes.of(column(*"aaaaa", *"bbbbb", *"rare"))

        assert codes.encode(column("r", "never seen")).tolist() == [[0, 0], [0, 0]]

    def test_numbers_the_categories_of_a_column_of_many(self):
        """747 columns of indicators would be too many; the place tells frequent from rare."""
        words = [f"area {i:02d}" for i in range(40) for _ in range(45 - i)]

        codes = CategoryCodes.of(column(*words))

        assert (codes.spread, codes.width) == (False, 1)
        assert codes.encode(column("area 00", "area 39", "no such area")).tolist() == [
            [0], [39], [40]
        ]  # fmt: skip

    def test_has_a_column_where_every_category_is_rare(self):
        """No feature disappears: the contract has it."""
        assert CategoryCodes.of(column("a", "b", "c")).width == 1


class TestEncoding:
    @pytest.mark.parametrize("numeric", [np.empty((60, 0)), np.arange(120).reshape(60, 2)])
    def test_is_repeated_by_its_graph(self, numeric):
        """Numbers, NaN, indicators, places; missing, rare and unseen words."""
        many = [f"w{i % 20}" for i in range(60)] * 5
        rows = matrix(np.tile(numeric, (5, 1)), ["x", "y", ""] * 100, many)
        encoding = Encoding.of(rows)
        assert [codes.spread for codes in encoding.categorical] == [True, False]
        asked = matrix(
            np.full((3, numeric.shape[1]), np.nan), ["", "unseen", "y"], ["w3", "", "unseen"]
        )

        design = self.executed(encoding, asked)

        assert np.array_equal(design, encoding.encode(asked), equal_nan=True)
        assert design.shape == (3, encoding.width)

    def executed(self, encoding, rows):
        """Run the graph as far as ``design``, which stands in for the answer here."""
        parts = Parts()
        encoding_nodes(encoding, parts)
        parts.node("Identity", ["design"], ["probabilities"])
        feed = {"numeric": rows.numeric, "categorical": rows.categorical}
        session = ort.InferenceSession(
            graph_bytes("encoding", parts), providers=["CPUExecutionProvider"]
        )
        wanted = {one.name for one in session.get_inputs()}
        return session.run(None, {name: feed[name] for name in wanted})[0]


class TestAnswerNodes:
    def test_put_the_calibration_over_log_odds(self):
        """No log-odds overflow; the two probabilities add up to one."""
        parts = Parts()
        encoding_nodes(Encoding(n_numeric=1, categorical=()), parts)
        parts.node("Cast", ["design"], ["wide"], to=11)
        answer_nodes("wide", Calibration(slope=2.0, intercept=-1.0), parts)
        session = ort.InferenceSession(graph_bytes("x", parts), providers=["CPUExecutionProvider"])

        rows = np.array([[-1e30], [0.5], [1e30]], dtype=np.float32)
        (both,) = session.run(None, {"numeric": rows})

        assert both.tolist() == [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
