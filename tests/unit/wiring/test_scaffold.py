"""The first holdfast.toml: it loads, says what was found, and survives odd names."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.errors import SettingsError
from holdfast.domain.survey import survey
from holdfast.settings import FBetaAim, ModelSettings, load_settings
from holdfast.wiring.scaffold import model_name, render_config, toml_string, write_config

N = 40
COLUMNS: dict[str, list[Any]] = {
    "tenure": [float(i % 7) for i in range(N)],
    "plan": ["basic", None, "gold", "gold"] * (N // 4),
    "customer": [f"k{i:03}" for i in range(N)],
    "extra": [float(i % 5) for i in range(N)],
    "area": [408.0, 415.0] * (N // 2),
    "Churn": ["No", "No", "No", "Yes"] * (N // 4),
}


@pytest.fixture
def load(tmp_path):
    """Write a configuration and read it back as settings."""

    def _load(text):
        (tmp_path / "holdfast.toml").write_text(text, encoding="utf-8")
        return load_settings(tmp_path, environment={})

    return _load


class TestRenderConfig:
    def test_has_suspects_ready_to_be_dropped(self, load, tmp_path):
        """Only the owner knows; a # is all that has to be taken off."""
        reason = ["price" if word == "Yes" else None for word in COLUMNS["Churn"]] * 3
        columns = {name: values * 3 for name, values in COLUMNS.items()}
        found = survey(pa.table({**columns, "reason": reason}), target="Churn", drop=["extra"])

        text = render_config(found, data_path=tmp_path / "telco.csv", project=tmp_path)

        assert load(text).data.drop == ("extra",)
        line = next(line for line in text.splitlines() if line.startswith("# drop"))
        uncommented = text.replace('drop = ["extra"]\n', "", 1).replace(line, line[2:])
        assert load(uncommented).data.drop == ("extra", "reason")

    def test_has_numbers_that_may_mean_missing_ready_to_be_named(self, load, tmp_path):
        """As the suspects above."""
        columns = {name: values * 3 for name, values in COLUMNS.items()}
        pdays = [999.0 if i % 4 else float(i % 20) for i in range(3 * N)]
        found = survey(pa.table({**columns, "pdays": pdays}), target="Churn")

        text = render_config(found, data_path=tmp_path / "telco.csv", project=tmp_path)

        assert load(text).data.missing == {}
        line = next(line for line in text.splitlines() if line.startswith("# missing"))
        assert load(text.replace(line, line[2:])).data.missing == {"pdays": (999.0,)}

    def test_says_what_comes_of_a_date(self, load, tmp_path):
        """Not each sine and cosine."""
        days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(i * 97 % 800) for i in range(N)]
        found = survey(pa.table({**COLUMNS, "signed_on": days}), target="Churn")

        text = render_config(found, data_path=tmp_path / "telco.csv", project=tmp_path)

        line = next(line for line in text.splitlines() if line.startswith("# as_of"))
        newest = datetime(2026, 3, 1, tzinfo=UTC)
        assert load(text.replace(line, "as_of = 2026-03-01")).data.as_of == newest
        assert '"signed_on"  date, as its age in days and its month and weekday\n' in text

    def test_names_the_file_of_labels(self, load, tmp_path):
        """Relative to the project, as the data's."""
        text = render_config(
            survey(pa.table(COLUMNS), target="Churn"),
            data_path=tmp_path / "rows.csv",
            project=tmp_path,
            labels_path=tmp_path / "labels.csv",
        )

        assert load(text).data.labels == tmp_path / "labels.csv"

    def test_loads_as_it_was_meant(self, load, tmp_path):
        """Whatever was asked for or found is in the settings again."""
        found = survey(
            pa.table(COLUMNS),
            target="Churn",
            entity="customer",
            drop=["extra"],
            categorical=["area"],
        )

        text = render_config(
            found,
            data_path=tmp_path / "data" / "telco.csv",
            project=tmp_path,
            trainers=["logistic_regression", "xgboost"],
            categorical=["area"],
            delimiter="\t",
            header=False,
        )
        settings = load(text)

        assert settings.model.name == "churn"
        assert settings.data.path == tmp_path / "data/telco.csv"
        assert 'path = "data/telco.csv"' in text
        assert (settings.data.target, settings.data.positive) == ("Churn", "Yes")
        assert settings.data.entity == "customer"
        assert settings.data.drop == ("extra",)
        assert settings.data.categorical == ("area",)
        assert settings.data.delimiter == "\t"
        assert settings.data.header is False
        assert settings.train.trainers == ("logistic_regression", "xgboost")

    def test_writes_the_defaults_that_hold_anyway(self, load, tmp_path):
        """What it shows for changing holds without the line; for `trainers` it says what does."""
        found = survey(pa.table(COLUMNS), target="Churn")
        text = render_config(found, data_path=tmp_path / "t.csv", project=tmp_path)

        written = load(text)
        bare = load('[data]\ntarget = "Churn"\n')

        assert written.train.aim == FBetaAim(f_beta=1.0)
        assert written.train.trainers == ("logistic_regression", "xgboost")
        assert f"Without this line: {', '.join(bare.train.trainers)}\n" in text
        assert written.train.model_copy(update={"trainers": bare.train.trainers}) == bare.train
        assert written.monitor.window == timedelta(days=7)
        for section in ("monitor", "policy", "guard", "promote", "store", "alerts"):
            assert getattr(written, section) == getattr(bare, section)

    def test_says_what_became_of_each_column(self, tmp_path):
        """Kind, range or reason, and what is missing; a guess is called one."""
        found = survey(pa.table(COLUMNS), target="Churn")

        text = render_config(found, data_path=tmp_path / "t.csv", project=tmp_path)

        assert "# Found: 40 rows, 25.00% positive, 6 columns" in text
        assert '"tenure"    numeric, 0 to 6' in text
        assert '"plan"      categorical, 2 categories, 10 missing' in text
        assert '"customer"  dropped: an identifier' in text
        assert 'positive = "Yes"  # guessed; the other is "No"' in text
        assert '# entity = "customer"' in text

    def test_names_data_elsewhere_in_full(self, load, tmp_path):
        """A relative path would break when the project moves."""
        elsewhere = tmp_path.parent / "t.csv"

        text = render_config(
            survey(pa.table(COLUMNS), target="Churn"), data_path=elsewhere, project=tmp_path
        )

        assert load(text).data.path == elsewhere

    def test_needs_a_target(self, tmp_path):
        """Without one there is nothing to keep true."""
        with pytest.raises(ValueError, match="needs a target"):
            render_config(survey(pa.table(COLUMNS)), data_path=tmp_path, project=tmp_path)

    @given(
        names=st.lists(st.text(min_size=1, max_size=12), min_size=3, max_size=3, unique=True),
        words=st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=2, unique=True),
    )
    def test_survives_any_name(self, names, words):
        """Quotes, dots, line breaks, control characters, any script."""
        feature, dropped, target = names
        table = pa.table(
            {feature: COLUMNS["tenure"], dropped: COLUMNS["extra"], target: words * (N // 2)}
        )
        found = survey(table, target=target, drop=[dropped])

        text = render_config(found, data_path=Path("t.csv"), project=Path())
        data = tomllib.loads(text)["data"]

        assert found.target is not None
        assert data["target"] == target
        assert data["drop"] == [dropped]
        assert data["positive"] == found.target.positive


class TestWriteConfig:
    def test_makes_a_project_that_loads(self, tmp_path):
        """In a folder that need not be there yet."""
        found = survey(pa.table(COLUMNS), target="Churn")

        path = write_config(
            found,
            data=tmp_path / "t.csv",
            folder=tmp_path / "new" / "project",
            delimiter=None,
            header=True,
        )

        assert load_settings(path.parent, environment={}).data.path == tmp_path / "t.csv"

    def test_never_overwrites(self, tmp_path):
        """The file may hold a person's work."""
        (tmp_path / "holdfast.toml").write_text("mine")
        found = survey(pa.table(COLUMNS), target="Churn")

        with pytest.raises(SettingsError, match="is there already"):
            write_config(
                found, data=tmp_path / "t.csv", folder=tmp_path, delimiter=None, header=True
            )

        assert (tmp_path / "holdfast.toml").read_text() == "mine"


class TestTomlString:
    @given(st.text())
    def test_is_read_back_as_it_was(self, text):
        """By Python's own parser."""
        document = f"x = {toml_string(text)}"

        assert tomllib.loads(document) == {"x": text}


class TestModelName:
    @given(st.text())
    def test_is_always_accepted(self, target):
        """Whatever the target is called, the settings take the name made from it."""
        name = model_name(target)

        assert ModelSettings(name=name).name == name
