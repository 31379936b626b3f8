"""The bounds of a server."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.serving.limits import ServingLimits
from holdfast.settings.sections import ServingSettings


class TestServingLimits:
    def test_are_those_that_a_project_asks_for(self):
        """The server alone and the one inside an application read them in one place."""
        asked = ServingSettings(max_rows=7, max_body_bytes=9, unknown_features="ignore")

        limits = ServingLimits.of(asked)

        assert (limits.max_rows, limits.max_body_bytes, limits.unknown_features) == (7, 9, "ignore")
        assert limits.threads == ServingLimits().threads

    @pytest.mark.parametrize("name", ["max_body_bytes", "max_rows", "threads"])
    def test_a_server_that_takes_nothing_is_refused(self, name):
        """A limit of 0 is a mistake in a settings file, not a wish."""
        wrong: dict[str, Any] = {name: 0}

        with pytest.raises(ValueError, match=f"{name} must be at least 1; found 0"):
            ServingLimits(**wrong)
