"""The control plane's wiring: from settings to ports and plan."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

from holdfast.adapters.registries.meanwhile import MeanwhileRegistry
from holdfast.adapters.registries.mlflow import MlflowRegistry
from holdfast.adapters.runtimes.onnx import OnnxRuntime
from holdfast.adapters.tuners.optuna import OptunaTuner
from holdfast.domain.durations import format_duration
from holdfast.domain.errors import MissingExtraError, SettingsError
from holdfast.loop.control import ControlPlan, ControlPorts
from holdfast.loop.history import History
from holdfast.loop.search import Budget, SearchPlan
from holdfast.policy.assessing import MonitorPolicy
from holdfast.policy.deciding import DecisionPolicy
from holdfast.policy.guarding import GuardPolicy
from holdfast.policy.monitoring import SequentialPolicy
from holdfast.policy.probation import ProbationPolicy
from holdfast.policy.row_choice import RowPolicy
from holdfast.policy.thresholds import Capacity, Costs, FBeta, Fixed, RecallAtLeast
from holdfast.policy.trying import TrialPolicy
from holdfast.settings import CapacityAim, CostAim, FBetaAim, RecallAim
from holdfast.wiring.alerts import notifiers_of
from holdfast.wiring.archives import keeping_of
from holdfast.wiring.drift import drift_policy_of, rule_of
from holdfast.wiring.logs import log_to_stderr
from holdfast.wiring.plugins import drift_methods
from holdfast.wiring.project import clock_of, holdout_of, open_objects, open_store
from holdfast.wiring.trainers import trainers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.policy.thresholds import Aim
    from holdfast.ports.model_registry import ModelRegistry
    from holdfast.ports.notifier import Notifier
    from holdfast.settings import Settings

__all__ = ["aim_of", "open_control", "plan_of"]

_YEAR = timedelta(days=365.25)
_CRITICAL_SHARE = 0.0125  # as few of the alarms as by time: 0.05 a year of 4


@contextmanager
def open_control(
    settings: Settings,
    *,
    create: bool = False,
    notifiers: Sequence[Notifier] | None = None,
    meanwhile: bool = False,
    history: History | None = None,
) -> Iterator[ControlPorts]:
    """Open what the control plane needs, and close it afterwards.

    Args:
        settings: The project's.
        create: Make the store where there is none.
        notifiers: Who tells people of alerts, in place of the settings' own.
        meanwhile: Begin at once to make the registry ready, which will be needed.
        history: What this process has read of the log before, if it did.

    Raises:
        SettingsError: If a trainer is not known.
        MissingExtraError: If alerts are to be sent, and what sends them is not installed.
        NoStoreError: If there is no store and none is to be made.
        StoreVersionError: If another version of Holdfast made it.
    """
    log_to_stderr()
    trainers = trainers_of(settings)
    with open_store(settings, create=create) as store:
        yield ControlPorts(
            predictions=store.predictions,
            labels=store.labels,
            events=store.events,
            releases=store.releases,
            profiles=store.profiles,
            outbox=store.outbox,
            lease=store.leases,
            views=store.views,
            ticks=store.ticks,
            monitors=store.monitors,
            objects=open_objects(settings),
            runtime=OnnxRuntime(),
            trainers=trainers,
            registry=_registry_of(settings, meanwhile=meanwhile),
            notifiers=notifiers_of(settings) if notifiers is None else notifiers,
            clock=clock_of(settings),
            keeping=keeping_of(settings, store),
            tuner=OptunaTuner(),
            history=history or History(),
        )


def _registry_of(settings: Settings, *, meanwhile: bool) -> ModelRegistry | None:
    if not settings.registry.mlflow:
        return None
    registry = MlflowRegistry(settings.registry.mlflow, model_name=settings.model.name)
    return MeanwhileRegistry(registry) if meanwhile else registry


def plan_of(settings: Settings) -> ControlPlan:
    """Return what the settings want of the loop.

    Raises:
        SettingsError: If they name a test of drift that does not fit, a trial that is longer
            than the pause between two attempts, or a probation whose rows would be dropped.
        PluginError: If an installed package offers a method of drift that cannot be used.
        MissingExtraError: If they ask for a search, and what searches is not installed.
    """
    monitor, policy, methods = settings.monitor, settings.policy, drift_methods()
    sequential = SequentialPolicy(
        buckets_per_year=_YEAR / monitor.bucket, alarms_per_year=monitor.alarms_per_year
    )
    return ControlPlan(
        model_name=settings.model.name,
        aim=aim_of(settings),
        seed=settings.train.seed,
        windows=settings.train.windows,
        bucket=monitor.bucket,
        window=monitor.window,
        label_maturity=monitor.label_maturity,
        missing_is_negative=monitor.missing_at_maturity == "negative",
        monitor=replace(
            MonitorPolicy.within(
                alarms_per_year=sequential.alarms_per_year,
                ticks_per_year=sequential.buckets_per_year,
                weight=sequential.window_test_weight,
            ),
            drift=drift_policy_of(settings, methods),
            rule=rule_of(settings),
            methods=methods,
        ),
        sequential=sequential,
        sequential_by_rows=SequentialPolicy(
            buckets_per_year=100,
            alarms_per_year=monitor.alarms_per_100_buckets,
            critical_per_year=monitor.alarms_per_100_buckets * _CRITICAL_SHARE,
        ),
        decision=DecisionPolicy(
            name=policy.name,
            severity=policy.severity,
            every=policy.every,
            horizon=policy.horizon,
            label_maturity=monitor.label_maturity,
            cooldown=policy.cooldown,
            cooldown_limit=max(monitor.label_maturity, timedelta(0)),
            min_labels=policy.min_labels,
            min_positives=policy.min_positives,
        ),
        rows=RowPolicy(judge_on=monitor.judge_on, holdout=holdout_of(settings)),
        guard=GuardPolicy(
            rule=settings.guard.rule,
            min_rows=settings.guard.min_rows,
            min_class=settings.guard.min_class,
            max_latency=timedelta(milliseconds=settings.guard.max_latency_ms),
        ),
        trial=_trial_of(settings),
        probation=_probation_of(settings),
        search=_search_of(settings),
    )


def _search_of(settings: Settings) -> SearchPlan | None:
    wanted, again = settings.train.search, settings.train.search_again
    if wanted is None:
        return None
    if find_spec("optuna") is None:  # said before a retraining begins, which could not end
        raise MissingExtraError(needs="Optuna", extra="search")
    if isinstance(wanted, timedelta):
        return SearchPlan(budget=Budget(time=wanted), again=again)
    return SearchPlan(budget=Budget(n_trials=wanted), again=again)


def _probation_of(settings: Settings) -> ProbationPolicy:
    monitor, guard, wanted = settings.monitor, settings.guard, settings.promote.probation
    two_windows = monitor.label_maturity + 2 * monitor.window
    lasts, retention = two_windows if wanted is None else wanted, settings.store.retention
    if retention is not None and retention < lasts:
        raise SettingsError(
            f"[promote] probation lasts {format_duration(lasts)}, but rows leave the store at an "
            f"age of {format_duration(retention)} ([store] retention), so that they could not be "
            "compared. Make retention at least as long, or the probation shorter"
        )
    return ProbationPolicy(
        lasts=lasts,
        min_rows=guard.min_rows,
        min_class=guard.min_class,
    )


def _trial_of(settings: Settings) -> TrialPolicy:
    promote, cooldown = settings.promote, settings.policy.cooldown
    lasts = promote.shadow_for + promote.canary_for
    if promote.path == "canary" and cooldown < lasts:
        raise SettingsError(
            f"[policy] cooldown is {format_duration(cooldown)}, but a trial, [promote] shadow_for "
            f"and canary_for, lasts {format_duration(lasts)}: the next challenger would take the "
            "place of one that is still tried. Make cooldown at least as long"
        )
    return TrialPolicy(
        path=promote.path,
        share=promote.share,
        shadow_for=promote.shadow_for,
        canary_for=promote.canary_for,
    )


def aim_of(settings: Settings) -> Aim:
    """Return what the decision threshold is chosen for."""
    match settings.train.aim:
        case RecallAim(recall=recall):
            return RecallAtLeast(recall=recall)
        case FBetaAim(f_beta=beta):
            return FBeta(beta=beta)
        case CostAim(cost_false_positive=false_positive, cost_false_negative=false_negative):
            return Costs(false_positive=false_positive, false_negative=false_negative)
        case CapacityAim(capacity=share):
            return Capacity(share=share)
        case fixed:
            return Fixed(threshold=fixed.fixed)
