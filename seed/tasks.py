"""Instruction rows for the seed student: chat pairs, and extraction tasks made from the corpus by rules."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from seed import corpus

Messages = list[dict[str, str]]

ARTICLE = re.compile(r"^#{2,6} 제(\d+(?:조의\d+|조)) \(([^)\n]{2,30})\)\n+((?:(?!#).+\n?)+)", re.M)
DEFINITION = re.compile(r"[\"“]([^\"”\n]{2,20})[\"”](?:이란|란) ([^\n.]{15,160}(?:을|를) 말한다)")
SECTION = re.compile(r"^#{1,4} ([^\n#]{3,60})\n+([A-Z가-힣][^\n]{30,220}[.다])$", re.M)
WORD = re.compile(r"[가-힣]{2,5}")
FORMS_KO = (
    "다음 글을 읽고 답하세요.\n\n{text}\n\n질문: {question}",
    "{text}\n\n위 내용에 따르면, {question}",
    "{question}\n\n참고:\n{text}",
)
FORMS_EN = (
    "Read the text and answer.\n\n{text}\n\nQuestion: {question}",
    "{text}\n\n{question}",
    "{question}\n\nText:\n{text}",
)
UNITS = ("분", "초", "시간", "일", "건", "회", "명", "%", "GB", "원", "개")
RECORD_QUESTIONS = (
    "{subject}의 {key}은(는) 무엇인가요?",
    "{subject}의 {key}을(를) 알려 주세요.",
    "{subject} {key}이(가) 어떻게 되나요?",
    "{subject}의 {key} 값은?",
)


def rows(folder: Path, general: list[dict[str, str]], seed: int) -> list[Messages]:
    """All instruction rows, shuffled, as user and assistant messages; held-out documents give none."""
    generator = random.Random(seed)
    made = [
        *chat(folder),
        *articles(folder, generator),
        *definitions(folder, generator),
        *sections(folder, generator),
        *records(folder, generator, count=6000),
        *([turn(row["question"], row["answer"]) for row in general] * 8),
    ]
    generator.shuffle(made)
    return made


def turn(question: str, answer: str) -> Messages:
    """One question and its answer as messages."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def training_documents(folder: Path, source: str) -> Iterator[str]:
    """The documents of a source that are not held out."""
    return (text for text in corpus.documents(folder, source) if not corpus.is_held_out(text))


def chat(folder: Path) -> Iterator[Messages]:
    """Every chat pair that is not held out."""
    for text in training_documents(folder, corpus.CHAT_SOURCE):
        yield turn(*corpus.chat_pair(text))


def articles(folder: Path, generator: random.Random) -> Iterator[Messages]:
    """Open-book questions on the title of a statute's article, two per statute."""
    for text in training_documents(folder, "statutes-ko"):
        found = [match for match in ARTICLE.findall(text) if len(match[2]) < 500]
        for number, title, body in generator.sample(found, min(2, len(found))):
            source = f"제{number} ({title}) {body.strip()}"
            question = f"제{number}의 제목은 무엇인가요?"
            yield turn(
                generator.choice(FORMS_KO).format(text=source, question=question),
                f"제{number}의 제목은 {title}입니다.",
            )


def definitions(folder: Path, generator: random.Random) -> Iterator[Messages]:
    """Open-book and closed-book questions on terms that statutes define."""
    for text in training_documents(folder, "statutes-ko"):
        found = DEFINITION.findall(text)
        for term, meaning in generator.sample(found, min(2, len(found))):
            question = generator.choice(
                (
                    f"{term}의 뜻은 무엇인가요?",
                    f"'{term}'을(를) 설명해 주세요.",
                    f"{term}의 정의를 알려 주세요.",
                )
            )
            answer = f"{term}: {meaning}."
            if generator.random() < 0.5:
                question = generator.choice(FORMS_KO).format(
                    text=f'"{term}"의 정의: {meaning}.', question=question
                )
            yield turn(question, answer)


def sections(folder: Path, generator: random.Random) -> Iterator[Messages]:
    """Open-book questions on what a section of a manual says first, two per document, Korean and English."""
    for source in sorted(corpus.ORIGINS):
        if source in (corpus.CHAT_SOURCE, "statutes-ko", "tax-precedents-ko", "movie-reviews-ko"):
            continue
        for text in training_documents(folder, source):
            found = SECTION.findall(text)
            for heading, sentence in generator.sample(found, min(3, len(found))):
                korean = source.endswith("-ko")
                question = (
                    f"'{heading}' 부분은 무엇을 말하나요?"
                    if korean
                    else f"What does the section '{heading}' say?"
                )
                form = generator.choice(FORMS_KO if korean else FORMS_EN)
                yield turn(form.format(text=f"## {heading}\n\n{sentence}", question=question), sentence)


def records(folder: Path, generator: random.Random, count: int) -> Iterator[Messages]:
    """Open-book questions on key-value lists of random words and numbers; the answer stands in the list."""
    words: list[str] = []
    for text in training_documents(folder, "kubernetes-ko"):
        words.extend(WORD.findall(text[:4000]))
    words = sorted(set(words))
    for _ in range(count):
        subject = " ".join(generator.sample(words, 2))
        keys = generator.sample(words, generator.randint(2, 5))
        values = [
            f"{generator.choice((generator.randint(1, 99), 100 * generator.randint(1, 50))):,}"
            f"{generator.choice(UNITS)}"
            if generator.random() < 0.6
            else generator.choice(words)
            for _ in keys
        ]
        chosen = generator.randrange(len(keys))
        text = f"## {subject}\n\n" + "\n".join(
            f"- {key}: {value}" for key, value in zip(keys, values, strict=True)
        )
        question = generator.choice(RECORD_QUESTIONS).format(subject=subject, key=keys[chosen])
        yield turn(
            generator.choice(FORMS_KO).format(text=text, question=question),
            f"{subject}의 {keys[chosen]}: {values[chosen]}입니다.",
        )
