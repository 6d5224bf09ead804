"""An Ollama server that keeps models: blobs, create, copy, delete, show; llama.cpp answers its chats.

It renders the model's Go template and gives the text to a real llama.cpp that runs the very GGUF that was
uploaded, until a stop text. Quantising changes the label of a model and nothing else.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from slm_factory.engine.llama import Llama
from tests import go_template
from tests.fake_ollama import Answer, FakeOllama, Model
from tests.ollama_wire import (
    JSON,
    LINES,
    NAME,
    PLAIN,
    Body,
    Refusal,
    Sent,
    encode,
    full_name,
    listening,
    timestamp,
)

DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
LEVELS = {
    "q8_0": "Q8_0",
    "q4_k_m": "Q4_K_M",
    "q4_k": "Q4_K_M",
    "q4_k_s": "Q4_K_S",
    "f16": "F16",
    "f32": "F32",
}
FILE_TYPES = {0: "F32", 1: "F16", 7: "Q8_0", 32: "BF16"}  # general.file_type


@dataclass(frozen=True)
class Stored(Model):
    """A model made by /api/create; `template` is Go."""

    gguf: Path = Path()
    template: str = ""
    jinja: str = ""
    system: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    level: str = "F16"

    @property
    def details(self) -> Body:
        return {**super().details, "quantization_level": self.level}

    @property
    def shown_template(self) -> str:
        """The Go template, unless the GGUF's own says more: then newer servers use that (0.30 and later)."""
        says_more = "tools" in self.jinja or ("<think>" in self.jinja and "</think>" in self.jinja)
        return self.jinja if says_more else self.template


class StoringOllama(FakeOllama):
    """The running server; `fails(step)` may raise a Refusal in the midst of a create, or of an upload."""

    def __init__(self, folder: Path) -> None:
        super().__init__({}, self.think)
        self.folder = folder
        self.fails: Callable[[str], None] = lambda step: None
        self.running: dict[str, Llama] = {}  # by digest
        self.seen: list[str] = []  # method and path of every request

    # -- blobs

    def blob(self, digest: str) -> Path:
        """The file of a blob."""
        found = DIGEST.fullmatch(digest)
        if not found:
            raise Refusal(400, "invalid digest format", JSON)
        return self.folder / found[1]

    def early(self, method: str, path: str) -> Sent | None:
        """The reply to an upload of what is there already: it is not read, and the connection is closed."""
        self.seen.append(f"{method} {path}")
        if not path.startswith("/api/blobs/"):
            return None
        try:
            is_there = self.blob(path.rpartition("/")[2]).is_file()
        except Refusal as refusal:
            return Sent(refusal.status, refusal.content_type, encode({"error": refusal.words}))
        if method == "HEAD":
            return Sent(200 if is_there else 404, "")
        if method == "POST":
            return Sent(200, "", headers={"Connection": "close"}) if is_there else None
        return Sent(405, PLAIN, b"405 method not allowed", headers={"Allow": "HEAD, POST"})

    def upload(self, path: str, raw: bytes) -> Sent:
        """POST /api/blobs/DIGEST."""
        digest = path.rpartition("/")[2]
        self.fails("upload")
        given = hashlib.sha256(raw).hexdigest()
        if self.blob(digest).name != given:
            raise Refusal(400, f'digest mismatch, expected "{digest}", got "sha256:{given}"', JSON)
        self.blob(digest).write_bytes(raw)
        return Sent(201, "")

    # -- models

    def create(self, body: Body) -> Sent:
        """POST /api/create, from a GGUF; what fails after the first status is a line under HTTP 200."""
        name = body.get("model") or body.get("name") or ""
        if not NAME.fullmatch(name):
            raise Refusal(400, "invalid model name", JSON)
        if not body.get("files"):
            raise Refusal(400, "neither 'from' or 'files' was specified", JSON)
        if any(file.startswith(("/", "..")) for file in body["files"]):
            raise Refusal(400, "file path must be relative", JSON)
        if body.get("template", "").count("{{") != body.get("template", "").count("}}"):
            raise Refusal(400, "template error: template: :1: unclosed action", JSON)
        lines: list[Body] = []
        try:
            for status in self.steps(full_name(name), body):
                lines.append({"status": status})
        except Refusal as refusal:
            if not body.get("stream", True):
                raise Refusal(500, refusal.words, JSON) from None
            lines += [{"error": refusal.words}] if refusal.words else []  # a server that dies says nothing
        if not body.get("stream", True):
            return Sent(content_type=JSON, body=encode({"status": "success"}))
        return Sent(content_type=LINES, lines=[encode(line) + b"\n" for line in lines])

    def steps(self, name: str, body: Body) -> Iterator[str]:
        """The statuses of a create; the model is there before the last one."""
        yield "parsing GGUF"
        [digest] = body["files"].values()
        blob = self.blob(digest)
        if not blob.is_file():
            raise Refusal(500, f"open MODELS/blobs/sha256-{blob.name}: no such file or directory")
        made = read_gguf(blob, body)
        yield "verifying conversion"
        self.fails("create")
        yield f"creating new layer sha256:{made.digest}"
        yield "writing manifest"
        self.models[name] = made
        self.fails("manifest")
        yield "success"

    def copy(self, body: Body) -> Sent:
        """POST /api/copy; it replaces an existing destination without a word."""
        source, destination = body.get("source", ""), body.get("destination", "")
        if not NAME.fullmatch(destination):
            raise Refusal(400, f'destination "{destination}" is invalid')
        model = self.find(source)
        if model is None:
            raise Refusal(404, f'model "{source}" not found')
        self.models[self.stored_name(destination) or full_name(destination)] = model
        return Sent(content_type="")

    def delete(self, body: Body) -> Sent:
        """DELETE /api/delete; blobs stay."""
        name = body.get("model") or body.get("name") or ""
        if not name:
            raise Refusal(400, "model is required")
        if not NAME.fullmatch(name):
            raise Refusal(400, f'name "{name}" is invalid')
        if not self.find(name):
            raise Refusal(404, f"model '{name}' not found")
        del self.models[self.stored_name(name)]
        return Sent(content_type="")

    def show(self, body: Body) -> Sent:
        """POST /api/show, with what create was given."""
        sent = super().show(body)
        model = self.find(body.get("model") or body["name"])
        if not isinstance(model, Stored):
            return sent
        shown = json.loads(sent.body) | {
            "template": model.shown_template,
            "modelfile": f"# Modelfile\n\nFROM MODELS/blobs/sha256-{model.digest}\n{instructions(model)}",
            "details": model.details,
        }
        if model.system:
            shown["system"] = model.system
        if model.parameters:
            shown["parameters"] = "\n".join(
                f"{name:<30} {go_value(value)}" for name, value in flat(model.parameters)
            )
        return Sent(body=encode(shown))

    # -- answers

    def think(self, body: Body, number: int) -> Answer:
        """What the GGUF says to a chat, through llama.cpp."""
        model = self.find(body["model"])
        assert isinstance(model, Stored)
        messages = body["messages"]
        if model.system and messages[0]["role"] != "system":
            messages = [{"role": "system", "content": model.system}, *messages]
        options = model.parameters | body.get("options", {})
        prompt = go_template.render(model.template, messages)
        if model.digest not in self.running:
            self.running[model.digest] = Llama(model.gguf, context_tokens=int(options["num_ctx"]))
        reply = self.running[model.digest].server.handle_completions(
            {"prompt": prompt, "temperature": options["temperature"]}
            | {"max_tokens": options["num_predict"], "stop": options["stop"]}
        )
        return Answer(reply["choices"][0]["text"])

    ROUTES: ClassVar = {
        **FakeOllama.ROUTES,
        ("POST", "/api/create"): create,
        ("POST", "/api/copy"): copy,
        ("DELETE", "/api/delete"): delete,
        ("POST", "/api/show"): show,
    }

    def handle(self, method: str, path: str, raw: bytes, headers: dict[str, str]) -> Sent:
        """The response to one request."""
        if method == "POST" and path.startswith("/api/blobs/"):
            try:
                return self.upload(path, raw)
            except Refusal as refusal:
                return Sent(refusal.status, refusal.content_type, encode({"error": refusal.words}))
        return super().handle(method, path, raw, headers)


