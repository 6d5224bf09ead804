"""`slm-factory ask`: questions to the model that the pipeline made, or to others, through llama.cpp."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import completion, repository
from slm_factory.core.errors import UserError

if TYPE_CHECKING:
    from slm_factory.ask.model import Answer, Model
    from slm_factory.serve.source import Source
    from slm_factory.student.settings import StudentSettings

GGUF = Path("models/gguf")
BASE = "base"
MAGIC = b"GGUF"


def ask(
    question: Annotated[str | None, typer.Option(help="The question, in quotes.")] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions, one a line; - reads them from stdin.")
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="A conversation at the terminal.")
    ] = False,
    base: Annotated[bool, typer.Option("--base", help="Ask the student as it was before training.")] = False,
    candidate: Annotated[
        bool, typer.Option("--candidate", help="Ask the model that the pipeline made last.")
    ] = False,
    version: Annotated[
        list[str] | None,
        typer.Option(autocompletion=completion.version, help="Ask a version; see history. May be repeated."),
    ] = None,
    gguf: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Ask any GGUF file. May be repeated.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Ask base and the version in service, side by side.")
    ] = False,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 256,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a question for a script.")
    ] = False,
) -> None:
    """Ask the version in service a question; before there is one in deploy/, the model made last.

    --base, --candidate, --version and --gguf ask other models; several are asked side by side, and all are in
    memory meanwhile. Answers go to stdout; speed, latency and memory to stderr.

    Examples: slm-factory ask --question "Who owns the backup policy?"; slm-factory ask --interactive;
    slm-factory ask --compare --file questions.txt; slm-factory ask --compare --gguf other.gguf -i
    """
    repository.require_root()
    require_one_way(question, file, interactive, as_json)
    questions = [] if interactive else read_questions(question, file)
    from slm_factory.ask.chat import chat
    from slm_factory.ask.model import Model
    from slm_factory.ask.show import Shown
    from slm_factory.cli.serve import base_source

    shown = Shown()
    with ExitStack() as stack:

        def open_base() -> Model:
            if BASE not in opened:
                opened[BASE] = stack.enter_context(Model(BASE, base_source(stack)))
            return opened[BASE]

        opened: dict[str, Model] = {}
        with shown.loading():
            if base or compare:
                open_base()
            is_default = compare or not (base or candidate or version or gguf)
            named = sources(is_default, candidate, version or [], gguf or [], stack)
            for name, source in named.items():
                opened[name] = stack.enter_context(Model(name, source))
        models = list(opened.values())
        if interactive:
            chat(models, open_base, max_tokens, shown)
        elif file is None:
            answer_one(models, questions[0], max_tokens, as_json)
        else:
            answer_all(models, questions, max_tokens, as_json)


def require_one_way(question: str | None, file: Path | None, interactive: bool, as_json: bool) -> None:
    """Returns when there is exactly one place that questions come from, and it can be used.

    Raises:
        UserError: there is none, or more than one, or nobody to talk with.
    """
    program = repository.program()
    if sum((question is not None, file is not None, interactive)) != 1:
        raise UserError(
            "error: ask needs one of --question, --file and --interactive",
            f'hint: {program} ask --question "..."',
        )
    if interactive and as_json:
        raise UserError(
            "error: --interactive is for people, and --json for scripts",
            f"hint: {program} ask --file - --json answers each line of stdin",
        )
    if interactive and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(
            "error: --interactive needs a terminal",
            f"hint: {program} ask --file - answers each line of stdin",
        )


def read_questions(question: str | None, file: Path | None) -> list[str]:
    """The question, or the lines of the file (`-` is stdin) that are not empty.

    Raises:
        UserError: there is none, or the file cannot be read as text.
    """
    if file is None:
        if not (question or "").strip():
            raise UserError("error: the question is empty", 'hint: slm-factory ask --question "..."')
        return [str(question).strip()]
    if str(file) != "-" and not file.is_file():
        raise UserError(f"error: there is no file {file}", "hint: one question a line, as UTF-8 text")
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(
            f"error: {file} is not UTF-8 text (byte {error.start})",
            f"hint: iconv -f CP949 -t UTF-8 {file} > utf8.txt, if it comes from a Korean Windows",
        ) from error
    questions = [line.strip() for line in lines if line.strip()]
    if not questions:
        raise UserError(f"error: {file} holds no question", "hint: one question a line")
    return questions


def answer_one(models: "list[Model]", question: str, max_tokens: int, as_json: bool) -> None:
    """Shows the models' answers to one question.

    Raises:
        UserError: the question does not fit a context.
    """
    from slm_factory.ask.chat import Conversation
    from slm_factory.ask.show import Shown

    shown = Shown()
    if as_json:
        shown.row(
            question,
            [Conversation(model, max_tokens).ask(question, len)[0] for model in models],
            as_json=True,
        )
        return
    with shown.streaming(len(models)) as show:
        answers = [Conversation(model, max_tokens).ask(question, show)[0] for model in models]
    shown.answers(answers, is_streamed=True)


def answer_all(models: "list[Model]", questions: list[str], max_tokens: int, as_json: bool) -> None:
    """Shows the models' answers to each question as they come, and in the end what they took.

    Raises:
        UserError: a question does not fit a context; the others were answered.
        KeyboardInterrupt: the user stopped it.
    """
    from slm_factory.ask.chat import Conversation
    from slm_factory.ask.model import TooLongError
    from slm_factory.ask.show import Shown, total

    shown = Shown()
    rows: list[list[Answer]] = []
    refused: list[UserError] = []
    try:
        with shown.counting(len(questions)) as count:
            for question in questions:
                try:
                    answers = [Conversation(model, max_tokens).ask(question, len)[0] for model in models]
                except TooLongError as error:
                    refused.append(error)
                    shown.refused(question, error, as_json=as_json)
                    continue
                shown.row(question, answers, as_json=as_json)
                rows.append(answers)
                count(answers)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"{len(rows)} of {len(questions)} questions were answered") from error
    finally:
        for answers_of_one in zip(*rows, strict=True):
            shown.note(total(answers_of_one))
    if refused:
        raise UserError(f"error: {len(refused)} of {len(questions)} questions were refused", refused[0].hint)


def sources(
    is_default: bool, candidate: bool, versions: list[str], files: list[Path], stack: ExitStack
) -> "dict[str, Source]":
    """The models that the user names, by the names that answers show; `is_default`: the one in service.

    What has to be brought for that is there until `stack` ends.

    Raises:
        UserError: one is not there.
    """
    from slm_factory.cli.serve import context_tokens
    from slm_factory.serve import source

    found: dict[str, Source] = {}
    if is_default:
        served = source.deployed_source()
        found[served.version if served else "tuned"] = served or source.folder_source(
            served_gguf().parent, ""
        )
    if candidate:
        found["candidate"] = source.folder_source(served_gguf().parent, "")
    for version in versions:
        found[version] = source.version_source(version, stack)
    for file in files:
        require_gguf(file)
        found[file.name if file.name not in found else str(file)] = source.file_source(file, context_tokens())
    return found


def require_gguf(file: Path) -> None:
    """Returns when `file` begins as GGUF files do.

    Raises:
        UserError: it does not, or is not there.
    """
    if not file.is_file():
        raise UserError(f"error: there is no file {file}", "hint: --gguf names a GGUF file")
    with file.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise UserError(
                f"error: {file} is no GGUF file", f"hint: {repository.program()} tool gguf makes some"
            )


def served_gguf() -> Path:
    """The GGUF that the Modelfile serves.

    Raises:
        UserError: there is none; the hint tells whether to run the pipeline or to look at the gate's verdict.
    """
    from slm_factory.cli.summary import is_gate_failed
    from slm_factory.student.modelfile import named_gguf

    if (GGUF / "Modelfile").is_file() and (file := named_gguf(GGUF)).is_file():
        return file

    if is_gate_failed():
        raise UserError(
            "error: there is no model to ask: the last one did not pass the gate",
            "hint: metrics/gate.json says why; ask --base asks the student as it was before training",
        )
    raise UserError("error: there is no model to ask yet", f"hint: {repository.program()} run")


def base_gguf(student: "StudentSettings", folder: Path) -> Path:
    """The student before training, written as GGUF into `folder`: the same engine answers for both."""
    from slm_factory.core import params
    from slm_factory.student import gguf
    from slm_factory.student.model import folder as find_model
    from stages.quantize import Params

    file = folder / "base.gguf"
    place = find_model(student.model, student.revision, trust_remote_code=student.trust_remote_code)
    checkout = params.load("quantize", Params).llama_cpp
    gguf.write(place, file, "f16", name="base", chat_template=student.chat_template, checkout=checkout)
    return file
