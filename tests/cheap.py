"""Retrainings that take no time: what they come to follows from the rows, the plan and the seed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from holdfast.adapters.trainers.sklearn import LogisticRegressionTrainer
from holdfast.domain.canonical import digest
from holdfast.domain.evidence import GuardReport, Outcome
from holdfast.domain.releases import MANIFEST, MODEL_CARD, manifest_files
from holdfast.loop.challenge import challenge
from holdfast.loop.gather import schooling_from_file
from holdfast.policy.allotting import allot
from holdfast.policy.guarding import GuardPolicy
from holdfast.testing.project import MemoryProject, World, example_bundle, world_rows

REVERSED = World(reversed_concept=True)


@cache
def real_challenge():
    """Return a challenge that the guard accepted: everything but what a test sets."""
    project = MemoryProject()
    project.deploy()
    champion = project.champion
    rows = schooling_from_file(
        project.ports, champion, *world_rows(1500, seed=9, world=REVERSED), now=project.clock.now()
    )
    return challenge(
        rows.rows,
        champion.model,
        champion.contract,
        allot(len(rows.rows), n_window=800, onset=2000, least_guard=500),
        trainers=[LogisticRegressionTrainer()],
        aim=project.plan.aim,
        policy=GuardPolicy(),
        alarmed=True,
        seed=0,
    )


def challenged(outcome, rows, _champion, _contract, plan, *, seed, alarmed, **_options):
    """Return what challenging comes to: it follows from the rows, the plan and the seed."""
    made = digest([rows.labels.tolist(), plan.onset, plan.validation, plan.guard, seed, alarmed])
    real = real_challenge()
    accepted = replace(
        real.challenger, rows=rows, recipe=replace(real.challenger.recipe, training_window=made)
    )
    return replace(
        real,
        report=GuardReport(outcome=outcome, rule="better", reason=made, n=900, n_positive=300),
        margins={"cheap/all": int(made[:6], 16) / 16**6},
        challenger=accepted if outcome is Outcome.ACCEPT else None,
    )


def released(challenger, **_options):
    """Return a release that serves like the first, and is another for another challenger."""
    return release_called(challenger.recipe.training_window)


def release_called(name):
    """Return a release that serves like the first, and is another for another name."""
    bundle = example_bundle()
    files = {**bundle.files, MODEL_CARD: name.encode()}
    del files[MANIFEST]
    manifest = replace(bundle.manifest, files=manifest_files(files))
    return replace(bundle, files={**files, MANIFEST: manifest.to_bytes()}, manifest=manifest)
