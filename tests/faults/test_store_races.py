"""Two writers at once: one chain, one loop that acts, one answer to an id."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta

import pytest

from holdfast.adapters.stores.sql import SqlStore
from holdfast.adapters.stores.sql.leases import SqlLease
from holdfast.domain.errors import LeaseLostError
from holdfast.domain.events import verify_chain
from holdfast.testing.example_profiles import example_profile
from holdfast.testing.examples import START, example_contract, registered

CONTRACT = example_contract()
APPENDER = """
import sys
from holdfast.adapters.stores.sql import SqlStore
from holdfast.testing.examples import START, registered

store = SqlStore.open(sys.argv[1], create=True)
print("ready", flush=True)
sys.stdin.readline()
for i in range(100):
    store.events.append([registered(f"{sys.argv[2]}-{i}", key=f"shared-{i // 2}")], at=START)
    store.events.append([registered(f"{sys.argv[2]}+{i}")], at=START)
store.close()
"""
LOGGER = """
import sys
from holdfast.adapters.stores.sql import SqlStore
from holdfast.testing.examples import START, example_contract, example_rows

store = SqlStore.open(sys.argv[1], create=False)
print("ready", flush=True)
sys.stdin.readline()
for i in range(100):
    (answer,) = store.predictions.append(
        example_contract(), *example_rows(1, request_ids=[f"id-{i}"])
    )
    print(answer.prediction_id)
store.close()
"""


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/h.db"


def race(script, url, n=2):
    """Start the script n times, let all of them go at once, and return what each printed."""
    with ExitStack() as stack:
        racers = [stack.enter_context(racer(script, url, number)) for number in range(n)]
        ready = [one.stdout.readline() for one in racers]
        for one in racers:
            one.stdin.write("go\n")
            one.stdin.flush()
        outputs = [one.communicate()[0] for one in racers]
    assert ready == ["ready\n"] * n
    assert [one.returncode for one in racers] == [0] * n
    return outputs


def racer(script, url, number):
    return subprocess.Popen(
        [sys.executable, "-c", script, url, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
class TestTwoProcesses:
    def test_keep_one_chain(self, url):
        """
        Both make the store and append to it at once. Without BEGIN IMMEDIATE in
        `sqlite._begin` and `self._lock.held()` in `Database.write` two events would
        claim the same place; without the look for `draft.key` keys would be taken twice.
        """
        race(APPENDER, url)

        with SqlStore.open(url, create=False) as store:
            assert verify_chain(store.events.events()) == 2 * 100 + 50
            assert len(store.releases.releases()) == 250

    def test_give_one_answer_to_one_id(self, url):
        """
        A client's retry that reaches another worker gets the logged answer: without
        `request_keys.resolve` inside the transaction both would log a row.
        """
        with SqlStore.open(url, create=True) as store:
            store.predictions.prepare(CONTRACT)
            first, second = race(LOGGER, url)
            rows = store.predictions.read(CONTRACT, after=None, limit=1_000).rows

        assert first == second
        assert rows.num_rows == 100


class TestAFencedOutWriter:
    @pytest.fixture
    def store(self, url):
        with SqlStore.open(url, create=True) as store:
            yield store

    @pytest.fixture
    def stale(self, store):
        """The fence of a loop that slept past its lease while another took over."""
        asleep = SqlLease(store._database, now=lambda: 0.0)
        fence = asleep.acquire("control", holder="asleep", ttl=timedelta(seconds=1))
        SqlLease(store._database, now=lambda: 2.0).acquire(
            "control", holder="awake", ttl=timedelta(seconds=30)
        )
        return fence

    def test_appends_no_event(self, store, stale):
        """Without `check_fence` in `SqlEventLog.append` two loops would promote."""
        with pytest.raises(LeaseLostError, match="Nothing was written"):
            store.events.append([registered("v1")], at=START, fence=stale)

        assert list(store.events.events()) == []
        assert store.releases.releases() == ()

    def test_adds_no_profile(self, store, stale):
        """Without `check_fence` in `SqlProfileStore.add` rows would be counted twice."""
        profile = example_profile(3)
        added = {("v1", START): profile}

        with pytest.raises(LeaseLostError):
            store.profiles.add(profile.grid_digest, added, cursor_name="t", cursor="1", fence=stale)

        assert store.profiles.cursor("t") is None

    def test_is_refused_where_it_lost_the_lease_within_its_own_step(self, store, monkeypatch):
        """
        The look at the lease and the write are one transaction: nobody can take the
        lease between them. Were `check_fence` called before `Database.write` opens its
        transaction, a takeover could slip in between, as it does here.
        """
        now = [0.0]
        leases = SqlLease(store._database, now=lambda: now[0])
        fence = leases.acquire("control", holder="slow", ttl=timedelta(seconds=1))
        write = type(store._database).write

        def overtaken(self):
            monkeypatch.undo()
            now[0] = 2.0
            assert leases.acquire("control", holder="fast", ttl=timedelta(seconds=30))
            return write(self)

        monkeypatch.setattr(type(store._database), "write", overtaken)
        with pytest.raises(LeaseLostError):
            store.events.append([registered("v1")], at=START, fence=fence)

        assert list(store.events.events()) == []
