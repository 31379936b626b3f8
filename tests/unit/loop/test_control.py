"""What the control plane is given, and the champion it looks after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.domain.errors import CorruptReleaseError, NoChampionError
from holdfast.domain.releases import IMPORTANCES, MANIFEST, PROFILE, manifest_files
from holdfast.domain.tables import encode_table
from holdfast.loop.control import incumbent
from holdfast.testing.project import (
    DAY,
    PLAN,
    MemoryProject,
    example_bundle,
    example_candidate,
    world_rows,
)


class TestIncumbent:
    def test_is_the_release_in_production_with_all_that_judging_needs(self):
        """Contract, model, reference and baseline of one and the same release."""
        project = MemoryProject()
        record = project.deploy()

        champion = incumbent(project.ports)

        table, _ = world_rows(50, seed=3)
        rows = encode_table(table, champion.contract)
        assert champion.record == record
        assert champion.contract == example_candidate().contract
        assert champion.model.score(rows) == pytest.approx(
            example_candidate().model.predict(rows), abs=1e-6
        )
        assert champion.reference.profile.n_rows == 2000
        assert champion.baseline.n == 2000

    def test_says_that_nothing_is_in_production(self):
        """A release that was only registered is not."""
        project = MemoryProject()

        with pytest.raises(NoChampionError):
            incumbent(project.ports)

    def test_refuses_a_release_whose_reference_was_changed(self):
        """A forged reference would hide a drift."""
        project = MemoryProject()
        record = project.deploy()
        project.objects._groups[record.release_id][PROFILE] += b"x"

        with pytest.raises(CorruptReleaseError, match="profile"):
            incumbent(project.ports)

    def test_knows_what_its_model_rests_on(self):
        """The churn of the example hangs on tenure; charges mean nothing."""
        project = MemoryProject()
        project.deploy()

        champion = incumbent(project.ports)

        assert champion.importances == example_candidate().importances
        assert champion.weights is not None
        assert champion.weights["tenure"] > 0.2
        assert 0.0 <= champion.weights["charges"] < 0.01

    def test_of_an_old_release_has_no_weights(self):
        """It was made before importances were kept, and serves on."""
        project = MemoryProject()
        project.deploy(without_importances(example_bundle()))

        champion = incumbent(project.ports)

        assert champion.importances is None
        assert champion.weights is None

    def test_of_an_old_release_takes_rows_as_independent(self):
        """It was made before it was kept how much they go together, and is watched on."""
        project = MemoryProject()
        project.deploy()

        (tick,) = project.days(1, n=50)

        assert tick.observed is not None
        assert project.champion.dispersion == {}
        assert {monitor.dispersion for monitor in tick.observed.monitors.monitors} == {1.0}


def without_importances(bundle):
    """Return a release as an earlier version made it."""
    files = {n: data for n, data in bundle.files.items() if n not in {IMPORTANCES, MANIFEST}}
    manifest = replace(bundle.manifest, files=manifest_files(files))
    return replace(bundle, files={**files, MANIFEST: manifest.to_bytes()}, manifest=manifest)


class TestPolicyDigest:
    @pytest.mark.parametrize(
        "other",
        [
            replace(PLAN, decision=replace(PLAN.decision, min_labels=501)),
            replace(PLAN, guard=replace(PLAN.guard, level=0.06)),
            replace(
                PLAN, monitor=replace(PLAN.monitor, drift=replace(PLAN.monitor.drift, alpha=0.01))
            ),
        ],
        ids=["decision", "guard", "monitors"],
    )
    def test_changes_with_every_bound_that_a_decision_rests_on(self, other):
        """A record names the policies under which it came about."""
        assert other.policy_digest != PLAN.policy_digest

    def test_is_the_same_for_the_same_policies(self):
        """In any process, and for any seed or window."""
        assert replace(PLAN, seed=5, window=8 * DAY).policy_digest == PLAN.policy_digest

    def test_heeds_methods_by_the_names_of_those_that_decide(self):
        """A package's method is code, of which no digest can be taken."""
        ours: Any = object()
        more = replace(PLAN.monitor, methods={**PLAN.monitor.methods, "ours": ours})

        assert replace(PLAN, monitor=more).policy_digest == PLAN.policy_digest
