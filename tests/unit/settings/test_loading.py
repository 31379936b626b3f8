"""Settings: the file, the environment over it, and what is said when either is wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import get_args

import pytest

from holdfast.domain.errors import SettingsError
from holdfast.policy.guarding import RULES
from holdfast.settings import (
    CapacityAim,
    CostAim,
    FBetaAim,
    FixedAim,
    GuardSettings,
    RecallAim,
    load_settings,
)

# The sample of the design, word for word.
SAMPLE = """\
[model]
name = "churn"
[data]
path = "data/telco.csv"
target = "Churn"
positive = "Yes"
entity = "customerID"
[train]
trainers = ["logistic_regression", "xgboost"]
aim = { recall = 0.8 }
[monitor]
bucket = "1d"
window = "7d"
label_maturity = "30d"
alarms_per_year = 4
[policy]
name = "harm"
cooldown = "7d"
min_labels = 500
min_positives = 50
[guard]
rule = "better"
[promote]
path = "direct"            # or "canary"
[store]
url = "sqlite:///.holdfast/holdfast.db"
retention = "400d"
[alerts]
urls = []                  # Apprise: Slack, e-mail, PagerDuty …
"""
MINIMAL = '[data]\ntarget = "y"\n'


@pytest.fixture
def load(tmp_path):
    """Load settings from a text and an environment, in a fresh project folder."""

    def _load(text=MINIMAL, **environment):
        (tmp_path / "holdfast.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path, environment=environment)

    return _load


@pytest.fixture
def refused(load):
    """Return the words with which settings are refused."""

    def _refused(text=MINIMAL, **environment):
        with pytest.raises(SettingsError) as caught:
            load(text, **environment)
        return str(caught.value)

    return _refused


class TestFile:
    def test_reads_the_published_sample(self, load, tmp_path):
        """The sample that the documentation shows loads as it stands."""
        settings = load(SAMPLE)

        assert settings.model.name == "churn"
        assert settings.data.path == tmp_path / "data/telco.csv"
        assert settings.data.entity == "customerID"
        assert settings.train.trainers == ("logistic_regression", "xgboost")
        assert settings.train.aim == RecallAim(recall=0.8)
        assert settings.monitor.window == timedelta(days=7)
        assert settings.monitor.alarms_per_year == 4
        assert settings.store.retention == timedelta(days=400)
        assert settings.alerts.urls == ()

    def test_needs_the_target_alone(self, load, tmp_path):
        """Every other value has a default, and those are the sample's."""
        settings = load()

        sample = load(SAMPLE)
        assert settings.data.path is None
        assert settings.train.trainers == ("logistic_regression",)
        assert settings.train.aim == FBetaAim(f_beta=1.0)
        assert settings.registry.mlflow == f"sqlite:///{tmp_path}/.holdfast/mlflow.db"
        assert settings.store.releases == tmp_path / ".holdfast/releases"
        assert settings.store.archive == tmp_path / "archive"
        assert settings.store.retention is None
        for section in ("monitor", "policy", "guard", "promote", "alerts", "serving"):
            assert getattr(settings, section) == getattr(sample, section)
        assert settings.store.url == sample.store.url

    def test_refuses_a_retention_that_the_monitors_would_miss(self, refused, load):
        """It names the least that works, which depends on the windows."""
        store = '[store]\nretention = "{}"\n'

        words = refused(MINIMAL + store.format("58d"))

        assert "[store] retention = '58d'" in words
        assert "At least '59d'" in words
        assert load(MINIMAL + store.format("59d")).store.retention == timedelta(days=59)
        monitor = '[monitor]\nwindow = "2d"\nlabel_maturity = "3d"\n'
        assert "At least '12d'" in refused(MINIMAL + store.format("11d") + monitor)

    def test_places_relative_addresses_in_the_project(self, load, tmp_path):
        """A command may run from any folder; the project's files stay where they are."""
        settings = load(
            MINIMAL + '[store]\nurl = "sqlite:///here.db"\nreleases = "out"\n'
            '[clock]\nfile = "clock.json"\n'
        )

        assert settings.store.url == f"sqlite:///{tmp_path}/here.db"
        assert settings.store.releases == tmp_path / "out"
        assert settings.clock.file == tmp_path / "clock.json"

    @pytest.mark.parametrize(
        "url", ["sqlite:////var/lib/holdfast.db", "postgresql://u:p@db/holdfast"]
    )
    def test_leaves_absolute_addresses_alone(self, load, url):
        """An absolute path or a server is not the project folder's business."""
        settings = load(MINIMAL + f'[store]\nurl = "{url}"\n')

        assert settings.store.url == url

    def test_turns_the_registry_off_by_an_empty_address(self, load):
        """An empty address is not mistaken for a file of that name."""
        settings = load(MINIMAL + '[registry]\nmlflow = ""\n')

        assert settings.registry.mlflow == ""

    @pytest.mark.parametrize(
        ("written", "aim"),
        [
            ("{ recall = 0.8 }", RecallAim(recall=0.8)),
            ("{ f_beta = 2 }", FBetaAim(f_beta=2.0)),
            ("{ capacity = 0.1 }", CapacityAim(capacity=0.1)),
            ("{ fixed = 0.5 }", FixedAim(fixed=0.5)),
            (
                "{ cost_false_positive = 1, cost_false_negative = 5 }",
                CostAim(cost_false_positive=1, cost_false_negative=5),
            ),
        ],
    )
    def test_reads_each_form_of_aim(self, load, written, aim):
        """The keys say which of the five aims is meant."""
        settings = load(MINIMAL + f"[train]\naim = {written}\n")

        assert settings.train.aim == aim

    @pytest.mark.parametrize(
        ("written", "word"), [("1", "1"), ("true", "true"), ("2.0", "2"), ('"Yes"', "Yes")]
    )
    def test_takes_the_positive_word_unquoted(self, load, written, word):
        """A target of 0 and 1 is naturally written as a number."""
        settings = load(MINIMAL + f"positive = {written}\n")

        assert settings.data.positive == word

    def test_keeps_passwords_out_of_representations(self, load):
        """What is logged or shown in a traceback must not hold a password."""
        settings = load(MINIMAL + '[store]\nurl = "postgresql://u:secret@db/holdfast"\n')

        assert "secret" not in repr(settings)

    def test_offers_every_rule_of_the_guard(self):
        """The guard's rules are repeated in the settings; the two lists must not part."""
        offered = get_args(GuardSettings.model_fields["rule"].annotation)

        assert offered == RULES


