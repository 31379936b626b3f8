"""Two data sets that cannot be compared as they are: a named error or a named verdict.

Never a traceback, and never a figure that reads as "no drift". The commands run within this
process; `test_awkward_input` does the like for projects and servers.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.cli import main

N = 400
NO_ROWS = "has a header but no rows. Export the data again"
DAMAGED = (
    "the Parquet data is damaged, cut off or not Parquet at all. Fetch or write the file again"
)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def drift(tmp_path, monkeypatch, capsys):
    """Runs `holdfast drift` on two files and returns (exit code, standard error, report)."""

    def _drift(reference, current, *words):
        monkeypatch.setattr(
            sys, "argv", ["holdfast", "drift", reference, current, "--json", "r.json", *words]
        )
        code: int | str = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr().err
        report = tmp_path / "r.json"
        return code, said, json.loads(report.read_text()) if report.exists() else None

    return _drift


@pytest.fixture
def refused(drift):
    """Runs it and returns the one line with which it refused."""

    def _refused(reference, current, *words):
        code, said, report = drift(reference, current, *words)
        assert code == 1, (code, said, report)
        assert "Traceback" not in said
        assert said.startswith("Error: "), said
        assert len(said.strip().splitlines()) == 1, said
        assert report is None
        return said.strip().removeprefix("Error: ")

    return _refused


@pytest.fixture
def verdicts(drift):
    """Runs it and returns each feature's verdict; its figures are numbers or null."""

    def _verdicts(reference, current, *words):
        code, said, report = drift(reference, current, *words)
        assert code == 0, said
        assert report is not None
        assert_no_nan(report)
        return {feature["name"]: feature["verdict"] for feature in report["features"]}

    return _verdicts


def assert_no_nan(value):
    if isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            assert_no_nan(part)


def columns(n=N, *, seed=0, lacking=(), **more):
    """Return a sound data set's columns, some of them replaced."""
    rng = random.Random(seed)
    sound = {
        "charge": [rng.gauss(70, 30) for _ in range(n)],
        "plan": [rng.choice(["basic", "gold"]) for _ in range(n)],
        "auto": [rng.random() < 0.5 for _ in range(n)],
    }
    return {name: cells for name, cells in (sound | more).items() if name not in lacking}


def written(cell):
    return cell.isoformat() if isinstance(cell, datetime) else "" if cell is None else cell


@pytest.fixture(params=["csv", "parquet"])
def write(request):
    """Writes columns to a file in either format, and returns its name."""

    def _write(name, data):
        path = f"{name}.{request.param}"
        if request.param == "parquet":
            pq.write_table(pa.table(data), path)
            return path
        with Path(path).open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(data)
            rows.writerows(
                [written(cell) for cell in row] for row in zip(*data.values(), strict=True)
            )
        return path

    return _write


@pytest.fixture
def reference(write):
    return write("reference", columns())


@pytest.fixture
def sound():
    """A Parquet file that nothing is wrong with."""
    pq.write_table(pa.table(columns()), "sound.parquet")
    return "sound.parquet"


def days(n=N):
    return [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=i % 60) for i in range(n)]


