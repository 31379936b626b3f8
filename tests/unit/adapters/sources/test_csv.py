"""Delimited text: dialects, types, missing values, and what is said about unusable files."""

from __future__ import annotations

import gzip

import pytest

from holdfast.adapters.sources import open_source
from holdfast.domain.columns import notes_of, words_of
from holdfast.domain.errors import ColumnError, DataFileError


@pytest.fixture
def source(tmp_path):
    """Write text or bytes to a file and open it."""

    def _source(content, *, name="data.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return open_source(path, **options)

    return _source


@pytest.fixture
def read(source):
    """Return what a text reads as, as Python values."""

    def _read(content, **options):
        return source(content, **options).read().to_pydict()

    return _read


def _types(table):
    return {field.name: str(field.type) for field in table.schema}


class TestDialect:
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_finds_the_separator(self, read, separator):
        """The other three may occur inside the fields."""
        text = 'a,b\n1,"x;y|z\t,"\n2,"x;,"\n'.replace(",", separator)

        columns = read(text)

        assert columns["a"] == [1.0, 2.0]

    def test_prefers_regular_rows_over_many_fields(self, read):
        """Commas inside free text do not make a table of them."""
        text = "note;label\none, two, three;1\nfour;0\nfive, six;1\n"

        columns = read(text)

        assert columns["label"] == [1.0, 0.0, 1.0]

    def test_takes_the_separator_that_is_named(self, read):
        """A person who knows better is believed."""
        columns = read("a:b,c\n1:x,y\n", delimiter=":")

        assert columns == {"a": [1.0], "b,c": ["x,y"]}

    def test_refuses_a_separator_of_two_characters(self, source):
        """The parser would fail with words of its own."""
        with pytest.raises(DataFileError, match="not one character"):
            source("a::b\n1::2\n", delimiter="::")

    def test_reads_a_single_column(self, read):
        """A file of labels alone has no separator at all."""
        columns = read("0\n1\n1\n", header=False)

        assert columns == {"c1": [0.0, 1.0, 1.0]}

    def test_numbers_the_columns_of_a_file_without_header(self, read):
        """The first row is data then."""
        columns = read("1,x\n2,y\n", header=False)

        assert columns == {"c1": [1.0, 2.0], "c2": ["x", "y"]}

    def test_leaves_out_the_column_behind_a_trailing_separator(self, source):
        """It is no column, and the table says that it was there."""
        table = source("1,x,\n2,y,\n", header=False).read()

        assert table.column_names == ["c1", "c2"]
        assert "the last column (c3) is empty" in notes_of(table.schema)[0]

    def test_leaves_out_the_trailing_column_of_a_header_too(self, source):
        """A blank name over nothing but blanks."""
        table = source("a,b,\n1,x,\n2,y,\n").read()

        assert table.column_names == ["a", "b"]
        assert "the last column (unnamed)" in notes_of(table.schema)[0]

    def test_keeps_a_named_column_that_is_empty(self, read):
        """A name says that somebody meant it."""
        columns = read("a,b\n1,\n2,\n")

        assert columns["b"] == [None, None]

    def test_keeps_an_unnamed_first_column(self, read):
        """A row index written by a data frame; the survey decides about it."""
        columns = read(",a\n0,x\n1,y\n")

        assert columns == {"": [0.0, 1.0], "a": ["x", "y"]}

    def test_numbers_further_unnamed_columns(self, read):
        """Two columns cannot share the blank name."""
        columns = read(",a,\n0,x,5\n")

        assert columns == {"": [0.0], "a": ["x"], "column_3": [5.0]}

    def test_passes_over_blank_lines(self, read):
        """Above the header, and between rows."""
        columns = read("\n\na,b\n\n1,x\n\n2,y\n\n")

        assert columns == {"a": [1.0, 2.0], "b": ["x", "y"]}

    def test_reads_quoted_line_breaks(self, read):
        """A cell may span lines; so may a name."""
        columns = read('"a\nb",c\r\n"x\ny",1\r\n')

        assert columns == {"a\nb": ["x\ny"], "c": [1.0]}

    def test_drops_the_byte_order_mark(self, read):
        """Excel writes one before the first name."""
        columns = read(b"\xef\xbb\xbfa,b\n1,x\n")

        assert columns == {"a": [1.0], "b": ["x"]}

    @pytest.mark.parametrize("zipped", [False, True])
    def test_reads_latin_1_where_utf_8_does_not_fit(self, source, zipped):
        """Also when the first such character stands beyond what is sniffed."""
        text = "ville,n\n" + "Paris,1\n" * 50_000 + "Orléans,2\n"
        content = text.encode("latin-1")

        table = source(gzip.compress(content, 1) if zipped else content).read()

        assert table.column("ville")[-1].as_py() == "Orléans"
        assert "Latin-1" in notes_of(table.schema)[0]

    def test_knows_gzip_by_its_content(self, read):
        """A downloaded file may have lost its ending."""
        columns = read(gzip.compress(b"a,b\n1,x\n"), name="data.csv")

        assert columns == {"a": [1.0], "b": ["x"]}

    def test_hints_at_a_missing_header(self, source):
        """Names that are numbers are most likely the first row."""
        table = source("9.4,1.1\n0.5,0.6\n").read()

        assert "--no-header" in notes_of(table.schema)[0]

    def test_digest_is_of_the_bytes_as_published(self, source):
        """The compressed ones, so that anyone can check it with sha256sum."""
        plain, zipped = b"a\n1\n", gzip.compress(b"a\n1\n", mtime=0)

        digests = {source(plain, name="a.csv").digest, source(zipped, name="a.csv.gz").digest}

        assert len(digests) == 2


class TestTypes:
    def test_takes_a_column_for_what_all_its_cells_are(self, source):
        """One stray word makes text of it; blanks do not."""
        table = source(
            "n,blanks,mixed,flag,day,text\n"
            "1,5.5,1,True,2024-01-31,x\n"
            "-2e3, ,two,FALSE,2024-02-01,y\n"
            "0.5,,3,,,z\n"
        ).read()

        assert _types(table) == {
            "n": "double",
            "blanks": "double",
            "mixed": "string",
            "flag": "bool",
            "day": "timestamp[us, tz=UTC]",
            "text": "string",
        }
        assert table.column("mixed").to_pylist() == ["1", "two", "3"]
        assert table.column("blanks").to_pylist() == [5.5, None, None]

    def test_a_word_in_the_last_row_makes_text_of_every_batch(self, source):
        """Types are settled by the whole file, before the first row goes out."""
        opened = source("x\n" + "1\n" * 5_000 + "many\n")

        first = next(iter(opened.batches(10)))

        assert _types(first) == {"x": "string"}

    @pytest.mark.parametrize(("true", "false"), [("VRAI", "FAUX"), ("true", "false"), ("T", "F")])
    def test_knows_booleans_in_several_languages(self, source, true, false):
        """But not by a letter: T and F are too often codes."""
        table = source(f"x\n{true}\n{false}\n{true}\n").read()

        if true == "T":
            assert _types(table) == {"x": "string"}
        else:
            assert table.column("x").to_pylist() == [True, False, True]
            assert words_of(table.schema.field("x")) == (true, false)

    @pytest.mark.parametrize("cell", ["2024-01-31 10:30", "2024-01-31T10:30:00.000000000"])
    def test_takes_a_time_without_a_zone_as_utc(self, read, cell):
        """There is nothing better to take it as."""
        (moment,) = read(f"at\n{cell}\n")["at"]

        assert moment.isoformat() == "2024-01-31T10:30:00+00:00"

    def test_turns_a_zone_into_utc(self, read):
        """The moment counts, not the clock on the wall."""
        moments = read("at\n2024-01-31T10:30:00+02:00\n2024-01-31T10:30:00Z\n")["at"]

        assert [moment.hour for moment in moments] == [8, 10]

    def test_keeps_other_dates_as_text(self, source):
        """Whether 03/04 is in March or April is not guessed."""
        table = source("day\n03/04/2024\n31/12/2023\n").read()

        assert _types(table) == {"day": "string"}

    def test_reads_the_decimal_comma_of_a_semicolon_file(self, read):
        """The European half of spreadsheets writes 3,5."""
        columns = read("a;b;c\n3,5;1;1,5\n-0,25;2;x\n7;3;2,0\n")

        assert columns == {"a": [3.5, -0.25, 7.0], "b": [1.0, 2.0, 3.0], "c": ["1,5", "x", "2,0"]}

    @pytest.mark.parametrize("cells", [["01234", "56789"], ["007", "8"]])
    def test_keeps_leading_zeros(self, read, cells):
        """A postcode is not a quantity."""
        columns = read("code\n" + "\n".join(cells) + "\n")

        assert columns["code"] == cells

    @pytest.mark.parametrize("cell", ["0", "0.5", "-0.5", "0e1", "+3", ".5", "5."])
    def test_reads_numbers_that_begin_oddly(self, source, cell):
        """A single zero leads no code."""
        table = source(f"x,y\n{cell},1\n").read()

        assert _types(table)["x"] == "double"


class TestMissing:
    @pytest.mark.parametrize("code", ["", " ", "NA", "N/A", "NaN", "nan", "null", "None", "?"])
    def test_numbers_stay_numbers_beside_missing_value_codes(self, read, code):
        """Telco's TotalCharges is text but for eleven blanks."""
        columns = read(f"x,y\n1.5,a\n{code},b\n2,c\n")

        assert columns["x"] == [1.5, None, 2.0]

    def test_none_is_an_answer_among_words_alone(self, read):
        """'None' in a column of offers is 'no offer', not a gap."""
        columns = read("offer,paid,flag\nNone,None,None\nA,5,true\n")

        assert columns == {"offer": ["None", "A"], "paid": [None, 5.0], "flag": [None, True]}

    @pytest.mark.parametrize("dash", ["-", "--", "."])
    def test_a_dash_is_missing_among_numbers_and_times_alone(self, read, dash):
        """Among words it may be the other one of "+", and so it may be of "true"."""
        rows = [
            f"{dash},{dash},{dash},{dash},{dash}",
            "+,5,2024-01-31,true,-3",
            "+,6,2024-02-01,true,4",
        ]

        columns = read("\n".join(["sign,paid,on,flag,change", *rows, ""]))

        assert columns["sign"] == [dash, "+", "+"]
        assert columns["paid"] == [None, 5.0, 6.0]
        assert columns["on"][0] is None
        assert columns["on"][1].year == 2024
        assert columns["flag"] == [dash, "true", "true"]
        assert columns["change"] == [None, -3.0, 4.0]

    def test_dashes_alone_are_words(self, read):
        """A column of nothing else is constant, not empty."""
        assert read("x,y\n-,1\n-,2\n")["x"] == ["-", "-"]

    def test_trims_words(self, read):
        """A separator followed by a blank would make ' Private' of 'Private'."""
        columns = read("a, b\n1, Private\n2,  Public \n")

        assert columns["b"] == ["Private", "Public"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("", "the file is empty"),
            ("\n\n", "the file is empty"),
            ("a,b\n", "a header but no rows"),
            ("a,b\n1,2\n3\n", "row 3 has 1 fields, the rows above have 2"),
            ("a,b\n1,2\n3,4,5\n", "row 3 has 3 fields, the rows above have 2"),
            (b"\x00\x01\x02\x03", "binary"),
            (b"PK\x03\x04rest", "ZIP archive or an Excel workbook"),
            ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
            (gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:40], "gzip data is damaged"),
            (b"\x1f\x8bnot really", "gzip data is damaged"),
        ],
        ids=[
            "empty", "blank", "header-only", "short-row", "long-row",
            "binary", "zip", "utf-16", "torn-gzip", "false-gzip",
        ],
    )  # fmt: skip
    def test_says_why_a_file_cannot_be_read(self, source, content, words):
        """Each with the file's name, and something to do about it."""
        with pytest.raises(DataFileError, match=words) as caught:
            source(content).read()

        assert "data.csv" in str(caught.value)
        assert caught.value.remedy

    def test_does_not_repeat_the_row(self, source):
        """It may hold personal data, and errors end up in logs."""
        with pytest.raises(DataFileError) as caught:
            source("a,b\n1,2\nsecret\n").read()

        assert "secret" not in str(caught.value)

    def test_names_the_missing_file(self, tmp_path):
        """The path is what is most often wrong."""
        with pytest.raises(DataFileError, match=r"nowhere\.csv: there is no such file"):
            open_source(tmp_path / "nowhere.csv").read()

    def test_tells_a_folder_from_a_file(self, tmp_path):
        """A folder opens as neither."""
        with pytest.raises(DataFileError, match="the folder holds no Parquet file"):
            open_source(tmp_path).read()

    def test_names_columns_that_share_a_name(self, source):
        """Which of the two is meant cannot be known."""
        with pytest.raises(ColumnError, match="'a': is the name of 2 columns"):
            source("a,b,a\n1,2,3\n").read()

    @pytest.mark.parametrize("n", [1, 500_000])
    def test_refuses_a_quote_that_never_closes(self, source, n):
        """The parser would take the rest of the file for one cell, and say nothing."""
        with pytest.raises(DataFileError, match="a quote is opened and never closed"):
            source('a,b\n1,"x\n' + "2,y\n" * n).read()

    @pytest.mark.parametrize("zipped", [False, True])
    @pytest.mark.parametrize("n", [1, 300_000])
    def test_refuses_a_last_line_that_is_torn_within_quotes(self, source, n, zipped):
        """It has as many fields as the others: the parser takes the end for the quote."""
        text = "a,b\n" + '1,"x"\n' * n + '2,"y'
        content = gzip.compress(text.encode(), 1) if zipped else text

        with pytest.raises(DataFileError, match=r"never closed\. Close it, or fetch"):
            source(content).read()

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_refuses_a_header_without_rows(self, source, end):
        """Whether its line ends or not."""
        with pytest.raises(DataFileError, match="the file has a header but no rows"):
            source(f"a,b{end}").read()

    def test_reads_a_single_row_without_a_header(self, read):
        """The same line, if it is said to be data."""
        assert read("1,x\n", header=False) == {"c1": [1.0], "c2": ["x"]}

    def test_refuses_a_gzip_wherever_it_is_cut_off(self, source):
        """Also where only its checksum is missing."""
        whole = gzip.compress(b"a,b\n" + b"1,x\n" * 5_000)

        for end in (3, 12, len(whole) // 2, len(whole) - 8, len(whole) - 1):
            with pytest.raises(DataFileError, match="the gzip data is damaged or cut off"):
                source(whole[:end]).read()

    def test_bears_a_single_quote_inside_a_cell(self, read):
        """Inches are written with it."""
        columns = read('disc,n\n5",1\nother,2\n')

        assert columns["disc"] == ['5"', "other"]
