"""How two data sets differ: documents, facts, pairs, distributions, and what leaks from one to the other."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from slm_factory.core.files import Row
from slm_factory.core.matching import loose
from slm_factory.report.distributions import lengths
from slm_factory.report.funnel import label

COUNTED = ("split", "kind", "language", "audience")
EXAMPLES = 5  # leaking questions that are named


@dataclass(frozen=True)
class DataSet:
    """One version of the data; `name` is how the user called it."""

    name: str
    documents: dict[str, str]  # sha256 by doc_id, "" where unknown
    pairs: dict[str, Row]  # by pair_id, rejected ones too; columns that its version lacks are missing

    def kept(self) -> list[Row]:
        """The pairs that no stage rejected; all, in a table of a stage that rejects none."""
        return [row for row in self.pairs.values() if row.get("is_kept", True)]


def compare(a: DataSet, b: DataSet) -> dict[str, Any]:
    """The differences from `a` to `b`, as JSON: see the keys below."""
    kept_a, kept_b = a.kept(), b.kept()
    return {
        "a": a.name,
        "b": b.name,
        "documents": changes(a.documents, b.documents),
        "facts": changes(wordings(kept_a), wordings(kept_b)),
        "pairs": changes(texts(kept_a), texts(kept_b)),
        "moved_pairs": moved(kept_a, kept_b),
        "counts": {name: beside(counts(kept_a, name), counts(kept_b, name)) for name in (*COUNTED, "doc_id")},
        "lengths": beside(lengths(kept_a), lengths(kept_b)),
        "rejected": beside(rejected(a), rejected(b)),
        "leaks": {
            "test_of_a_in_train_of_b": leaks(kept_a, kept_b),
            "test_of_b_in_train_of_a": leaks(kept_b, kept_a),
        },
    }


def changes(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """How many there are in `a` and `b`, and the keys that came, went, or have another value, sorted."""
    return {
        "a": len(a),
        "b": len(b),
        "added": sorted(b.keys() - a.keys()),
        "removed": sorted(a.keys() - b.keys()),
        "changed": sorted(key for key in a.keys() & b.keys() if a[key] != b[key]),
    }


def texts(rows: Iterable[Row]) -> dict[str, tuple[str, str]]:
    """Question and answer by pair_id; a person's edit changes them."""
    return {row["pair_id"]: (row["question"], row["answer"]) for row in rows}


def wordings(rows: Iterable[Row]) -> dict[str, set[tuple[str, str]]]:
    """All questions and answers of each fact."""
    facts: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        facts[row["fact_id"]].add((row["question"], row["answer"]))
    return facts


def moved(a: Iterable[Row], b: Iterable[Row]) -> dict[str, int]:
    """How many pairs went from one split to another: "test to train"."""
    before = {row["pair_id"]: row.get("split") for row in a}
    found = Counter(
        f"{before[row['pair_id']]} to {row['split']}"
        for row in b
        if row.get("split") and before.get(row["pair_id"]) not in (None, row["split"])
    )
    return dict(sorted(found.items()))


def counts(rows: Iterable[Row], column: str) -> dict[str, int]:
    """Rows per value of `column`, rows that lack it aside."""
    return dict(Counter(row[column] for row in rows if row.get(column) is not None))


def beside(a: dict[str, Any], b: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The values of both under each key, 0 where one has none; the greatest of `b` first where they count."""
    keys = sorted(a.keys() | b.keys())
    both = {key: {"a": a.get(key, 0), "b": b.get(key, 0)} for key in keys}
    if all(isinstance(value["b"], int) for value in both.values()):
        return dict(sorted(both.items(), key=lambda item: -item[1]["b"]))
    return both


def rejected(data: DataSet) -> dict[str, int]:
    """How often each reason, by label, stands at a rejected pair."""
    return dict(
        Counter(
            name
            for row in data.pairs.values()
            if not row.get("is_kept", True)
            for name in {label(reason) for reason in row["reasons"]}
        )
    )


def leaks(tested: Iterable[Row], trained: Iterable[Row]) -> dict[str, Any]:
    """Test questions of one data set that another one trains on, whatever their spacing and particles.

    A model of that other one has seen them, so it must not be measured by them.
    """
    known = {loose(row["question"]) for row in trained if row.get("split") == "train"}
    found = sorted(
        row["question"] for row in tested if row.get("split") == "test" and loose(row["question"]) in known
    )
    return {"questions": len(found), "examples": found[:EXAMPLES]}
