"""What holdfast.toml may say, section by section, with every default."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    field_validator,
    model_validator,
)

from holdfast.domain.durations import format_duration, parse_duration
from holdfast.domain.errors import nearest
from holdfast.domain.evidence import Severity
from holdfast.domain.treatments import JudgeOn
from holdfast.drift.rules import RULES, rule_named  # loads no more than the domain
from holdfast.policy.policies import POLICIES, DecisionPolicy
from holdfast.settings.alerts import AlertSettings
from holdfast.settings.control import ControlSettings
from holdfast.settings.words import Duration
from holdfast.settings.words import Section as _Section

__all__ = [
    "SECTIONS",
    "Aim",
    "AlertSettings",
    "CapacityAim",
    "ClockSettings",
    "ControlSettings",
    "CostAim",
    "DataSettings",
    "DriftSettings",
    "FBetaAim",
    "FixedAim",
    "GuardSettings",
    "ModelSettings",
    "MonitorSettings",
    "PolicySettings",
    "PromoteSettings",
    "RecallAim",
    "RegistrySettings",
    "ServingSettings",
    "Settings",
    "StoreSettings",
    "TrainSettings",
    "choose",
    "parse_search",
]

_AIM_FORMS = (
    "takes one of { recall = 0.8 }, { f_beta = 1.0 }, "
    "{ cost_false_positive = 1, cost_false_negative = 5 }, { capacity = 0.1 }, { fixed = 0.5 }"
)


def choose(name: str, known: Mapping[str, object]) -> str:
    """Return the end of a refusal: which known name was meant, and which there are."""
    meant = nearest(name, known)
    listed = f"it takes one of {', '.join(known)}"
    return f"did you mean {meant!r}? ({listed})" if meant else listed


def _word(value: object) -> object:
    """Take ``positive = 1`` for the word "1": the target's words are text throughout."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else value


def parse_search(value: object) -> timedelta | int:
    """Return a search's budget: a length of time, or how many settings each trainer tries.

    Raises:
        ValueError: If it is neither, or nothing.
    """
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    budget = value if type(value) is int else parse_duration(value)
    if not budget or (isinstance(budget, int) and budget < 0):
        raise ValueError("must be longer than 0s, or at least one trial")
    return budget


SearchBudget = Annotated[
    timedelta | int,
    BeforeValidator(parse_search),
    PlainSerializer(
        lambda budget: budget if isinstance(budget, int) else format_duration(budget),
        when_used="json",
    ),
]
Moment = Annotated[
    datetime,
    AfterValidator(lambda moment: moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)),
]
Names = tuple[str, ...]
WindowName = Literal["recent", "all", "reference_and_recent", "decayed"]
Share = Annotated[float, Field(gt=0, le=1)]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]


Codes = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(min_length=1)]


class RecallAim(_Section):
    """Find at least this share of the positives, with as few false alarms as that allows."""

    recall: Share


class FBetaAim(_Section):
    """Balance recall and precision; recall counts `f_beta` times as much."""

    f_beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


class CostAim(_Section):
    """Make the two errors as cheap as possible, at these prices each."""

    cost_false_positive: Cost
    cost_false_negative: Cost

    @model_validator(mode="after")
    def _has_a_price(self) -> Self:
        if self.cost_false_positive == 0 or self.cost_false_negative == 0:
            raise ValueError("both errors need a price above 0, else one answer fits all rows")
        return self


class CapacityAim(_Section):
    """Flag at most this share of the rows: as many as can be acted on."""

    capacity: Share


class FixedAim(_Section):
    """Use exactly this threshold."""

    fixed: Annotated[float, Field(ge=0, le=1)]


def _aim_tag(value: object) -> str | None:
    keys = set(value) if isinstance(value, dict) else set(getattr(value, "model_fields_set", ()))
    tags = {
        "recall": {"recall"},
        "f_beta": {"f_beta"},
        "cost": {"cost_false_positive", "cost_false_negative"},
        "capacity": {"capacity"},
        "fixed": {"fixed"},
    }
    return next((tag for tag, wanted in tags.items() if keys == wanted), None)


