"""`slm-factory eval run`: any model on the held-out questions."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import completion, repository
from slm_factory.cli.console import console, working
from slm_factory.core.errors import UserError
from slm_factory.language import _
from slm_factory.language.sentences import sentence

if TYPE_CHECKING:
    from slm_factory.core.files import Row
    from slm_factory.core.store import Store
    from slm_factory.evaluation.examine import Answerer
    from slm_factory.evaluation.speed import Speed
    from slm_factory.student.settings import StudentSettings
    from stages.evaluate import Params

FOLDER = Path("data/eval")


def eval_run(
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=completion.contender,
            help="base, tuned, champion, a version's git tag, a folder, OWNER/NAME on the hub, ollama:NAME, "
            "openai:NAME, anthropic:NAME or gguf:FILE.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Ask any model the held-out questions.

    Prints what evaluate measures, slice by slice, and how fast the model answered; writes the answers to
    data/eval, where eval compare finds them. Answers are remembered: asking again costs nothing, and times
    nothing.

    Examples: slm-factory eval run --model ollama:qwen3:8b; slm-factory eval run --model gguf:model.gguf
    """
    repository.require_root()
    from slm_factory.core import files, params
    from slm_factory.core.records import ANSWER
    from slm_factory.metrics.summary import summary
    from slm_factory.student.settings import StudentSettings
    from stages.evaluate import Params

    settings, system = params.load("evaluate", Params), params.load("student", StudentSettings)
    rows, speed = ask(model, settings, system)
    place = answers_of(model)
    files.write_rows(place, rows, ANSWER)
    with working(_("measuring")):
        measured = summary(rows, resamples=settings.resamples, seed=settings.seed)
    if as_json:
        told = {"model": model, "answers": str(place), "slices": measured}
        print(json.dumps(told | {"speed": speed.as_json() if speed else None}, ensure_ascii=False))
        return

    from slm_factory.cli.summary import slices_table

    console(soft_wrap=True).print(slices_table(measured, [model]))
    if speed:
        print(f"\n{sentence(str(speed))}")
    print(f"\n{place}; {repository.program()} eval compare --base {shlex.quote(model)} --ft tuned")


def answers_of(model: str) -> Path:
    """Where the answers of a model lie."""
    return FOLDER / f"{re.sub(r'[^0-9A-Za-z가-힣._-]+', '-', model).strip('-.')}.parquet"


def ask(model: str, settings: "Params", system: "StudentSettings") -> "tuple[list[Row], Speed | None]":
    """The model's measured answers and its speed; a student's losses too, which no server tells."""
    from slm_factory.core import files
    from slm_factory.core.store import Store
    from slm_factory.evaluation.examine import answered, read_texts, with_losses
    from slm_factory.evaluation.speed import speed_of
    from slm_factory.student.chat import question_messages
    from slm_factory.student.generate import Student
    from stages import evaluate

    asked = evaluate.questions(
        files.read_rows(evaluate.PAIRS),
        files.read_json_lines(evaluate.ABSTAIN),
        files.read_json_lines(evaluate.GENERAL),
        system,
    )
    with Store() as store, opened(model, settings, system, store) as (answerer, system_prompt):
        conversations = [question_messages(system_prompt, row["question"]) for row in asked]
        rows = answered(model, answerer, asked, conversations, settings.max_new_tokens, system.refusals)
        with working(_("timing")):
            speed = speed_of(answerer, conversations, settings.max_new_tokens)
        if isinstance(answerer, Student):
            texts = [evaluate.text_row(row) for row in files.read_json_lines(evaluate.TEXTS)]
            rows = with_losses(rows, answerer, conversations) + read_texts(model, answerer, texts)
    return rows, speed


@contextmanager
def opened(
    name: str, settings: "Params", system: "StudentSettings", store: "Store"
) -> "Iterator[tuple[Answerer, str]]":
    """(the model `name`, the system prompt that it is asked under).

    Raises:
        UserError: there is no such model.
    """
    from slm_factory.core import params
    from slm_factory.evaluation.chat_model import BACKENDS, ChatModel
    from slm_factory.evaluation.versions import Contender, version_at
    from slm_factory.metrics.slices import GateSettings
    from slm_factory.teachers.teacher import TeacherSettings

    def student(contender: Contender) -> "tuple[Answerer, str]":
        return contender.load(store, settings.batch_size), contender.student.system_prompt

    backend, _colon, rest = name.partition(":")
    if rest and backend in BACKENDS:
        teacher = params.load("teacher", TeacherSettings)
        yield ChatModel(backend, rest, teacher, settings.max_new_tokens, store), system.system_prompt
    elif name in ("base", "tuned"):
        adapter = require_adapter() if name == "tuned" else None
        yield student(Contender(name, system, adapter))
    elif name != "champion" and (Path(name).is_dir() or "/" in name):
        yield student(Contender(name, system.model_copy(update={"model": name, "revision": ""}), None))
    else:
        tag = params.load("gate", GateSettings).champion if name == "champion" else name
        if not tag:
            raise UserError("error: there is no champion", "hint: set gate.champion to a version's git tag")
        with version_at(tag, name) as version:
            yield student(version.contender)


def require_adapter() -> Path:
    """models/adapter.

    Raises:
        UserError: nothing was trained yet.
    """
    from slm_factory.evaluation.versions import ADAPTER

    if not (ADAPTER / "adapter_config.json").is_file():
        raise UserError(
            "error: there is no tuned model yet", f"hint: {repository.program()} run --until train"
        )
    return ADAPTER
