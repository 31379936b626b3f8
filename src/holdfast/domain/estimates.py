"""What a model seems to reach before labels are known, what came of it, and the labels' rate."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.domain.windows import Window

__all__ = [
    "EstimateVerdict",
    "EstimatedFigure",
    "LabelDrift",
    "LabelDriftVerdict",
    "MaturedEstimate",
    "WindowEstimate",
]


class EstimateVerdict(StrEnum):
    """What an estimate without labels is worth, and says."""

    DECAYED = "decayed"
    HELD = "held"
    WITHDRAWN = "withdrawn"  # the rows are too unlike those that the model knows
    TOO_FEW = "too_few"  # rows, or windows whose labels have shown what estimates are worth


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedFigure:
    """One metric of a window as its scores let expect it.

    Attributes:
        estimate: Its expectation, if the scores are the chances that they claim to be.
        low: Lower end of the 95% interval; past errors and `bound` widen it.
        high: Upper end.
        standard_error: Of the figure that rows drawn like these would realise.
        label_error: Of what these very rows will realise: the part that their labels bring.
        bound: How far off the estimate may be because scores were counted in cells; 0 if each
            row's score was read.
    """

    estimate: float
    low: float
    high: float
    standard_error: float
    label_error: float
    bound: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEstimate:
    """What is expected of a window whose labels are not there yet.

    Attributes:
        n: Rows that the champion scored.
        figures: By metric; also where they may not be relied on, to be looked at later.
        verdict: Decayed, held, withdrawn, or too few rows or matured windows.
        reason: Why, in words.
        n_matured: Windows whose labels have shown what such estimates are worth.
    """

    n: int
    figures: dict[str, EstimatedFigure]
    verdict: EstimateVerdict
    reason: str
    n_matured: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturedEstimate:
    """An estimate beside what the labels of the same rows realised.

    Attributes:
        window: When the rows were predicted.
        n: Rows with labels.
        estimated: By metric, from the scores of those rows alone.
        realised: By metric, from their labels.
    """

    window: Window
    n: int
    estimated: dict[str, EstimatedFigure] = field(default_factory=dict)
    realised: dict[str, float] = field(default_factory=dict)


class LabelDriftVerdict(StrEnum):
    """What is known of the share of positives."""

    SHIFTED = "shifted"
    HELD = "held"
    TOO_FEW = "too_few"  # rows to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDrift:
    """The share of positives among mature rows, beside the reference's.

    Attributes:
        reference: Share among the rows that the model was tested on.
        current: Share among mature rows of the window.
        low: Lower end of its 95% interval.
        high: Upper end.
        n: Mature rows with labels.
        p_value: Two-sided, of a difference; None if too few rows.
        verdict: Shifted, held, or too few rows to tell. It informs, and raises no alert.
    """

    reference: float
    current: float
    low: float
    high: float
    n: int
    p_value: float | None
    verdict: LabelDriftVerdict
