"""A retraining that a person asks for, on rows whose concept is turned round, and what it left."""

from __future__ import annotations

from holdfast.loop.retrain_by_hand import retrain_by_hand
from holdfast.testing.project import World, world_rows

REVERSED = World(reversed_concept=True)


def by_hand(project, *, world=REVERSED, seed=9, rows=None, log=False):
    if rows is None and not log:
        rows = world_rows(1500, seed=seed, world=world)
    return retrain_by_hand(
        project.ports,
        project.plan,
        project.champion,
        rows,
        cause="a person asked for it",
        actor="cli",
        holder="terminal",
    )


def body_of(project, kind):
    (event,) = [event for event in project.events if event.kind == kind]
    return event.body
