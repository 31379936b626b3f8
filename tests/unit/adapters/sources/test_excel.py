"""Workbooks: which sheet and cells count, and what is said about unusable ones."""

from __future__ import annotations

import sys
from zipfile import ZipFile

import openpyxl
import pytest

from holdfast.adapters.sources import ExcelSource, open_source
from holdfast.adapters.sources.excel import is_workbook
from holdfast.domain.columns import notes_of
from holdfast.domain.errors import ColumnError, DataFileError, MissingExtraError


@pytest.fixture
def workbook(tmp_path):
    """Write rows to the first sheet of a workbook, which a test may change."""

    def _workbook(*rows, change=None, name="data.xlsx"):
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append(row)
        if change is not None:
            change(book)
        book.save(tmp_path / name)
        return tmp_path / name

    return _workbook


HEAD = ["plan", "charge"]


class TestOpenSource:
    def test_knows_a_workbook_by_its_content(self, workbook):
        """Whatever it is called."""
        path = workbook(HEAD, ["a", 1], name="export.data")

        assert isinstance(open_source(path), ExcelSource)

    def test_leaves_other_archives_to_those_who_refuse_them(self, tmp_path):
        """A ZIP of a CSV is no workbook."""
        with ZipFile(tmp_path / "data.zip", "w") as archive:
            archive.writestr("data.csv", "a,b\n1,2\n")

        assert not is_workbook(tmp_path / "data.zip")
        with pytest.raises(DataFileError, match="ZIP archive"):
            open_source(tmp_path / "data.zip").read()


class TestRows:
    def test_come_from_the_first_sheet_and_it_is_said(self, workbook):
        """The others are not read; nobody shall believe that they were."""
        path = workbook(HEAD, ["a", 1.5], ["b", 2], change=lambda book: book.create_sheet("old"))

        table = open_source(path).read()

        assert table.to_pydict() == {"plan": ["a", "b"], "charge": [1.5, 2.0]}
        assert notes_of(table.schema) == ("read from the sheet 'Sheet', the first of 2",)

    def test_of_a_sheet_without_names_are_numbered(self, workbook):
        """As in a text file."""
        table = open_source(workbook(["a", 1], ["b", 2]), header=False).read()

        assert table.to_pydict() == {"c1": ["a", "b"], "c2": [1.0, 2.0]}

    def test_that_are_blank_are_left_out(self, workbook):
        """Below the table silently, as formats make them; among the rows they are counted."""
        path = workbook(HEAD, ["a", 1], [None, None], ["b", 2], [None, None], [None, None])

        table = open_source(path).read()

        assert table.num_rows == 2
        assert notes_of(table.schema) == ("1 blank rows among the others are left out",)

    def test_hold_no_errors_of_formulas(self, workbook):
        """They are missing, and counted."""
        table = open_source(workbook(HEAD, ["a", "#DIV/0!"], ["b", 2])).read()

        assert table.column("charge").to_pylist() == [None, 2.0]
        assert "1 cells of 'charge' hold a formula's error" in notes_of(table.schema)[0]

    def test_below_merged_areas_are_remarked_on(self, workbook):
        """Only the first cell has the value, however it looks."""
        path = workbook(
            HEAD, ["a", 1], [None, 2], change=lambda book: book.worksheets[0].merge_cells("A2:A3")
        )

        assert "1 merged areas (A2:A3, …)" in notes_of(open_source(path).schema)[0]

    def test_have_no_long_identifiers_unless_as_text(self, workbook):
        """Excel has rounded them before anybody reads the file."""
        path = workbook(["id", "key"], [1.2345678901234567e16, "12345678901234567"])

        table = open_source(path).read()

        assert table.column("key").to_pylist() == ["12345678901234567"]
        assert notes_of(table.schema)[0].startswith("'id' holds numbers of 16 digits and more")

    def test_have_the_first_column_without_a_name(self, workbook):
        """A data frame's index, written along."""
        table = open_source(workbook([None, "x"], [0, 1.5], [1, 2.5])).read()

        assert table.column_names == ["", "x"]


class TestRefusals:
    def test_of_merged_names(self, workbook):
        """Two lines of names are not one name a column."""
        path = workbook(
            ["Customer", None, "Usage"],
            ["plan", "charge", "minutes"],
            ["a", 1, 2],
            change=lambda book: book.worksheets[0].merge_cells("A1:B1"),
        )

        with pytest.raises(
            DataFileError, match=r"first row has merged cells \(A1:B1\)\. Leave one"
        ):
            open_source(path).read()

    def test_of_a_title_above_the_names(self, workbook):
        """Which columns have no name is said in Excel's own letters."""
        path = workbook(["Report of May"], ["plan", "charge"], ["a", 1])

        with pytest.raises(DataFileError, match="first row has no name for column B"):
            open_source(path).read()

    def test_of_names_that_two_columns_share(self, workbook):
        """Which is meant cannot be known."""
        with pytest.raises(ColumnError, match="is the name of 2 columns"):
            open_source(workbook(["a", "a"], [1, 2])).read()

    def test_of_formulas_that_nobody_calculated(self, workbook):
        """As programs write them that are not Excel: they would read as a missing column."""
        path = workbook(["a", "twice"], [1, "=A2*2"], [2, "=A3*2"])

        with pytest.raises(DataFileError, match="'twice' holds formulas whose values were never"):
            open_source(path).read()

    def test_of_a_sheet_without_rows(self, workbook):
        """An empty first sheet hides the one with the data."""
        with pytest.raises(DataFileError, match="has no row below its names"):
            open_source(workbook(HEAD)).read()

    def test_of_old_and_locked_workbooks(self, tmp_path):
        """Both start with the same bytes."""
        (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(100))

        with pytest.raises(DataFileError, match="old kind"):
            open_source(tmp_path / "old.xls").read()

    def test_of_damaged_ones(self, workbook):
        """One that was cut off has lost its table of contents."""
        path = workbook(HEAD, ["a", 1])
        path.write_bytes(path.read_bytes()[:2_000])

        with pytest.raises(DataFileError, match="damaged"):
            open_source(path).read()

    def test_where_the_package_is_missing(self, workbook, monkeypatch):
        """With the command that mends it."""
        path = workbook(HEAD, ["a", 1])
        monkeypatch.setitem(sys.modules, "openpyxl", None)

        with pytest.raises(MissingExtraError, match="openpyxl is not installed"):
            open_source(path).read()
