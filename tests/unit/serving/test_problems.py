"""Names of problems that programs compare."""

from __future__ import annotations

import pytest

from holdfast.domain.errors import StoreUnavailableError
from holdfast.serving.problems import RefusedError, problem_of


class TestProblemOf:
    @pytest.mark.parametrize(
        ("status", "slug"),
        [
            (400, "bad-request"),
            (408, "request-timeout"),
            (413, "request-entity-too-large"),
            (414, "uri-too-long"),
            (415, "unsupported-media-type"),
            (431, "request-header-fields-too-large"),
        ],
    )
    def test_names_a_refusal_alike_under_every_python(self, status, slug):
        """
        Python 3.13 gave two of the phrases other words: without `_PHRASES` an upgrade of it
        would change the interface.
        """
        assert problem_of(RefusedError(status, "no")).slug == slug

    def test_does_not_claim_that_nothing_stands_where_nobody_knows(self):
        """A commit whose fsync failed may be found after a restart all the same."""
        problem = problem_of(StoreUnavailableError("disk I/O error"))

        assert "nothing is acknowledged" in problem.detail
        assert "written" not in problem.detail
        assert "same ids" in problem.detail
