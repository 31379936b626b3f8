"""The benchmark of alarms over time: its streams, its watchers, and a tiny run of it."""

import dataclasses
import json
import sys
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.sequential import (
    Outcome,
    Plan,
    at_the_edge,
    measure,
    result_of,
    shifted,
    tasks,
    year,
)
from benchmarks.sequential_figures import Found, Quiet, checks, found_figures, quiet_figures
from benchmarks.sequential_page import TABLES, filled
from benchmarks.sequential_rows import SHIFTS, Shift, read_population
from benchmarks.sequential_streams import TRAFFIC, Traffic, days, draw, draw_reference
from benchmarks.sequential_tools import OUR_OWN, PEERS, Raised, Scene, estimated_auc

from benchmarks import sequential
from holdfast.drift.counts import NumericCounts
from holdfast.drift.profile import profile
from holdfast.drift.scores import score_profile
from holdfast.stats.auc import roc_auc

FEW = Traffic(rows=200)
UNLIKE = next(traffic for traffic in TRAFFIC if traffic.unlike)


@pytest.fixture(scope="module")
def population(data_folder):
    """Telco's customers with a champion that has not seen them."""
    return read_population(data_folder)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def tools_of(traffic):
    """Everybody who watches years of a traffic."""
    peers = [peer for peer in PEERS if peer.years(traffic, most=1)]
    return {tool for watching in (OUR_OWN, *peers) for tool in watching.tools}


def without_sums(counts):
    """Leave out what the benchmark does not count."""
    if not isinstance(counts, NumericCounts):
        return counts
    return dataclasses.replace(counts, sums=np.zeros_like(counts.sums))


def plan(folder, **what):
    """As little as there is."""
    asked = {"streams": 1, "peers": 1, "shifted": 1, "edge": 0, "traffic": (FEW,), **what}
    return Plan(folder=folder, **asked)


class TestPopulation:
    def test_the_champion_has_not_seen_it(self, population):
        """Else its scores of the stream's rows would be better than those of new ones."""
        assert population.labels.size == 5_000
        assert 0.82 < roc_auc(population.labels, population.scores) < 0.87
        assert population.scores.mean() == pytest.approx(population.labels.mean(), abs=0.03)

    def test_shifts_are_as_large_as_they_say(self, population, rng):
        """Each moves what it is named after, by its size; a concept moves labels alone."""
        many = Traffic(rows=100_000)
        share = {}
        for kind, (make, sizes) in SHIFTS.items():
            after = make(population, sizes[1])
            share[kind] = after, draw(after, many, rng)

        plain = draw(Shift(population=population), many, rng)
        monthly = np.array(population.table.column("Contract")) == "Month-to-month"
        scores = population.scores
        assert monthly[share["contract"][1].rows].mean() - monthly.mean() == pytest.approx(
            0.1, abs=0.01
        )
        assert scores[share["scores"][1].rows].mean() - scores.mean() == pytest.approx(
            0.1, abs=0.01
        )
        assert share["label"][1].labels.mean() - plain.labels.mean() == pytest.approx(0.1, abs=0.01)
        assert share["charges"][0].population.charges.mean() == pytest.approx(
            1.1 * population.charges.mean(), rel=1e-3
        )
        turned, loyal = share["concept"][1], scores < np.median(scores)
        risen = turned.labels[loyal[turned.rows]].mean() - plain.labels[loyal[plain.rows]].mean()
        assert risen == pytest.approx(0.2, abs=0.02)  # nearly none of them left before
        assert loyal[turned.rows].mean() == pytest.approx(0.5, abs=0.01)


