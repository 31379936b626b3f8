"""Every rule by its name, and what is said of names and bounds that do not fit."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from holdfast.domain.canonical import digest
from holdfast.drift.rules import RULES, DriftShare, KolmogorovSmirnovShare, PsiBands, rule_named


class TestRules:
    @pytest.mark.parametrize("name", RULES)
    def test_each_bears_the_name_it_is_found_by(self, name):
        """In its words, too."""
        rule = rule_named(name)

        assert rule.name == name
        assert name in rule.words

    def test_a_digest_tells_them_apart(self):
        """By it steps of the loop are told apart: those of two rules with equal bounds, too."""
        rules = [*map(rule_named, RULES), DriftShare(at=0.4)]

        assert len({digest(rule) for rule in rules}) == len(rules)

    def test_naming_them_loads_nothing_heavy(self):
        """Settings name them, and a slim server reads settings."""
        script = (
            "import sys, holdfast.drift.rules; "
            "sys.exit(bool({'numpy', 'scipy', 'pyarrow'} & set(sys.modules)))"
        )

        done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)

        assert done.returncode == 0


class TestRuleNamed:
    def test_takes_its_bounds(self):
        """Those that are not given are as customary."""
        assert rule_named("psi", at=0.25) == PsiBands(at=0.25)
        assert rule_named("ks_share", alpha=0.01) == KolmogorovSmirnovShare(alpha=0.01, at=0.3)

    @pytest.mark.parametrize(
        ("name", "bounds", "words"),
        [
            ("drift_shar", {}, "there is no rule 'drift_shar'; did you mean 'drift_share'?"),
            ("chi", {}, "it takes one of drift_share, weighted_share, any_feature, psi, ks_share"),
            ("psi", {"alpha": 0.1}, "the rule psi has no bound 'alpha'; it takes at, moderate"),
            ("any_feature", {"at": 0.1}, "the rule any_feature has no bound 'at'; it takes no"),
            ("drift_share", {"name": 1.0}, "the rule drift_share has no bound 'name'"),
            ("drift_share", {"at": 50.0}, "at must be a share above 0 and at most 1; found 50.0"),
        ],
    )
    def test_says_what_was_found_and_what_is_needed(self, name, bounds, words):
        """Whoever misspelt a word mends it by what is said."""
        with pytest.raises(ValueError, match=re.escape(words)):
            rule_named(name, **bounds)
