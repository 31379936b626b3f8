"""For plug-in authors: contract suites for the ports, and fakes (needs pytest)."""

import pytest

# Before the suites are imported, so that their assertions say what they compared.
pytest.register_assert_rewrite("holdfast.testing.suites")

__all__: list[str] = []