class TestDays:
    @pytest.mark.parametrize("kind", ["", "charges", "concept"])
    def test_are_counted_as_production_counts_them(self, population, rng, kind):
        """Cell by cell, of any shift; only the sums in open cells are left out."""
        reference = draw_reference(population, FEW, rng)
        after = SHIFTS[kind][0](population, 0.2) if kind else Shift(population=population)

        counted = list(days(reference, FEW, rng, before=after, quiet=2))[1]

        rows, people = counted.drawn.rows, after.population
        cells = reference.profile.score_grid
        assert cells is not None
        scores = score_profile(people.scores[rows], cells, counted.drawn.labels)
        drawn = people.table.take(pa.array(rows))
        expected = profile(drawn, reference.profile.grid, scores=scores)
        shown = dataclasses.replace(
            expected, features=tuple(without_sums(one) for one in expected.features)
        )
        assert counted.counts == shown

    def test_unlike_days_vary_more_than_rows_alone_would(self, population, rng):
        """And so do those of the reference, from which monitors learn by how much."""
        reference = draw_reference(population, UNLIKE, rng)
        before = Shift(population=population)
        means = {
            traffic: np.std(
                [population.charges[draw(before, traffic, rng).rows].mean() for _ in range(200)]
            )
            for traffic in (UNLIKE, Traffic(rows=UNLIKE.rows))
        }

        assert len(reference.days) >= 14
        assert sum(day.n_rows for day in reference.days) == reference.profile.profile.n_rows
        alike, unlike = sorted(means.values())
        assert unlike > 1.5 * alike

    def test_a_shift_begins_on_its_day(self, population, rng):
        """Days are numbered on, and their windows follow each other without a gap."""
        reference = draw_reference(population, FEW, rng)
        after = SHIFTS["label"][0](population, 0.2)

        stream = list(
            days(
                reference,
                FEW,
                rng,
                before=Shift(population=population),
                quiet=40,
                after=after,
                shifted=40,
            )
        )

        shares = [day.drawn.labels.mean() for day in stream]
        assert [day.number for day in stream] == list(range(80))
        assert all(one.window.end_at == after.window.start_at for one, after in pairwise(stream))
        assert np.mean(shares[40:]) - np.mean(shares[:40]) == pytest.approx(0.2, abs=0.03)


class TestWatchers:
    def test_each_raises_alarms_under_its_own_names(self, population, rng):
        """Over days without drift, and over days on which everything has changed."""
        scene = Scene(
            reference=draw_reference(population, FEW, rng),
            population=population,
            traffic=FEW,
            rng=rng,
        )
        after = SHIFTS["label"][0](population, 0.5)
        stream = list(days(scene.reference, FEW, rng, before=after, quiet=8))

        for watching in (OUR_OWN, *PEERS):
            watcher = watching.begin(scene)
            raised = [one for day in stream for one in watcher.see(day)]
            assert {one.tool for one in raised} <= set(watching.tools)
            assert raised  # half of all customers more leave: nobody overlooks that

    def test_the_estimated_auc_is_what_calibrated_scores_lead_to(self, rng):
        """Over many draws of labels by the scores themselves, the realised one's mean."""
        scores = rng.beta(1, 3, 400)

        drawn = [roc_auc(rng.random(400) < scores, scores) for _ in range(400)]

        assert estimated_auc(scores) == pytest.approx(np.mean(drawn), abs=0.01)

    def test_a_dear_peer_watches_fewer_years(self):
        """Its rows are bounded, but one year is watched by everybody who watches any."""
        dear = next(peer for peer in PEERS if peer.most_rows)
        most = Traffic(rows=1_000_000)

        assert dear.years(Traffic(rows=1), most=20) == 20
        assert dear.years(most, most=20) == 1
        assert dear.years(most, most=0) == 0


