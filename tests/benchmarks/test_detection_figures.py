"""The figures of the detection benchmark, on findings whose answers are known."""

import numpy as np
import pytest
from benchmarks.detection_figures import calibration, checks, rates, verdict_split
from benchmarks.detection_tools import Finding

CELLS = ("no_drift", "moved")


def found(n, *, flagged, p_values=None):
    """Findings of one cell, of which the first ones flag a feature."""
    return [
        Finding(
            n_flagged=int(i < flagged),
            window=False,
            verdicts={"drifted": int(i < flagged), "stable": 2 - int(i < flagged)},
            p_values={} if p_values is None else {"a_test": p_values[i]},
        )
        for i in range(n)
    ]


def tool(no_drift, moved):
    """A tool's findings at one size pair."""
    return {"1000/1000": dict(zip(CELLS, (no_drift, moved), strict=True))}


class TestRates:
    def test_counts_windows_in_which_anything_was_flagged(self):
        """With the interval that so few windows leave."""
        ours = tool(found(100, flagged=4), found(100, flagged=90))

        cells = rates({"holdfast": ours})["holdfast"]["1000/1000"]

        assert cells["no_drift"]["any"] == pytest.approx(0.04)
        assert cells["no_drift"]["low"] == pytest.approx(0.0157, abs=1e-4)
        assert cells["no_drift"]["high"] == pytest.approx(0.0984, abs=1e-4)
        assert cells["moved"]["repetitions"] == 100

    def test_verdicts_are_shares_of_features(self):
        """All features of all windows together; a verdict that none got has share 0."""
        split = verdict_split({"holdfast": tool(found(10, flagged=5), found(10, flagged=10))})

        assert split["1000/1000"]["no_drift"] == {
            "drifted": 0.25,
            "underpowered": 0.0,
            "stable": 0.75,
        }


class TestCalibration:
    def test_true_p_values_pass(self):
        """Uniform ones, also if the features of a window all move together."""
        rng = np.random.default_rng(1)
        shared = [dict.fromkeys("abc", float(p)) for p in rng.random(1_000)]
        free = [dict(zip("abc", row, strict=True)) for row in rng.random((1_000, 3)).tolist()]

        for p_values in (shared, free):
            findings = {"holdfast": tool(found(1_000, flagged=0, p_values=p_values), [])}
            looks = calibration(findings)["looks"]

            assert [look["level"] for look in looks] == [0.01, 0.05, 0.1]
            assert not any(look["exceeds_family"] for look in looks)

    def test_p_values_that_are_too_small_are_found(self):
        """A p-value that is half of what it should be passes 5% in 10% of windows."""
        halved = np.random.default_rng(2).random((1_000, 3)) / 2
        p_values = [dict(zip("abc", row, strict=True)) for row in halved.tolist()]

        found_out = calibration({"holdfast": tool(found(1_000, flagged=0, p_values=p_values), [])})

        assert all(look["exceeds_family"] for look in found_out["looks"])
        assert found_out["exceeding"]["n"] == 3
        assert found_out["by_feature"]["n"] > found_out["by_feature"]["expected_if_exact"]

    def test_where_nothing_was_tested_p_is_one(self):
        """Else a test that is only made when something shows would look anti-conservative."""
        p_values = [{"a": 0.04} if i < 4 else {} for i in range(100)]

        looks = calibration({"holdfast": tool(found(100, flagged=0, p_values=p_values), [])})

        assert looks["looks"][1]["rate"] == pytest.approx(0.04)

    def test_features_that_move_together_widen_the_error(self):
        """A hundred copies of one feature are one feature."""
        rng = np.random.default_rng(3)
        copies = [dict.fromkeys(map(str, range(100)), float(p)) for p in rng.random(400)]

        (_, look, _) = calibration({"holdfast": tool(found(400, flagged=0, p_values=copies), [])})[
            "looks"
        ]

        assert look["standard_error"] == pytest.approx(np.sqrt(0.05 * 0.95 / 400), rel=0.3)


class TestChecks:
    def test_one_loud_size_pair_fails_the_false_alarm_budget(self):
        """Seven in a hundred are more than 6%."""
        quiet, loud = (found(100, flagged=n) for n in (6, 7))
        moved = found(100, flagged=100)

        assert checks({"holdfast": tool(quiet, moved)})["any_flagged_without_drift"]["holds"]
        assert not checks({"holdfast": tool(loud, moved)})["any_flagged_without_drift"]["holds"]

    def test_a_peer_is_met_on_the_windows_that_both_saw(self):
        """Ours found the first sixty drifts; the peer saw forty windows and missed one."""
        ours = tool(found(100, flagged=0), found(100, flagged=60))

        for theirs, outcome in ((39, "more"), (40, "both always")):
            peer = tool(found(40, flagged=1), found(40, flagged=theirs))
            check = checks({"holdfast": ours, "peer": peer})["more_power_than_quiet_peers"]

            (contest,) = check["contests"]
            assert (contest["ours"], contest["repetitions"]) == (1.0, 40)
            assert contest["outcome"] == outcome
            assert check["holds"]

    def test_less_power_and_equal_power_do_not_hold(self):
        """Unless both always found it, where nobody can have more."""
        ours = tool(found(100, flagged=0), found(100, flagged=60))

        for theirs, outcome in ((61, "less"), (60, "equal")):
            peer = tool(found(100, flagged=0), found(100, flagged=theirs))
            check = checks({"holdfast": ours, "peer": peer})["more_power_than_quiet_peers"]

            assert [contest["outcome"] for contest in check["contests"]] == [outcome]
            assert not check["holds"]

    def test_a_loud_peer_is_no_measure(self):
        """What always fires has power 1 and says nothing."""
        ours = tool(found(100, flagged=0), found(100, flagged=60))
        loud = tool(found(100, flagged=11), found(100, flagged=100))

        check = checks({"holdfast": ours, "loud": loud})["more_power_than_quiet_peers"]

        assert check == {"contests": [], "holds": True}
