"""Every kept pair goes to train, valid, test or unseen, by fact and wording, the same way for ever.

in:  data/review.parquet
out: data/split.parquet (records.SPLIT, kept rows), metrics/split.json

Each choice is drawn from a hash of the fact's or pair's own id, so adding documents moves no existing row.
A fact with fewer than three wordings gives none away. Then train and valid are decontaminated: a row whose
question is a held-out question in other spacing, punctuation or particles is `dropped`.
"""

import logging
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import loose, lot
from slm_factory.core.params import Settings
from slm_factory.core.records import SPLIT

PAIRS = Path("data/review.parquet")
SPLITS = Path("data/split.parquet")
METRICS = Path("metrics/split.json")

HELD_OUT = ("test", "unseen")
MIN_TRAINED = 2  # wordings of a fact that stay in train before any goes elsewhere

log = logging.getLogger(__name__)


class Params(Settings):
    """`split:` in params.yaml."""

    test_wordings: int = Field(ge=0)
    valid_share: float = Field(ge=0, le=1)
    unseen_share: float = Field(ge=0, lt=1)


def assign(fact_id: str, pair_ids: list[str], settings: Params) -> dict[str, str]:
    """The split of each wording of one fact, by pair_id."""
    spare = max(0, len(pair_ids) - MIN_TRAINED)
    if spare and lot("unseen", fact_id) < settings.unseen_share:
        return dict.fromkeys(pair_ids, "unseen")
    tests = min(settings.test_wordings, spare)
    valids = min(1, spare - tests) if lot("valid", fact_id) < settings.valid_share else 0
    drawn = sorted(pair_ids, key=lambda pair_id: (lot("wording", pair_id), pair_id))
    splits = ["test"] * tests + ["valid"] * valids + ["train"] * (len(drawn) - tests - valids)
    return dict(zip(drawn, splits, strict=True))


def split(pairs: list[Row], settings: Params) -> list[Row]:
    """The pairs with their splits, decontaminated."""
    facts: defaultdict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        facts[pair["fact_id"]].append(pair["pair_id"])
    splits = {
        pair_id: name
        for fact_id, pair_ids in facts.items()
        for pair_id, name in assign(fact_id, pair_ids, settings).items()
    }
    held_out = {loose(pair["question"]) for pair in pairs if splits[pair["pair_id"]] in HELD_OUT}
    rows = []
    for pair in pairs:
        name = splits[pair["pair_id"]]
        leaks = name not in HELD_OUT and loose(pair["question"]) in held_out
        rows.append({**pair, "split": "dropped" if leaks else name})
    return rows


def summary(rows: list[Row]) -> dict[str, Any]:
    """metrics/split.json: rows per split, and facts that are trained, asked for, or kept out."""
    counts = Counter(row["split"] for row in rows)
    facts = {name: {row["fact_id"] for row in rows if row["split"] == name} for name in counts}
    return {
        "facts": len({row["fact_id"] for row in rows}),
        **{name: counts[name] for name in ("train", "valid", "test", "unseen", "dropped")},
        "trained_facts": len(facts.get("train", set())),
        "tested_facts": len(facts.get("test", set())),
        "unseen_facts": len(facts.get("unseen", set())),
    }


def main() -> None:
    """Reads reviewed pairs, writes the kept ones with their splits."""
    settings = params.load("split", Params)
    pairs = [pair for pair in files.read_rows(PAIRS) if pair["is_kept"]]
    rows = split(pairs, settings)
    files.write_rows(SPLITS, rows, SPLIT)
    metrics = summary(rows)
    files.write_json(METRICS, metrics)
    log.info(
        "split: %d facts to %d train, %d valid, %d test, %d unseen; %d dropped as leaks -> %s",
        metrics["facts"],
        metrics["train"],
        metrics["valid"],
        metrics["test"],
        metrics["unseen"],
        metrics["dropped"],
        SPLITS,
    )


if __name__ == "__main__":
    run_stage(main)
