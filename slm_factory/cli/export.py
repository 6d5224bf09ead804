"""`slm-factory export`: the merged model, of the pipeline's adapter or of another one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import working
from slm_factory.cli.run import run
from slm_factory.cli.train import require_own_folder
from slm_factory.core.errors import UserError
from slm_factory.language import _

if TYPE_CHECKING:
    from slm_factory.student.settings import StudentSettings

MODEL = "config.json"
CARD = """---
base_model: {student}
library_name: transformers
tags: [lora, slm-factory]
---

`{student}` with the adapter `{adapter}` merged into it ({dtype}). No gate has judged it: `slm-factory eval
run` asks held-out questions. It was trained under this system prompt, if its rows had that of params.yaml:

> {system_prompt}
"""


def export(
    adapter: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Merge this adapter instead of the pipeline's.")
    ] = None,
    into: Annotated[Path, typer.Option(help="With --adapter: folder of the merged model.")] = Path(
        "build/export"
    ),
    force: Annotated[bool, typer.Option("--force", help="With --adapter: replace that folder.")] = False,
) -> None:
    """Merge the adapter into the student, and first do whatever that needs: `slm-factory run --until export`.

    The pipeline refuses when the gate failed. With --adapter, an adapter of the same student is merged from
    elsewhere, which no gate has judged; the pipeline's models stay as they are.

    Examples: slm-factory export; slm-factory export --adapter build/train/adapter;
    slm-factory tool gguf --model build/export
    """
    repository.require_root()
    if adapter is None:
        run(until="export")
        return
    from slm_factory.core import files, params
    from slm_factory.student.settings import StudentSettings

    student = params.load("student", StudentSettings)
    require_adapter(adapter, student.model)
    require_own_folder(into, MODEL, force)
    with files.replacing_folder(into) as beside, working(_("merging")):
        merge(student, adapter, beside)
    print(_("merged model: {into}").format(into=into))
    print(_("next: {command}").format(command=f"{repository.program()} tool gguf --model {into}"))


def require_adapter(folder: Path, student: str) -> None:
    """Returns when `folder` holds a LoRA adapter of this student.

    Raises:
        UserError: it holds none, or one of another student.
    """
    from slm_factory.core import files

    config = folder / "adapter_config.json"
    if not config.is_file():
        raise UserError(
            f"error: {folder} holds no adapter (no {config.name})",
            f"hint: {repository.program()} train --data FILE makes one",
        )
    made_for = files.read_json(config).get("base_model_name_or_path")
    if made_for != student:
        raise UserError(
            f"error: {folder} is an adapter of {made_for}, and student.model is {student}",
            f"hint: set student.model in params.yaml to {made_for}",
        )


def merge(student: "StudentSettings", adapter: Path, into: Path) -> None:
    """Writes model, tokenizer and a card into the folder `into`; weights are added up in float32."""
    from slm_factory.core import params
    from slm_factory.student import model
    from stages.export import Params, end_answers

    dtype = params.load("export", Params).dtype
    trusted = student.trust_remote_code
    place = model.folder(student.model, student.revision, trust_remote_code=trusted)
    tokenizer = model.load_tokenizer(place, student.chat_template, trust_remote_code=trusted)
    import torch

    network = model.load_model(
        place, device="cpu", dtype=torch.float32, adapter=adapter, trust_remote_code=trusted
    ).merge_and_unload()
    network = network.to(getattr(torch, dtype))
    end_answers(network, tokenizer)
    network.save_pretrained(into)
    tokenizer.save_pretrained(into)
    text = CARD.format(
        student=student.model, adapter=adapter, dtype=dtype, system_prompt=student.system_prompt
    )
    (into / "README.md").write_text(text, encoding="utf-8")