class TestRefusals:
    def test_names_init_where_there_is_no_file(self, tmp_path):
        """The first thing a newcomer meets says what to run."""
        with pytest.raises(SettingsError, match=r"no holdfast.toml in .* Run: holdfast init"):
            load_settings(tmp_path, environment={})

    def test_names_the_line_of_a_syntax_error(self, refused):
        """TOML that does not parse is pointed at by line."""
        message = refused('[data]\ntarget = "y\n')

        assert "holdfast.toml is not valid TOML" in message
        assert "line 2" in message

    def test_refuses_a_file_that_is_not_utf_8(self, tmp_path):
        """An editor's legacy encoding is named as what it is."""
        (tmp_path / "holdfast.toml").write_bytes(b'[data]\ntarget = "\xe9"\n')

        with pytest.raises(SettingsError, match="not UTF-8"):
            load_settings(tmp_path, environment={})

    def test_asks_for_the_target(self, refused):
        """The one value without a default is asked for by its place."""
        message = refused("")

        assert "[data] target is not set" in message

    def test_names_the_section_that_was_meant(self, refused):
        """A misspelt section would otherwise be passed over in silence."""
        message = refused(MINIMAL + "[monitr]\n")

        assert "no section [monitr]" in message
        assert "did you mean 'monitor'?" in message
        assert "holdfast.toml" in message

    def test_refuses_a_value_in_place_of_a_section(self, refused):
        """`data = "x"` is told apart from `[data]`."""
        message = refused('data = "telco.csv"\n')

        assert "Write [data] above it" in message

    def test_refuses_the_name_of_an_inner_field(self, refused):
        """`project` is where the file is, not something that it may say."""
        message = refused('project = "x"\n' + MINIMAL)

        assert "no section [project]" in message

    def test_names_the_key_that_was_meant(self, refused):
        """A misspelt key would otherwise leave its default in force."""
        message = refused(MINIMAL + "[policy]\nmin_label = 100\n")

        assert "[policy] min_label is not a setting" in message
        assert "did you mean 'min_labels'?" in message

    @pytest.mark.parametrize(
        ("section", "line", "found", "needed"),
        [
            ("serving", 'port = "http"', "'http'", "needs to be a valid integer"),
            ("serving", "port = 70000", "70000", "less than or equal to 65535"),
            ("monitor", 'window = "a week"', "'a week'", "needs a duration"),
            ("monitor", "bucket = 7", "found 7", "needs a duration"),
            ("guard", 'rule = "beter"', "'beter'", "'better', 'no_worse' or 'auc_and_recall'"),
            ("policy", 'name = "harms"', "'harms'", "did you mean 'harm'?"),
            ("train", "aim = { recal = 0.8 }", "recal", "{ recall = 0.8 }"),
            ("train", "aim = { recall = 1.8 }", "1.8", "less than or equal to 1"),
            ("train", "aim = { recall = 0.8, fixed = 0.5 }", "fixed", "takes one of"),
            ("train", "trainers = []", "[]", "at least 1"),
            ("model", 'name = "a/b"', "'a/b'", "pattern"),
        ],
    )
    def test_says_what_was_found_and_what_is_needed(self, refused, section, line, found, needed):
        """A wrong value is named by section and key, with both sides of the mismatch."""
        message = refused(MINIMAL + f"[{section}]\n{line}\n")

        assert f"[{section}] {line.split(' =')[0]} " in message
        assert found in message
        assert needed in message

    def test_wants_windows_of_whole_buckets(self, refused):
        """Windows are sums of buckets; a fraction of one cannot be added."""
        message = refused(MINIMAL + '[monitor]\nbucket = "2d"\nwindow = "7d"\n')

        assert "[monitor] window must be a whole number of buckets of 2d; found 7d" in message

    @pytest.mark.parametrize(
        ("section", "words"),
        [
            ('[policy]\nname = "psi"\nseverity = "critical"', "leave out the severity 'critical'"),
            ('[policy]\nname = "schedule"\nevery = "0s"', "every must be longer than 0s"),
            ('[policy]\nname = "schedul"', "did you mean 'schedule'?"),
            ('[monitor]\njudge_on = "holdout"', "needs a share: set holdout, such as 0.1"),
            ("[monitor]\nholdout = 1", "needs to be less than 1; found 1"),
        ],
    )
    def test_wants_a_policy_and_rows_that_make_sense(self, refused, section, words):
        """What would silently do nothing is refused."""
        assert words in refused(MINIMAL + section + "\n")

    def test_counts_the_further_problems(self, refused):
        """One line is shown; that there are more is said."""
        message = refused(MINIMAL + "[serving]\nport = -1\nworkers = 0\n")

        assert "(1 more after this one)" in message

    def test_does_not_show_what_may_be_a_password(self, refused):
        """Error messages end up in logs."""
        message = refused(MINIMAL + '[alerts]\nurls = "slack://secret"\n')

        assert "[alerts] urls" in message
        assert "secret" not in message


