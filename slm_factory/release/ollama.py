"""Versions served by Ollama: each is a model `name:version`; users ask for `name:latest`, a copy of one."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.release.target import Message
from slm_factory.student.modelfile import Modelfile, named_gguf

ALIAS = "latest"


class Ollama:
    """A `Target`; the server is the one that OLLAMA_HOST names.

    `quantize` is the type that the server makes of an F16 or BF16 GGUF, "" for the GGUF as it is.
    """

    def __init__(self, name: str, quantize: str = "") -> None:
        import ollama

        self.name = name
        self.quantize = quantize
        self.client = ollama.Client()

    def model(self, version: str) -> str:
        """What Ollama calls a version."""
        return f"{self.name}:{version}"

    def digests(self) -> dict[str, str]:
        """The digest of every tag of our name, by tag; models with equal layers have the same one.

        Raises:
            UserError: the server does not answer.
        """
        with explained():
            listed = self.client.list().models
        named = {str(model.model): str(model.digest) for model in listed}
        prefix = f"{self.name}:"
        return {name.removeprefix(prefix): named[name] for name in named if name.startswith(prefix)}

    def check(self) -> None:
        """Returns when the server answers and `name:latest` is free or a copy of a version.

        Raises:
            UserError: it is not; `alias` would take the name from another model.
        """
        digests = self.digests()
        versions = {digests[tag] for tag in digests if tag != ALIAS}
        if ALIAS in digests and digests[ALIAS] not in versions:
            mine = self.model(ALIAS)
            raise UserError(
                f"error: Ollama has another model named {mine}, a copy of none of our versions",
                f"hint: ollama cp {mine} NEW && ollama rm {mine}, or set release.name in params.yaml",
            )

    def versions(self) -> list[str]:
        """Names of the versions that lie there, sorted."""
        return sorted(tag for tag in self.digests() if tag.startswith("v"))

    def serves(self, version: str) -> bool:
        """Whether `name:latest` has the version's layers."""
        digests = self.digests()
        return version in digests and digests[version] == digests.get(ALIAS)

    def put(self, version: str, source: Path) -> bool:
        """Uploads the GGUF unless the server has it, and creates the model with all that the Modelfile says.

        The server is asked to show what it has.

        Raises:
            UserError: the server refuses, or shows another model than it was given.
        """
        form = Modelfile.read(source / "Modelfile")
        is_new = version not in self.digests()
        if is_new:
            self.create(version, form, self.original(source))
        differs = self.differences(version, form)
        if not differs:
            return is_new
        hint = "hint: update Ollama, or set release.target to folder in params.yaml"
        if is_new:
            self.remove(version)
        else:
            hint = f"hint: ollama rm {self.model(version)}, then run it again"
        raise UserError(
            f"error: Ollama shows {self.model(version)} with another {', '.join(differs)} than it was given",
            hint,
        )

    def original(self, source: Path) -> Path:
        """The GGUF to upload: the one that the Modelfile names, or the one to quantise from.

        Raises:
            UserError: the server is to quantise, and there is neither F16 nor BF16.
        """
        if not self.quantize:
            return named_gguf(source)
        for name in ("f16", "bf16"):
            if (source / f"model-{name}.gguf").is_file():
                return source / f"model-{name}.gguf"
        raise UserError(
            f"error: this version has no F16 GGUF, of which Ollama could make {self.quantize}",
            'hint: set release.server_quantization to "" in params.yaml',
        )

    def create(self, version: str, form: Modelfile, gguf: Path) -> None:
        """Creates the model from the GGUF. The server says as its last line whether it did.

        Raises:
            UserError: it refuses, or ends without a last line.
        """
        with explained():
            statuses = self.client.create(
                model=self.model(version),
                files={"model.gguf": self.upload(gguf)},
                template=form.template,
                system=form.system,
                parameters=form.parameters,
                quantize=self.quantize or None,
                stream=True,
            )
            last = [status.status for status in statuses][-1:]
        if last != ["success"]:
            raise UserError(
                f"error: Ollama stopped while it made {self.model(version)}",
                "hint: its log says more; then run it again",
            )

    def upload(self, file: Path) -> str:
        """The digest of `file`, which the server has when this returns.

        Asks before it sends: a server that has the blob answers and hangs up while the client still sends.
        """
        import httpx

        with file.open("rb") as stream:
            digest = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        base: httpx.Client = self.client._client  # the package has no method to ask for a blob
        if base.head(f"/api/blobs/{digest}").status_code != 200:
            self.client.create_blob(file)
        return digest

    def differences(self, version: str, form: Modelfile) -> list[str]:
        """What the server shows of the version otherwise than the Modelfile has it, by name.

        The system prompt is read from the Modelfile that the server prints, in one of its three quotations:
        the package drops the field.
        """
        with explained():
            shown = self.client.show(self.model(version))
        text = f"{shown.modelfile or ''}\n"
        told = [f"\nSYSTEM {mark}{form.system}{mark}\n" for mark in ("", '"', '"""')]
        has_system = any(line in text for line in told) if form.system else "\nSYSTEM " not in text
        wanted, given = wanted_parameters(form), shown_parameters(shown.parameters or "")
        level = (shown.details and shown.details.quantization_level) or ""
        return [
            *(["template"] if (shown.template or "").strip() != form.template.strip() else []),
            *([] if has_system else ["system"]),
            *(name for name in wanted if given.get(name) != wanted[name]),
            *(["quantization"] if self.quantize and level.lower() != self.quantize.lower() else []),
        ]

    def answers(self, version: str, conversations: list[list[Message]], max_tokens: int) -> list[str]:
        """What a version answers, greedily."""
        options = {"temperature": 0, "num_predict": max_tokens}
        with explained():
            replies = [
                self.client.chat(self.model(version), messages, options=options) for messages in conversations
            ]
        return [(reply.message.content or "").strip() for reply in replies]

    def alias(self, version: str) -> None:
        """Copies the version over `name:latest`: the server replaces the manifest in one step.

        Raises:
            UserError: the name belongs to another model.
        """
        self.check()
        with explained():
            self.client.copy(self.model(version), self.model(ALIAS))

    def remove(self, version: str) -> None:
        """Deletes the version; layers that the alias shares stay."""
        with explained():
            self.client.delete(self.model(version))


