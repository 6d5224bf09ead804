"""Writes GGUF files and a Modelfile, and proves that they answer like the merged model.

in:  models/merged, data/evaluate.parquet (the test questions), params: quantize, student
out: models/gguf, metrics/quantize.json

Every GGUF is loaded by llama.cpp and asked every test question greedily, and so is the merged model by
transformers. When export refused, the refusal is passed on.
"""

import logging
import shutil
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.params import Settings
from slm_factory.core.store import Store
from slm_factory.engine.llama import Llama
from slm_factory.metrics.answers import key_facts
from slm_factory.student import gguf
from slm_factory.student.chat import question_messages
from slm_factory.student.generate import Student
from slm_factory.student.model import load_tokenizer
from slm_factory.student.modelfile import modelfile
from slm_factory.student.settings import StudentSettings
from slm_factory.student.templates import choose, until_mark

MERGED = Path("models/merged")
QUESTIONS = Path("data/evaluate.parquet")
GGUF = Path("models/gguf")
METRICS = Path("metrics/quantize.json")

REFUSED = "REFUSED.md"
MAX_NEW_TOKENS = 96  # longer answers than trained ones would only compare how two engines ramble

log = logging.getLogger(__name__)


class Params(Settings):
    """`quantize:` in params.yaml."""

    types: list[str] = Field(min_length=1)
    context_tokens: int = Field(ge=64)
    temperature: float = Field(ge=0)
    llama_cpp: str


def held_out(rows: list[files.Row]) -> list[files.Row]:
    """The rows of the tuned student, one per question; texts are read, not asked."""
    return [row for row in rows if row["contender"] == "tuned" and row["slice"] != "text"]


def parity(questions: list[files.Row], reference: list[str], answers: list[str]) -> dict[str, Any]:
    """Shares of answers with the same text, and with the same share of key facts, as the reference's."""
    identical = [a == b for a, b in zip(reference, answers, strict=True)]
    scores = [
        (
            key_facts(row["reference"], row["question"], expected),
            key_facts(row["reference"], row["question"], answer),
        )
        for row, expected, answer in zip(questions, reference, answers, strict=True)
        if row["slice"] in ("recall", "unseen")
    ]
    scored = [(a, b) for a, b in scores if a is not None and b is not None]
    return {
        "questions": len(questions),
        "identical": share(identical),
        "equal_key_facts": share([a == b for a, b in scored]),
        "key_facts": round(sum(b for _, b in scored) / len(scored), 4) if scored else None,
    }


def share(claims: list[bool]) -> float | None:
    """The share of true claims, or None without any."""
    return round(sum(claims) / len(claims), 4) if claims else None


def main() -> None:
    """Reads the merged model, writes GGUF files, Modelfile and the proof; or passes a refusal on."""
    settings = params.load("quantize", Params)
    student = params.load("student", StudentSettings)
    if (MERGED / REFUSED).exists():
        with files.replacing_folder(GGUF) as beside:
            shutil.copy(MERGED / REFUSED, beside)
        files.write_json(METRICS, {"is_quantized": False})
        log.info("quantize: refused, there is no merged model -> %s", GGUF / REFUSED)
        return
    wanted, trusted = student.chat_template, student.trust_remote_code
    gguf.check(MERGED, settings.types, chat_template=wanted, checkout=settings.llama_cpp)
    form = choose(wanted, load_tokenizer(MERGED, wanted, trust_remote_code=trusted))
    questions = held_out(files.read_rows(QUESTIONS))
    conversations = [question_messages(student.system_prompt, row["question"]) for row in questions]
    with Store() as store:
        merged = Student(str(MERGED), store, chat_template=wanted, trust_remote_code=trusted)
        reference = [answer["text"] for answer in merged.answer(conversations, MAX_NEW_TOKENS)]
    measured: dict[str, Any] = {}
    with files.replacing_folder(GGUF) as beside:
        for name in settings.types:
            file = beside / f"model-{name}.gguf"
            gguf.write(
                MERGED,
                file,
                name,
                name="slm-factory student",
                chat_template=wanted,
                checkout=settings.llama_cpp,
            )
            started = time.monotonic()
            with Llama(file, context_tokens=settings.context_tokens) as llama:
                answers = [
                    until_mark(form, answer) for answer in llama.answer_all(conversations, MAX_NEW_TOKENS)
                ]
            seconds = time.monotonic() - started
            measured[name] = {"bytes": file.stat().st_size, **parity(questions, reference, answers)}
            log.info(
                "quantize: %s: %s of %d answers identical, %s with equal key facts (%.0f s)",
                name,
                measured[name]["identical"],
                len(questions),
                measured[name]["equal_key_facts"],
                seconds,
            )
        text = modelfile(
            f"model-{settings.types[-1]}.gguf",
            form,
            student.system_prompt,
            context_tokens=settings.context_tokens,
            temperature=settings.temperature,
        )
        (beside / "Modelfile").write_text(text, encoding="utf-8")
    files.write_json(METRICS, {"is_quantized": True, "served": settings.types[-1], "types": measured})
    log.info("quantize: %s, serving %s -> %s", ", ".join(settings.types), settings.types[-1], GGUF)


if __name__ == "__main__":
    run_stage(main)