class TestEnvironment:
    def test_overrides_the_file(self, load):
        """A deployment changes values without changing the file."""
        settings = load(
            MINIMAL + "[serving]\nport = 8000\nworkers = 2\n", HOLDFAST_SERVING__PORT="9000"
        )

        assert settings.serving.port == 9000
        assert settings.serving.workers == 2

    def test_can_stand_in_for_the_whole_section(self, load):
        """The target itself may come from the environment."""
        settings = load("", HOLDFAST_DATA__TARGET="Churn", HOLDFAST_DATA__HEADER="false")

        assert settings.data.target == "Churn"
        assert settings.data.header is False

    def test_reads_lists_by_comma_or_as_json(self, load):
        """Names with a comma in them have the JSON form."""
        by_comma = load(HOLDFAST_DATA__DROP="a, b")
        by_json = load(HOLDFAST_DATA__DROP='["a, b"]')

        assert by_comma.data.drop == ("a", "b")
        assert by_json.data.drop == ("a, b",)

    @pytest.mark.parametrize(
        "variable",
        [
            {"HOLDFAST_TRAIN__AIM__RECALL": "0.7"},
            {"HOLDFAST_TRAIN__AIM": '{"recall": 0.7}'},
        ],
    )
    def test_replaces_the_aim_as_a_whole(self, load, variable):
        """The file's aim of another kind does not mix with the environment's."""
        settings = load(MINIMAL + "[train]\naim = { fixed = 0.5 }\n", **variable)

        assert settings.train.aim == RecallAim(recall=0.7)

    def test_reads_secrets_from_files(self, load, tmp_path):
        """Container platforms hand secrets over as files."""
        secret = tmp_path / "url"
        secret.write_text("postgresql://u:p@db/holdfast\n")

        settings = load(HOLDFAST_STORE__URL_FILE=str(secret))

        assert settings.store.url == "postgresql://u:p@db/holdfast"

    def test_tells_a_key_named_file_from_a_secret(self, load, tmp_path):
        """`[clock] file` is a setting of its own, not a file that holds one."""
        settings = load(HOLDFAST_CLOCK__FILE="clock.json")

        assert settings.clock.file == tmp_path / "clock.json"

    def test_passes_over_variables_that_are_no_settings(self, load):
        """HOLDFAST_DATA is where tests find data; it is not the section [data]."""
        settings = load(HOLDFAST_DATA="/data", HOLDFAST_NO_SKIP="1", OTHER__THING="x")

        assert settings.data.target == "y"

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ({"HOLDFAST_STOER__URL": "x"}, "HOLDFAST_STOER__URL: there is no section [stoer]"),
            ({"HOLDFAST_STORE__URI": "x"}, "HOLDFAST_STORE__URI: [store] uri is not a setting"),
            ({"HOLDFAST_SERVING__PORT": "x"}, "HOLDFAST_SERVING__PORT: [serving] port needs"),
            ({"HOLDFAST_STORE__URL_FILE": "/no/such"}, "the file /no/such"),
            (
                {"HOLDFAST_TRAIN__AIM": "balanced", "HOLDFAST_TRAIN__AIM__RECALL": "1"},
                "HOLDFAST_TRAIN__AIM__RECALL: the same setting is given twice",
            ),
            ({"HOLDFAST_TRAIN__AIM": "{recall"}, "HOLDFAST_TRAIN__AIM: [train] aim takes one of"),
        ],
    )
    def test_names_the_variable_that_is_wrong(self, refused, environment, words):
        """The file is not blamed for what a variable says."""
        message = refused(**environment)

        assert words in message

    def test_refuses_a_secret_given_twice(self, refused, tmp_path):
        """Which of the two would win is nobody's guess."""
        (tmp_path / "url").write_text("x")

        message = refused(HOLDFAST_STORE__URL="y", HOLDFAST_STORE__URL_FILE=str(tmp_path / "url"))

        assert "given twice" in message


class TestWeight:
    def test_loads_no_heavy_library(self):
        """The slim server reads settings too."""
        heavy = "pandas pyarrow sklearn scipy mlflow matplotlib onnx numpy pydantic_settings"
        program = (
            "import sys, holdfast.settings;"
            f"print([name for name in {heavy.split()} if name in sys.modules])"
        )

        result = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )

        assert result.stdout.strip() == "[]"
