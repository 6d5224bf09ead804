"""What is known about a document that a parser is measured on."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Gold:
    """A file, and the texts that stand in it, as a careful person would read them.

    `paragraphs` are in reading order and hold headings and list items too (without their marks or numbers),
    not the text of tables and notes. A table is rows of cell texts, merged cells repeated into every grid
    cell that they span. `notes` are foot- and endnotes.
    """

    path: Path
    paragraphs: list[str]
    tables: list[list[list[str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pages: int = 0  # 0 where the format has none
