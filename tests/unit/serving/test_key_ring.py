"""The keys in a server's memory: judged at once, never older than two seconds."""

from __future__ import annotations

import threading
from datetime import timedelta
from timeit import timeit

import pytest

from holdfast.domain.errors import KeyNeededError, MissingScopeError, StoreUnavailableError
from holdfast.domain.keys import KeyScope
from holdfast.loop.grant import grant, revoke
from holdfast.serving.key_ring import KeyRing
from holdfast.serving.keys import Access
from holdfast.testing.fakes import FakeClock, InMemoryStore

PREDICT = ("POST", "/v1/predict")
BUDGET = 50e-6  # seconds that the check may add to a request


class World:
    """A ring, its store, and two clocks that a test moves on."""

    def __init__(self, access):
        self.store = InMemoryStore().keys
        self.clock = FakeClock()
        self.seconds = 1000.0
        self.ring = KeyRing(self.store, self.clock, access, monotonic=lambda: self.seconds)

    def key(self, *scopes, lifetime=None):
        return grant(self.store, self.clock, scopes=scopes, lifetime=lifetime, actor="test")

    def ask(self, secret=None, what=PREDICT, header="authorization"):
        """Do as the gate does."""
        if not self.ring.knows(*what):
            self.ring.refresh()
        shown = {} if secret is None else {header: f"Bearer {secret}"}
        method, path = what
        self.ring.admit(method, path, shown)


@pytest.fixture
def world():
    return World(Access())


@pytest.fixture
def closed():
    return World(Access(auth="required"))


class TestAdmit:
    def test_a_key_opens_what_its_scope_says(self, closed):
        """And 403 names the scope that is missing, and those that are there."""
        made = closed.key(KeyScope.PREDICT, KeyScope.LABEL)

        closed.ask(made.secret)

        with pytest.raises(MissingScopeError, match=r"'read'.*has predict, label") as refused:
            closed.ask(made.secret, ("GET", "/v1/model"))
        assert (refused.value.scope, refused.value.has) == ("read", ("predict", "label"))

    def test_admin_opens_everything(self, closed):
        """For whoever runs the place."""
        made = closed.key(KeyScope.ADMIN)

        for what in (PREDICT, ("POST", "/v1/labels"), ("GET", "/metrics"), ("PUT", "/x")):
            closed.ask(made.secret, what)

    def test_without_a_key_the_needed_scope_is_named(self, closed):
        """With the headers and the command."""
        with pytest.raises(KeyNeededError, match=r"No API key was sent.*scope 'predict'") as needed:
            closed.ask()

        assert "Authorization: Bearer" in str(needed.value)
        assert "holdfast keys create --scope predict" in str(needed.value)
        assert needed.value.scope == "predict"

    def test_an_unknown_secret_is_refused(self, closed):
        """Also one with the id of a key that exists."""
        made = closed.key(KeyScope.PREDICT)
        forged = made.secret[:-4] + ("AAAA" if made.secret[-4:] != "AAAA" else "BBBB")

        for secret in (forged, World(Access()).key(KeyScope.ADMIN).secret, "", "x" * 100_000):
            with pytest.raises(KeyNeededError, match="is not known") as refused:
                closed.ask(secret)
            assert not secret or secret not in str(refused.value)

    def test_an_expired_key_is_refused_by_that_name(self, closed):
        """Its holder, who proved to be that, may know why."""
        made = closed.key(KeyScope.PREDICT, lifetime=timedelta(days=1))
        closed.ask(made.secret)
        closed.clock.advance(timedelta(days=1))

        with pytest.raises(KeyNeededError, match="has expired"):
            closed.ask(made.secret)

    def test_probes_are_open_and_need_no_store(self, closed, monkeypatch):
        """A load balancer has no key, and must hear that the store is away."""
        monkeypatch.setattr(closed.store, "api_keys", unavailable)

        closed.ask(what=("GET", "/health/ready"))

    def test_costs_less_than_its_budget(self, closed):
        """It stands before every single prediction; the best of several runs is the cost."""
        made = closed.key(KeyScope.PREDICT)
        for _ in range(100):
            closed.key(KeyScope.PREDICT)
        closed.ask(made.secret)

        best = min(timeit(lambda: closed.ask(made.secret), number=200) / 200 for _ in range(5))

        assert best < BUDGET


