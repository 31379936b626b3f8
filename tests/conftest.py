"""What every test shares: where real data is, and what a skip means in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

settings.register_profile("holdfast", deadline=None)  # no verdict depends on the machine's speed
settings.load_profile("holdfast")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets; tests that need it skip where it is not."""
    folder = Path(os.environ.get("HOLDFAST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set HOLDFAST_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, for all tests of this process; skips where none is installed."""
    # Imported here: what needs no server shall run without its driver, too.
    from tests.postgres_server import PostgresServer, programs  # noqa: PLC0415  # see above

    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed; with Debian: apt install postgresql")
    with PostgresServer.running(binaries) as server:
        yield server


@pytest.fixture
def postgres_url(postgres):
    """The address of an empty store of the test's own."""
    with postgres.store() as url:
        yield url


@pytest.fixture(autouse=True)
def _log_of_its_own():
    """What one test wires up in this process does not decide where the next one logs."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skip is a failure: there everything that tests need is installed."""
    report = yield
    if report.skipped and os.environ.get("HOLDFAST_NO_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but HOLDFAST_NO_SKIP is set: {report.longrepr}"
    return report
