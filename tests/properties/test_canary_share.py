"""Whatever the entity, the salt and the share: the drawing is sticky, nested and even."""

from __future__ import annotations

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from holdfast.domain.stages import in_share

ENTITIES = st.text(min_size=1, max_size=40)
SALTS = st.text(max_size=40)
SHARES = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)


class TestInShare:
    @seed(20260302)
    @given(entity=ENTITIES, salt=SALTS, share=SHARES)
    def test_an_entity_is_answered_by_the_same_model_each_time(self, entity, salt, share):
        """Whoever is in is in at every request."""
        asked = {in_share(entity, salt=salt, share=share) for _ in range(3)}

        assert len(asked) == 1

    @seed(20260302)
    @given(entity=ENTITIES, salt=SALTS, shares=st.tuples(SHARES, SHARES))
    def test_a_greater_share_keeps_whom_the_smaller_took_in(self, entity, salt, shares):
        """A canary that is widened takes nobody's model away."""
        small, great = sorted(shares)

        assert in_share(entity, salt=salt, share=great) or not in_share(
            entity, salt=salt, share=small
        )

    @seed(20260302)
    @settings(max_examples=40)
    @given(salt=SALTS, share=st.floats(0.01, 0.99), prefix=st.text(max_size=10))
    def test_the_share_is_kept_under_every_salt(self, salt, share, prefix):
        """Within 5.5 standard errors of a binomial, which chance leaves once in 10⁷ drawings."""
        n = 1000

        taken = sum(in_share(f"{prefix}{i}", salt=salt, share=share) for i in range(n))

        assert abs(taken - n * share) <= 5.5 * (n * share * (1 - share)) ** 0.5 + 1
