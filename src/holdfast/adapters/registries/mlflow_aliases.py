"""Read aliases from MLflow's SQLite file itself: a tick has no seconds for importing MLflow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_aliases"]

_QUERY = """
SELECT a.alias, t.value FROM registered_model_aliases a
LEFT JOIN model_version_tags t ON t.name = a.name AND t.version = a.version AND t.key = ?
WHERE a.name = ?
"""


def read_aliases(file: Path, *, model_name: str, version_tag: str) -> dict[str, str | None] | None:
    """Return what each alias of a model points at, by a tag of the versions.

    Args:
        file: MLflow's database.
        model_name: The registered model.
        version_tag: The tag whose value is wanted; a version without it gives None.

    Returns:
        The aliases, none of them if the file is not there; None if it cannot be read in this
        way: another version of MLflow may have laid it out differently.
    """
    if not file.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return dict(database.execute(_QUERY, (version_tag, model_name)).fetchall())
    except sqlite3.Error:
        return None
