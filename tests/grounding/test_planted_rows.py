"""The planted set is what its README says: quotations stand in their texts, the two files share nothing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from slm_factory.teachers.tasks import KINDS

PLANTED = Path(__file__).parent / "planted"
FAULTS = {
    "wrong number",
    "swapped name",
    "unsupported claim",
    "near-duplicate",
    "leaked reference",
    "wrong arithmetic",
    "wrong language",
}


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (PLANTED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["dev", "held"])
def test_half_of_each_file_is_right_and_every_fault_is_there(name: str) -> None:
    counts = Counter(row["fault"] for row in read(name))

    assert counts.pop("") == 100
    assert set(counts) == FAULTS
    assert sum(counts.values()) == 100
    assert min(counts.values()) >= 13


@pytest.mark.parametrize("name", ["dev", "held"])
def test_evidence_is_quoted_to_the_letter(name: str) -> None:
    for row in read(name):
        assert row["evidence"] in row["chunk"], row["id"]
        assert row["kind"] in KINDS, row["id"]
        assert row["question"] and row["answer"] and row["statement"], row["id"]


@pytest.mark.parametrize("name", ["dev", "held"])
def test_near_duplicates_name_a_right_pair_of_another_text_in_the_same_file(name: str) -> None:
    rows = {row["id"]: row for row in read(name)}

    for row in rows.values():
        assert bool(row["twin"]) == (row["fault"] == "near-duplicate"), row["id"]
        if row["twin"]:
            twin = rows[row["twin"]]
            assert twin["fault"] == "" and twin["chunk"] != row["chunk"], row["id"]


def test_the_two_files_share_neither_ids_nor_texts() -> None:
    dev, held = read("dev"), read("held")

    assert len({row["id"] for row in dev + held}) == 400
    assert not {row["chunk"] for row in dev} & {row["chunk"] for row in held}
    assert sum(row["language"] == "ko" for row in dev + held) == 280
