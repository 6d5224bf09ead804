"""Paraphrases of training pairs, made after the split so that nothing held out leaks in.

in:  data/split.parquet, data/refine.jsonl (facts to say in more words), prompts/ (for a prompted teacher)
out: data/augment.parquet (records.AUGMENTED, new rows), data/answers/augment.parquet, metrics/augment.json

A share of the training pairs is paraphrased, and the facts that a student got wrong (`tool refine`) as often
as data/refine.jsonl says. A paraphrase is used only if it says what its origin says (numbers, dates, names),
is like it but not the same, stands alone, and asks nothing that is held out; the rest is counted.
Refusals (kind `abstain`) are not paraphrased: a question that says a little less may well have an answer.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from slm_factory.core import files, params, refinement
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import loose, lot
from slm_factory.core.params import Settings
from slm_factory.core.records import AUGMENTED, identifier
from slm_factory.core.text import normalize
from slm_factory.grounding import form, similarity
from slm_factory.grounding.held_out import HeldOut
from slm_factory.grounding.meaning import differences
from slm_factory.grounding.words import Support, content
from slm_factory.teachers import teacher
from slm_factory.teachers.asking import Outcome, Replies, ask, ask_nothing
from slm_factory.teachers.tasks import ParaphraseAnswer, ParaphraseInput, Turn
from slm_factory.teachers.teacher import TeacherSettings

PAIRS = Path("data/split.parquet")
REFINEMENTS = Path("data/refine.jsonl")
PARAPHRASES = Path("data/augment.parquet")
ANSWERS = Path("data/answers/augment.parquet")
PROMPTS = Path("prompts")  # read by a prompted teacher
METRICS = Path("metrics/augment.json")

log = logging.getLogger(__name__)


class Params(Settings):
    """`augment:` in params.yaml."""

    enabled: bool
    paraphrases: int = Field(ge=1)
    share: float = Field(ge=0, le=1)
    min_similarity: float = Field(ge=0, le=1)
    max_similarity: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def band_is_open(self) -> Self:
        """A band without width would leave out every paraphrase."""
        if self.min_similarity >= self.max_similarity:
            raise ValueError("min_similarity must be below max_similarity")
        return self


def wanted(pairs: list[Row], settings: Params, refinements: dict[str, int]) -> Counter[str]:
    """How many paraphrases to ask for, by the pair_id of their origin.

    The share is drawn by pair_id: the same pairs however many documents there are. The wordings of a refined
    fact are dealt out to its training pairs, one at a time.
    """
    counts: Counter[str] = Counter()
    facts: defaultdict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        if pair["split"] != "train" or pair["kind"] == "abstain":
            continue
        if lot("augment", pair["pair_id"]) < settings.share:
            counts[pair["pair_id"]] = settings.paraphrases
        if pair["fact_id"] in refinements:
            facts[pair["fact_id"]].append(pair["pair_id"])
    for fact_id, pair_ids in facts.items():
        drawn = sorted(pair_ids, key=lambda pair_id: lot("refine", pair_id))
        counts.update(drawn[number % len(drawn)] for number in range(refinements[fact_id]))
    return counts


class Check:
    """Whether a paraphrase can be used, given all pairs of the split and the paraphrases used so far."""

    def __init__(self, pairs: list[Row], settings: Params) -> None:
        self.settings = settings
        self.measure = similarity.load("")
        self.held_out = HeldOut(pair["question"] for pair in pairs if pair["split"] in ("test", "unseen"))
        self.taken = {loose(pair["question"]) for pair in pairs}

    def problem(self, wording: Turn, origin: Row) -> str:
        """Why the paraphrase cannot be used, as a label or "label: detail"; "" if it can."""
        if not wording.question.strip() or not wording.answer.strip():
            return "empty"
        if self.held_out.has(wording.question):
            return "held-out question"
        if loose(wording.question) in self.taken:
            return "question exists"
        spoilt = form.problems(wording.question, wording.answer, origin["evidence"], origin["language"])
        if spoilt:
            return spoilt[0]
        for part in ("question", "answer"):
            changes = differences(origin[part], getattr(wording, part))
            if changes:
                return f"{part} changed: {changes[0]}"
        return self.likeness_problem(wording, origin)

    def likeness_problem(self, wording: Turn, origin: Row) -> str:
        """Whether the paraphrase is about something else, or hardly one at all.

        Question and answer are compared together: by n-grams, a short question alone is unlike its paraphrase
        (백업 보관 기간은?, 백업은 얼마 동안 보관하나요?).
        """
        origin_said = f"{origin['question']} {origin['answer']}"
        known = Support(origin_said)
        if not any(known.has(word) for word in content(wording.question)):
            return "too unlike: no word in common"
        said = f"{wording.question} {wording.answer}"
        whole, question = self.measure.between([said, wording.question], [origin_said, origin["question"]])
        if whole < self.settings.min_similarity:
            return f"too unlike: {whole:.2f}"
        return f"too alike: {question:.2f}" if question > self.settings.max_similarity else ""


def task_of(pair: Row, count: int) -> ParaphraseInput:
    """What the teacher is asked about one pair."""
    return ParaphraseInput(
        question=pair["question"], answer=pair["answer"], language=pair["language"], count=count
    )


def paraphrased(
    origins: list[Row], outcomes: Iterable[Outcome[ParaphraseAnswer]], check: Check, teacher_name: str
) -> tuple[list[Row], list[str], list[dict[str, str]]]:
    """The usable paraphrases as rows, the reasons of the others, and the pairs that the teacher failed on."""
    rows: list[Row] = []
    left_out: list[str] = []
    failures: list[dict[str, str]] = []
    for origin, outcome in zip(origins, outcomes, strict=True):
        if outcome.answer is None:
            failures.append({"pair_id": origin["pair_id"], "reason": outcome.reason})
            continue
        for wording in outcome.answer.wordings:
            problem = check.problem(wording, origin)
            if problem:
                left_out.append(problem)
            else:
                check.taken.add(loose(wording.question))
                rows.append(row_of(wording, origin, teacher_name, outcome.request))
    return rows, left_out, failures


def row_of(wording: Turn, origin: Row, teacher_name: str, request: str) -> Row:
    """A paraphrase as a row of the fact of its origin."""
    question, answer = normalize(wording.question), normalize(wording.answer)
    return {
        **origin,
        "pair_id": identifier(origin["fact_id"], question, answer),
        "wording": -1,
        "question": question,
        "answer": answer,
        "teacher": teacher_name,
        "request": request,
        "origin": origin["pair_id"],
    }


def refined(refinements: dict[str, int], pairs: list[Row], rows: list[Row]) -> dict[str, Any]:
    """What became of data/refine.jsonl: facts, wordings asked for and made, facts not trained."""
    trained = {pair["fact_id"] for pair in pairs if pair["split"] == "train"}
    known = {fact_id: wordings for fact_id, wordings in refinements.items() if fact_id in trained}
    return {
        "facts": len(known),
        "wordings": sum(known.values()),
        "paraphrases": sum(row["fact_id"] in known for row in rows),
        "stale_facts": sorted(refinements.keys() - known.keys()),
    }


def summary(
    pairs: list[Row], refinements: dict[str, int], rows: list[Row], left_out: list[str], failures: list[Row]
) -> dict[str, Any]:
    """metrics/augment.json: paraphrases used and left out, and the pairs that the teacher failed on."""
    labels = Counter(reason.partition(":")[0] for reason in left_out)
    return {
        "paraphrases": len(rows),
        "left_out": dict(sorted(labels.items())),
        "decontaminated": labels["held-out question"],
        "refined": refined(refinements, pairs, rows),
        "failures": failures,
    }


def main() -> None:
    """Reads the split, asks the teacher, writes paraphrases; an empty table when switched off."""
    settings = params.load("augment", Params)
    teaching = params.load("teacher", TeacherSettings)
    refinements = refinement.read(REFINEMENTS)
    pairs = files.read_rows(PAIRS)
    counts = wanted(pairs, settings, refinements) if settings.enabled else Counter()
    origins = [pair for pair in pairs if pair["pair_id"] in counts]
    replies: Replies[ParaphraseAnswer] = ask_nothing(ANSWERS)
    name = ""
    if settings.enabled:
        guide = teacher.load(teaching)
        replies = ask(
            guide,
            [task_of(origin, counts[origin["pair_id"]]) for origin in origins],
            ParaphraseAnswer,
            settings=teaching,
            stage="augment",
            documents=[origin["doc_id"] for origin in origins],
            answers_file=ANSWERS,
        )
        name = guide.name
    rows, left_out, failures = paraphrased(origins, replies, Check(pairs, settings), name)
    files.write_rows(PARAPHRASES, rows, AUGMENTED)
    metrics = summary(pairs, refinements, rows, left_out, failures)
    files.write_json(METRICS, {"pairs": len(origins), **metrics, "teacher": replies.usage()})
    how = str(replies) if settings.enabled else "switched off"
    log.info(
        "augment: %d pairs paraphrased to %d, %d left out; %s -> %s",
        *(len(origins), len(rows), len(left_out), how, PARAPHRASES),
    )


if __name__ == "__main__":
    run_stage(main)
