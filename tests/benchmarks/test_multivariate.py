"""The benchmark of whole rows: its windows, a small run, and the page."""

import json

import pytest
from benchmarks.detection_rows import NO_DRIFT, Size, read_population
from benchmarks.multivariate import UNLINKED, examine, filled, result_of, windows_of

from benchmarks import multivariate


@pytest.fixture(scope="module")
def population(data_folder):
    """The Telco rows."""
    return read_population(data_folder)


class TestWindows:
    def test_unlinked_charges_are_the_same_values_in_other_rows(self, population):
        """Nothing that looks at one column at a time could tell."""
        windows = windows_of(population, Size(n_reference=100, n_current=500), 3)

        before, after = windows[NO_DRIFT], windows[UNLINKED]
        charges = "MonthlyCharges"
        assert sorted(before[charges].to_pylist()) == sorted(after[charges].to_pylist())
        assert before[charges].to_pylist() != after[charges].to_pylist()
        assert before.drop_columns([charges]).equals(after.drop_columns([charges]))


class TestExamine:
    def test_only_whole_rows_show_what_no_longer_goes_together(self, population):
        """One repetition: single columns see nothing, the classifier names the column."""
        size = Size(n_reference=1_000, n_current=1_000)

        found = examine(population, size, 1, [NO_DRIFT, UNLINKED])[size.name]

        (quiet,), (unlinked,) = found[NO_DRIFT], found[UNLINKED]
        assert not quiet.drifted
        assert unlinked.classifier
        assert unlinked.names_it
        assert not unlinked.columns


class TestResult:
    def test_a_detector_that_alarms_too_often_does_not_hold(self, population):
        """Twenty alarms of twenty: the interval lies above the level."""
        size = Size(n_reference=100, n_current=100)
        found = examine(population, size, 1, [NO_DRIFT, *list(multivariate._LABELS)[1:]])
        (quiet,) = found[size.name][NO_DRIFT]
        loud = multivariate.Finding(
            classifier=True, reconstruction=False, columns=False, p_value=0.001, names_it=None
        )

        holds = []
        for one in (quiet, loud):
            found[size.name][NO_DRIFT] = [one] * 20
            holds.append(result_of(found, seconds=0.0)["holds"])

        assert holds == [not quiet.drifted, False]


class TestPage:
    def test_its_figures_are_those_of_the_published_run(self):
        """A page that was edited by hand, or a run that never reached it, would show here."""
        page = multivariate.PAGE.read_text(encoding="utf-8")
        result = json.loads(multivariate.RESULT.read_text(encoding="utf-8"))

        assert filled(page, result) == page
        assert min(c[NO_DRIFT]["repetitions"] for c in result["found"].values()) >= 500