Parameters = dict[str, list[Any]]  # values by name, sorted by their text


def wanted_parameters(form: Modelfile) -> Parameters:
    """The parameters of a Modelfile."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in form.parameters.items()}
    return {name: sorted(values, key=str) for name, values in lists.items() if values}


def shown_parameters(block: str) -> Parameters:
    """The parameters in /api/show's text block: a line each, padded name, value as Go writes it."""
    found: Parameters = {}
    for line in block.splitlines():
        name, _, text = line.partition(" ")
        try:
            value = json.loads(text.strip())
        except ValueError:
            value = text.strip()
        found.setdefault(name, []).append(value)
    return {name: sorted(values, key=str) for name, values in found.items()}


@contextmanager
def explained() -> Iterator[None]:
    """What the package raises as two lines for the user.

    Raises:
        UserError: nobody listens, the server goes away, or it refuses.
    """
    import httpx
    import ollama

    try:
        yield
    except ollama.ResponseError as error:
        hint = "hint: ollama list and its log say more; then run it again"
        if "no space left" in error.error:
            hint = "hint: free some space where Ollama keeps its models (ollama rm); then run it again"
        raise UserError(f"error: Ollama refuses: {error.error}", hint) from error
    except (ConnectionError, httpx.HTTPError) as error:
        raise UserError(
            "error: Ollama does not answer",
            "hint: ollama serve starts it; OLLAMA_HOST names another; release.target: folder needs none",
        ) from error
