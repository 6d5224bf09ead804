"""The scored pairs in columns: 100,000 of them are opened, filtered, counted and searched in a moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import SCORED
from slm_factory.core.text import normalize
from slm_factory.review import decisions
from slm_factory.review.decisions import Applied, Decisions

Mask = NDArray[np.bool_]  # (pairs,)
Numbers = NDArray[np.int64]  # of rows of the table

COLUMNS = (
    *("pair_id", "fact_id", "doc_id", "chunk_id", "kind", "category", "audience", "language", "question"),
    *("answer", "evidence", "is_kept", "reasons", "faithfulness", "completeness", "usefulness", "score"),
    *("score_reason", "teacher"),
)
STATES = ("undecided", "approved", "edited", "rejected")
STATE_OF = {"approve": 1, "edit": 2, "reject": 3}
STALE, CONTESTED, FOLLOWED, FEEDBACK = 1, 2, 4, 8  # bits of `marks`
MARKS = {"contested": CONTESTED, "stale": STALE, "followed": FOLLOWED, "feedback": FEEDBACK}
NO_SCORE = "none"
BATCH = 10_000  # rows that are Python objects at a time
# What a filter chooses by, in the order in which it is offered.
FACETS = ("state", "checks", "document", "category", "score", "reason", "kind", "language", "feedback")
COLUMN_OF = {"document": "doc_id", "category": "category", "kind": "kind", "language": "language"}


@dataclass(frozen=True)
class Filter:
    """Which pairs are shown: one value for each facet, words, a fact, a sample; all of them have to fit."""

    facets: Mapping[str, str]
    words: str = ""
    fact_id: str = ""
    sample: frozenset[int] = frozenset()  # rows; empty for no sample

    def having(self, facet: str, value: str | None) -> "Filter":
        """The filter with another value of one facet; None takes the facet out."""
        facets = {name: chosen for name, chosen in self.facets.items() if name != facet}
        return replace(self, facets=facets if value is None else facets | {facet: value})

    @property
    def is_empty(self) -> bool:
        return not (self.facets or self.words or self.fact_id or self.sample)


EVERYTHING = Filter({})


class Pairs:
    """The table of scored pairs and what people decided on them."""

    def __init__(self, table: pa.Table, scored: int | None = None) -> None:
        """Takes a table, of which the rows from `scored` on are from feedback; by default none."""
        self.table = table.combine_chunks()
        self.scored = len(self) if scored is None else scored
        self.applied: dict[str, Applied] = {}
        self.states = np.zeros(len(self), np.int8)  # numbers of STATES
        self.marks = np.zeros(len(self), np.int8)
        self.feedback = np.zeros(len(self), np.int8)  # down votes beat up votes: -1, 0, 1
        self.marks[self.scored :] = FEEDBACK

    @classmethod
    def read(cls, path: Path, from_feedback: Sequence[Row] = ()) -> "Pairs":
        """The pairs of data/score.parquet, and after them these rows.

        Raises:
            UserError: the file is missing or is not Parquet.
        """
        with files.open_table(path) as table:
            scored = table.read(columns=list(COLUMNS))
        if not from_feedback:
            return cls(scored)
        more = pa.Table.from_pylist(list(from_feedback), SCORED).select(list(COLUMNS))
        return cls(pa.concat_tables([scored, more]), scored.num_rows)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def row(self, number: int) -> Row:
        """One pair as the teacher wrote it."""
        return {name: self.value(name, number) for name in COLUMNS}

    def value(self, column: str, number: int) -> Any:
        return self.columns[column][number].as_py()

    @cached_property
    def columns(self) -> dict[str, pa.Array]:
        """Each column in one piece."""
        return {
            name: column.chunk(0) if column.num_chunks else pa.array([], column.type)
            for name, column in zip(self.table.column_names, self.table.columns, strict=True)
        }

    def is_from_feedback(self, number: int) -> bool:
        """Whether a user asked this, and no table but data/feedback.jsonl has it."""
        return number >= self.scored

    def shown(self, number: int) -> tuple[str, str]:
        """Question and answer of a pair, with a person's edit."""
        question, answer = self.value("question", number), self.value("answer", number)
        if self.states[number] in (STATE_OF["edit"], STATE_OF["approve"]):
            line = self.applied[self.value("pair_id", number)].decision
            return line.question or question, line.answer or answer
        return question, answer

    # Decisions

    def decide(self, made: Decisions) -> None:
        """Takes over all decisions."""
        self.applied, self.states[:] = {}, 0
        self.marks &= FEEDBACK
        gone = made.keys() - self.numbers.keys()
        if any(line.wording for pair_id in gone for line in made[pair_id]):  # it may follow its words
            numbers = list(range(len(self)))
        else:
            numbers = self.numbers_of(made)
        self.set_applied(decisions.assign(made, self.words(numbers), gone))

    def decide_some(self, made: Decisions, pair_ids: Iterable[str]) -> None:
        """Takes over the decisions on these pairs, of which some may exist no more."""
        numbers = self.numbers_of(pair_ids)
        for number in numbers:
            self.applied.pop(self.value("pair_id", number), None)
        self.states[numbers] = 0
        self.marks[numbers] &= FEEDBACK
        self.set_applied(decisions.assign(made, self.words(numbers), ()))

    def words(self, numbers: list[int]) -> Iterator[tuple[str, str, str, str]]:
        """(pair_id, question, answer, evidence) of rows."""
        columns = [self.columns[name] for name in ("pair_id", "question", "answer", "evidence")]
        for start in range(0, len(numbers), BATCH):
            batch = as_array(numbers[start : start + BATCH])
            yield from zip(*(column.take(batch).to_pylist() for column in columns), strict=True)

    def set_applied(self, applied: dict[str, Applied]) -> None:
        self.applied |= applied
        for pair_id, one in applied.items():
            number = self.numbers[pair_id]
            self.states[number] = STATE_OF[one.decision.decision]
            if one.is_stale or one.is_contested or one.has_followed:
                self.marks[number] |= (
                    STALE * one.is_stale + CONTESTED * one.is_contested + FOLLOWED * one.has_followed
                )

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The row of each pair, by pair_id."""
        return {pair_id: number for number, pair_id in enumerate(self.columns["pair_id"].to_pylist())}

    def numbers_of(self, pair_ids: Iterable[str]) -> list[int]:
        """The rows of pairs, in the order of the table; those that do not exist are left out."""
        return sorted(self.numbers[pair_id] for pair_id in pair_ids if pair_id in self.numbers)

    def number_of(self, prefix: str) -> int | None:
        """The first row whose pair_id begins with `prefix`."""
        number = int(pc.index(pc.starts_with(self.columns["pair_id"], prefix), True).as_py())
        return None if number < 0 else number

    # Filters

    def select(self, chosen: Filter) -> Numbers:
        """The rows that fit, in the order of the table."""
        return np.flatnonzero(self.mask(chosen))

    def mask(self, chosen: Filter) -> Mask:
        """Which rows fit."""
        mask = np.ones(len(self), bool)
        for facet, value in chosen.facets.items():
            mask &= self.facet_mask(facet, value)
        if chosen.words:
            mask &= self.word_mask(chosen.words)
        if chosen.fact_id:
            mask &= as_mask(pc.equal(self.columns["fact_id"], chosen.fact_id))
        if chosen.sample:
            among = np.zeros(len(self), bool)
            among[list(chosen.sample)] = True
            mask &= among
        return mask

    def facet_mask(self, facet: str, value: str) -> Mask:
        """Which rows have this value of a facet."""
        if facet == "state":
            return self.state_mask(value)
        if facet == "checks":
            return as_mask(self.columns["is_kept"]) == (value == "kept")
        if facet == "score":
            marks = self.columns["score"]
            return as_mask(pc.is_null(marks) if value == NO_SCORE else pc.equal(marks, int(value)))
        if facet == "feedback":
            return self.feedback == (1 if value == "up" else -1)
        if facet == "reason":
            labels, rows = self.reasons
            mask = np.zeros(len(self), bool)
            mask[rows[as_mask(pc.equal(labels, value))]] = True
            return mask
        return as_mask(pc.equal(self.columns[COLUMN_OF[facet]], value))

    def state_mask(self, value: str) -> Mask:
        if value in STATES:
            return self.states == STATES.index(value)
        return (self.marks & MARKS[value]) > 0

    def word_mask(self, words: str) -> Mask:
        """Which rows have these words in question, answer or evidence, blind to case; edits included."""
        pattern = normalize(words)
        mask = holding(pattern, self.columns["question"])
        for texts, numbers in self.shared:
            mask |= holding(pattern, texts)[numbers]
        for number in np.flatnonzero(self.states == STATE_OF["edit"]):
            mask[number] |= any(pattern.casefold() in text.casefold() for text in self.shown(int(number)))
        return mask

    @cached_property
    def shared(self) -> list[tuple[pa.Array, Numbers]]:
        """Answers and evidence, each text once (the wordings of a fact share theirs), and which a row has."""
        columns = (self.columns[name].dictionary_encode("encode") for name in ("answer", "evidence"))
        return [(column.dictionary, column.indices.to_numpy()) for column in columns]

    @cached_property
    def reasons(self) -> tuple[pa.Array, Numbers]:
        """The label of every reason of every row, and the row of each."""
        column = self.columns["reasons"]
        labels = pc.replace_substring_regex(pc.list_flatten(column), pattern="(?s): .*", replacement="")
        return labels, pc.list_parent_indices(column).to_numpy()

    def values(self, facet: str, chosen: Filter) -> list[tuple[str, int]]:
        """The values of a facet among the rows that fit the rest of the filter, with how many, most first.

        States come in their order, and so do scores.
        """
        mask = self.mask(chosen.having(facet, None))
        if facet in ("state", "checks", "feedback"):
            names = {
                "state": (*STATES, *MARKS),
                "checks": ("kept", "dropped"),
                "feedback": ("down", "up"),
            }[facet]
            counts = [(name, int((self.facet_mask(facet, name) & mask).sum())) for name in names]
            return [(name, count) for name, count in counts if count]
        if facet == "reason":
            labels, rows = self.reasons
            column = labels.take(as_array(np.flatnonzero(mask[rows])))
        else:
            column = self.columns["score" if facet == "score" else COLUMN_OF[facet]]
            column = column.take(as_array(np.flatnonzero(mask)))
        found = [(row["values"], row["counts"]) for row in pc.value_counts(column).to_pylist()]
        if facet == "score":
            found.sort(key=lambda pair: pair[0] or 0)
            return [(NO_SCORE if value is None else str(value), count) for value, count in found]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def counts(self) -> dict[str, int]:
        """How many pairs are in each state, and how many carry each mark."""
        states = np.bincount(self.states, minlength=len(STATES))
        counts = {name: int(count) for name, count in zip(STATES, states, strict=True)}
        return counts | {
            name: int(self.state_mask(name).sum())
            for name in MARKS
            if name != "feedback" or self.scored < len(self)
        }


def holding(pattern: str, texts: pa.Array) -> Mask:
    """Which texts hold the pattern, blind to case."""
    has_case = pattern.upper() != pattern.lower()  # Hangul has none: three times as fast
    parts = [texts.slice(start, BATCH) for start in range(0, len(texts), BATCH)]
    with ThreadPoolExecutor() as pool:  # Arrow lets other threads run meanwhile
        found = pool.map(lambda part: pc.match_substring(part, pattern, ignore_case=has_case), parts)
        return np.concatenate([np.zeros(0, bool), *map(as_mask, found)])


def as_mask(values: pa.Array) -> Mask:
    """Booleans of Arrow for NumPy, nulls as False."""
    return np.asarray(values.to_numpy(zero_copy_only=False) == True, dtype=bool)  # noqa: E712 (elementwise)


def as_array(numbers: Sequence[int] | Numbers) -> pa.Array:
    """Row numbers for Arrow, in NumPy's own memory; `pa.array` would import pandas: half a second."""
    values = np.ascontiguousarray(numbers, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