class TestColumns:
    def test_that_only_the_reference_has_are_named(self, refused, write, reference):
        """And the way on."""
        said = refused(reference, write("current", columns(lacking=["plan", "auto"])))

        assert said.startswith("Column 'plan': is in the reference rows, but not in the current")
        assert "--drop" in said

    def test_that_cannot_be_read_there_are_named_with_the_reason(self, refused, sound):
        """They are in the file, but as lists: "not there" alone would send one looking."""
        pq.write_table(pa.table(columns(plan=[["basic"]] * N)), "lists.parquet")

        said = refused(sound, "lists.parquet")

        assert said.startswith("Column 'plan': is in the reference rows, but not in the current")
        assert "column 'plan' (list<element: string>) is left out: it is not a number" in said

    def test_that_only_the_current_rows_have_are_told(self, drift, write, reference):
        """They may be news, but nothing can be compared with them."""
        code, _, report = drift(reference, write("current", columns(seed=1, extra=[1.5] * N)))

        assert code == 0
        assert {"column": "extra", "reason": "only in the current rows"} in report["left_out"]

    @pytest.mark.parametrize(
        ("name", "cells"),
        [
            ("charge", ["a lot"] * N),
            ("charge", ["1.5"] * (N - 1) + ["n.n."]),
            ("charge", days()),
            ("plan", [0.5 + i for i in range(N)]),
            ("auto", [0.7 * i for i in range(N)]),
            ("auto", ["perhaps"] * N),
        ],
        ids=["text", "one word", "times", "fractions", "numbers", "words"],
    )
    def test_of_another_type_are_refused(self, refused, write, reference, name, cells):
        """What they hold, what was needed, what to do."""
        said = refused(reference, write("current", columns(**{name: cells})))

        assert said.startswith(f"Column '{name}': holds ")
        assert "ones. Convert the column" in said

    @pytest.mark.parametrize("cells", [["soon"] * N, [0.5] * N], ids=["text", "numbers"])
    def test_where_times_were_are_refused(self, refused, write, cells):
        """Half a second after 1970 is no date."""
        before = write("before", columns(day=days()))

        said = refused(before, write("current", columns(day=cells)))

        assert said.startswith("Column 'day': holds ")
        assert "where times are needed. Write them all in ISO form" in said

    @pytest.mark.parametrize(
        ("name", "cells"),
        [
            ("plan", [3] * N),
            ("plan", [True, False] * (N // 2)),
            ("charge", [True, False] * (N // 2)),
            ("charge", [None] * N),
            ("plan", [None] * N),
        ],
        ids=["codes", "booleans", "flags", "no numbers", "no words"],
    )
    def test_whose_values_are_all_others_have_drifted(
        self, verdicts, write, reference, name, cells
    ):
        """What can be counted is: the verdict names it, whatever the file calls its type."""
        data = columns(seed=1, **{name: cells})

        found = verdicts(reference, write("current", data))

        assert found[name] == "drifted"

    def test_of_one_name_are_refused(self, refused, reference, sound):
        """On either side, in text and in Parquet."""
        Path("twice.csv").write_text("a,b,a\n1,2,3\n")
        pq.write_table(pa.table([[1], [2]], names=["a", "a"]), "twice.parquet")

        for twice in ("twice.csv", "twice.parquet"):
            for pair in ((reference, twice), (twice, reference)):
                said = refused(*pair)
                assert said.startswith("Column 'a': is the name of 2 columns. Give each column")

    def test_whose_text_is_not_utf8_are_refused(self, refused, sound):
        """Parquet says that it is; its bytes say otherwise."""
        plans = pa.array([b"stra\xdfe"] * N).view(pa.string())
        pq.write_table(pa.table(columns(plan=plans)), "latin.parquet")

        for pair in ((sound, "latin.parquet"), ("latin.parquet", sound)):
            assert refused(*pair).startswith("Column 'plan': holds text that is not UTF-8. Write")


class TestAReference:
    @pytest.mark.parametrize(
        ("normal", "now", "verdict"),
        [
            ([1.0] * N, [1.0, 2.0] * (N // 2), "drifted"),
            (["a"] * N, ["a", "b"] * (N // 2), "drifted"),
            (["a"] * N, ["a"] * N, "stable"),
            ([None] * N, [0.5, 1.5] * (N // 2), "drifted"),
            ([None] * N, ["x", "y"] * (N // 2), "drifted"),
            ([None] * N, [None] * N, "stable"),
            ([i + 0.25 for i in range(N)], [5.0, 6.0] * (N // 2), "drifted"),
        ],
        ids=[
            "constant number",
            "constant word",
            "constant on both sides",
            "missing, then numbers",
            "missing, then words",
            "missing on both sides",
            "each number once",
        ],
    )
    def test_of_one_value_or_none_or_all_different_is_judged(
        self, verdicts, write, normal, now, verdict
    ):
        """None of them divides by zero."""
        before = write("before", columns(odd=normal))

        assert verdicts(before, write("now", columns(seed=1, odd=now)))["odd"] == verdict

    def test_with_a_word_of_its_own_in_each_row_leaves_it_out(self, drift, write):
        """Whoever the row is about is no property of the window; it is said."""
        ids = [f"customer {i}" for i in range(N)]

        code, _, report = drift(
            write("before", columns(who=ids)), write("now", columns(seed=1, who=ids))
        )

        assert code == 0
        assert report["left_out"] == [
            {"column": "who", "reason": "an identifier: each row has its own"}
        ]

    def test_of_accounts_beyond_2_to_the_53_tells_them_apart(self, verdicts, write):
        """As doubles, 9007199254740992 and ...993 are one number: no drift would be seen."""
        before = write("before", columns(account=[2**53 + i % 2 for i in range(N)]))

        found = verdicts(before, write("now", columns(seed=1, account=[2**53 + 1] * N)))

        assert found["account"] == "drifted"


class TestTooFewRows:
    @pytest.mark.parametrize(("n_reference", "n_current"), [(N, 1), (1, N), (1, 1)])
    def test_one_row_is_too_few_to_tell(self, verdicts, write, n_reference, n_current):
        """Which is not "stable"."""
        found = verdicts(
            write("before", columns(n_reference)), write("now", columns(n_current, seed=1))
        )

        assert set(found.values()) == {"underpowered"}

    def test_none_is_refused(self, refused, write, reference):
        """On either side."""
        empty = {"charge": pa.nulls(0, pa.float64()), "plan": pa.nulls(0), "auto": pa.nulls(0)}
        nothing = write("nothing", empty)

        for pair in ((reference, nothing), (nothing, reference)):
            assert refused(*pair).startswith(f"{nothing}: the file has ")

    @pytest.mark.parametrize("text", ["charge,plan,auto", "charge,plan,auto\n"])
    def test_a_header_alone_is_refused(self, refused, reference, tmp_path, text):
        """Whether its line ends or not."""
        (tmp_path / "header.csv").write_text(text)

        assert f"header.csv: the file {NO_ROWS}" in refused(reference, "header.csv")


class TestAFile:
    @pytest.mark.parametrize("name", ["zero.csv", "zero.parquet", "zero.csv.gz"])
    def test_of_no_bytes_is_refused(self, refused, tmp_path, sound, name):
        """What a job leaves that ended before it wrote."""
        (tmp_path / name).touch()

        assert refused(sound, name) == f"{name}: the file is empty. Export the data again."

    @pytest.mark.parametrize("kept", [0.0005, 0.3, 0.9, 0.99, 0.9999])
    def test_of_parquet_that_is_cut_off_is_refused(self, refused, tmp_path, sound, kept):
        """In its first bytes, its rows or its footer."""
        whole = (tmp_path / sound).read_bytes()
        (tmp_path / "cut.parquet").write_bytes(whole[: int(kept * len(whole))])

        assert refused(sound, "cut.parquet").startswith(f"cut.parquet: {DAMAGED}")
        assert refused("cut.parquet", sound).startswith(f"cut.parquet: {DAMAGED}")

    def test_of_parquet_that_lacks_its_middle_is_refused(self, refused, tmp_path, sound):
        """The footer is whole: it is found only while rows are counted."""
        whole = (tmp_path / sound).read_bytes()
        (tmp_path / "cut.parquet").write_bytes(whole[:100] + whole[1_500:])

        assert refused(sound, "cut.parquet").startswith(f"cut.parquet: {DAMAGED}")

    @pytest.mark.parametrize("lost", [1, 8, 9, 1_000])
    def test_that_is_gzipped_and_cut_off_is_refused(self, refused, tmp_path, sound, lost):
        """Also where only its checksum is missing: rows may be."""
        text = "charge,plan,auto\n" + "".join(f"{i / 7},basic,true\n" for i in range(N))
        (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(text.encode())[:-lost])

        said = refused(sound, "cut.csv.gz")

        assert said.startswith("cut.csv.gz: the gzip data is damaged or cut off")
        assert said.endswith("Fetch it again.")

    @pytest.mark.parametrize(
        ("end", "words"),
        [
            ("1.5,go", "row 402 has 2 fields, the rows above have 3. Mend the row"),
            ('1.5,true,"go', "a quote is opened and never closed. Close it, or fetch the file"),
        ],
    )
    def test_of_text_whose_last_line_is_torn_is_refused(self, refused, tmp_path, sound, end, words):
        """Where it can be known; a word that is cut short looks like a word."""
        rows = "charge,auto,plan\n" + "".join(f"{i / 7},true,gold\n" for i in range(N))
        (tmp_path / "torn.csv").write_text(rows + end)

        assert refused(sound, "torn.csv").startswith(f"torn.csv: {words}")


class TestAFolder:
    @pytest.fixture
    def folder(self, tmp_path, sound):
        (tmp_path / "days").mkdir()
        pq.write_table(pa.table(columns(seed=1)), "days/1.parquet")
        return tmp_path / "days"

    def test_without_a_file_is_refused(self, refused, tmp_path, sound):
        """What to name instead."""
        (tmp_path / "days").mkdir()

        said = refused(sound, "days")

        assert said.startswith("days: the folder holds no Parquet file. Name a folder with files")

    def test_with_one_file_that_is_cut_off_is_refused(self, refused, folder, sound):
        """The others alone would be another data set; the file is named."""
        (folder / "2.parquet").write_bytes((folder / "1.parquet").read_bytes()[:2_000])

        assert refused(sound, "days").startswith(f"days/2.parquet: {DAMAGED}")

    @pytest.mark.parametrize(
        ("others", "words"),
        [
            ({"lacking": ["plan"]}, "its columns are not those of 1.parquet: 'plan' is not here"),
            ({"more": [1.0] * N}, "its columns are not those of 1.parquet: 'more' is only here"),
            ({"charge": ["x"] * N}, "column 'charge' holds string here, double in 1.parquet"),
            ({"auto": [date(2026, 1, 1)] * N}, "column 'auto' holds date32[day] here, bool in"),
        ],
    )
    def test_of_different_files_is_refused(self, refused, folder, sound, others, words):
        """The first file that differs, and how."""
        pq.write_table(pa.table(columns(**others)), folder / "2.parquet")

        assert refused(sound, "days").startswith(f"days/2.parquet: {words}")