class TestFigures:
    def test_years_are_averaged_with_an_interval(self):
        """No alarm in four years still leaves room for one a year: Poisson's interval."""
        years = [
            Quiet(tool="a", traffic="t", alarms={"feature:x": n, "label": 1}, n_critical=n > 6)
            for n in (5, 6, 7, 8)
        ] + [Quiet(tool="b", traffic="t", alarms={}, n_critical=0)] * 4

        figures = quiet_figures(years)["t"]

        assert figures["a"]["alarms_a_year"]["estimate"] == 7.5
        assert figures["a"]["by_kind"] == {"feature": 6.5, "label": 1.0}
        assert figures["a"]["years_with_critical"]["estimate"] == 0.5
        assert figures["b"]["alarms_a_year"]["estimate"] == 0.0
        assert figures["b"]["alarms_a_year"]["high"] == pytest.approx(3.69 / 4, abs=0.01)

    def test_a_shift_that_was_not_found_counts_as_the_latest(self):
        """A median over those found alone would praise who finds the easy half."""
        found = [
            Found.of(
                None if day is None else Raised(tool="a", monitor="", day=day, since=31),
                tool="a",
                traffic="t",
                kind="label",
                size=0.1,
                shifted_on=30,
            )
            for day in (30, 32, None, None, None)
        ]

        (figures,) = found_figures(found)

        assert figures["found"]["estimate"] == 0.4
        assert figures["median_delay"] is None
        assert found[0].delay == 1
        assert figures["onset_error"]["median"] == 1.0

    @pytest.mark.parametrize(
        ("alarms", "critical", "edge", "holds"),
        [
            (4, 0, 0, (True, True, True)),
            (5, 0, 1, (False, True, True)),
            (1, 1, 1, (True, False, True)),
            (0, 0, 2, (True, True, False)),  # 0.24 a year at least
        ],
    )
    def test_the_bounds_are_four_alarms_and_a_twentieth(self, alarms, critical, edge, holds):
        """At every traffic: one that is quiet does not make up for one that is not."""
        quiet = Quiet(tool="holdfast", traffic="t", alarms={}, n_critical=0)
        loud = Quiet(tool="holdfast", traffic="u", alarms={"label": alarms}, n_critical=critical)

        standing = Quiet(tool="holdfast", traffic="t", alarms={"label": edge}, n_critical=0)

        checked = checks([quiet, loud], [standing])

        assert tuple(check["holds"] for check in checked.values()) == holds

    def test_who_always_alarms_breaks_the_bound(self, population, data_folder, monkeypatch):
        """And who never does finds nothing: a benchmark that either passes says nothing."""
        monkeypatch.setattr(sequential, "YEAR", 60)  # a short one
        asked = plan(data_folder)
        (task,) = [t for t in tasks(asked) if (t.kind, t.size) == ("label", 0.2)]
        after = SHIFTS["label"][0](population, 0.2)

        quiet = {one.tool: one for one in year(population, asked, FEW, 0)}
        found = {
            one.tool: one for one in shifted(population, plan(data_folder, peers=2), task, after, 0)
        }

        assert quiet["always"].n == 60
        assert quiet["never"].n == 0
        assert quiet["holdfast"].n <= 1
        assert quiet["daily_5_percent"].n > 10
        assert set(found) == tools_of(FEW)
        assert found["holdfast"].delay is not None
        assert found["holdfast"].delay <= 10
        assert found["holdfast"].onset_error in range(-5, 6)
        assert found["always"].delay == 1
        assert found["never"].delay is None

    def test_the_window_tests_are_paid_from_the_same_budget(self):
        """So theirs are added: three alarms and two are more than four."""
        quiet = [
            Quiet(tool=tool, traffic="t", alarms={"": n}, n_critical=0)
            for tool, n in (("holdfast", 3), ("window_tests", 2), ("always", 365))
        ]

        found = checks(quiet, quiet[:1])["alarms_a_year"]

        assert found["found"] == {"t": 5.0}
        assert not found["holds"]


class TestEdge:
    def test_only_the_monitor_that_stands_at_its_edge_is_asked(self, population, monkeypatch):
        """The others see changes that are no false alarms: who is likelier to leave differs."""
        monkeypatch.setattr(sequential, "YEAR", 120)

        said = at_the_edge(population, 0)

        assert set(said.alarms) <= {"label"}
        assert said.n <= 1


