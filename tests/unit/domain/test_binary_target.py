"""Binary targets: what is accepted, which word is positive, and what is refused how."""

from __future__ import annotations

import pyarrow as pa
import pytest

from holdfast.domain.binary_target import read_labels, read_target
from holdfast.domain.columns import with_words
from holdfast.domain.contract import Target
from holdfast.domain.errors import TargetError


def _table(values, name="y"):
    return pa.table({name: pa.array(values), "x": list(map(float, range(len(values))))})


class TestPositive:
    @pytest.mark.parametrize(
        ("values", "positive", "negative"),
        [
            (["No", "Yes", "Yes"], "Yes", "No"),
            (["UP", "UP", "DOWN"], "UP", "DOWN"),
            ([0.0, 1.0, 1.0], "1", "0"),
            ([-1.0, 1.0, 1.0], "1", "-1"),
            ([1.0, 1.0, 2.0], "2", "1"),
            ([True, True, False], "true", "false"),
            (["good", "bad", "good"], "bad", "good"),
            (["b", "a"], "b", "a"),
        ],
    )
    def test_is_guessed(self, values, positive, negative):
        """From a telling word, else the 1 beside a 0, else the rarer one."""
        found = read_target(_table(values), "y")

        assert (found.target.positive, found.target.negative) == (positive, negative)
        assert found.guessed

    @pytest.mark.parametrize(
        ("values", "asked", "taken"),
        [
            (["Yes", "No"], "No", "No"),
            (["Yes", "No"], "yes", "Yes"),
            ([1.0, 0.0], "1.0", "1"),
            ([1.0, 0.0], "0", "0"),
            ([True, False], "TRUE", "true"),
            (["a", "A"], "A", "A"),
        ],
    )
    def test_is_taken_as_asked(self, values, asked, taken):
        """In any case, and in any writing of a number."""
        found = read_target(_table(values), "y", asked)

        assert found.target.positive == taken
        assert not found.guessed

    def test_is_refused_if_it_is_neither_word(self):
        """With the two words that there are."""
        with pytest.raises(TargetError, match="holds 'Yes' and 'No', not 'Maybe'"):
            read_target(_table(["Yes", "Yes", "No"]), "y", "Maybe")


class TestLabels:
    def test_are_true_where_positive(self):
        """Rows without a label have none."""
        found = read_target(_table(["Yes", None, "No", "Yes"]), "y")

        assert found.labels.tolist() == [True, False, True]
        assert found.known.tolist() == [True, False, True, True]

    def test_use_a_booleans_own_words(self):
        """The decision will read VRAI, as the file does."""
        field = with_words(pa.field("y", pa.bool_()), true="VRAI", false="FAUX")
        table = pa.table({"y": [True, False]}, schema=pa.schema([field]))

        found = read_target(table, "y", "VRAI")

        assert found.target.negative == "FAUX"
        assert found.labels.tolist() == [True, False]


class TestRefusals:
    def test_names_the_nearest_column(self):
        """Most often it is a matter of case."""
        with pytest.raises(TargetError, match=r"no such column\. Did you mean 'Churn'"):
            read_target(_table(["a", "b"], name="Churn"), "churned")

    def test_hints_at_a_missing_header(self):
        """Names that are numbers are the first row."""
        table = pa.table({"0.35": [1.0], "1.0": [0.0]})

        with pytest.raises(TargetError, match="add --no-header"):
            read_target(table, "class")

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (["No", "No", None], "holds one class only, 'No'"),
            (pa.array([None, None], pa.string()), "is missing in each row"),
            (["a", "b", "b", "c"], "holds 3 classes, two are needed: 'b' (2), 'a' (1), 'c' (1)"),
            ([float(i) for i in range(9)], "holds 9 classes, two are needed: '0' (1)"),
            (pa.array([0, 1], pa.timestamp("us", tz="UTC")), "holds times"),
        ],
        ids=["one", "none", "three", "many", "times"],
    )
    def test_says_what_it_holds_instead(self, values, words):
        """The classes by name and number, as far as a line allows."""
        with pytest.raises(TargetError) as caught:
            read_target(_table(values), "y")

        assert words in str(caught.value)
        assert caught.value.remedy

    def test_shows_five_classes_at_most(self):
        """A number column has thousands."""
        with pytest.raises(TargetError, match="and 4 more"):
            read_target(_table([float(i) for i in range(9)]), "y")


class TestReadLabels:
    TARGET = Target(name="y", positive="1", negative="0")

    def test_bears_one_class_alone(self):
        """A day's labels may all be the same word."""
        found = read_labels(_table([1.0, None, 1.0]), self.TARGET)

        assert found.labels.tolist() == [True, True]
        assert found.known.tolist() == [True, False, True]

    def test_refuses_a_word_that_the_model_does_not_know(self):
        """A third class, or another language, is no label of this target."""
        with pytest.raises(TargetError, match="holds '2', which the model in production"):
            read_labels(_table([1.0, 2.0]), self.TARGET)
