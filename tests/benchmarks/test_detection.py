"""The detection benchmark itself: its windows, and a tenth of its run."""

import json
import sys

import pyarrow.compute as pc
import pytest
from benchmarks.detection import Plan, measure, result_of
from benchmarks.detection_page import TABLES, filled
from benchmarks.detection_rows import CELLS, SIZES, Size, draw, read_population
from benchmarks.detection_tools import TOOLS

from benchmarks import detection, detection_tools
from holdfast.drift.methods.registry import METHODS


@pytest.fixture(scope="module")
def population(data_folder):
    """The Telco rows."""
    return read_population(data_folder)


@pytest.fixture(scope="module")
def windows(population):
    """One repetition with many current rows, so that shares are close to what they should be."""
    return draw(population, Size(n_reference=1_000, n_current=20_000), seed=1, repetition=4)


def monthly_share(table):
    """The share of month-to-month contracts."""
    return pc.mean(pc.equal(table.column("Contract"), "Month-to-month").cast("int8")).as_py()


class TestDraw:
    def test_windows_have_19_features_and_the_rows_asked_for(self, windows):
        """Neither who a customer is nor whether they left."""
        for table in (windows.reference, *windows.current.values()):
            assert table.num_columns == 19
            assert not {"customerID", "Churn"} & set(table.column_names)
        assert windows.reference.num_rows == 1_000
        assert set(windows.current) == set(CELLS)

    def test_each_cell_changes_what_it_says(self, windows):
        """Contracts to 63%, charges by a twentieth, a tenth of one column lost."""
        plain = windows.current["no_drift"]
        dearer = windows.current["monthly_charges_up_5"]
        thinned = windows.current["tenth_of_a_column_missing"]

        means = [pc.mean(table.column("MonthlyCharges")).as_py() for table in (plain, dearer)]
        assert monthly_share(plain) == pytest.approx(0.55, abs=0.015)
        assert monthly_share(windows.current["monthly_contracts_55_to_63"]) == pytest.approx(
            0.63, abs=0.015
        )
        assert means[1] / means[0] == pytest.approx(1.05, abs=0.015)
        lost = {name: thinned.column(name).null_count for name in thinned.column_names}
        assert lost.pop("tenure") == pytest.approx(2_000, abs=200)  # the fifth column's turn
        assert set(lost.values()) - {lost.pop("TotalCharges")} == {0}

    def test_no_two_windows_share_their_draw(self, population):
        """Repetitions, cells and size pairs are independent; the same one comes back alike."""
        size = Size(n_reference=300, n_current=300)
        first, second, again = (
            draw(population, size, seed=1, repetition=i).current["no_drift"] for i in (0, 1, 0)
        )
        reference = draw(population, size, seed=1, repetition=0).reference

        assert first.equals(again)
        assert not first.equals(second)
        assert not first.equals(reference)


class TestTools:
    def test_all_but_the_slow_one_answer_for_every_cell(self, population):
        """Ours with verdicts for 19 features and a p-value from each test that applied."""
        few = draw(population, Size(n_reference=500, n_current=500), seed=1, repetition=0)

        found = {name: TOOLS[name](few) for name in TOOLS if name != detection.SLOW}

        assert all(set(findings) == set(CELLS) for findings in found.values())
        ours = found["holdfast"]["no_drift"]
        assert sum(ours.verdicts.values()) == 19
        assert len({name for row in ours.p_values.values() for name in row}) == 19
        assert found["always"]["no_drift"].n_flagged == 19
        assert found["never"]["monthly_charges_up_5"].n_flagged == 0
        assert found["bh_baseline"]["tenth_of_a_column_missing"].n_flagged >= 1

    def test_methods_that_decide_nothing_change_no_verdict(self, population, monkeypatch):
        """So they need not be asked where only verdicts are counted."""
        few = draw(population, Size(n_reference=500, n_current=500), seed=1, repetition=0)

        decisive = TOOLS["holdfast"](few)
        monkeypatch.setattr(detection_tools, "decisive_methods", lambda: METHODS)
        every = TOOLS["holdfast"](few)

        assert len(every["monthly_charges_up_5"].p_values) > len(
            decisive["monthly_charges_up_5"].p_values
        )
        assert [one.verdicts for one in every.values()] == [
            one.verdicts for one in decisive.values()
        ]

    @pytest.mark.slow
    def test_the_slow_one_runs_for_real(self, population):
        """Evidently's preset, which says how many columns drifted and which share that is."""
        few = draw(population, Size(n_reference=500, n_current=500), seed=1, repetition=0)

        findings = TOOLS[detection.SLOW](few)

        assert set(findings) == set(CELLS)
        assert all(0 <= finding.n_flagged <= 19 for finding in findings.values())


