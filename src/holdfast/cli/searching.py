"""What a person sees of a search for hyperparameters while it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from holdfast.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["shown_search"]


@contextmanager
def shown_search() -> Iterator[Callable[[str, int, float], None]]:
    """Show a line for each trainer on a terminal: its trials, and the best of them."""
    with progress_bar() as bar:
        tasks: dict[str, Any] = {}

        def progress(trainer: str, n_trials: int, best: float) -> None:
            if trainer not in tasks:
                tasks[trainer] = bar.add_task(trainer, total=None)
            trials = "1 trial" if n_trials == 1 else f"{n_trials} trials"
            said = f"{trainer}: {trials}, best Brier score {best:.4f}"
            bar.update(tasks[trainer], completed=n_trials, description=said)

        yield progress
