"""Which trainers compete: built-in ones, those of installed packages, and a project's own.

A package adds one by an entry point of the group ``holdfast.trainers``; a project names its
own as ``module:object``, found from the project's folder:

    [project.entry-points."holdfast.trainers"]
    forest = "our_models:forest"

The object is a classifier with scikit-learn's interface, a `holdfast.ports.trainer.Trainer`,
or a class or function without arguments that gives one of them.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.adapters.trainers.contained import ContainedTrainer, Workshop
from holdfast.domain.errors import PluginError, SettingsError, nearest
from holdfast.wiring.entry_points import made, plugin_error, points, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

    from holdfast.ports.trainer import Trainer
    from holdfast.settings import Settings

__all__ = ["TRAINERS", "trainers_of"]

TRAINERS = "holdfast.trainers"
"""The group of entry points that trainers are found by."""

_BUILT_IN = {
    "logistic_regression": "holdfast.adapters.trainers.sklearn:LogisticRegressionTrainer",
    "xgboost": "holdfast.adapters.trainers.xgboost:XGBoostTrainer",
    "hist_gradient_boosting": (
        "holdfast.adapters.trainers.hist_gradient_boosting:HistGradientBoostingTrainer"
    ),
}
_SHARE_OF_MEMORY = 0.75  # that one fit may take, if the settings do not say
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")  # what a container may take


def trainers_of(settings: Settings) -> tuple[Trainer, ...]:
    """Return the trainers that compete; each works in one child process that they share.

    Raises:
        SettingsError: If one is not known, or is named twice, or a project's own cannot be
            imported or is no trainer.
        PluginError: If a package's cannot be used.
    """
    names = settings.train.trainers
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingsError(f"[train] trainers: {twice[0]!r} is named twice. Name it once")
    found = [_found(name, settings.project) for name in names]
    workshop = Workshop(
        time_limit=settings.train.time_limit,
        memory_limit=_memory_limit(settings.train.memory_limit_mb),
    )
    return tuple(ContainedTrainer(trainer=trainer, workshop=workshop) for trainer in found)


def _found(name: str, project: Path) -> Trainer:
    if name in _BUILT_IN:
        built_in: Trainer = _imported(_BUILT_IN[name])()
        return built_in
    if ":" in name:
        return _own(name, project)
    offered = {point.name: point for point in points(TRAINERS)}
    if name in offered:
        return _of_package(offered[name])
    known = [*_BUILT_IN, *offered]
    meant = nearest(name, known)
    hint = f"Did you mean {meant!r}?" if meant else f"It takes {', '.join(known)}"
    raise SettingsError(
        f"[train] trainers: {name!r} is not a trainer here. {hint}"
        + ("" if meant else ", or a project's own as 'module:object'.")
    )


def _own(name: str, project: Path) -> Trainer:
    """Return a project's own trainer; its modules lie in the project's folder."""
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))
    try:
        offered = _called(_imported(name))
    except Exception as error:
        raise SettingsError(
            f"[train] trainers: {name!r} cannot be used: {said(error)}. It is looked for in "
            f"{project} and among installed packages, as 'module:object'"
        ) from error
    return _trainer(
        name, offered, wrong=lambda found: SettingsError(f"[train] trainers: {name!r} {found}")
    )


def _of_package(point: EntryPoint) -> Trainer:
    def wrong(found: str) -> PluginError:
        return plugin_error(point, f"its trainer {found}", remedy="Mend the package or remove it")

    return _trainer(point.name, made(point), wrong=wrong)


def _trainer(name: str, offered: Any, *, wrong: Callable[[str], Exception]) -> Trainer:
    """Return what was offered as a trainer: it is one, or a classifier that is wrapped."""
    if hasattr(offered, "predict_proba"):
        lacking = [one for one in ("fit", "get_params", "set_params") if not hasattr(offered, one)]
        if not lacking:
            return _estimator_trainer(name, offered)
    else:
        lacking = [one for one in ("fit", "name") if not hasattr(offered, one)]
        if not lacking:
            trainer: Trainer = offered
            return trainer
    raise wrong(
        f"gives {type(offered).__name__!r}, which lacks {' and '.join(lacking)}. It needs "
        "scikit-learn's fit, predict_proba, get_params and set_params, or what "
        "holdfast.ports.trainer.Trainer has"
    )


def _estimator_trainer(name: str, estimator: Any) -> Trainer:
    # Here, because scikit-learn takes half a second to import.
    from holdfast.adapters.trainers.estimator import EstimatorTrainer  # noqa: PLC0415 - above

    return EstimatorTrainer(name=name, estimator=estimator)


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _called(offered: Any) -> Any:
    is_factory = isinstance(offered, type) or not (hasattr(offered, "fit") or not callable(offered))
    return offered() if is_factory else offered


def _memory_limit(megabytes: int | None) -> int:
    """Return how many bytes one fit may take."""
    if megabytes is not None:
        return megabytes << 20
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        allowed = _CGROUP_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        allowed = "max"
    within = min(whole, int(allowed)) if allowed.isdecimal() else whole
    return int(within * _SHARE_OF_MEMORY)
