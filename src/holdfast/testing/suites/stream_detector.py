"""What every `StreamDetector` must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from holdfast.ports.stream_detector import StreamDetector

__all__ = ["StreamDetectorSuite"]

_CHANGED_AT = 2_000


def _losses(rate: float, n: int, seed: int) -> NDArray[np.float64]:
    """A stream of 0/1 losses."""
    return (np.random.default_rng(seed).random(n) < rate).astype(np.float64)


def _worse() -> NDArray[np.float64]:
    """A stream whose loss goes from one in ten to one in two."""
    return np.concatenate([_losses(0.1, _CHANGED_AT, 1), _losses(0.5, 1_000, 2)])


class StreamDetectorSuite:
    """Needs the fixture `detector`, with the settings it has if nobody sets any."""

    def test_bears_a_name(self, detector: StreamDetector) -> None:
        """By it `holdfast.toml` asks for the detector."""
        assert detector.name.isidentifier()

    def test_signals_a_large_change_of_a_loss(self, detector: StreamDetector) -> None:
        """Not before it, and within 500 values of it."""
        signals = detector.watch().take(_worse())

        assert signals[0] >= _CHANGED_AT
        assert signals[0] < _CHANGED_AT + 500

    def test_is_silent_on_a_constant_stream(self, detector: StreamDetector) -> None:
        """Where nothing varies, nothing has changed."""
        assert detector.watch().take(np.full(5_000, 0.2)) == ()

    def test_signals_the_same_however_the_stream_is_cut(self, detector: StreamDetector) -> None:
        """A tick that comes late, or twice as often, hears of the same changes."""
        values = _worse()
        pieces = np.split(values, [1, 1, 700, 2_050, 2_051])

        watch = detector.watch()
        piecewise = [position for piece in pieces for position in watch.take(piece)]

        assert tuple(piecewise) == detector.watch().take(values)

    def test_positions_rise_within_the_stream(self, detector: StreamDetector) -> None:
        """They say at which value of the whole stream, counted from 0."""
        values = np.tile(_worse(), 3)

        signals = detector.watch().take(values)

        assert list(signals) == sorted(set(signals))
        assert 0 <= signals[0] <= signals[-1] < values.size

    def test_watches_are_apart(self, detector: StreamDetector) -> None:
        """What one stream does is no news of another."""
        first, second = detector.watch(), detector.watch()
        first.take(_worse())

        assert second.take(_losses(0.1, 500, 3)) == ()

    def test_takes_no_values_for_an_answer(self, detector: StreamDetector) -> None:
        """A day without rows is none of the detector's business."""
        assert detector.watch().take(np.zeros(0)) == ()

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_refuses_what_is_no_number(self, detector: StreamDetector, value: float) -> None:
        """It would poison every mean from then on; none of the values is taken."""
        watch = detector.watch()

        with pytest.raises(ValueError, match="finite"):
            watch.take(np.append(_losses(0.5, 200, 4), value))

        signals = watch.take(_worse())
        assert signals == detector.watch().take(_worse())