class TestWhenKeysAreAskedFor:
    def test_auto_is_open_until_a_key_exists(self, world):
        """A first try on one's own machine needs none; whoever makes one means it."""
        world.ask()
        made = world.key(KeyScope.PREDICT)
        world.seconds += 2

        with pytest.raises(KeyNeededError):
            world.ask()
        world.ask(made.secret)

    def test_auto_stays_closed_when_the_last_key_is_revoked_or_runs_out(self, world):
        """To take a key away must not let everyone in."""
        made = world.key(KeyScope.PREDICT, lifetime=timedelta(days=1))
        world.clock.advance(timedelta(days=2))
        with pytest.raises(KeyNeededError, match="No API key"):
            world.ask()
        revoke(world.store, world.clock, made.key.key_id, actor="test")
        world.seconds += 2

        with pytest.raises(KeyNeededError, match="No API key"):
            world.ask()

    def test_an_exposed_server_always_asks(self):
        """Also if all its keys were taken from the store by hand."""
        with pytest.raises(KeyNeededError):
            World(Access(exposed=True)).ask()

    def test_off_never_asks_nor_looks(self):
        """Not even where keys exist."""
        world = World(Access(auth="off"))
        world.key(KeyScope.PREDICT)

        world.ask()

        assert world.store.n_reads == 0


class TestRefresh:
    def test_a_revocation_is_known_within_two_seconds(self, closed):
        """Wherever in the second of a reading it falls."""
        made = closed.key(KeyScope.PREDICT)
        closed.ask(made.secret)
        revoke(closed.store, closed.clock, made.key.key_id, actor="test")
        closed.seconds += 2

        with pytest.raises(KeyNeededError, match="was revoked"):
            closed.ask(made.secret)

    def test_the_store_is_asked_once_a_second(self, closed):
        """Not once a request."""
        made = closed.key(KeyScope.PREDICT)
        for _ in range(100):
            closed.ask(made.secret)
            closed.seconds += 0.0625

        assert closed.store.n_reads == 7

    def test_those_beside_a_reader_go_on_but_not_for_long(self, closed, monkeypatch):
        """A slow store delays one request; a hanging one ends the trust in what is known."""
        made = closed.key(KeyScope.PREDICT)
        closed.ask(made.secret)
        asked, answer, read = threading.Event(), threading.Event(), closed.store.api_keys

        def slow():
            asked.set()
            assert answer.wait(10)
            return read()

        monkeypatch.setattr(closed.store, "api_keys", slow)
        closed.seconds += 1
        assert not closed.ring.knows(*PREDICT)
        reader = threading.Thread(target=closed.ring.refresh)
        reader.start()
        assert asked.wait(10)

        meanwhile = closed.ring.knows(*PREDICT)
        closed.seconds += 1
        too_long = closed.ring.knows(*PREDICT)
        answer.set()
        reader.join(10)

        assert (meanwhile, too_long) == (True, False)

    def test_several_at_once_read_once(self, closed):
        """The second finds that the first just did."""
        closed.ring.refresh()
        closed.ring.refresh()

        assert closed.store.n_reads == 1

    def test_an_outage_closes_what_keys_guard(self, closed, monkeypatch):
        """A key that was revoked during it must not work on."""
        made = closed.key(KeyScope.PREDICT)
        closed.ask(made.secret)
        monkeypatch.setattr(closed.store, "api_keys", unavailable)
        closed.seconds += 2

        with pytest.raises(StoreUnavailableError):
            closed.ask(made.secret)

    def test_an_outage_does_not_close_what_no_key_guards(self, world, monkeypatch):
        """Nobody can make the first key while the store is away."""
        world.ask()
        monkeypatch.setattr(world.store, "api_keys", unavailable)
        world.seconds += 2

        world.ask()

    def test_an_outage_at_the_first_question_lets_nobody_in(self, world, monkeypatch):
        """Whether there are keys is not known yet."""
        monkeypatch.setattr(world.store, "api_keys", unavailable)

        with pytest.raises(StoreUnavailableError):
            world.ask()


def unavailable():
    raise StoreUnavailableError("it is away")
