"""Whom a share of the traffic takes in."""

from __future__ import annotations

import subprocess
import sys

from holdfast.domain.stages import in_share


class TestInShare:
    def test_takes_in_as_many_as_the_share_says(self):
        """Of 20,000 entities, within four standard errors of 10%."""
        n = sum(in_share(f"customer-{i}", salt="v2", share=0.1) for i in range(20_000))

        assert abs(n - 2000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5

    def test_another_salt_takes_in_others(self):
        """Else the same customers would be tried on by every canary."""
        names = [f"customer-{i}" for i in range(5000)]
        first, second = (
            {name for name in names if in_share(name, salt=salt, share=0.1)} for salt in "ab"
        )

        # Independent drawings share a tenth of a tenth.
        assert 20 < len(first & second) < 85

    def test_is_the_same_in_another_process(self):
        """Several servers answer one entity's requests; Python's own hash would differ."""
        code = (
            "from holdfast.domain.stages import in_share; "
            "print([i for i in range(99) if in_share(str(i), salt='v2', share=0.3)])"
        )
        here = [i for i in range(99) if in_share(str(i), salt="v2", share=0.3)]

        there = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
        ).stdout

        assert there.strip() == str(here)
