"""Tests of holdfast.policy.training_windows."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.policy.training_windows import Past, training_windows

N = 4000
LABELS = np.random.default_rng(0).random(N) < 0.3
FIRST_2000 = np.arange(N) < 2000


def names(past, *, until=3600, labels=LABELS):
    return [window.name for window in training_windows(labels, past, until=until)]


class TestPast:
    def test_recent_begins_with_the_change(self):
        """And ends before the rows that must not be learnt from."""
        window = Past(onset=3000).window("recent", 3600)

        assert (window.rows == np.arange(3000, 3600)).all()
        assert window.weights is None

    def test_reference_and_recent_leaves_out_what_lies_between(self):
        """Those rows may be of either world: the change was noticed late."""
        window = Past(onset=3000, reference=FIRST_2000).window("reference_and_recent", 3600)

        assert (window.rows == np.r_[0:2000, 3000:3600]).all()

    def test_a_row_counts_half_after_a_half_life(self):
        """The newest counts in full, and what is older than five half-lives not at all."""
        window = Past(onset=0, half_life=100).window("decayed", 3600)

        assert (window.rows == np.arange(3100, 3600)).all()
        assert window.weights is not None
        assert window.weights[-1] == 1.0
        assert window.weights[-101] == pytest.approx(0.5)
        assert window.weights[0] == pytest.approx(1 / 32, rel=0.01)

    def test_decayed_takes_all_where_there_are_fewer(self):
        """Nothing older is there."""
        assert Past(onset=0, half_life=2000).window("decayed", 3600).rows.size == 3600

    @pytest.mark.parametrize("name", ["reference_and_recent", "decayed", "ancient"])
    def test_has_no_window_of_what_it_does_not_know(self, name):
        """A misspelt name must not become all rows."""
        with pytest.raises(ValueError, match=name):
            Past(onset=3000).window(name, 3600)


class TestTrainingWindows:
    def test_all_four_differ_after_a_change_that_was_noticed_late(self):
        """The champion's rows, those between, and those since."""
        past = Past(onset=3000, half_life=1000, reference=FIRST_2000)

        assert names(past) == ["recent", "all", "reference_and_recent", "decayed"]

    def test_reference_and_recent_are_all_where_nothing_lies_between(self):
        """The same rows under two names would only take time."""
        assert "reference_and_recent" not in names(Past(onset=2000, reference=FIRST_2000))

    def test_reference_and_recent_are_recent_where_the_reference_is_all_recent(self):
        """The same."""
        past = Past(onset=1000, reference=~(np.arange(N) < 1500))

        assert names(past) == ["recent", "all"]

    def test_without_a_change_there_is_no_recent(self):
        """Every row is."""
        assert names(Past(onset=0, reference=FIRST_2000)) == ["all"]

    @pytest.mark.parametrize(("half_life", "is_there"), [(3599, True), (3600, False)])
    def test_age_counts_only_beyond_a_half_life(self, half_life, is_there):
        """Weights between a half and one are hardly another window."""
        assert ("decayed" in names(Past(onset=0, half_life=half_life))) is is_there

    @pytest.mark.parametrize(("onset", "is_there"), [(3500, True), (3501, False)])
    def test_a_hundred_rows_are_the_least(self, onset, is_there):
        """A fit on a handful of rows would be a lottery ticket."""
        assert ("recent" in names(Past(onset=onset))) is is_there

    @pytest.mark.parametrize(("n_positive", "is_there"), [(10, True), (9, False)])
    def test_ten_of_the_rarer_class_are_the_least(self, n_positive, is_there):
        """There is little to tell apart among fewer."""
        labels = LABELS.copy()
        labels[3000:] = np.arange(N - 3000) < n_positive

        assert ("recent" in names(Past(onset=3000), labels=labels)) is is_there

    def test_old_rows_of_a_class_count_by_their_weight(self):
        """Forty positives that weigh a tenth are no ten."""
        labels = np.zeros(N, np.bool_)
        labels[1000:1040] = True

        assert names(Past(onset=0, half_life=600), labels=labels) == ["all"]

    def test_only_those_named_compete(self):
        """A project may know that its past is of no use, or have no time for all."""
        past = Past(onset=3000, half_life=1000, reference=FIRST_2000)

        found = training_windows(LABELS, past, until=3600, names=("decayed", "recent"))

        assert [window.name for window in found] == ["recent", "decayed"]

    def test_all_rows_are_left_where_none_of_those_named_is_there(self):
        """Without a change there are no recent rows, and a retraining is asked for."""
        found = training_windows(LABELS, Past(onset=0), until=3600, names=("recent",))

        assert [window.name for window in found] == ["all"]

    def test_never_looks_beyond_the_rows_to_learn_from(self):
        """Nonsense there changes no window."""
        past = Past(onset=3000, half_life=1000, reference=FIRST_2000)
        nonsense = LABELS.copy()
        nonsense[3600:] = ~nonsense[3600:]

        honest, poisoned = (training_windows(y, past, until=3600) for y in (LABELS, nonsense))

        assert [one.name for one in honest] == [one.name for one in poisoned]
        assert max(one.rows.max() for one in honest) == 3599