class TestPlan:
    def test_every_repetition_is_done_once(self, data_folder):
        """However the work is cut into tasks."""
        plan = Plan(folder=data_folder, repetitions=45, slow=3)

        tasks = list(plan.tasks())

        for size in SIZES:
            for tool in TOOLS:
                done = [
                    i for t in tasks if t.size == size and tool in t.tools for i in t.repetitions
                ]
                assert sorted(done) == list(range(3 if tool == detection.SLOW else 45))

    def test_the_slow_tool_comes_last_and_can_be_left_out(self, data_folder):
        """So that its end, when time is up, takes nothing from ours."""
        with_it = Plan(folder=data_folder, repetitions=45, slow=3)
        without = Plan(folder=data_folder, repetitions=45)

        after_first = [task.is_slow for task in with_it.tasks()][2 * len(SIZES) :]

        assert after_first == sorted(after_first)
        assert detection.SLOW not in without.asked
        assert not any(task.is_slow for task in without.tasks())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_tenth_of_the_run_keeps_the_budgets(data_folder):
    """
    With a hundred repetitions the rates are uncertain by some points, so each bound is held
    against the side of the interval that speaks for us; a test that breaks is far beyond it.
    """
    plan = Plan(folder=data_folder, sizes=(SIZES[0], SIZES[3]), repetitions=100)

    result = result_of(measure(plan, say=False), seed=plan.seed, seconds=0.0)

    assert result["checks"]["p_values_no_smaller_than_they_say"]["beyond"] == []
    for cells in result["flagged"]["holdfast"].values():
        assert cells["no_drift"]["repetitions"] == 100
        assert cells["no_drift"]["low"] <= 0.06
        assert cells["tenth_of_a_column_missing"]["any"] >= 0.97
        assert cells["monthly_charges_up_5"]["any"] >= 0.9
    small, large = result["flagged"]["holdfast"].values()
    assert small["monthly_contracts_55_to_63"]["high"] >= 0.67
    assert large["monthly_contracts_55_to_63"]["any"] >= 0.85
    lost = [
        contest
        for contest in result["checks"]["more_power_than_quiet_peers"]["contests"]
        if contest["outcome"] == "less" and contest["p_value"] < 0.01
    ]
    assert lost == []


class TestPage:
    def test_its_figures_are_those_of_the_published_run(self):
        """A page that was edited by hand, or a run that never reached it, would show here."""
        page = detection.PAGE.read_text(encoding="utf-8")
        result = json.loads(detection.RESULT.read_text(encoding="utf-8"))

        assert filled(page, result) == page

    def test_every_table_has_its_place(self):
        """And every place its table."""
        page = detection.PAGE.read_text(encoding="utf-8")

        assert [name for name in TABLES if f"<!-- table: {name} -->" not in page] == []

    def test_the_published_run_was_a_whole_one(self):
        """A thousand repetitions of ours at every size pair, and the peers beside them."""
        result = json.loads(detection.RESULT.read_text(encoding="utf-8"))

        flagged = result["flagged"]
        assert set(flagged) == set(TOOLS)
        assert set(flagged["holdfast"]) == {size.name for size in SIZES}
        ours = [c["repetitions"] for s in flagged["holdfast"].values() for c in s.values()]
        theirs = [c["repetitions"] for s in flagged["evidently"].values() for c in s.values()]
        assert min(ours) >= 1_000
        assert min(theirs) >= 10

    def test_the_command_says_whether_the_budgets_hold(self, monkeypatch, tmp_path, capsys):
        """By its exit code, so that a script can ask; the tables are for people."""
        result = json.loads(detection.RESULT.read_text(encoding="utf-8"))
        monkeypatch.setattr(detection, "measure", lambda _: {})
        monkeypatch.setattr(sys, "argv", ["detection.py", "--output", str(tmp_path / "new.json")])

        codes = []
        for holds in (True, False):
            answer = {**result, "holds": holds}
            monkeypatch.setattr(detection, "result_of", lambda *_, _answer=answer, **__: _answer)
            codes.append(detection.main())

        assert codes == [0, 1]
        assert "10% of a column missing" in capsys.readouterr().out
        assert json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))["holds"] is False
