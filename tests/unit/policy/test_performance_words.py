"""What is said of a model's performance, realised and estimated."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from holdfast.domain.estimates import (
    EstimatedFigure,
    EstimateVerdict,
    LabelDrift,
    LabelDriftVerdict,
    MaturedEstimate,
    WindowEstimate,
)
from holdfast.domain.events import WindowJudged
from holdfast.domain.ids import ModelVersion
from holdfast.domain.treatments import JudgeOn, RowsUsed
from holdfast.domain.windows import Window
from holdfast.policy.performance_words import performance_in_words, performance_json

WEEK = Window(start_at=datetime(2026, 1, 1, tzinfo=UTC), end_at=datetime(2026, 1, 8, tzinfo=UTC))
FIGURE = EstimatedFigure(
    estimate=0.8421, low=0.8, high=0.884, standard_error=0.02, label_error=0.015, bound=0.001
)
BARE = WindowJudged(
    window=WEEK,
    model_version=ModelVersion("v1"),
    n=700,
    drifted=(),
    underpowered=(),
    share_drifted=0.0,
)
FULL = replace(
    BARE,
    n_labelled=650,
    n_assumed=12,
    performance={"roc_auc": 0.811, "brier": 0.14, "pr_auc": 0.6},
    estimate=WindowEstimate(
        n=700,
        figures={"roc_auc": FIGURE, "recall": FIGURE},
        verdict=EstimateVerdict.HELD,
        reason="estimated ROC AUC as before",
        n_matured=6,
    ),
    label_drift=LabelDrift(
        reference=0.265,
        current=0.271,
        low=0.24,
        high=0.31,
        n=650,
        p_value=0.73,
        verdict=LabelDriftVerdict.HELD,
    ),
)
TRACK = (
    MaturedEstimate(window=WEEK, n=650, estimated={"roc_auc": FIGURE}, realised={"roc_auc": 0.79}),
)


def lines(judged, track=()):
    return dict(performance_in_words(judged, track))


class TestPerformanceInWords:
    def test_tells_the_estimate_beside_what_was_realised(self):
        """With intervals, and with what was assumed."""
        said = lines(FULL, TRACK)

        assert said == {
            "Realised": "roc_auc 0.811, brier 0.140 on 650 mature labels, 12 of them assumed "
            "negative",
            "Positives": "27.1% [24.0%, 31.0%] of 650 mature labels, 26.5% in the reference "
            "(p = 0.73)",
            "Estimated": "roc_auc 0.842 [0.800, 0.884], recall 0.842 [0.800, 0.884] on 700 rows; "
            "held: estimated ROC AUC as before",
            "Track record": "roc_auc estimated 0.052 too high on average; of 1 matured window 0 "
            "inside the interval",
        }

    def test_says_why_an_estimate_is_not_relied_on(self):
        """Withdrawn is neither good nor bad."""
        assert FULL.estimate is not None
        withdrawn = replace(
            FULL.estimate, verdict=EstimateVerdict.WITHDRAWN, reason="12% of the rows lie outside"
        )

        said = lines(replace(FULL, estimate=withdrawn))

        assert said["Estimated"].endswith("not to be relied on: 12% of the rows lie outside")

    def test_says_nothing_where_nothing_is_known(self):
        """An event of an older version, or of a window without scores."""
        assert lines(BARE) == {}


class TestPerformanceJson:
    def test_has_all_of_it_as_plain_json(self):
        """Other tools read these keys."""
        found = json.loads(json.dumps(performance_json(FULL, TRACK), allow_nan=False))

        assert found["realised"] == FULL.performance
        assert (found["n_labelled"], found["n_assumed"]) == (650, 12)
        assert found["estimate"]["figures"]["roc_auc"]["estimate"] == 0.8421
        assert found["estimate"]["verdict"] == "held"
        assert found["label_drift"]["p_value"] == 0.73
        assert [one["metric"] for one in found["track_record"]] == ["roc_auc"]

    def test_says_which_rows_the_figures_rest_on(self):
        """Where some were left out, because people were acted upon."""
        used = RowsUsed(which=JudgeOn.HOLDOUT, n=97, n_left_out=703, n_treated=400)

        lines = dict(performance_in_words(replace(FULL, rows_used=used), ()))
        found = performance_json(replace(FULL, rows_used=used), ())

        assert lines["Measured on"] == used.words
        assert found is not None
        assert found["rows_used"] == {
            "which": "holdout",
            "n": 97,
            "n_left_out": 703,
            "n_treated": 400,
            "n_assumed": 0,
        }

    def test_is_nothing_before_a_window_was_judged(self):
        """Null, not an empty object."""
        assert performance_json(None, ()) is None
