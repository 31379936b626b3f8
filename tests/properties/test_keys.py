"""Whatever stands in a header: it is a key that was made, or a refusal, and never a fault."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from holdfast.domain.errors import KeyNeededError
from holdfast.domain.keys import KeyScope, digest_of, key_id_in, mint
from holdfast.loop.grant import grant
from holdfast.serving.key_ring import KeyRing
from holdfast.serving.keys import Access
from holdfast.testing.fakes import FakeClock, InMemoryStore

CLOCK = FakeClock()
STORE = InMemoryStore().keys
SECRET = grant(STORE, CLOCK, scopes=(KeyScope.ADMIN,), actor="test").secret

noise = st.binary(max_size=120)  # as it comes over the wire
near = st.tuples(st.integers(0, len(SECRET)), st.binary(min_size=1, max_size=2)).map(
    lambda change: SECRET[: change[0]].encode() + change[1] + SECRET[change[0] :].encode()
)
schemes = st.sampled_from([b"", b"Bearer ", b"bearer  ", b"Basic ", b"Digest "])


class TestHeaders:
    @given(
        name=st.sampled_from([b"authorization", b"x-api-key"]),
        scheme=schemes,
        credentials=st.one_of(noise, near, noise.map(base64.b64encode)),
        what=st.sampled_from([("GET", "/v1/model"), ("POST", "/v1/predict")]),
    )
    def test_what_is_no_key_is_refused(self, name, scheme, credentials, what):
        """Broken base64, other encodings, a key with a sign too many: a 401, never a 500."""
        if credentials.strip() == SECRET.encode():
            return
        ring = KeyRing(STORE, CLOCK, Access(auth="required"))
        ring.refresh()

        with pytest.raises(KeyNeededError):
            ring.admit(what[0], what[1], Headers(raw=[(name, scheme + credentials)]))


class TestMint:
    @given(entropy=st.binary(min_size=38, max_size=38))
    def test_every_secret_is_recognised(self, entropy):
        """Whatever the random bytes are, also where base64url gives - and _."""
        made = mint(scopes=(KeyScope.READ,), at=CLOCK.now(), entropy=entropy)

        assert key_id_in(made.secret) == made.key.key_id
        assert made.key.is_of(digest_of(made.secret))
