"""The bounds of a server."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.serving.limits import ServingLimits


class TestServingLimits:
    @pytest.mark.parametrize("name", ["max_body_bytes", "max_rows", "threads"])
    def test_a_server_that_takes_nothing_is_refused(self, name):
        """A limit of 0 is a mistake in a settings file, not a wish."""
        wrong: dict[str, Any] = {name: 0}

        with pytest.raises(ValueError, match=f"{name} must be at least 1; found 0"):
            ServingLimits(**wrong)
