"""How values and lengths are spread over rows."""

import statistics
from collections import Counter
from collections.abc import Iterable
from typing import Any

from slm_factory.core.files import Row
from slm_factory.report.funnel import ordered

BIN = 10  # characters per bar of a length histogram
PARTS = ("question", "answer")
MARKS = ("faithfulness", "completeness", "usefulness")


def shares(values: Iterable[str]) -> dict[str, int]:
    """How often each value stands there, the most frequent first."""
    return ordered(Counter(values))


def lengths(rows: list[Row]) -> dict[str, dict[str, float]]:
    """Characters of the questions and answers: shortest, median, longest."""
    report = {}
    for part in PARTS:
        counts = [len(row[part]) for row in rows] or [0]
        report[part] = {"min": min(counts), "median": statistics.median(counts), "max": max(counts)}
    return report


def histogram(rows: list[Row]) -> list[dict[str, Any]]:
    """Questions and answers per bin of `BIN` characters; `characters` is where the bin starts."""
    counts = Counter((part, len(row[part]) // BIN * BIN) for row in rows for part in PARTS)
    return [
        {"part": part, "characters": start, "rows": count} for (part, start), count in sorted(counts.items())
    ]


def marks(rows: list[Row]) -> dict[str, dict[str, int]]:
    """How often each mark from 1 to 5 was given, for faithfulness, completeness and usefulness."""
    counts = {name: Counter(row[name] for row in rows) for name in MARKS}
    return {name: {str(mark): counts[name][mark] for mark in range(1, 6)} for name in MARKS}
