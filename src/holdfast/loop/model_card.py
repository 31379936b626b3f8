"""What a person should know before relying on a release, as Markdown beside its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.domain.contract import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.domain.contract import Contract, Feature
    from holdfast.domain.releases import Importances, ModelMetrics, Recipe

__all__ = ["model_card"]

_MOST_CATEGORIES_SHOWN = 8
_SOUND_FIGURES = 100  # positives in the test part below which figures are called rough


def model_card(
    *,
    model_name: str,
    contract: Contract,
    recipe: Recipe,
    metrics: ModelMetrics,
    aim: str,
    parity: float,
    n_reference: int,
    importances: Importances,
) -> str:
    """Return the card; the same release gives the same text, so it holds no date.

    Args:
        model_name: The project's model.
        contract: Features, target, threshold.
        recipe: How the model was made.
        metrics: On the test part.
        aim: What the threshold serves, in words.
        parity: Largest difference between the trained and the exported model's scores.
        n_reference: Rows whose profile later windows are compared with.
        importances: Of the features to the tested model.
    """
    target = contract.target
    sections = (
        f"# Model card: {model_name}",
        (
            f"Answers with the probability that `{target.name}` is **{target.positive}** "
            f"(otherwise {target.negative}), for one row of {len(contract.features)} features."
        ),
        "## Figures",
        _figures(metrics),
        "## Threshold",
        (
            f"A score of {contract.threshold:.4f} and above is decided {target.positive}. "
            f"It was chosen on the validation rows for {aim}."
        ),
        "## How it was made",
        _making(recipe, contract, parity=parity, n_reference=n_reference),
        "## Limits",
        _limits(metrics),
        "## Features",
        _features(contract.features, importances),
        (
            "Importance: by how much the ROC AUC falls if the values of the feature are shuffled "
            f"among {importances.n:,} of those test rows, the mean of {importances.n_shuffles} "
            "shuffles. What two features both tell is credited to neither in full."
        ),
    )
    return "\n\n".join(sections) + "\n"


def _figures(metrics: ModelMetrics) -> str:
    rows = []
    for name, value in metrics.figures.items():
        bounds = metrics.intervals.get(name)
        between = "" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
        rows.append((name.replace("_", " "), f"{value:.3f}", between))
    return (
        f"On {metrics.n:,} test rows, {metrics.n_positive:,} of them positive, that the tested "
        "model had not seen:\n\n" + _table(("figure", "value", "95% interval"), rows)
    )


def _making(recipe: Recipe, contract: Contract, *, parity: float, n_reference: int) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in recipe.parameters.items())
    facts = (
        f"trainer: `{recipe.trainer}` ({settings})",
        (
            f"rows: {recipe.n_train:,} to train, {recipe.n_validation:,} to validate, "
            f"{recipe.n_test:,} to test; {recipe.split}; training window: {recipe.training_window}"
        ),
        f"seed: {recipe.seed}",
        f"training data, SHA-256: `{contract.data_digest}`",
        f"reference: the profile of {n_reference:,} rows",
        "calibration: Platt's, on the validation rows, inside the exported model",
        f"export: repeats the trained model's scores to {parity:.1e}",
    )
    return "\n".join(f"- {fact}" for fact in facts)


def _limits(metrics: ModelMetrics) -> str:
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
            0, f"The figures rest on {rarer} test rows of the rarer class: they are rough."
        )
    return "\n".join(f"- {limit}" for limit in limits)


def _features(features: tuple[Feature, ...], importances: Importances) -> str:
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
    return _table(("feature", "kind", "in training", "missing", "importance"), rows)


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
