"""Tests of holdfast.loop.illustrate."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from holdfast.domain.canonical import from_json
from holdfast.domain.contract import Target
from holdfast.domain.curves import Curves
from holdfast.domain.releases import CURVES, MODEL_CARD
from holdfast.loop.illustrate import CAPTIONS, illustrate
from holdfast.performance.curves import trace
from holdfast.performance.realised import measure
from holdfast.testing.project import example_bundle

SVG = "{http://www.w3.org/2000/svg}"
LABELS = np.array([True, False, True, False, False])
SCORES = np.array([0.9, 0.6, 0.4, 0.2, 0.1])


def pictures(labels=LABELS, scores=SCORES, *, threshold=0.5, positive="Yes"):
    return illustrate(
        trace(labels, scores, threshold=threshold),
        measure(labels, scores, threshold=threshold),
        Target(name="Churn", positive=positive, negative="No"),
    )


def words(picture):
    return " | ".join(text.text or "" for text in ET.fromstring(picture).iter(f"{SVG}text"))


class TestIllustrate:
    def test_draws_five_pictures_in_the_order_of_the_card(self):
        """The same figures give the same bytes: a release's id rests on them."""
        drawn = pictures()

        assert list(drawn) == list(CAPTIONS)
        assert drawn == pictures()

    @pytest.mark.parametrize("name", CAPTIONS)
    def test_each_says_what_it_is_and_on_how_many_rows(self, name):
        """A picture travels without its card."""
        said = words(pictures()[name])

        assert CAPTIONS[name] in said
        assert "5 rows, 2 of them Yes" in said

    def test_the_chosen_threshold_is_marked_with_its_figures(self):
        """One of two found, one of three flagged wrongly."""
        drawn = pictures()

        assert "threshold 0.500: | 50.0% recall, 33.3% false alarms" in words(drawn["roc.svg"])
        assert "50.0% precision, 50.0% recall" in words(drawn["precision_recall.svg"])
        assert "threshold 0.500" in words(drawn["thresholds.svg"])
        assert "threshold 0.500" in words(drawn["confusion_matrix.svg"])
        assert b'class="chosen"' in drawn["roc.svg"]

    def test_the_area_stands_beside_its_interval(self):
        """Five of six pairs in order; DeLong's interval of them."""
        said = words(pictures()["roc.svg"])

        assert "AUC 0.833 (95%: " in said

    def test_the_confusion_matrix_counts_rows(self):
        """Found, missed, flagged wrongly, spared: of the rows that are so."""
        said = words(pictures()["confusion_matrix.svg"])

        assert "1 | 50.0% of 2 | 1 | 50.0% of 2" in said
        assert "1 | 33.3% of 3 | 2 | 66.7% of 3" in said

    def test_nothing_flagged_leaves_no_mark_of_precision(self):
        """It is not known, and no ring stands at 0."""
        drawn = pictures(threshold=0.99)

        assert b'class="chosen"' not in drawn["precision_recall.svg"]
        assert b'class="chosen"' in drawn["roc.svg"]

    def test_leaves_out_what_one_class_does_not_define(self):
        """A ROC curve needs both, a recall the positive one."""
        assert list(pictures(np.zeros(5, dtype=bool))) == [
            "thresholds.svg",
            "calibration.svg",
            "confusion_matrix.svg",
        ]

    def test_a_class_may_be_called_anything(self):
        """Long names are cut, signs are no markup."""
        said = words(pictures(positive="<b>" + "x" * 80)["roc.svg"])

        assert "<b>xxxxxxxxxxxx…" in said

    def test_a_threshold_between_two_scores_flags_what_the_higher_one_does(self):
        """Steps, no slopes: at 0.5 one of two is found, down to the next score."""
        svg = ET.fromstring(pictures()["thresholds.svg"])

        recall = next(line for line in svg.iter(f"{SVG}polyline") if line.get("class") == "a")
        points = [tuple(map(float, p.split(","))) for p in recall.attrib["points"].split()]
        assert all(x == right or y == up for (x, y), (right, up) in pairwise(points))

    def test_rare_events_fill_the_picture_of_calibration(self):
        """An axis up to 100% would have all of them in its corner."""
        rng = np.random.default_rng(0)
        scores = rng.uniform(0, 0.01, 20_000)

        said = words(
            pictures(rng.random(20_000) < scores, scores, threshold=0.005)["calibration.svg"]
        )

        assert "0.4% | 0.4%" in said
        assert "100%" not in said


class TestTheRelease:
    def test_has_curves_that_agree_with_its_figures(self):
        """Both are of the tested model on the same rows, at the threshold of the contract."""
        bundle = example_bundle()

        curves = from_json(bundle.files[CURVES], Curves)

        figures, chosen = bundle.metrics.figures, curves.chosen
        assert (curves.n, curves.n_positive) == (bundle.metrics.n, bundle.metrics.n_positive)
        assert chosen.threshold == bundle.contract.threshold
        assert curves.recall(chosen) == pytest.approx(figures["recall"], abs=1e-12)
        assert curves.precision(chosen) == pytest.approx(figures["precision"], abs=1e-12)

    def test_has_the_pictures_that_its_card_links(self):
        """Each beside the card, and in the manifest."""
        bundle = example_bundle()

        linked = re.findall(r"!\[[^]]+\]\(([^)]+)\)", bundle.files[MODEL_CARD].decode())

        assert linked == list(CAPTIONS)
        assert set(linked) <= bundle.manifest.files.keys()
        assert len(bundle.files[CURVES]) < 40_000
