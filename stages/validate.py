"""Every pair checked by rules that need no model; a rejected pair stays in the table with its reasons.

in:  data/generate.parquet, data/chunk.parquet
out: data/validate.parquet (records.VALIDATED, all rows), metrics/validate.json

First each pair by itself (form, language, grounding in its chunk), then the kept ones against each other:
facts repeated in several documents, questions with two answers, near-duplicates.
"""

import logging
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.core.matching import loose, numbers, similar_pairs, squeezed, words
from slm_factory.core.params import Settings
from slm_factory.core.records import VALIDATED
from slm_factory.core.text import HANGUL, language

CHUNKS = Path("data/chunk.parquet")
PAIRS = Path("data/generate.parquet")
VALIDATED_PAIRS = Path("data/validate.parquet")
METRICS = Path("metrics/validate.json")

# Only at the start of an answer: "a backup that was not provided in time" is a fact, not a refusal.
BOILERPLATE = re.compile(
    "|".join(
        (
            r"죄송|알겠습니다|인공지능|AI 언어|물론(?:입니다|이죠|이에요|[,!])|네[,!.]",
            r"(?:이|본|제공된|주어진) ?(?:문서|본문|텍스트|자료|내용)(?:에는|에서는?|에 따르면|만으로는)[ ,]",
            r"sorry\b|I(?:'m| am) sorry|I (?:cannot|can't|do not|don't) |as an AI\b",
            r"(?:sure|certainly|of course)[,!]|here (?:is|are) the ",
            r"(?:based on|according to) the (?:(?:provided|given) )?(?:document|text|passage|context)",
            r"the (?:(?:provided|given) )?(?:document|text|passage|context)s? (?:do|does|did) not ",
        )
    ),
    re.IGNORECASE,
)
AFTER_NOUN = r"(?=[^가-힣]|$|[은는이가을를의에와과도로]|으로|처럼)"  # 표는 is the table, 표준 is none
# "위" and "above" alone are too common ("단위", "above 90%"): only where they point at a text.
DANGLING = re.compile(
    "|".join(
        (
            r"(?<![가-힣])(?:이|본|해당|위의?|윗|아래의?|다음|상기|앞) ?(?:문서|문단|본문|표|절|그림|지문)"
            + AFTER_NOUN,
            r"(?<![가-힣])(?:위의?|아래의?|다음|상기) ?(?:기준|항목|목록|내용|자료)" + AFTER_NOUN,
            r"(?<![가-힣])(?:위에서|앞에서|앞서) ?(?:말한|말했|설명|언급|본)|(?<![가-힣])상기한? ",
            r"(?:위와|아래와|다음과) 같(?:습니다|다|아요)[.:]?$",
            r"\b(?:this|the (?:above|following|preceding|given|provided)) "
            r"(?:document|text|passage|section|chapter|article|page|table|list|figure)\b",
            r"\b(?:mentioned|described|listed|shown|stated|given|see|as) (?:above|below)\b",
            r"\b(?:aforementioned|above-mentioned)\b",
        )
    ),
    re.IGNORECASE,
)
# Endings that turn a value into an answer; without them the value can be looked for in the question.
ENDING = re.compile(
    r"(?:입니다|이다|이에요|예요|합니다|한다|됩니다|된다|습니다|인가요?|입니까|은|는|이|가|을|를|의|에|로|와|과)$"
)

log = logging.getLogger(__name__)


class Params(Settings):
    """`validate:` in params.yaml."""

    min_question_characters: int = Field(ge=1)
    max_question_characters: int = Field(ge=1)
    min_answer_characters: int = Field(ge=1)
    max_answer_characters: int = Field(ge=1)
    near_duplicate_similarity: float = Field(gt=0, le=1)


def form_problems(pair: Row, settings: Params) -> list[str]:
    """What is wrong with the words of one pair, whatever its source says."""
    question, answer = pair["question"].strip(), pair["answer"].strip()
    if not question or not answer:
        return ["empty"]
    problems = []
    if not settings.min_question_characters <= len(question) <= settings.max_question_characters:
        problems.append("question length")
    if not settings.min_answer_characters <= len(answer) <= settings.max_answer_characters:
        problems.append("answer length")
    if not is_in_language(question, pair["language"]) or not (
        is_in_language(answer, pair["language"]) or squeezed(answer.rstrip(".")) in squeezed(pair["evidence"])
    ):
        problems.append("language")
    if BOILERPLATE.match(answer):
        problems.append("boilerplate")
    if DANGLING.search(question) or DANGLING.search(answer):
        problems.append("dangling reference")
    if gives_away(question, answer):
        problems.append("question gives the answer away")
    return problems


def is_in_language(text: str, wanted: str) -> bool:
    """Whether `text` is in the language; one Hangul syllable among Latin names makes a sentence Korean."""
    return bool(HANGUL.search(text)) if wanted == "ko" else language(text) == "en"


def gives_away(question: str, answer: str) -> bool:
    """Whether every word of the answer, without its ending, stands in the question already."""
    asked = loose(question)
    stems = [ENDING.sub("", word) or word for word in words(answer)]
    return all(stem in asked for stem in stems)


