"""Prometheus's own parser reads what is written."""

from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from holdfast.serving.exposition import Family, Sample, distribution, exposition


def parsed(*families):
    return list(text_string_to_metric_families(exposition(families).decode()))


def family(kind, samples, meaning="What it means."):
    return Family(name="holdfast_x", kind=kind, meaning=meaning, samples=samples)


class TestExposition:
    def test_is_read_by_the_official_parser(self):
        """Name, kind, meaning, labels and value come back as they went."""
        (found,) = parsed(family("gauge", [Sample(2.5, {"a": "1", "b": "2"}), Sample(3, {})]))

        assert (found.name, found.type, found.documentation) == (
            "holdfast_x",
            "gauge",
            "What it means.",
        )
        assert [(s.labels, s.value) for s in found.samples] == [
            ({"a": "1", "b": "2"}, 2.5),
            ({}, 3.0),
        ]

    @pytest.mark.parametrize(
        "text", ['say "no"', "back\\slash", "two\nlines", "\\n", "{a=b}, c", "grün"]
    )
    def test_whatever_a_label_says_comes_back(self, text):
        """Names of features are a person's own words."""
        (found,) = parsed(family("gauge", [Sample(1, {"feature": text})], meaning="a\\b\nc"))

        assert found.samples[0].labels == {"feature": text}
        assert found.documentation == "a\\b\nc"

    @pytest.mark.parametrize("value", [0, 1, -2, 0.1, 1e-9, 2**60, 1.7e308, math.inf, -math.inf])
    def test_keeps_every_digit(self, value):
        """A counter of rows passes 2^53 without a wrong digit of ours."""
        (found,) = parsed(family("gauge", [Sample(value, {})]))

        assert found.samples[0].value == value

    def test_a_family_without_figures_is_a_family(self):
        """Nothing was seen yet; the name is known already."""
        (found,) = parsed(family("counter", []))

        assert found.samples == []


class TestDistribution:
    def test_counts_what_lies_below_each_bound(self):
        """Cumulated, bounds inclusive, the last without a bound."""
        seconds = distribution((0.1, 1), [2, 1, 1, 7.65], {"route": "/"})

        (found,) = parsed(family("histogram", seconds))

        figures = {(s.name, s.labels.get("le")): s.value for s in found.samples}
        assert figures == {
            ("holdfast_x_bucket", "0.1"): 2,
            ("holdfast_x_bucket", "1"): 3,
            ("holdfast_x_bucket", "+Inf"): 4,
            ("holdfast_x_sum", None): pytest.approx(7.65),
            ("holdfast_x_count", None): 4,
        }
        assert all(s.labels["route"] == "/" for s in found.samples)