Aim = Annotated[
    Annotated[RecallAim, Tag("recall")]
    | Annotated[FBetaAim, Tag("f_beta")]
    | Annotated[CostAim, Tag("cost")]
    | Annotated[CapacityAim, Tag("capacity")]
    | Annotated[FixedAim, Tag("fixed")],
    Discriminator(_aim_tag, custom_error_type="aim", custom_error_message=_AIM_FORMS),
]
"""What the decision threshold is chosen for."""


class ModelSettings(_Section):
    """`[model]`: what is kept true."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = "model"


class DataSettings(_Section):
    """`[data]`: where labelled rows come from and what their columns are."""

    path: Path | None = None
    labels: Path | None = None  # a file with the target, line by line beside `path`
    target: Annotated[str, Field(min_length=1)]
    positive: Annotated[str | None, BeforeValidator(_word)] = None  # None: guessed, and said
    time: str | None = None
    entity: str | None = None
    drop: Names = ()
    categorical: Names = ()  # numeric columns that hold codes
    dates: Names = ()  # columns of dates that do not say when their row was
    as_of: Moment | None = None  # what ages are counted to where no row has a time
    missing: dict[str, Codes] = Field(default_factory=dict)  # numbers that stand for missing
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None  # None: sniffed
    header: bool = True


class TrainSettings(_Section):
    """`[train]`: which models compete, and for what."""

    trainers: Annotated[Names, Field(min_length=1)] = ("logistic_regression",)
    windows: Annotated[tuple[WindowName, ...], Field(min_length=1)] = get_args(WindowName)
    aim: Aim = Field(default_factory=lambda: FBetaAim(f_beta=1.0))
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    time_limit: Duration = timedelta(hours=1)  # for one fit
    memory_limit_mb: Annotated[int | None, Field(ge=64)] = None  # None: 3/4 of the machine's
    search: SearchBudget | None = None  # None: trainers keep their hyperparameters
    search_again: bool = False  # at each retraining

    @field_validator("time_limit")
    @classmethod
    def _is_some_time(cls, limit: timedelta) -> timedelta:
        if limit <= timedelta(0):
            raise ValueError("must be longer than 0s")
        return limit


class MonitorSettings(_Section):
    """`[monitor]`: how production is cut into pieces, and how often it may cry wolf."""

    bucket: Duration = timedelta(days=1)
    window: Duration = timedelta(days=7)
    label_maturity: Duration = timedelta(days=30)
    missing_at_maturity: Literal["unknown", "negative"] = "unknown"
    alarms_per_year: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 4.0
    alarms_per_100_buckets: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0  # of rows
    holdout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of the entities; nobody acts upon them
    judge_on: JudgeOn = JudgeOn.AUTO

    @model_validator(mode="after")
    def _holds_out_whom_it_judges_on(self) -> Self:
        if self.judge_on is JudgeOn.HOLDOUT and not self.holdout:
            raise ValueError('judge_on = "holdout" needs a share: set holdout, such as 0.1')
        return self

    @model_validator(mode="after")
    def _windows_hold_whole_buckets(self) -> Self:
        if self.bucket <= timedelta(0):
            raise ValueError("bucket must be longer than 0s")
        if self.window < self.bucket or self.window % self.bucket:
            raise ValueError(
                f"window must be a whole number of buckets of {format_duration(self.bucket)}; "
                f"found {format_duration(self.window)}"
            )
        return self


class DriftSettings(_Section):
    """`[drift]`: when a feature, and when the rows as a whole, count as drifted."""

    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    min_effect: Annotated[float, Field(ge=0, lt=1)] = 0.05
    numeric_test: Annotated[str, Field(min_length=1)] = "anderson_darling"
    categorical_test: Annotated[str, Field(min_length=1)] = "chi_square"
    rule: str = "drift_share"
    rule_at: float | None = None  # None: as the rule is known

    @field_validator("rule")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in RULES:
            raise ValueError(f"is not a rule; {choose(name, RULES)}")
        return name

    @model_validator(mode="after")
    def _rule_takes_its_bound(self) -> Self:
        if self.rule_at is not None:
            try:
                rule_named(self.rule, at=self.rule_at)
            except ValueError as error:
                raise ValueError(f"rule_at: {error}") from None
        return self


class PolicySettings(_Section):
    """`[policy]`: when alerts become a retraining."""

    name: str = "harm"
    severity: Severity | None = None  # None: the named policy's own
    every: Duration = timedelta(days=30)  # under `schedule`
    horizon: Duration = timedelta(days=90)  # the longest that labels are waited for
    cooldown: Duration = timedelta(days=7)
    min_labels: Annotated[int, Field(ge=1)] = 500
    min_positives: Annotated[int, Field(ge=1)] = 50

    @field_validator("name")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in POLICIES:
            raise ValueError(f"is not a policy; {choose(name, POLICIES)}")
        return name

    @model_validator(mode="after")
    def _is_a_policy(self) -> Self:
        DecisionPolicy(name=self.name, severity=self.severity, every=self.every)
        return self


class GuardSettings(_Section):
    """`[guard]`: what a challenger must show before it is promoted."""

    # policy.guarding.RULES, which needs scipy
    rule: Literal["better", "no_worse", "auc_and_recall"] = "better"
    min_rows: Annotated[int, Field(ge=2)] = 500
    min_class: Annotated[int, Field(ge=2)] = 50
    max_latency_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0  # for one row


class PromoteSettings(_Section):
    """`[promote]`: how a challenger takes over."""

    path: Literal["direct", "canary"] = "direct"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1  # of the requests that a canary answers
    shadow_for: Duration = timedelta(days=1)  # under `canary`: before it answers anybody
    canary_for: Duration = timedelta(days=3)  # and then, before it answers everybody
    # None: until labels of two windows are mature; "0d": none
    probation: Duration | None = None


class StoreSettings(_Section):
    """`[store]`: where facts and releases live."""

    url: Annotated[str, Field(min_length=1, repr=False)] = "sqlite:///.holdfast/holdfast.db"
    durability: Literal["full", "relaxed"] = "full"
    retention: Duration | None = None  # None: rows stay for ever
    archive: Path = Path("archive")  # where rows go that are older
    releases: Path = Path(".holdfast/releases")


class RegistrySettings(_Section):
    """`[registry]`: the MLflow server that mirrors runs and releases for people."""

    mlflow: Annotated[str, Field(repr=False)] = "sqlite:///.holdfast/mlflow.db"  # "": none


class ServingSettings(_Section):
    """`[serving]`: how predictions are served."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    workers: Annotated[int, Field(ge=1)] = 1
    drain: Duration = timedelta(0)  # for which a server that is to stop answers at least
    unknown_features: Literal["refuse", "ignore"] = "refuse"
    max_body_bytes: Annotated[int, Field(ge=1)] = 4 * 1024 * 1024
    max_rows: Annotated[int, Field(ge=1)] = 1_000  # in one request
    auth: Literal["auto", "required", "off"] = "auto"  # when API keys are asked for


class ClockSettings(_Section):
    """`[clock]`: where the time comes from; a file makes a time-lapse."""

    file: Path | None = None


class Settings(_Section):
    """Everything a project says about itself; paths are absolute."""

    project: Path
    model: ModelSettings = ModelSettings()
    data: DataSettings
    train: TrainSettings = TrainSettings()
    control: ControlSettings = ControlSettings()
    monitor: MonitorSettings = MonitorSettings()
    drift: DriftSettings = DriftSettings()
    policy: PolicySettings = PolicySettings()
    guard: GuardSettings = GuardSettings()
    promote: PromoteSettings = PromoteSettings()
    store: StoreSettings = StoreSettings()
    registry: RegistrySettings = RegistrySettings()
    serving: ServingSettings = ServingSettings()
    alerts: AlertSettings = AlertSettings()
    clock: ClockSettings = ClockSettings()


SECTIONS: dict[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}
