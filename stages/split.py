"""Every kept pair goes to train, valid, test or unseen, by fact and wording, the same way for ever.

in:  data/review.parquet
out: data/split.parquet (records.SPLIT, kept rows), metrics/split.json

Each choice is drawn from a hash of the fact's or pair's own id, so adding documents moves no existing row.
An audience with fewer than three wordings of a fact gives none away. Questions that the documents do not
answer (kind `abstain`) are tested or trained whole: a trained refusal proves nothing in other words.
Then train and valid are decontaminated: a row whose question is a held-out one, or nearly so, is `dropped`.
"""

import logging
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.core.params import Settings
from slm_factory.core.records import SPLIT
from slm_factory.grounding.held_out import HeldOut

PAIRS = Path("data/review.parquet")
SPLITS = Path("data/split.parquet")
METRICS = Path("metrics/split.json")

HELD_OUT = ("test", "unseen")
MIN_TRAINED = 2  # wordings of a fact for one audience that stay in train before any goes elsewhere

log = logging.getLogger(__name__)


class Params(Settings):
    """`split:` in params.yaml."""

    test_wordings: int = Field(ge=0)
    valid_share: float = Field(ge=0, le=1)
    unseen_share: float = Field(ge=0, lt=1)
    abstain_share: float = Field(ge=0, lt=1)


def assign(fact_id: str, pairs: list[Row], settings: Params) -> dict[str, str]:
    """The split of each wording of one fact, by pair_id."""
    if pairs[0]["kind"] == "abstain":
        name = "test" if lot("abstain", fact_id) < settings.abstain_share else "train"
        return {pair["pair_id"]: name for pair in pairs}
    audiences = Counter(pair["audience"] for pair in pairs)
    spare = {audience: max(0, count - MIN_TRAINED) for audience, count in audiences.items()}
    if any(spare.values()) and lot("unseen", fact_id) < settings.unseen_share:
        return {pair["pair_id"]: "unseen" for pair in pairs}
    wanted = ["test"] * settings.test_wordings
    wanted += ["valid"] if lot("valid", fact_id) < settings.valid_share else []
    splits = {}
    for pair in sorted(pairs, key=lambda pair: (lot("wording", pair["pair_id"]), pair["pair_id"])):
        goes = bool(wanted) and spare[pair["audience"]] > 0
        splits[pair["pair_id"]] = wanted.pop(0) if goes else "train"
        spare[pair["audience"]] -= goes
    return splits


def split(pairs: list[Row], settings: Params) -> list[Row]:
    """The pairs with their splits, decontaminated."""
    facts: defaultdict[str, list[Row]] = defaultdict(list)
    for pair in pairs:
        facts[pair["fact_id"]].append(pair)
    splits = {
        pair_id: name
        for fact_id, wordings in facts.items()
        for pair_id, name in assign(fact_id, wordings, settings).items()
    }
    held_out = HeldOut(pair["question"] for pair in pairs if splits[pair["pair_id"]] in HELD_OUT)
    for pair in pairs:
        if splits[pair["pair_id"]] not in HELD_OUT and held_out.has(pair["question"]):
            splits[pair["pair_id"]] = "dropped"
    trained = {pair["fact_id"] for pair in pairs if splits[pair["pair_id"]] == "train"}
    for pair in pairs:  # a fact that lost all its training rows so is not one to be remembered
        is_recalled = splits[pair["pair_id"]] == "test" and pair["kind"] != "abstain"
        if is_recalled and pair["fact_id"] not in trained:
            splits[pair["pair_id"]] = "unseen"
    return [{**pair, "split": splits[pair["pair_id"]]} for pair in pairs]


def summary(rows: list[Row]) -> dict[str, Any]:
    """metrics/split.json: rows per split, and facts that are trained, tested or kept out."""
    counts = Counter(row["split"] for row in rows)

    def facts(name: str, is_abstain: bool = False) -> int:
        return len(
            {
                row["fact_id"]
                for row in rows
                if row["split"] == name and (row["kind"] == "abstain") == is_abstain
            }
        )

    return {
        "facts": len({row["fact_id"] for row in rows if row["kind"] != "abstain"}),
        **{name: counts[name] for name in ("train", "valid", "test", "unseen", "dropped")},
        "trained_facts": facts("train"),
        "tested_facts": facts("test"),
        "unseen_facts": facts("unseen"),
        "trained_abstentions": facts("train", is_abstain=True),
        "tested_abstentions": facts("test", is_abstain=True),
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
