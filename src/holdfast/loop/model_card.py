"""What a person should know before relying on a release, as Markdown beside its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.contract import FeatureKind
from holdfast.loop.illustrate import CAPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.contract import Contract, Feature
    from holdfast.domain.curves import Curves
    from holdfast.domain.releases import Importances, ModelMetrics, Recipe

__all__ = ["brought_card", "model_card"]

_MOST_CATEGORIES_SHOWN = 8
_IN_SAMPLE = (
    "**In-sample**: nobody said that the reference rows were held out. If the model was fitted on "
    "them, these figures are better than it is, and monitors that compare production with them "
    "call it worse too early."
)
_CALIBRATIONS = {
    "sigmoid": "Platt's (sigmoid), on the validation rows",
    "isotonic": "isotonic, between the centres of its steps, on the validation rows",
}
_SOUND_FIGURES = 100  # positives in the test part below which figures are called rough


def model_card(
    *,
    model_name: str,
    contract: Contract,
    recipe: Recipe,
    metrics: ModelMetrics,
    curves: Curves,
    aim: str,
    parity: float,
    n_reference: int,
    importances: Importances,
    pictures: Iterable[str] = (),
) -> str:
    """Return the card; the same release gives the same text, so it holds no date.

    Args:
        model_name: The project's model.
        contract: Features, target, threshold.
        recipe: How the model was made.
        metrics: On the test part.
        curves: On the test part, at every threshold.
        aim: What the threshold serves, in words.
        parity: Largest difference between the trained and the exported model's scores.
        n_reference: Rows whose profile later windows are compared with.
        importances: Of the features to the tested model.
        pictures: Names of those that lie beside the card.
    """
    sections = (
        *_head(model_name, contract),
        "## Figures",
        _figures(metrics, "test rows", " that the tested model had not seen"),
        "## Threshold",
        f"{_decided(contract)} It was chosen on the validation rows for {aim}.",
        _at_threshold(curves, contract, "test rows"),
        *_pictures(pictures),
        "## How it was made",
        _making(recipe, contract, parity=parity, n_reference=n_reference),
        "## Limits",
        _limits(metrics, "test rows"),
        *_features(contract.features, importances, "those test rows", "in training"),
    )
    return "\n\n".join(sections) + "\n"


def brought_card(
    *,
    model_name: str,
    contract: Contract,
    recipe: Recipe,
    metrics: ModelMetrics,
    curves: Curves,
    importances: Importances,
    held_out: bool,
    pictures: Iterable[str] = (),
) -> str:
    """Return the card of a model that was brought from elsewhere.

    Args:
        model_name: The project's model.
        contract: Features, target, threshold.
        recipe: Which file it came from.
        metrics: On the reference rows.
        curves: On the reference rows, at every threshold.
        importances: Of the features, on the reference rows.
        held_out: Whether the model was not fitted on the reference rows, as its owner says.
        pictures: Names of those that lie beside the card.
    """
    who = " that its owner says it was not fitted on" if held_out else ""
    sections = (
        *_head(model_name, contract),
        "## Figures",
        *([] if held_out else [_IN_SAMPLE]),
        _figures(metrics, "reference rows", who),
        "## Threshold",
        f"{_decided(contract)} Its owner said so.",
        _at_threshold(curves, contract, "reference rows"),
        *_pictures(pictures),
        "## How it was made",
        "Brought from elsewhere: Holdfast did not train it and cannot make it again.",
        _origin(recipe, contract, n_reference=metrics.n),
        "## Limits",
        _limits(metrics, "reference rows"),
        *_features(contract.features, importances, "the reference rows", "in the reference"),
    )
    return "\n\n".join(sections) + "\n"


def _head(model_name: str, contract: Contract) -> tuple[str, str]:
    target = contract.target
    return (
        f"# Model card: {model_name}",
        (
            f"Answers with the probability that `{target.name}` is **{target.positive}** "
            f"(otherwise {target.negative}), for one row of {len(contract.features)} features."
        ),
    )


def _decided(contract: Contract) -> str:
    return f"A score of {contract.threshold:.4f} and above is decided {contract.target.positive}."


def _at_threshold(curves: Curves, contract: Contract, rows_of: str) -> str:
    chosen, positive = curves.chosen, contract.target.positive
    n_flagged = chosen.n_true_positive + chosen.n_false_positive
    said = [f"it flags {n_flagged:,} of {curves.n:,} {rows_of} ({curves.flagged(chosen):.1%})"]
    if (recall := curves.recall(chosen)) is not None:
        said.append(
            f"finds {chosen.n_true_positive:,} of the {curves.n_positive:,} that are {positive} "
            f"({recall:.1%})"
        )
    if (precision := curves.precision(chosen)) is not None:
        said.append(f"is right about {precision:.1%} of those that it flags")
    return f"There, {', '.join(said[:-1])}{' and ' if said[1:] else ''}{said[-1]}."


def _pictures(names: Iterable[str]) -> list[str]:
    """Return links to the pictures, which lie beside the card."""
    shown = [f"![{CAPTIONS[name]}]({name})" for name in names]
    return ["## Pictures", *shown] if shown else []


def _origin(recipe: Recipe, contract: Contract, *, n_reference: int) -> str:
    facts = (
        f"file: `{recipe.parameters['file']}`, SHA-256 `{recipe.parameters['file_digest']}`",
        f"inputs: {recipe.parameters['inputs']}",
        f"data, SHA-256: `{contract.data_digest}`",
        f"reference: the profile of {n_reference:,} rows",
    )
    return "\n".join(f"- {fact}" for fact in facts)


def _figures(metrics: ModelMetrics, rows_of: str, unseen: str) -> str:
    rows = []
    for name, value in metrics.figures.items():
        bounds = metrics.intervals.get(name)
        between = "" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
        rows.append((name.replace("_", " "), f"{value:.3f}", between))
    return (
        f"On {metrics.n:,} {rows_of}, {metrics.n_positive:,} of them positive"
        f"{unseen and ','}{unseen}:\n\n" + _table(("figure", "value", "95% interval"), rows)
    )


def _making(recipe: Recipe, contract: Contract, *, parity: float, n_reference: int) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in recipe.parameters.items())
    facts = (
        f"trainer: `{recipe.trainer}` ({settings})",
        *_search(recipe),
        *_competition(recipe),
        (
            f"rows: {recipe.n_train:,} to train, {recipe.n_validation:,} to validate, "
            f"{recipe.n_test:,} to test; {recipe.split}; training window: {_window(recipe)}"
        ),
        f"seed: {recipe.seed}",
        f"training data, SHA-256: `{contract.data_digest}`",
        f"reference: the profile of {n_reference:,} rows",
        f"calibration: {_CALIBRATIONS[recipe.calibration]}, inside the exported model",
        f"export: repeats the trained model's scores to {parity:.1e}",
    )
    return "\n".join(f"- {fact}" for fact in facts)


def _window(recipe: Recipe) -> str:
    if recipe.half_life is None:
        return recipe.training_window
    return f"{recipe.training_window}, a row counts half after {recipe.half_life:,} more"


def _search(recipe: Recipe) -> list[str]:
    tuned = recipe.search.get(recipe.trainer)
    if tuned is None:
        return []
    found = f"Brier score {tuned.brier:.4f} by cross-validation of training rows"
    return [f"its settings are the best of {tuned.n_trials:,} that were tried: {found}"]


def _competition(recipe: Recipe) -> list[str]:
    facts = []
    if len(recipe.competition) > 1:
        ranked = sorted(recipe.competition.items(), key=lambda one: one[1])
        scores = ", ".join(f"`{name}` {brier:.4f}" for name, brier in ranked)
        facts.append(f"chosen by the Brier score on the validation rows: {scores}")
    facts += [f"`{name}` gave no model: {why}" for name, why in recipe.failures.items()]
    return facts


def _limits(metrics: ModelMetrics, rows_of: str) -> str:
    limits = [
        (
            "The scores hold for rows like those it was trained on. Holdfast watches for others; "
            "it cannot make the model right about them."
        ),
        (
            "A category that training never saw adds nothing to a score, or what the trainer "
            "makes of it; it is counted and reported."
        ),
        (
            "Figures of groups of people were not compared. Do so before a decision about people "
            "rests on the model."
        ),
    ]
    rarer = min(metrics.n_positive, metrics.n - metrics.n_positive)
    if rarer < _SOUND_FIGURES:
        limits.insert(
            0, f"The figures rest on {rarer} {rows_of} of the rarer class: they are rough."
        )
    return "\n".join(f"- {limit}" for limit in limits)


def _features(
    features: tuple[Feature, ...], importances: Importances, rows_of: str, seen_in: str
) -> tuple[str, str, str]:
    rows = [
        (
            f.name,
            f.kind.value,
            _seen(f),
            "allowed" if f.nullable else "refused",
            f"{importances.drops[f.name]:.4f}",
        )
        for f in features
    ]
    return (
        "## Features",
        _table(("feature", "kind", seen_in, "missing", "importance"), rows),
        (
            "Importance: by how much the ROC AUC falls if the values of the feature are shuffled "
            f"among {importances.n:,} of {rows_of}, the mean of {importances.n_shuffles} "
            "shuffles. What two features both tell is credited to neither in full."
        ),
    )


def _seen(feature: Feature) -> str:
    if feature.kind is FeatureKind.CATEGORICAL:
        shown = ", ".join(feature.categories[:_MOST_CATEGORIES_SHOWN])
        more = len(feature.categories) - _MOST_CATEGORIES_SHOWN
        return f"{shown} and {more} more" if more > 0 else shown
    if feature.kind is FeatureKind.BOOLEAN:
        return "true, false"
    if feature.minimum is None or feature.maximum is None:
        return "no value"
    return f"{feature.minimum:g} to {feature.maximum:g}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
