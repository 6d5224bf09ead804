"""Versions served by Ollama: each is a model `name:version`; users ask for `name:latest`, a copy of one."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slm_factory.core.errors import UserError
from slm_factory.release.target import Message
from slm_factory.student.modelfile import Modelfile, named_gguf


class Ollama:
    """A `Target`; the server is the one that OLLAMA_HOST names.

    Raises:
        UserError: it does not answer.
    """

    def __init__(self, name: str, quantize: str = "") -> None:
        import ollama

        self.name = name
        self.quantize = quantize or None  # at the server, from a GGUF in F16 or BF16
        self.client = ollama.Client()
        self.versions()

    def model(self, version: str) -> str:
        """What Ollama calls a version."""
        return f"{self.name}:{version}"

    def digests(self) -> dict[str, str]:
        """The digest of every tag of our name, by tag."""
        with explained():
            listed = self.client.list().models
        named = {str(model.model): str(model.digest) for model in listed}
        prefix = f"{self.name}:"
        return {name.removeprefix(prefix): named[name] for name in named if name.startswith(prefix)}

    def versions(self) -> list[str]:
        """Names of the versions that lie there, sorted."""
        return sorted(tag for tag in self.digests() if tag.startswith("v"))

    def served(self) -> str:
        """The newest version with the same layers as the alias, "" without one."""
        digests = self.digests()
        same = [tag for tag in sorted(digests) if tag != "latest" and digests[tag] == digests.get("latest")]
        return same[-1] if same else ""

    def put(self, version: str, source: Path) -> None:
        """Uploads the GGUF unless the server has it, and creates the model with all that the Modelfile says.

        The server is asked to show what it made.

        Raises:
            UserError: the server refuses, or shows another model than it was given.
        """
        if version in self.digests():
            return
        form = Modelfile.read(source / "Modelfile")
        with explained():
            self.client.create(
                model=self.model(version),
                files={"model.gguf": self.upload(named_gguf(source))},
                template=form.template,
                system=form.system,
                parameters=form.parameters,
                quantize=self.quantize,
            )
        self.verify(version, form)

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

    def verify(self, version: str, form: Modelfile) -> None:
        """Returns if the server shows the template, system prompt and parameters that it was given.

        Raises:
            UserError: it shows others; the model is taken away again.
        """
        with explained():
            shown = self.client.show(self.model(version))
        said = {tuple(line.split(None, 1)) for line in (shown.parameters or "").splitlines()}
        wanted = {
            (name, f'"{value}"' if isinstance(value, str) else f"{value:g}")
            for name, values in form.parameters.items()
            for value in (values if isinstance(values, list) else [values])
        }
        missing = sorted(name for name, _ in wanted - said)
        differs = [
            *(["template"] if (shown.template or "").strip() != form.template.strip() else []),
            *(["system"] if form.system not in (shown.modelfile or "") else []),
            *missing,
        ]
        if differs:
            self.remove(version)
            what = ", ".join(differs)
            raise UserError(
                f"error: Ollama shows {self.model(version)} with another {what} than it was given",
                "hint: update Ollama, or set release.target to folder in params.yaml",
            )

    def answers(self, version: str, conversations: list[list[Message]], max_tokens: int) -> list[str]:
        """What a version answers, greedily."""
        options = {"temperature": 0, "num_predict": max_tokens}
        with explained():
            replies = [
                self.client.chat(self.model(version), messages, options=options) for messages in conversations
            ]
        return [(reply.message.content or "").strip() for reply in replies]

    def alias(self, version: str) -> None:
        """Copies the version over `name:latest`: the server replaces the manifest in one step."""
        with explained():
            self.client.copy(self.model(version), self.model("latest"))

    def remove(self, version: str) -> None:
        """Deletes the version; layers that the alias shares stay."""
        with explained():
            self.client.delete(self.model(version))


@contextmanager
def explained() -> Iterator[None]:
    """What the package raises as two lines for the user.

    Raises:
        UserError: nobody listens, or the server refuses.
    """
    import ollama

    try:
        yield
    except ollama.ResponseError as error:
        raise UserError(
            f"error: Ollama refuses: {error.error}",
            "hint: ollama list and its log say more; then run it again",
        ) from error
    except ConnectionError as error:
        raise UserError(
            "error: Ollama does not answer",
            "hint: ollama serve starts it; OLLAMA_HOST names another; release.target: folder needs none",
        ) from error