class TestPlan:
    def test_every_stream_is_examined_once(self, data_folder):
        """However the work is cut into tasks."""
        asked = Plan(folder=data_folder, streams=12, peers=3, shifted=7, edge=6)

        done = [(t.traffic, t.kind, t.size, s) for t in tasks(asked) for s in t.streams]

        n_shifts = sum(len(sizes) for _, sizes in SHIFTS.values())
        assert len(set(done)) == len(done) == 6 + len(TRAFFIC) * (12 + 7 * n_shifts)


@pytest.mark.parametrize(
    "streams",
    [pytest.param(2, marks=pytest.mark.slow), pytest.param(10, marks=pytest.mark.soak)],
)
@pytest.mark.timeout(600)
def test_some_years_at_each_traffic_keep_the_bounds(data_folder, streams):
    """Ten or fifty in all, where the published run has two and a half thousand."""
    asked = plan(data_folder, streams=streams, peers=0, shifted=0, traffic=TRAFFIC)

    outcome = Outcome(edge=[Quiet(tool="holdfast", traffic="", alarms={}, n_critical=0)])
    outcome.quiet.extend(measure(asked).quiet)

    assert result_of(outcome, seconds=0.0)["holds"]
    assert len(outcome.quiet) == streams * len(TRAFFIC)


class TestPage:
    def test_its_figures_are_those_of_the_published_run(self):
        """A page that was edited by hand, or a run that never reached it, would show here."""
        page = sequential.PAGE.read_text(encoding="utf-8")
        result = json.loads(sequential.RESULT.read_text(encoding="utf-8"))

        assert filled(page, result) == page

    def test_every_table_has_its_place(self):
        """And every place its table."""
        page = sequential.PAGE.read_text(encoding="utf-8")

        assert [name for name in TABLES if f"<!-- table: {name} -->" not in page] == []

    def test_the_published_run_was_a_whole_one(self):
        """Five hundred years at every traffic, and the peers beside some of them."""
        result = json.loads(sequential.RESULT.read_text(encoding="utf-8"))

        assert set(result["years"]) == {traffic.name for traffic in TRAFFIC}
        for traffic in TRAFFIC:
            tools = result["years"][traffic.name]
            assert set(tools) == tools_of(traffic)
            assert tools["holdfast"]["streams"] >= 500
            assert tools["daily_report"]["streams"] >= 10

    def test_the_front_page_says_what_was_measured(self):
        """The span over all traffics, of ours and of two usual ways."""
        readme = " ".join((sequential.ROOT / "README.md").read_text(encoding="utf-8").split())
        years = json.loads(sequential.RESULT.read_text(encoding="utf-8"))["years"].values()

        def span(tool, form):
            found = [tools[tool]["alarms_a_year"]["estimate"] for tools in years]
            return f"{min(found):{form}} to {max(found):{form}}"

        assert f"has {span('holdfast', '.2f')} [alarms]" in readme
        assert f"has {span('nannyml_realised', '.0f')}, and each" in readme
        assert f"5% has {span('daily_5_percent', '.0f')}." in readme

    def test_the_command_says_whether_the_bounds_hold(self, monkeypatch, tmp_path, capsys):
        """By its exit code, so that a script can ask; the tables are for people."""
        result = json.loads(sequential.RESULT.read_text(encoding="utf-8"))
        monkeypatch.setattr(sequential, "measure", lambda *_, **__: Outcome())
        monkeypatch.setattr(sys, "argv", ["sequential.py", "--output", str(tmp_path / "new.json")])

        codes = []
        for holds in (True, False):
            answer = {**result, "holds": holds}
            monkeypatch.setattr(sequential, "result_of", lambda *_, _answer=answer, **__: _answer)
            codes.append(sequential.main())

        assert codes == [0, 1]
        assert "alarms in a year without drift" in capsys.readouterr().out
        assert json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))["holds"] is False
