"""What `drift` compares, and where its answer goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.cli.second_opinion import file_beside
from holdfast.cli.writing import TERMINAL, write_json, write_text

if TYPE_CHECKING:
    from holdfast.ports.data_source import DataSource

__all__ = ["Answer", "Pair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two sides.

    Attributes:
        reference: A file or folder that is read here.
        current: The same, or an address that a cluster reads.
        delimiter: Separator of text files; found if None.
        header: Whether their first row holds the column names.
    """

    reference: Path
    current: str
    delimiter: str | None
    header: bool

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"Drift from {self.reference.name} to {self.current_name}"

    @property
    def current_name(self) -> str:
        """What the current rows are called: the last part of where they are."""
        return Path(self.current).name or self.current

    def open_reference(self) -> DataSource:
        """Return the source of the reference's rows."""
        return self._opened(self.reference)

    def open_current(self) -> DataSource:
        """Return the source of the current rows, read here."""
        return self._opened(Path(self.current))

    def _opened(self, path: Path) -> DataSource:
        from holdfast.adapters.sources import open_source

        return open_source(path, delimiter=self.delimiter, header=self.header)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is to be written, beside or in place of what the terminal says.

    Attributes:
        html: The page.
        json_file: The report for programs; on the terminal, nothing else is said there.
        evidently: Whether Evidently's own report shall stand beside them.

    Raises:
        BadParameter: If Evidently's has no file to stand beside.
    """

    html: Path | None
    json_file: Path | None
    evidently: bool

    def __post_init__(self) -> None:
        if self.evidently:
            file_beside(self.html, self.json_file)

    @property
    def quiet(self) -> bool:
        """Whether standard output belongs to the JSON."""
        return self.json_file == TERMINAL

    @property
    def beside(self) -> Path | None:
        """The file of ours beside which Evidently's are written; None if they are not."""
        return file_beside(self.html, self.json_file) if self.evidently else None

    def write_page(self, page: str) -> None:
        """Write the page where it is wanted.

        Raises:
            DataFileError: If it cannot be written.
        """
        if self.html is not None:
            write_text(self.html, page, to_error=self.quiet)

    def write_json(self, content: dict[str, Any]) -> None:
        """Write the JSON if it is wanted.

        Raises:
            DataFileError: If it cannot be written.
        """
        if self.json_file is not None:
            write_json(self.json_file, content)
