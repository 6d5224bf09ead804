"""Measures the validation stage: 100,000 pairs against its time and memory, planted faults against its aim.

    python -m bench.validate [--pairs 100000]

The pairs are made up here, seeded: invented systems with their limits, deadlines and prices, Korean and
English, five wordings a fact; one pair in ten has a fault. The planted faults are the hand-written ones of
tests/grounding/planted. Exits 1 when a limit is missed.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.loop import REPOSITORY, Measurement, report, run
from slm_factory.core.files import Row, write_rows
from slm_factory.core.records import CHUNK, DOCUMENT, PAIR

SEED = 42
FACTS_PER_CHUNK, WORDINGS, FAULTY = 8, 5, 0.1
SECONDS, GIB, CAUGHT, REJECTED = 180, 2, 0.9, 0.02

SYLLABLES = (
    "가나다라마바사아자차카타파하고노도로모보소오조초코토포호"
    "구누두루무부수우주추쿠투푸후기니디리미비시이지치키티피히"
)
KINDS_KO = (
    "결제 서버",
    "정산 시스템",
    "알림 서비스",
    "회원 창구",
    "재고 창고",
    "배송 관제",
    "예약 포털",
    "감시 도구",
)
KINDS_EN = ("gateway", "ledger", "scheduler", "archive", "broker", "console", "registry", "warehouse")
# key, unit, sentence, questions
VALUES_KO = (
    ("점검 주기", "일", "{name}의 {key}는 {value}이다."),
    ("복구 목표", "분", "{name}의 {key}는 {value} 이내이다."),
    ("보관 기간", "개월", "{name}의 {key}은 {value}이다."),
    ("월 이용료", "만원", "{name}의 {key}는 {value}이며 매월 말일에 청구한다."),
    ("최대 접속자", "명", "{name}의 {key}는 {value}으로 제한한다."),
)
VALUES_EN = (
    ("check interval", "days", "The {key} of the {name} is {value}."),
    ("recovery target", "minutes", "The {key} of the {name} is {value} at most."),
    ("retention", "months", "The {key} of the {name} is {value}."),
    ("monthly fee", "dollars", "The {key} of the {name} is {value}, charged on the last day of the month."),
    ("user limit", "people", "The {key} of the {name} is {value}."),
)
ASKED_KO = (
    "{name}의 {key}는 얼마인가요?",
    "{name} {key}를 알려 주세요.",
    "{key}가 궁금한데, {name}는 어떻게 되나요?",
    "{name}를 쓰려면 {key}를 얼마로 알면 됩니까?",
    "{name}에서 정한 {key}는?",
)
ASKED_EN = (
    "What is the {key} of the {name}?",
    "Tell me the {key} of the {name}.",
    "For the {name}, what is the {key}?",
    "How is the {key} of the {name} set?",
    "Which {key} does the {name} have?",
)
SAID_KO = ("{name}의 {key}는 {value}입니다.", "{value}입니다.", "{name}는 {key}가 {value}로 정해져 있습니다.")
SAID_EN = ("The {key} of the {name} is {value}.", "It is {value}.", "The {name} has a {key} of {value}.")


def document(number: int, generator: random.Random) -> tuple[Row, Row, list[Row]]:
    """One document with its only chunk and the pairs of its facts."""
    is_korean = number % 2 == 0
    kinds, values = (KINDS_KO, VALUES_KO) if is_korean else (KINDS_EN, VALUES_EN)
    asked, said = (ASKED_KO, SAID_KO) if is_korean else (ASKED_EN, SAID_EN)
    language = "ko" if is_korean else "en"
    facts = []
    for _ in range(FACTS_PER_CHUNK):
        proper = "".join(generator.choices(SYLLABLES, k=3)) if is_korean else made_up_word(generator)
        key, unit, sentence = generator.choice(values)
        value = f"{generator.randint(2, 999)}{'' if is_korean else ' '}{unit}"
        facts.append(
            {"name": f"{proper} {generator.choice(kinds)}", "key": key, "value": value, "sentence": sentence}
        )
    sentences = [fact["sentence"].format(**fact) for fact in facts]
    doc_id, chunk_id = f"{language}/{number:06}.md", f"c{number}"
    chunk = {
        **{
            "chunk_id": chunk_id,
            "doc_id": doc_id,
            "index": 0,
            "headings": ["운영 기준" if is_korean else "Limits"],
        },
        **{
            "text": " ".join(sentences),
            "start": 0,
            "end": 0,
            "first_page": 0,
            "last_page": 0,
            "language": language,
        },
    }
    title = f"운영 안내 {number}" if is_korean else f"Handbook {number}"
    row = {
        **{"doc_id": doc_id, "sha256": "0", "format": "md", "title": title, "language": language, "date": ""},
        **{"pages": 0, "markdown": "", "page_starts": [], "meta": "{}", "warnings": []},
    }
    pairs = []
    for place, (fact, sentence) in enumerate(zip(facts, sentences, strict=True)):
        for wording in range(WORDINGS):
            answer = said[wording % len(said)].format(**fact)
            if generator.random() < FAULTY:
                answer = faulty(answer, is_korean, generator)
            pairs.append(
                {
                    **{
                        "pair_id": f"p{number}-{place}-{wording}",
                        "fact_id": f"f{number}-{place}",
                        "doc_id": doc_id,
                    },
                    **{"chunk_id": chunk_id, "kind": "fact", "category": "", "audience": "expert"},
                    **{"language": language, "wording": wording, "question": asked[wording].format(**fact)},
                    **{"answer": answer, "statement": said[0].format(**fact), "evidence": sentence},
                    **{"teacher": "bench", "request": "r"},
                }
            )
    return row, chunk, pairs


def made_up_word(generator: random.Random) -> str:
    """An English-looking name."""
    return "".join(
        generator.choice("bdfgklmnprstv") + generator.choice("aeiou") for _ in range(4)
    ).capitalize()


def faulty(answer: str, is_korean: bool, generator: random.Random) -> str:
    """The answer with another number, a reference to its document, or a claim of its own."""
    kind = generator.randrange(3)
    if kind == 0:
        return "".join(str((int(letter) + 3) % 10) if letter.isdigit() else letter for letter in answer)
    if kind == 1:
        return f"위 표에 따르면 {answer}" if is_korean else f"According to the document, {answer}"
    return (
        f"{answer} 위반하면 과태료가 부과됩니다."
        if is_korean
        else f"{answer} Violations trigger penalties and lawsuits."
    )


def make(folder: Path, pairs: int) -> None:
    """Writes the tables that the stage reads, and its params.yaml."""
    generator = random.Random(SEED)
    documents = [document(n, generator) for n in range(-(-pairs // (FACTS_PER_CHUNK * WORDINGS)))]
    (folder / "data").mkdir(parents=True)
    write_rows(folder / "data/parse.parquet", (row for row, _, _ in documents), DOCUMENT)
    write_rows(folder / "data/chunk.parquet", (chunk for _, chunk, _ in documents), CHUNK)
    rows = (pair for _, _, own in documents for pair in own)
    write_rows(
        folder / "data/generate.parquet", (row for row, _ in zip(rows, range(pairs), strict=False)), PAIR
    )
    shutil.copy(REPOSITORY / "params.yaml", folder / "params.yaml")


def speed(folder: Path, pairs: int) -> list[Measurement]:
    """Time and peak memory of the stage on `pairs` pairs."""
    make(folder, pairs)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = run([sys.executable, "-m", "stages.validate"], folder, environment)
    metrics = json.loads((folder / "metrics/validate.json").read_text(encoding="utf-8"))
    print(f"{metrics['kept']} kept, {metrics['rejected']} rejected: {metrics['reasons']}")
    return [
        Measurement(f"validate {pairs:,} pairs", done.seconds, SECONDS, "s"),
        Measurement("peak memory", done.peak_gib, GIB, "GiB"),
    ]


def planted() -> Iterator[Measurement]:
    """The shares of planted faults that are caught, and of right pairs that are rejected."""
    from tests.grounding.test_planted import planted_rows, reasons_by_id

    rows = planted_rows()
    reasons = reasons_by_id(rows)
    for what, limit, is_right in (
        ("planted faults caught", CAUGHT, False),
        ("right pairs rejected", REJECTED, True),
    ):
        chosen = [row for row in rows if (not row["fault"]) == is_right]
        share = sum(bool(reasons[row["id"]]) for row in chosen) / max(len(chosen), 1)
        yield Measurement(f"{what}, of {len(chosen)}", share, limit, "", is_floor=not is_right)


def main() -> None:
    """Makes the pairs, measures, prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.validate", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="slm-factory-validate-"))
    try:
        measurements = [*speed(work, arguments.pairs), *planted()]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(report(measurements))
    sys.exit(not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
