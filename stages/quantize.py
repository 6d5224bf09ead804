"""Writes GGUF files and a Modelfile, and proves that they answer like the merged model.

in:  models/merged, data/evaluate.parquet (the test questions), params: quantize, student
out: models/gguf, metrics/quantize.json

Every GGUF is loaded by llama.cpp and asked every test question greedily, and so is the merged model by
transformers: what a type loses is the difference. The last type that loses little enough is served.
When export refused, the refusal is passed on.
"""

import logging
import shutil
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.params import Settings
from slm_factory.core.store import Store
from slm_factory.engine.llama import Llama
from slm_factory.metrics.answers import key_facts
from slm_factory.metrics.bootstrap import mean_interval, paired_interval
from slm_factory.student import gguf
from slm_factory.student.chat import Message, question_messages
from slm_factory.student.generate import Student
from slm_factory.student.model import load_tokenizer
from slm_factory.student.modelfile import modelfile
from slm_factory.student.settings import StudentSettings
from slm_factory.student.templates import TurnForm, choose, until_mark

MERGED = Path("models/merged")
QUESTIONS = Path("data/evaluate.parquet")
GGUF = Path("models/gguf")
METRICS = Path("metrics/quantize.json")

NAME = "slm-factory student"  # in the GGUF's metadata
REFUSED = "REFUSED.md"
RESAMPLES, SEED = 1000, 42  # of the bootstrap intervals

log = logging.getLogger(__name__)


class Params(Settings):
    """`quantize:` in params.yaml."""

    types: list[str] = Field(min_length=1)
    max_loss: float = Field(ge=0)
    context_tokens: int = Field(ge=64)
    temperature: float = Field(ge=0)
    llama_cpp: str


def held_out(rows: list[files.Row]) -> list[files.Row]:
    """The rows of the tuned student, one per question; texts are read, not asked."""
    return [row for row in rows if row["contender"] == "tuned" and row["slice"] != "text"]


def ask(
    file: Path, conversations: list[list[Message]], context_tokens: int, max_tokens: int, form: TurnForm
) -> list[str]:
    """llama.cpp's greedy answers from the GGUF `file`, up to where a server stops."""
    with Llama(file, context_tokens=context_tokens) as llama:
        return [until_mark(form, answer) for answer in llama.answer_all(conversations, max_tokens)]


def parity(questions: list[files.Row], reference: list[str], answers: list[str]) -> dict[str, Any]:
    """How the answers differ from the reference's: with what share they are identical, and on recall the key
    facts that they give and that they lose, both with a 95% interval, None where recall was not asked.
    """
    identical = [one == other for one, other in zip(reference, answers, strict=True)]
    recall = [at for at, row in enumerate(questions) if row["slice"] == "recall"]
    pairs = [[found(questions[at], answers[at]), found(questions[at], reference[at])] for at in recall]
    scored = [(given, wanted) for given, wanted in pairs if given is not None and wanted is not None]
    measured: dict[str, Any] = {
        "questions": len(questions),
        "identical": round(sum(identical) / len(identical), 4) if identical else None,
        "recall_questions": len(scored),
        "key_facts": None,
        "key_facts_lost": None,
    }
    if scored:
        given, wanted = ([pair[side] for pair in scored] for side in (0, 1))
        kept = mean_interval(given, resamples=RESAMPLES, seed=SEED)
        lost = paired_interval(wanted, given, resamples=RESAMPLES, seed=SEED)
        measured |= {"key_facts": kept.rounded(), "key_facts_lost": lost.rounded()}
    return measured


def found(question: files.Row, answer: str) -> float | None:
    """The share of the question's key facts in an answer."""
    return key_facts(question["reference"], question["question"], answer)


def choose_served(measured: dict[str, dict[str, Any]], max_loss: float) -> str:
    """The last type that loses at most `max_loss` key facts.

    Raises:
        UserError: every type loses more.
    """
    lost = {name: (values["key_facts_lost"] or {"mean": 0.0})["mean"] for name, values in measured.items()}
    kept = [name for name, share in lost.items() if share <= max_loss]
    if not kept:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in lost.items())
        raise UserError(
            f"error: every type of quantize.types loses more key facts than max_loss ({max_loss}): {shares}",
            "hint: add a larger type to quantize.types (f16 loses nothing), or raise quantize.max_loss",
        )
    return kept[-1]


def told(name: str, measured: dict[str, Any]) -> str:
    """One type in a line."""
    size, lost = f"{measured['bytes'] / 1e6:.1f} MB", measured["key_facts_lost"]
    loss = f"loses {lost['mean']:.3f} ({lost['low']:.3f} to {lost['high']:.3f}) key facts, " if lost else ""
    return f"{name}: {size}, {loss}{measured['identical']} of {measured['questions']} answers identical"


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
    # As long as the longest answer in evaluate: more would only compare how two engines ramble.
    longest = max((row["tokens"] for row in questions), default=1)
    with Store() as store:
        merged = Student(str(MERGED), store, chat_template=wanted, trust_remote_code=trusted)
        reference = [answer["text"] for answer in merged.answer(conversations, longest)]
    measured: dict[str, Any] = {}
    with files.replacing_folder(GGUF) as beside:
        for name in settings.types:
            file = beside / f"model-{name}.gguf"
            gguf.write(MERGED, file, name, name=NAME, chat_template=wanted, checkout=settings.llama_cpp)
            started = time.monotonic()
            answers = ask(file, conversations, settings.context_tokens, longest, form)
            measured[name] = {"bytes": file.stat().st_size, **parity(questions, reference, answers)}
            log.info("quantize: %s (%.0f s)", told(name, measured[name]), time.monotonic() - started)
        served = choose_served(measured, settings.max_loss)
        text = modelfile(
            f"model-{served}.gguf",
            form,
            student.system_prompt,
            context_tokens=settings.context_tokens,
            temperature=settings.temperature,
        )
        (beside / "Modelfile").write_text(text, encoding="utf-8")
    files.write_json(METRICS, {"is_quantized": True, "served": served, "types": measured})
    log.info("quantize: %s, serving %s -> %s", ", ".join(settings.types), served, GGUF)


if __name__ == "__main__":
    run_stage(main)
