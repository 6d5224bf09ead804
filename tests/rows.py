"""Rows for tests, whole and valid, of which a test changes only what it is about."""

from typing import Any

from slm_factory.core.files import Row


def chunk(**changes: Any) -> Row:
    """A chunk row."""
    row: Row = {
        **{"chunk_id": "c1", "doc_id": "a.md", "index": 0, "headings": ["Limits"], "text": "Alpha is 7 bar."},
        **{"start": 0, "end": 15, "first_page": 0, "last_page": 0, "language": "en"},
    }
    return row | changes


def document(**changes: Any) -> Row:
    """A document row."""
    row: Row = {
        **{"doc_id": "a.md", "sha256": "0", "format": "md", "title": "Title", "language": "en", "date": ""},
        **{"pages": 0, "markdown": "", "page_starts": [], "meta": "{}", "warnings": []},
    }
    return row | changes


def pair(**changes: Any) -> Row:
    """A pair row as generate makes it."""
    row: Row = {
        **{"pair_id": "p1", "fact_id": "f1", "doc_id": "a.md", "chunk_id": "c1", "kind": "fact"},
        **{"category": "Limits", "audience": "expert", "language": "en", "wording": 0},
        **{"question": "What is the limit of Alpha?", "answer": "Alpha is 7 bar."},
        **{"statement": "Alpha is 7 bar.", "evidence": "Alpha is 7 bar.", "teacher": "fake", "request": "r"},
    }
    return row | changes


def validated(**changes: Any) -> Row:
    """A pair row as validate makes it."""
    return pair(is_kept=True, reasons=[], similarity=1.0) | changes


def scored(**changes: Any) -> Row:
    """A pair row as score makes it."""
    marks = dict.fromkeys(("faithfulness", "completeness", "usefulness", "score"), 5)
    return validated(**marks, score_reason="") | changes


def reviewed(**changes: Any) -> Row:
    """A pair row as review makes it."""
    return scored(decision="", reviewer="") | changes


def split(**changes: Any) -> Row:
    """A pair row as split makes it."""
    return reviewed(split="train") | changes
