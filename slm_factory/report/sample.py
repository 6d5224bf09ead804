"""Pairs for a person to read, each beside the place in its document that it comes from."""

import heapq
import re
import unicodedata
from typing import Any

from slm_factory.core.files import Row
from slm_factory.core.matching import lot

AROUND = 500  # characters of a chunk shown on each side of the evidence


def drawn(pair_ids: list[str], count: int) -> set[str]:
    """`count` of the pair_ids, drawn by themselves: the draw hardly changes when documents are added."""
    return set(heapq.nsmallest(count, pair_ids, key=lambda pair_id: lot("analyze", pair_id)))


def in_source(pair: Row, chunk: Row) -> dict[str, Any]:
    """The pair with its chunk's headings, pages, and its text in three parts: `before`, `marked`, `after`.

    The first and the last are cut to `AROUND` characters, which "…" shows. `is_found` is False where the
    evidence does not stand in the chunk; `after` is then the chunk's beginning.
    """
    text = unicodedata.normalize("NFC", chunk["text"])
    start, end = place_of(pair["evidence"], text)
    before, after = text[:start].lstrip("\n"), text[end:].rstrip()
    return {
        **pair,
        "headings": chunk["headings"],
        "pages": sorted({chunk["first_page"], chunk["last_page"]} - {0}),
        "is_found": start < end,
        "before": "…" * (len(before) > AROUND) + before[-AROUND:],
        "marked": text[start:end],
        "after": after[:AROUND] + "…" * (len(after) > AROUND),
    }


def place_of(evidence: str, text: str) -> tuple[int, int]:
    """Where `evidence` stands in `text` (NFC), white space aside; (0, 0) where it does not."""
    letters = "".join(unicodedata.normalize("NFC", evidence).split())
    found = re.search(r"\s*".join(map(re.escape, letters)), text) if letters else None
    return found.span() if found else (0, 0)
