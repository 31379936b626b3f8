"""Whether a client's row fits the contract, and what is said if not."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from holdfast.domain.errors import InvalidRowsError
from holdfast.domain.validation import FLOAT32_LIMIT, validate_rows
from holdfast.testing.online import TINY_CONTRACT

AT = datetime(2026, 1, 31, tzinfo=UTC)
ROW = {"tenure": 3, "charges": 70.35, "senior": False, "plan": "monthly"}


def problem_of(**changes):
    """Return the one issue of a row that differs from a good one."""
    with pytest.raises(InvalidRowsError) as caught:
        validate_rows([ROW | changes], TINY_CONTRACT, at=AT)
    (issue,) = caught.value.issues
    return issue


class TestValidateRows:
    def test_returns_values_in_the_contracts_order(self):
        """Whatever the order of the keys; whole numbers become floats."""
        valid = validate_rows([dict(reversed(ROW.items()))], TINY_CONTRACT, at=AT)

        assert valid.rows == ((3.0, 70.35, False, "monthly"),)
        assert type(valid.rows[0][0]) is float

    @pytest.mark.parametrize("missing", [None, ""])
    def test_takes_what_is_missing_where_training_saw_it_so(self, missing):
        """Null, and the blank that forms and spreadsheets send."""
        valid = validate_rows([ROW | {"charges": missing, "plan": missing}], TINY_CONTRACT, at=AT)

        assert valid.rows[0] == (3.0, None, False, None)

    def test_refuses_what_is_missing_where_training_never_saw_it(self):
        """The model has no answer to it."""
        issue = problem_of(tenure=None)

        assert (issue.row, issue.field) == (0, "tenure")
        assert "training never saw it so" in issue.problem

    def test_an_absent_key_is_not_the_same_as_null(self):
        """A client that forgets a feature is told how to say that it is unknown."""
        row = {key: value for key, value in ROW.items() if key != "charges"}

        with pytest.raises(InvalidRowsError) as caught:
            validate_rows([row], TINY_CONTRACT, at=AT)

        (issue,) = caught.value.issues
        assert issue.problem == "is absent; send null if it is unknown"

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("tenure", "3", "needs a number, found text"),
            ("tenure", True, "needs a number, found a boolean"),
            ("tenure", [3], "needs a number, found a list"),
            ("tenure", math.nan, "needs a finite number"),
            ("tenure", -math.inf, "needs a finite number"),
            ("tenure", 1e39, "at most 3.4e38"),
            ("tenure", 10**400, "at most 3.4e38"),
            ("senior", 1, "needs true or false, found a number"),
            ("senior", "true", "needs true or false, found text"),
            ("plan", 3.5, "needs text, found a number"),
            ("plan", True, "needs text, found a boolean"),
            ("plan", {"a": 1}, "needs text, found an object"),
            ("plan", "x" * 1025, "at most 1024 characters"),
        ],
    )
    def test_refuses_a_wrong_type_by_field(self, field, value, words):
        """And says what it needs and what it found, without repeating the value."""
        issue = problem_of(**{field: value})

        assert issue.field == field
        assert words in issue.problem

    def test_takes_the_largest_number_that_a_model_can(self):
        """The limit itself is inside."""
        valid = validate_rows([ROW | {"tenure": -FLOAT32_LIMIT}], TINY_CONTRACT, at=AT)

        assert valid.rows[0][0] == -FLOAT32_LIMIT

    def test_scores_values_that_training_never_saw(self):
        """A new category and a number out of range are drift to be counted, not errors."""
        valid = validate_rows([ROW | {"tenure": 500, "plan": "weekly"}], TINY_CONTRACT, at=AT)

        assert valid.rows[0][0] == 500.0
        assert valid.rows[0][3] == "weekly"

    def test_takes_a_category_that_was_sent_as_a_number(self):
        """Codes such as 415."""
        assert validate_rows([ROW | {"plan": 415}], TINY_CONTRACT, at=AT).rows[0][3] == "415"

    @pytest.mark.parametrize("word", ["N/A", "?", " na ", "NULL"])
    def test_takes_a_word_for_missing_as_a_file_would(self, word):
        """Training has read it so."""
        assert validate_rows([ROW | {"plan": word}], TINY_CONTRACT, at=AT).rows[0][3] is None
        assert "needs a number, found text" in problem_of(charges=word).problem

    def test_takes_such_a_word_for_a_category_that_the_model_knows(self):
        """One that was trained elsewhere may: North America, say."""
        *others, plan = TINY_CONTRACT.features
        known = replace(TINY_CONTRACT, features=(*others, replace(plan, categories=("NA",))))

        assert validate_rows([ROW | {"plan": "NA"}], known, at=AT).rows[0][3] == "NA"

    def test_takes_a_number_for_missing_that_its_owner_named(self):
        """Where missing is no valid value, that is said."""
        tenure, charges, *others = TINY_CONTRACT.features
        coded = replace(
            TINY_CONTRACT,
            features=(replace(tenure, missing=(-1.0,)), replace(charges, missing=(0.0,)), *others),
        )

        assert validate_rows([ROW | {"charges": 0}], coded, at=AT).rows[0][1] is None
        with pytest.raises(InvalidRowsError, match="'tenure': must not be missing"):
            validate_rows([ROW | {"tenure": -1}], coded, at=AT)

    def test_refuses_an_unknown_key_and_names_the_one_that_was_meant(self):
        """A misspelt feature would otherwise be passed over in silence."""
        issue = problem_of(tenrue=3)

        assert issue.field == "tenrue"
        assert "did you mean 'tenure'?" in issue.problem

    def test_counts_unknown_keys_where_they_are_to_be_ignored(self):
        """Over all rows."""
        rows = [ROW | {"x": 1, "y": 2}, ROW, ROW | {"x": None}]

        valid = validate_rows(rows, TINY_CONTRACT, at=AT, ignore_unknown=True)

        assert valid.n_unknown == 3
        assert len(valid.rows) == 3

    def test_names_every_wrong_field_of_every_row_at_once(self):
        """A client mends a batch in one go."""
        rows = [ROW, ROW | {"tenure": "x", "plan": []}, ROW | {"senior": None}]

        with pytest.raises(InvalidRowsError) as caught:
            validate_rows(rows, TINY_CONTRACT, at=AT)

        found = [(issue.row, issue.field) for issue in caught.value.issues]
        assert found == [(1, "tenure"), (1, "plan"), (2, "senior")]
