"""The one table of operations."""

from __future__ import annotations

import pytest

from holdfast.serving.core import OPERATIONS, find
from holdfast.serving.problems import RefusedError


class TestFind:
    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.template)
    def test_finds_each_by_its_template(self, operation):
        """With what stands in the place of a parameter."""
        found, parameters = find(operation.method, operation.template)

        assert found is operation
        assert set(parameters) == ({"prediction_id"} if "{" in operation.template else set())

    def test_a_head_is_answered_where_a_get_is(self):
        """As HTTP wants it."""
        assert find("HEAD", "/health/live") == find("GET", "/health/live")

    @pytest.mark.parametrize(
        "path", ["", "/", "/v1", "/v1/predict/", "/v1/predictions/", "/v1/predictions/a/b", "/x"]
    )
    def test_another_path_leads_nowhere(self, path):
        """Near misses too: a path has one spelling."""
        with pytest.raises(RefusedError) as caught:
            find("GET", path)

        assert caught.value.status == 404

    def test_another_method_is_told_which_is_taken(self):
        """In the Allow header."""
        with pytest.raises(RefusedError) as caught:
            find("DELETE", "/v1/model")

        assert (caught.value.status, caught.value.headers) == (405, {"Allow": "GET, HEAD"})
