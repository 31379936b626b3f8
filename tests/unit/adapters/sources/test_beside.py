"""Features and labels in two files: which column is the label, and rows that do not match."""

from __future__ import annotations

import pytest

from holdfast.adapters.sources import open_labelled
from holdfast.domain.errors import ColumnError, DataFileError


@pytest.fixture
def read(tmp_path):
    """Write two texts and read them side by side."""

    def _read(rows, labels, **options):
        (tmp_path / "rows.csv").write_text(rows)
        (tmp_path / "labels.csv").write_text(labels)
        source = open_labelled(
            tmp_path / "rows.csv", labels=tmp_path / "labels.csv", target="y", **options
        )
        return source.read().to_pydict()

    return _read


class TestBesideSource:
    def test_the_only_column_is_the_target_whatever_its_name(self, read):
        """Files of labels often have no header."""
        found = read("1,2\n3,4\n", "0\n1\n", header=False)

        assert found == {"c1": [1.0, 3.0], "c2": [2.0, 4.0], "y": [0.0, 1.0]}

    def test_takes_the_target_among_several(self, read):
        """Whatever else stands there is left out."""
        found = read("a\n1\n2\n", "id,y\n7,no\n8,yes\n")

        assert found == {"a": [1.0, 2.0], "y": ["no", "yes"]}

    def test_refuses_several_of_which_none_is_the_target(self, read):
        """Which is meant cannot be known."""
        with pytest.raises(ColumnError, match="is not in the file of labels, which has id, z"):
            read("a\n1\n2\n", "id,z\n7,no\n8,yes\n")

    def test_refuses_a_target_that_is_in_both(self, read):
        """They could disagree."""
        with pytest.raises(ColumnError, match="among the features, and in the file of labels"):
            read("a,y\n1,1\n", "y\n1\n")

    def test_refuses_rows_that_do_not_match(self, read):
        """A label of a neighbour is worse than none."""
        with pytest.raises(DataFileError, match="2 of them beside 3 rows"):
            read("a\n1\n2\n3\n", "y\n0\n1\n")

    def test_without_a_file_of_labels_it_is_the_rows_own_source(self, tmp_path):
        """The usual case."""
        (tmp_path / "rows.csv").write_text("a,y\n1,0\n")

        source = open_labelled(tmp_path / "rows.csv", labels=None, target="y")

        assert source.read().column_names == ["a", "y"]
