"""Tests of holdfast.loop.split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.contract import Target
from holdfast.domain.errors import TargetError
from holdfast.loop.split import split_rows

TARGET = Target(name="left", positive="yes", negative="no")
LABELS = np.arange(1000) % 4 == 0


def parts(split):
    return [split.train, split.validation, split.test]


class TestSplitRows:
    @given(st.integers(0, 99), st.booleans(), st.booleans())
    def test_uses_every_row_once(self, seed, ordered, grouped):
        """No row is lost, none is on two sides."""
        entities = [str(i % 300) for i in range(1000)] if grouped else None

        split = split_rows(LABELS, target=TARGET, ordered=ordered, seed=seed, entities=entities)

        assert np.sort(np.concatenate(parts(split))).tolist() == list(range(1000))

    def test_cuts_ordered_rows_by_position(self):
        """The past trains, the latest rows test; the seed has no say."""
        split = split_rows(LABELS, target=TARGET, ordered=True, seed=7)

        assert [(p[0], p[-1]) for p in parts(split)] == [(0, 599), (600, 799), (800, 999)]
        assert split.words == "time-ordered"

    def test_keeps_the_share_of_positives_in_drawn_parts(self):
        """Each part has a quarter of positives, as the whole has."""
        split = split_rows(LABELS, target=TARGET, ordered=False, seed=7)

        assert [(p.size, LABELS[p].mean()) for p in parts(split)] == [
            (600, 0.25),
            (200, 0.25),
            (200, 0.25),
        ]
        assert split.words == "stratified"

    def test_draws_anew_by_the_seed_alone(self):
        """The same seed gives the same parts, another one others."""
        first, again, other = (
            split_rows(LABELS, target=TARGET, ordered=False, seed=seed).train for seed in (1, 1, 2)
        )

        assert (first == again).all()
        assert not np.array_equal(first, other)

    @pytest.mark.parametrize("ordered", [True, False])
    def test_keeps_an_entity_on_one_side(self, ordered):
        """Who is tested on was never learnt from."""
        entities = np.array([str(i * 7 % 330) for i in range(1000)], dtype=object)

        split = split_rows(LABELS, target=TARGET, ordered=ordered, seed=0, entities=entities)

        known = [set(entities[p]) for p in parts(split)]
        assert not known[0] & known[1]
        assert not known[0] & known[2]
        assert not known[1] & known[2]
        assert 500 < split.train.size < 700

    def test_takes_rows_of_nobody_for_rows_of_their_own(self):
        """A missing entity is not one large entity."""
        split = split_rows(LABELS, target=TARGET, ordered=True, seed=0, entities=[None] * 1000)

        assert split.train.size == 600

    def test_names_the_part_that_lacks_a_class(self):
        """All churners came first: the error says where they lack, and what would help."""
        labels = np.arange(1000) < 300

        with pytest.raises(
            TargetError, match=r"'left'.*validation part .* 0 rows of 'yes'"
        ) as told:
            split_rows(labels, target=TARGET, ordered=True, seed=0)

        assert "without the time column" in told.value.remedy

    def test_refuses_too_few_rows(self):
        """Ten rows carry no model, however they are divided."""
        with pytest.raises(TargetError, match="are needed"):
            split_rows(np.arange(10) % 2 == 0, target=TARGET, ordered=False, seed=0)
