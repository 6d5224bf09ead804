"""Decisions on pairs: one line each in data/review.jsonl, and which decision counts for which pair.

Reviewers work on branches of their own, and git joins their lines (`merge=union` in .gitattributes). So
the file carries what is needed to read any mixture of them the same way:

- `revision` grows by one whenever a reviewer decides anew on a pair: a line that a merge brought back is
  older than the one that replaced it. Clocks of two machines could not tell that.
- Reviewers whose lines differ contradict each other: the pair is contested until somebody decides again,
  which replaces all lines on it; until then the most cautious decision counts.
- `wording` lets a decision follow its pair to another pair_id, `source` tells that the evidence has changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from slm_factory.core import params
from slm_factory.core.files import Row, replacing
from slm_factory.core.matching import squeezed
from slm_factory.core.records import identifier

DECISIONS = Path("data/review.jsonl")
CAUTION = ("approve", "edit", "reject")  # the last of several counts

Kind = Literal["approve", "reject", "edit"]


class Decision(BaseModel):
    """One line of data/review.jsonl."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair_id: str
    decision: Kind
    question: str | None = None
    answer: str | None = None
    reason: str = ""
    reviewer: str = ""
    revision: int = Field(default=0, ge=0)  # 0 in lines written by hand
    wording: str = ""  # `wording` of the pair that was looked at
    source: str = ""  # `source` of it
    chunk_id: str = (
        ""  # where a pair from feedback rests; its line carries question and answer, for no table does
    )

    @model_validator(mode="after")
    def edit_says_what(self) -> "Decision":
        """An edit without new words would silently be an approval."""
        if self.decision == "edit" and not (self.question or self.answer):
            raise ValueError("an edit needs a question or an answer")
        return self

    @cached_property
    def line(self) -> str:
        """The decision as it stands in the file, without what is empty."""
        return self.model_dump_json(exclude_defaults=True) + "\n"

    @property
    def verdict(self) -> tuple[str, str | None, str | None]:
        """What the decision does to the pair; reviewers who agree in it do not contradict each other."""
        if self.decision == "edit" or (self.chunk_id and self.decision == "approve"):
            return self.decision, self.question, self.answer
        return self.decision, None, None


Decisions = dict[str, tuple[Decision, ...]]  # by pair_id; several where reviewers contradict each other


def read(path: Path) -> Decisions:
    """The decisions that stand in the file.

    Raises:
        UserError: the file is missing, or a line is not a decision; it is named.
    """
    return latest(params.load_lines(path, Decision))


def latest(lines: Iterable[Decision]) -> Decisions:
    """Each reviewer's decision of the highest revision on each pair, of equal ones the last in the file."""
    by_pair: dict[str, dict[str, Decision]] = defaultdict(dict)  # pair_id, reviewer
    for line in lines:
        by_reviewer = by_pair[line.pair_id]
        known = by_reviewer.get(line.reviewer)
        if known is None or line.revision >= known.revision:
            by_reviewer[line.reviewer] = line
    return {
        pair_id: tuple(lines.values()) if len(lines) == 1 else agreed(lines.values())
        for pair_id, lines in by_pair.items()
    }


def agreed(lines: Iterable[Decision]) -> tuple[Decision, ...]:
    """One line for each verdict, sorted by reviewer; of those who agree, the first reviewer's."""
    verdicts: dict[object, Decision] = {}
    for line in sorted(lines, key=lambda line: line.reviewer):
        verdicts.setdefault(line.verdict, line)
    return tuple(verdicts.values())


def write(path: Path, decisions: Decisions) -> None:
    """Writes the lines sorted by pair and reviewer: the same decisions give the same bytes."""
    lines = [decision.line for pair_id in sorted(decisions) for decision in decisions[pair_id]]
    with replacing(path) as beside:
        beside.write_bytes("".join(lines).encode())  # a call for each line took half as long again


def standing(lines: tuple[Decision, ...]) -> Decision:
    """The decision that counts: the most cautious one, of two edits the last reviewer's."""
    return max(lines, key=lambda line: (CAUTION.index(line.decision), line.reviewer))


def wording(question: str, answer: str) -> str:
    """The identity of a pair's words."""
    return identifier(question, answer)


@lru_cache(maxsize=4096)  # a fact has several wordings, one after the other
def source(evidence: str) -> str:
    """The identity of what a pair rests on; line breaks do not count."""
    return identifier(squeezed(evidence))


@dataclass(frozen=True, slots=True)
class Applied:
    """A decision at the pair it counts for."""

    decision: Decision
    is_stale: bool  # the pair's evidence is not that which the reviewer saw
    is_contested: bool
    has_followed: bool  # made on a pair with another pair_id


def apply(decision: Applied | None, pair: Row) -> Row:
    """`decision`, `reviewer` and what else the decision changes in a scored pair.

    A person overrules the checks. When the source has changed since, a rejection still holds, an approval
    counts no more, and an edited pair is left out: neither the teacher's words, which a person found
    wrong, nor the person's, whose evidence is gone, can be trusted.
    """
    if decision is None or (decision.is_stale and decision.decision.decision == "approve"):
        return {"decision": "", "reviewer": ""}
    line = decision.decision
    row: Row = {"decision": line.decision, "reviewer": line.reviewer}
    if line.decision == "reject":
        reason = f"rejected by reviewer: {line.reason}" if line.reason else "rejected by reviewer"
        return row | {"is_kept": False, "reasons": [*pair["reasons"], reason]}
    if line.decision == "edit" and decision.is_stale:
        return row | {"is_kept": False, "reasons": [*pair["reasons"], "edited before its source changed"]}
    return row | {
        "is_kept": True,
        "question": line.question or pair["question"],
        "answer": line.answer or pair["answer"],
    }


def assign(
    decisions: Decisions, pairs: Iterable[tuple[str, str, str, str]], gone: Iterable[str]
) -> dict[str, Applied]:
    """The decision that counts for each of `pairs` that has one, by pair_id.

    `pairs` are (pair_id, question, answer, evidence); `gone` names the decisions whose pair exists no more.
    Such a decision goes to the pairs with the same question and answer on which nobody decided; of several
    such decisions the last pair_id's.
    """
    orphans = {line.wording: pair_id for pair_id in sorted(gone) for line in decisions[pair_id]}
    orphans.pop("", None)
    applied = {}
    for pair_id, question, answer, evidence in pairs:
        origin = pair_id if pair_id in decisions else None
        if origin is None and orphans:
            origin = orphans.get(wording(question, answer))
        if origin is not None:
            applied[pair_id] = at_pair(decisions[origin], pair_id, evidence)
    return applied


def at_pair(lines: tuple[Decision, ...], pair_id: str, evidence: str) -> Applied:
    """The decision that counts of those made on one pair, beside the evidence as it is now."""
    line = lines[0] if len(lines) == 1 else standing(lines)
    is_stale = bool(line.source) and line.source != source(evidence)
    return Applied(line, is_stale, len(lines) > 1, line.pair_id != pair_id)


def unused(decisions: Decisions, applied: Mapping[str, Applied]) -> list[str]:
    """pair_ids of the decisions that count for no pair, sorted."""
    return sorted(decisions.keys() - {one.decision.pair_id for one in applied.values()})
