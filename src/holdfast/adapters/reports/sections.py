"""What may stand in a report beside the features: the model, and the windows before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.drift.scores import ScoreGrid
    from holdfast.drift.verdicts import FeatureReport

__all__ = ["Figure", "ModelSection", "PastWindow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the model's performance, with the release's own beside it."""

    name: str
    reference: float | None
    current: float | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSection:
    """What a project adds to a comparison of features: its model.

    Attributes:
        version: Of the model.
        scores: The report on its scores, or None if it scored nothing in the window.
        score_grid: Where the cells of its scores lie.
        n_labelled: Mature labels that the figures rest on.
        labels_of: The window they stem from, in words.
        figures: Its performance on them.
    """

    version: str
    scores: FeatureReport | None
    score_grid: ScoreGrid | None
    n_labelled: int
    labels_of: str
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWindow:
    """One window of a series.

    Attributes:
        name: Which, as its dates or its rows.
        n_rows: Rows in it; with none, nothing else is known.
        share_drifted: Share of the features that drifted, or None if it was not judged.
        drifted: What the rule says of it; None if that cannot be told.
    """

    name: str
    n_rows: int
    share_drifted: float | None
    drifted: bool | None
