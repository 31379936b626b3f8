"""What every `Tuner` must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.ports.tuner import Span

if TYPE_CHECKING:
    from holdfast.ports.tuner import Setting, Study, Tuner

__all__ = ["TunerSuite"]

_SPANS = {
    "trees": Span(low=1, high=400, ratio=True, whole=True),
    "depth": Span(low=2, high=7, whole=True),
    "rate": Span(low=0.01, high=0.5, ratio=True),
    "share": Span(low=0.2, high=1.0),
}
_FIRST: Setting = {"trees": 100, "depth": 4, "rate": 0.1, "share": 0.5}


def _asked(study: Study, n: int) -> list[Setting]:
    settings = []
    for _ in range(n):
        settings.append(study.ask())
        study.tell(float(settings[-1]["rate"]))
    return settings


class TunerSuite:
    """Needs the fixture `tuner`."""

    def test_begins_with_what_it_is_given(self, tuner: Tuner) -> None:
        """So that nothing found is worse than what was there."""
        study = tuner.study(_SPANS, first=_FIRST, seed=1)

        assert study.ask() == _FIRST

    def test_stays_within_the_spans(self, tuner: Tuner) -> None:
        """Whole numbers where these are asked for; each name has a value."""
        settings = _asked(tuner.study(_SPANS, first=_FIRST, seed=1), 30)

        for setting in settings:
            assert set(setting) == set(_SPANS)
            assert all(span.low <= setting[name] <= span.high for name, span in _SPANS.items())
            assert isinstance(setting["trees"], int)
            assert isinstance(setting["depth"], int)

    def test_proposes_different_settings(self, tuner: Tuner) -> None:
        """A search that asks for the same again and again finds nothing."""
        settings = _asked(tuner.study(_SPANS, first=_FIRST, seed=1), 20)

        assert len({tuple(setting.values()) for setting in settings}) >= 18

    def test_proposes_the_same_by_the_same_seed(self, tuner: Tuner) -> None:
        """A search that ends by a number of trials comes out alike each time."""
        first, again, other = (
            _asked(tuner.study(_SPANS, first=_FIRST, seed=seed), 15) for seed in (1, 1, 2)
        )

        assert first == again
        assert first != other

    def test_goes_on_after_a_setting_that_failed(self, tuner: Tuner) -> None:
        """It had no loss, which is not a loss of nothing."""
        study = tuner.study(_SPANS, first=_FIRST, seed=1)
        study.ask()

        study.tell(None)

        assert set(study.ask()) == set(_SPANS)
