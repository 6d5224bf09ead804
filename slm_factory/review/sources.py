"""Where a pair comes from: document, page, headings and the chunk with the evidence in it."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from slm_factory.grounding.quotations import ELLIPSIS, EMPHASIS, LINE_MARK, SEPARATOR_ROW, plain

CHUNKS = Path("data/chunk.parquet")
DOCUMENTS = Path("data/parse.parquet")
CHUNK_COLUMNS = ("chunk_id", "headings", "text", "first_page", "last_page")


@dataclass(frozen=True)
class Source:
    """A chunk as a reviewer sees it."""

    title: str
    headings: tuple[str, ...]
    pages: tuple[int, int]  # first and last, from 1; zeros without pages
    text: str


class Sources:
    """The chunks and titles, in columns; a table that is missing is empty."""

    def __init__(self, chunks: Path = CHUNKS, documents: Path = DOCUMENTS) -> None:
        self.chunks = read(chunks, CHUNK_COLUMNS)
        titles = read(documents, ("doc_id", "title"))
        self.titles = dict(zip(titles["doc_id"].to_pylist(), titles["title"].to_pylist(), strict=True))
        ids = self.chunks["chunk_id"].to_pylist()
        self.numbers = {chunk_id: number for number, chunk_id in enumerate(ids)}

    def find(self, chunk_id: str, doc_id: str) -> Source | None:
        """The source of a pair, or None where its chunk is gone."""
        number = self.numbers.get(chunk_id)
        if number is None:
            return None
        chunk = self.chunks.slice(number, 1).to_pylist()[0]
        return Source(
            self.titles.get(doc_id, ""),
            tuple(chunk["headings"]),
            (chunk["first_page"], chunk["last_page"]),
            chunk["text"],
        )


def read(path: Path, columns: tuple[str, ...]) -> pa.Table:
    """These columns of a Parquet file, none of whose rows are there when the file is not."""
    if not path.is_file():
        return pa.table({name: [] for name in columns})
    return pq.read_table(path, columns=list(columns)).combine_chunks()


def spans(evidence: str, text: str) -> list[tuple[int, int]]:
    """Where the quotation stands in `text`, part by part as ellipses divide it; empty where it does not.

    White space and Markdown's marks do not count, as in `grounding.quotations`.
    """
    letters, places = squeeze(text)
    whole = plain(evidence)
    start = letters.find(whole) if whole else -1
    if start >= 0:
        return [(places[start], places[start + len(whole) - 1] + 1)]
    found, position = [], 0
    for part in filter(None, map(plain, ELLIPSIS.split(evidence))):
        position = letters.find(part, position)
        if position < 0:
            return []
        found.append((places[position], places[position + len(part) - 1] + 1))
        position += len(part)
    return found


@lru_cache(maxsize=64)
def squeeze(text: str) -> tuple[str, list[int]]:
    """The letters of `text` that count, and where each stands in it."""
    skipped: set[int] = set()
    for pattern in (SEPARATOR_ROW, LINE_MARK, EMPHASIS):
        for match in pattern.finditer(text):
            skipped.update(range(*match.span()))
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if place not in skipped and not character.isspace():
            for letter in unicodedata.normalize("NFKC", character):
                if not letter.isspace():
                    letters.append(letter)
                    places.append(place)
    return "".join(letters), places
