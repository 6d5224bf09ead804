"""What is served: a GGUF file with the system prompt, stops and numbers of its Modelfile."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.files import missing_input
from slm_factory.release.target import DEPLOYED, Folder
from slm_factory.student.modelfile import Modelfile


@dataclass(frozen=True)
class Source:
    """A model on disk, and how it was trained to be asked."""

    file: Path
    version: str  # "" where it is none of the registry
    context_tokens: int
    system: str = ""
    template: str = (
        ""  # of the Modelfile, for those who ask; llama.cpp renders the GGUF's own, of the same form
    )
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)  # sampling, `stop`

    @property
    def modelfile(self) -> str:
        """The text of a Modelfile that says the same."""
        lines = [f"FROM ./{self.file.name}"]
        lines += [f'TEMPLATE """{self.template}"""'] if self.template else []
        lines += [f'SYSTEM """{self.system}"""'] if self.system else []
        return "\n".join([*lines, *(f"PARAMETER {line}" for line in self.parameter_lines(1))]) + "\n"

    def parameter_lines(self, width: int) -> list[str]:
        """Name, padded to `width`, and value of each parameter; texts in quotes, a line for each stop."""
        values = {**self.parameters, "num_ctx": self.context_tokens}
        pairs = [
            (name, value)
            for name, one in values.items()
            for value in (one if isinstance(one, list) else [one])
        ]
        return [
            f"{name:<{width}} " + (f'"{value}"' if isinstance(value, str) else f"{value:g}")
            for name, value in pairs
        ]


def folder_source(folder: Path, version: str) -> Source:
    """The model that the Modelfile in `folder` serves.

    Raises:
        UserError: there is no Modelfile, or not the GGUF that it names.
    """
    form = Modelfile.read(folder / "Modelfile")
    if not (folder / form.gguf).is_file():
        raise missing_input(folder / form.gguf)
    numbers = {name: value for name, value in form.parameters.items() if name != "num_ctx"}
    return Source(
        (folder / form.gguf).resolve(),
        version,
        int(form.parameters["num_ctx"]),
        form.system,
        form.template,
        numbers,
    )


def file_source(file: Path, context_tokens: int) -> Source:
    """The model in `file`: asked as the Modelfile beside it says if that names the file, else as it is."""
    beside = file.parent / "Modelfile"
    if beside.is_file() and f"FROM ./{file.name}\n" in beside.read_text(encoding="utf-8"):
        return folder_source(file.parent, "")
    return Source(file, "", context_tokens)


def deployed_source(root: Path = DEPLOYED) -> Source | None:
    """The version that was promoted to the folder `root`, None without one."""
    target = Folder(root)
    version = target.served()
    return folder_source(target.place(version), version) if version else None


def version_source(version: str, stack: ExitStack, root: Path = DEPLOYED) -> Source:
    """A registered version: from the folder `root`, from the pipeline, or by DVC from its tag.

    What DVC brings lies in a folder of its own until `stack` ends; nothing else in the repository changes.

    Raises:
        UserError: there is no such version, it was not kept, or DVC cannot bring it.
    """
    from slm_factory.release import artefacts, registry

    target = Folder(root)
    if version in target.versions():
        return folder_source(target.place(version), version)
    known = registry.load().find(version)
    if known.verdict != "pass":
        raise UserError(
            f"error: {version} did not pass the gate, so it was not kept",
            "hint: slm-factory history lists those that did",
        )
    if artefacts.is_here(known):
        return folder_source(artefacts.GGUF, version)
    artefacts.FETCHED.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=artefacts.FETCHED.parent)))
    artefacts.fetch(known, folder, (artefacts.GGUF,))
    return folder_source(folder / artefacts.GGUF.name, version)
