"""`slm-factory tool gguf`: GGUF files and a Modelfile, of the pipeline's model or of another one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import repository
from slm_factory.cli.run import run
from slm_factory.cli.train import require_own_folder
from slm_factory.core.errors import UserError
from slm_factory.language import _

if TYPE_CHECKING:
    from slm_factory.student.settings import StudentSettings

MODELFILE = "Modelfile"


def gguf(
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Convert this model instead of the pipeline's.")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="With --model: f16, q8_0, ...; several times. [default: quantize.types]"),
    ] = None,
    into: Annotated[Path, typer.Option(help="With --model: folder of GGUF files and Modelfile.")] = Path(
        "build/gguf"
    ),
    force: Annotated[bool, typer.Option("--force", help="With --model: replace that folder.")] = False,
) -> None:
    """Write GGUF files and a Modelfile, and first do what they need: `slm-factory run --until quantize`.

    The pipeline also proves that they answer like the merged model. With --model, a merged model elsewhere is
    converted without that proof, under the system prompt of params.yaml; the Modelfile serves the last type.

    Examples: slm-factory tool gguf; slm-factory tool gguf --model build/export --type q8_0
    """
    repository.require_root()
    if model is None:
        run(until="quantize")
        return
    from slm_factory.core import files, params
    from slm_factory.student.settings import StudentSettings

    student = params.load("student", StudentSettings)
    if not (model / "config.json").is_file():
        raise UserError(
            f"error: {model} holds no model (no config.json)",
            f"hint: {repository.program()} export --adapter DIR makes one",
        )
    require_own_folder(into, MODELFILE, force)
    with files.replacing_folder(into) as beside:
        convert(student, model, types, beside)
    print(f"GGUF: {', '.join(str(file) for file in sorted(into.glob('*.gguf')))}")
    print(_("for Ollama: {command}").format(command=f"ollama create NAME -f {into / MODELFILE}"))


def convert(student: "StudentSettings", model: Path, types: list[str] | None, into: Path) -> None:
    """Writes a GGUF of each type, and the Modelfile, into the folder `into`.

    Raises:
        UserError: a type cannot be made, or the model not be converted.
    """
    from slm_factory.core import params
    from slm_factory.core.progress import track
    from slm_factory.student import gguf, templates
    from slm_factory.student.model import load_tokenizer
    from slm_factory.student.modelfile import modelfile
    from stages.quantize import Params

    settings = params.load("quantize", Params)
    wanted, names = student.chat_template, types or settings.types
    gguf.check(model, names, chat_template=wanted, checkout=settings.llama_cpp)
    tokenizer = load_tokenizer(model, wanted, trust_remote_code=student.trust_remote_code)
    for name in track(names, "gguf"):
        file = into / f"model-{name}.gguf"
        gguf.write(model, file, name, name=model.name, chat_template=wanted, checkout=settings.llama_cpp)
    text = modelfile(
        file.name,
        templates.choose(wanted, tokenizer),
        student.system_prompt,
        context_tokens=settings.context_tokens,
        temperature=settings.temperature,
    )
    (into / MODELFILE).write_text(text, encoding="utf-8")
