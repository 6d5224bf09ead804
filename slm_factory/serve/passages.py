"""The passages of the documents that speak of what was asked and answered."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.evaluation.retrieval import Search, passage
from slm_factory.language import _
from slm_factory.metrics.words import tokens

CHUNKS = Path("data/chunk.parquet")
COLUMNS = ("chunk_id", "doc_id", "headings", "text", "first_page", "last_page")


@dataclass
class Passages:
    """A search over the chunks in `file`, built at the first question and again when they change."""

    file: Path = CHUNKS
    changed: int = 0  # the table's time of change when the search was built
    search: Search | None = None
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    building: threading.Lock = field(default_factory=threading.Lock)

    def find(self, text: str, count: int) -> list[dict[str, Any]]:
        """The `count` chunks that share most with `text`, best first; none without a table. In a thread.

        Raises:
            UserError: bm25s is not installed.
        """
        with self.building:
            if not self.file.is_file():
                return []
            changed = self.file.stat().st_mtime_ns
            if self.search is None or changed != self.changed:
                chunks = files.read_rows(self.file, COLUMNS)
                self.search = Search(chunks)
                self.rows = {passage(row): row for row in reversed(chunks)}
                self.changed = changed
            return [self.rows[found] for found in dict.fromkeys(self.search.find(text, 2 * count))][:count]

    def load(self) -> None:
        """Loads what takes words apart. It holds the interpreter for seconds: before requests come."""
        if self.file.is_file():
            tokens("준비")

    def prepare(self) -> None:
        """Builds the search ahead of the first question, which else would wait for it. In a thread."""
        try:
            self.find("", 1)
        except UserError as error:
            logging.getLogger(__name__).warning(
                _("no passages are shown: {problem}").format(problem=error.problem)
            )
