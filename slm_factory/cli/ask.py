"""`slm-factory ask`: one question to the model that the pipeline made, through llama.cpp in this process."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from slm_factory.cli import repository
from slm_factory.core.errors import UserError

if TYPE_CHECKING:
    from slm_factory.student.settings import StudentSettings

GGUF = Path("models/gguf")


def ask(
    question: Annotated[str, typer.Option(help="The question, in quotes.")],
    base: Annotated[bool, typer.Option("--base", help="Ask the student as it was before training.")] = False,
    candidate: Annotated[
        bool, typer.Option("--candidate", help="Ask the model that the pipeline made last.")
    ] = False,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 256,
) -> None:
    """Ask the version in service a question; before there is one in deploy/, the model made last.

    The answer goes to stdout, its speed to stderr.

    Example: slm-factory ask --question "Who owns the backup policy?"
    """
    repository.require_root()
    from slm_factory.core import params
    from slm_factory.student.chat import question_messages
    from slm_factory.student.settings import StudentSettings

    settings = params.load("student", StudentSettings)
    if not question.strip():
        raise UserError("error: the question is empty", 'hint: slm-factory ask --question "..."')
    service = None if base or candidate else version_in_service()
    system = service.system if service else settings.system_prompt
    messages = question_messages(system, question.strip())
    with tempfile.TemporaryDirectory() as folder:
        file = service.file if service else base_gguf(settings, Path(folder)) if base else served_gguf()
        reply = complete(file, messages, max_tokens)
    print(reply["choices"][0]["message"]["content"].strip(), flush=True)
    timings = reply["timings"]
    first = timings["prompt_ms"] / 1000
    speed = (
        f"{timings['predicted_n']} tokens in {first + timings['predicted_ms'] / 1000:.2f} s, "
        f"the first after {first:.2f} s, {timings['predicted_per_second']:.0f} tokens per second"
    )
    print(f"{service.name}: {speed}" if service else speed, file=sys.stderr)


class Service(NamedTuple):
    """The version that users get: its name, its GGUF, and the system prompt it was trained with."""

    name: str
    file: Path
    system: str


def version_in_service() -> Service | None:
    """The version in service where it lies in deploy/, else None."""
    from slm_factory.release import registry
    from slm_factory.release.target import Folder
    from slm_factory.student.modelfile import Modelfile, named_gguf

    served, target = registry.load().served, Folder()
    if not served or not target.serves(served):
        return None
    place = target.place(served)
    return Service(served, named_gguf(place), Modelfile.read(place / "Modelfile").system)


def complete(file: Path, messages: list[dict[str, str]], max_tokens: int) -> dict[str, Any]:
    """llama.cpp's reply to one conversation by the GGUF `file`.

    Raises:
        UserError: the serve extra is missing, the file cannot be loaded, or the question is too long.
    """
    from slm_factory.core import params
    from slm_factory.engine.llama import Llama
    from stages.quantize import Params

    context_tokens = params.load("quantize", Params).context_tokens
    with Llama(file, context_tokens=context_tokens) as llama:
        return llama.complete(messages, max_tokens)


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
