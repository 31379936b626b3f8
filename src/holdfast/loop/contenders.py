"""Which policies a replay sets side by side, and how each of them is made ready."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from holdfast.loop.rehearse import EveryWindow, Never, Periodic
from holdfast.loop.rehearse_project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.loop.control import ControlPlan
    from holdfast.loop.develop import Candidate
    from holdfast.loop.rehearse import History, Rehearsal
    from holdfast.loop.timetable import Schedule
    from holdfast.ports.runtime import Runtime
    from holdfast.ports.trainer import Trainer

__all__ = ["STANDARD", "Contender", "Kind", "Stage", "beside_standard"]

_WINDOWS_LEARNT_FROM = 5  # by `every_window`, or the warm-up if that is longer


class Kind(StrEnum):
    """What a contender's judgement is."""

    LOOP = "loop"  # the live loop's own, under a plan
    NEVER = "never"
    EVERY_WINDOW = "every_window"
    EVERY_WINDOW_COMPETING = "every_window_competing"
    PERIODIC = "periodic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all contenders of a replay share.

    Attributes:
        history: The stream.
        first: The first model, with its out-of-fold scores.
        timing: Warm-up, windows and delay.
        trainers: Who competes.
        runtime: Executes the exported models.
        seed: Fixes every random choice of those without a plan.
    """

    history: History
    first: Candidate
    timing: Schedule
    trainers: Sequence[Trainer]
    runtime: Runtime
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A policy that takes part in a replay.

    Attributes:
        name: How the answer calls it.
        kind: What its judgement is.
        plan: What it wants of the loop; only for those of the loop.
        every: How many windows lie between two fits, where it retrains at a fixed pace.
    """

    name: str
    kind: Kind = Kind.LOOP
    plan: ControlPlan | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if (self.kind is Kind.LOOP) != (self.plan is not None):
            raise ValueError("a contender has a plan if, and only if, the loop judges for it")
        if self.every < 1:
            raise ValueError("a fixed pace is at least one window")

    def ready(self, stage: Stage) -> Rehearsal:
        """Return the policy at the end of the warm-up."""
        first, timing = stage.first, stage.timing
        if self.plan is not None:
            plan = self.plan if timing.length is None else replace(self.plan, window=timing.length)
            return Project(
                stage.history,
                first,
                warm_up=timing.warm_up,
                window=timing.window,
                plan=plan,
                trainers=stage.trainers,
                runtime=stage.runtime,
                timeline=timing.timeline(plan.window),
                dated=timing.moments is not None,
            )
        if self.kind is Kind.NEVER:
            return Never(first.model, first.contract)
        competing = self.kind is Kind.EVERY_WINDOW_COMPETING
        learner = EveryWindow(
            stage.history,
            first.model,
            first.contract,
            horizon=max(timing.warm_up, _WINDOWS_LEARNT_FROM * timing.window),
            window=timing.window,
            competing=stage.trainers if competing else (),
            seed=stage.seed,
        )
        return Periodic(learner, every=self.every) if self.kind is Kind.PERIODIC else learner


STANDARD = tuple(
    Contender(name=kind.value, kind=kind)
    for kind in (Kind.NEVER, Kind.EVERY_WINDOW, Kind.EVERY_WINDOW_COMPETING)
)
"""What every replay is measured against."""


def beside_standard(asked: Sequence[Contender]) -> tuple[Contender, ...]:
    """Return the contenders that were asked for, and after them what is always measured."""
    names = {contender.name for contender in asked}
    return (*asked, *(each for each in STANDARD if each.name not in names))