def read_gguf(blob: Path, body: Body) -> Stored:
    """The model that create makes of a blob.

    Raises:
        Refusal: it is no whole GGUF, or cannot be quantised as asked.
    """
    from gguf import GGUFReader

    raw = blob.read_bytes()
    if not raw.startswith(b"GGUF"):
        raise Refusal(500, "invalid file magic")
    fields = GGUFReader(blob).fields
    kind = fields["general.file_type"].contents() if "general.file_type" in fields else None
    level, wanted = FILE_TYPES.get(kind, "unknown"), body.get("quantize") or ""
    if wanted and wanted.lower() not in LEVELS:
        supported = "F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise Refusal(
            500, f"unsupported quantization type {wanted.upper()} - supported types are {supported}"
        )
    if wanted and level not in ("F16", "BF16"):
        raise Refusal(500, "quantization is only supported for F16, BF16 and F32 models")
    jinja = fields["tokenizer.chat_template"].contents() if "tokenizer.chat_template" in fields else ""
    made = Stored(
        context_length=fields["qwen3.context_length"].contents(),
        size=len(raw),
        modified_at=timestamp(),
        gguf=blob,
        template=body.get("template", ""),
        jinja=jinja,
        system=body.get("system", ""),
        parameters=body.get("parameters") or {},
        level=LEVELS[wanted.lower()] if wanted else level,
    )
    layers = [blob.name, made.template, made.system, made.parameters, made.level]
    return replace(made, digest=hashlib.sha256(encode(layers)).hexdigest())


def flat(parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names and values, a list as its members."""
    return [
        (name, value)
        for name, values in parameters.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def go_value(value: Any) -> str:
    """A value as Go prints it: a text in quotes, a million as 1e+06."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:.15g}" if abs(value) < 1e6 else re.sub(r"\.?0+e", "e", f"{value:.15e}")


def instructions(model: Stored) -> str:
    """Template, system prompt and parameters as `ollama show --modelfile` prints them."""
    lines = [f"TEMPLATE {quoted(model.template)}"] if model.template else []
    lines += [f"SYSTEM {quoted(model.system)}"] if model.system else []
    lines += [f"PARAMETER {name} {value}" for name, value in flat(model.parameters)]
    return "".join(f"{line}\n" for line in lines)


def quoted(text: str) -> str:
    """A text as a Modelfile holds it: in quotes only where it has line breaks or blanks at its ends."""
    if "\n" not in text and text == text.strip(" "):
        return text
    return f'"""{text}"""' if '"' in text else f'"{text}"'


@contextmanager
def storing(folder: Path) -> Iterator[StoringOllama]:
    """Serves on a free local port, without a model; blobs lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    ollama = StoringOllama(folder)
    try:
        with listening(ollama.handle, ollama.early) as ollama.url:
            yield ollama
    finally:
        for llama in ollama.running.values():
            llama.close()