def grounding_problems(pair: Row, chunk: Row) -> list[str]:
    """What of one pair the chunk does not support: its quotation, or numbers of its answer.

    A number may come from the quotation, the question (which repeats names such as "2등급"), or the headings.
    """
    if not pair["evidence"].strip():
        return ["no evidence"]
    problems = []
    if squeezed(pair["evidence"]) not in squeezed(chunk["text"]):
        problems.append("evidence not in the chunk")
    support = numbers(" ".join([pair["evidence"], pair["question"], *chunk["headings"]]))
    if not set(numbers(pair["answer"])) <= set(support):
        problems.append("number without evidence")
    return problems


def repeated_facts(pairs: list[Row]) -> dict[str, str]:
    """By pair_id, the reason for pairs whose statement an earlier document (by doc_id) makes too."""
    first: dict[str, str] = {}
    for pair in sorted(pairs, key=lambda pair: pair["doc_id"]):
        first.setdefault(loose(pair["statement"]), pair["fact_id"])
    return {
        pair["pair_id"]: "duplicate" for pair in pairs if first[loose(pair["statement"])] != pair["fact_id"]
    }


def same_questions(pairs: list[Row]) -> dict[str, str]:
    """By pair_id, the reason for questions that several facts share.

    If the facts answer alike, the first stays. If they differ nobody can tell which is meant, so none stays.
    """
    asked: defaultdict[str, list[Row]] = defaultdict(list)
    for pair in pairs:
        asked[loose(pair["question"])].append(pair)
    answers = answers_of_facts(pairs)
    reasons = {}
    for group in asked.values():
        facts = list(dict.fromkeys(pair["fact_id"] for pair in group))
        if len(facts) == 1:
            continue
        is_clear = all(answers[facts[0]] & answers[fact] for fact in facts[1:])
        for pair in group:
            if not is_clear:
                reasons[pair["pair_id"]] = "ambiguous question"
            elif pair["fact_id"] != facts[0]:
                reasons[pair["pair_id"]] = "duplicate question"
    return reasons


def near_duplicates(pairs: list[Row], threshold: float) -> dict[str, str]:
    """By pair_id, the reason for questions that nearly repeat one of another fact that has the same answer.

    "A의 복구 시간" and "B의 복구 시간" are alike but not the same: numbers must agree in both questions
    and an answer wording of the two facts must be equal.
    """
    answers = answers_of_facts(pairs)
    questions = [loose(pair["question"]) for pair in pairs]
    reasons: dict[str, str] = {}
    for earlier, later in similar_pairs(questions, threshold):
        one, other = pairs[earlier], pairs[later]
        if (
            one["fact_id"] != other["fact_id"]
            and one["pair_id"] not in reasons
            and answers[one["fact_id"]] & answers[other["fact_id"]]
            and numbers(one["question"]) == numbers(other["question"])
        ):
            reasons[other["pair_id"]] = "near duplicate"
    return reasons


def answers_of_facts(pairs: list[Row]) -> dict[str, set[str]]:
    """The answer wordings of each fact, in loose form."""
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        answers[pair["fact_id"]].add(loose(pair["answer"]))
    return answers


def validate(pairs: list[Row], chunks: dict[str, Row], settings: Params) -> list[Row]:
    """All pairs with `is_kept` and `reasons`; checks among pairs see only what the ones before them kept."""
    reasons = {
        pair["pair_id"]: form_problems(pair, settings) + grounding_problems(pair, chunks[pair["chunk_id"]])
        for pair in pairs
    }
    checks = (
        repeated_facts,
        same_questions,
        lambda kept: near_duplicates(kept, settings.near_duplicate_similarity),
    )
    for check in checks:
        for pair_id, reason in check([pair for pair in pairs if not reasons[pair["pair_id"]]]).items():
            reasons[pair_id].append(reason)
    return [
        {**pair, "is_kept": not reasons[pair["pair_id"]], "reasons": reasons[pair["pair_id"]]}
        for pair in pairs
    ]


def summary(rows: list[Row]) -> dict[str, Any]:
    """metrics/validate.json: kept and rejected pairs, and how often each reason was given."""
    rejected = Counter(reason for row in rows for reason in row["reasons"])
    facts = {row["fact_id"] for row in rows}
    return {
        "pairs": len(rows),
        "kept": sum(row["is_kept"] for row in rows),
        "rejected": sum(not row["is_kept"] for row in rows),
        "facts": len(facts),
        "kept_facts": len({row["fact_id"] for row in rows if row["is_kept"]}),
        "reasons": dict(sorted(rejected.items())),
    }


def main() -> None:
    """Reads pairs and chunks, writes validated pairs."""
    settings = params.load("validate", Params)
    chunks = {chunk["chunk_id"]: chunk for chunk in files.read_rows(CHUNKS)}
    rows = validate(files.read_rows(PAIRS), chunks, settings)
    files.write_rows(VALIDATED_PAIRS, rows, VALIDATED)
    metrics = summary(rows)
    files.write_json(METRICS, metrics)
    log.info(
        "validate: %d pairs kept, %d rejected -> %s", metrics["kept"], metrics["rejected"], VALIDATED_PAIRS
    )


if __name__ == "__main__":
    run_stage(main)
