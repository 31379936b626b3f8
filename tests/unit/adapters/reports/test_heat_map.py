"""Features against windows: who is shown, in which order, and what is said."""

from __future__ import annotations

import re

import pytest

from holdfast.adapters.reports.heat_map import MOST_FEATURES, heat_map
from holdfast.adapters.reports.series import MOST_WINDOWS
from holdfast.domain.windows import Unit, WindowSpan
from holdfast.drift.history import DriftMatrix

HOUR = 3_600_000_000


def matrix(rows, *, unit=Unit.ROWS, length=1000):
    """Build a matrix from a mapping of names to (verdict, effect) cells."""
    n = len(next(iter(rows.values()), ()))
    return DriftMatrix(
        features=tuple(rows),
        windows=tuple(
            WindowSpan(unit=unit, start=i * length, end=(i + 1) * length) for i in range(n)
        ),
        effects=tuple(tuple(effect for _, effect in cells) for cells in rows.values()),
        verdicts=tuple(tuple(verdict for verdict, _ in cells) for cells in rows.values()),
    )


STABLE, FEW, NONE = ("stable", 0.01), ("underpowered", 0.1), ("empty", None)


class TestHeatMap:
    def test_the_worst_feature_comes_first(self):
        """Most windows drifted; among equals, the largest effect."""
        found = heat_map(
            matrix(
                {
                    "calm": [STABLE, STABLE],
                    "once": [STABLE, ("drifted", 0.1)],
                    "hard": [STABLE, ("drifted", 0.9)],
                    "twice": [("drifted", 0.2), ("drifted", 0.3)],
                }
            )
        )

        assert found is not None
        assert [row.name for row in found.rows] == ["twice", "hard", "once", "calm"]
        assert [row.drifted_in for row in found.rows] == ["2 of 2", "1 of 2", "1 of 2", "0 of 2"]

    def test_each_stretch_is_told_to_who_points_at_it(self):
        """With its windows, its verdict, and the effects in it."""
        found = heat_map(matrix({"x": [("drifted", 0.21), ("drifted", 0.34), STABLE, FEW, NONE]}))

        assert found is not None
        titles = re.findall("<title>(.*?)</title>", found.rows[0].drawing)
        assert titles == [
            "rows 0 to 1,000 until rows 1,000 to 2,000: drifted, effect 0.21 to 0.34",
            "rows 2,000 to 3,000: stable, effect 0.01",
            "rows 3,000 to 4,000: too few rows to tell, effect 0.10",
            "rows 4,000 to 5,000: no rows",
        ]

    def test_who_does_not_see_the_drawing_hears_when_it_drifted(self):
        """Each row has a text of its own."""
        found = heat_map(
            matrix(
                {"x": [STABLE, ("drifted", 0.5), STABLE], "y": [FEW, STABLE, STABLE]},
                unit=Unit.TIME,
                length=24 * HOUR,
            )
        )

        assert found is not None
        when = "1970-01-02 to 1970-01-03"
        assert found.rows[0].says == (
            f"first drifted in {when}, last in {when}, most in {when} (effect 0.5)"
        )
        assert found.rows[1].says == "never drifted; 1 window with too few rows to tell"

    def test_stronger_drift_is_darker(self):
        """And each verdict has a shape of its own, for eyes that tell no colours apart."""
        cells = [("drifted", effect) for effect in (0.05, 0.15, 0.3, 0.7)]
        found = heat_map(matrix({"x": [*cells, STABLE, FEW]}))

        assert found is not None
        marks = re.findall(r'class="(\w+)" x="\S+" y="(\S+)"', found.rows[0].drawing)
        assert [mark for mark, _ in marks] == ["d0", "d1", "d2", "d3", "s", "u"]
        assert len({top for _, top in marks[3:]}) == 3

    def test_what_is_too_much_is_left_out_and_said(self):
        """The newest windows, the worst features; and no title for thousands of cells."""
        cells = [("drifted", 0.3) if i % 2 else STABLE for i in range(300)]
        found = heat_map(matrix({f"f{i}": cells for i in range(100)}))

        assert found is not None
        assert len(found.rows) == MOST_FEATURES
        assert found.first == "rows 180,000 to 181,000"
        assert len(found.notes) == 2
        assert f"newest {MOST_WINDOWS} of 300" in found.notes[0]
        assert sum(len(row.drawing) for row in found.rows) < 200_000

    def test_names_are_only_shown(self):
        """Markup in them does nothing."""
        found = heat_map(matrix({"<b>x</b>": [STABLE], "y" * 200: [STABLE]}))

        assert found is not None
        assert found.rows[1].full_name.startswith("yyy")
        assert "<b>" not in found.rows[0].drawing

    @pytest.mark.parametrize("rows", [{}, {"x": []}])
    def test_nothing_makes_no_map(self, rows):
        """No feature, or no window."""
        assert heat_map(matrix(rows)) is None
