"""`slm-factory serve`: the promoted model over HTTP, as Ollama and OpenAI serve theirs, and a page."""

import logging
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import completion, repository
from slm_factory.cli.speech import speak
from slm_factory.core.errors import UserError

if TYPE_CHECKING:
    from slm_factory.serve.source import Source

PORT = 11435  # beside Ollama's own


def serve(
    version: Annotated[
        str,
        typer.Option(autocompletion=completion.version, help="A version that passed the gate; see history."),
    ] = "",
    gguf: Annotated[Path | None, typer.Option(help="A GGUF file, with the Modelfile beside it.")] = None,
    base: Annotated[bool, typer.Option("--base", help="The student as it was before training.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Serve the base too, as NAME:base.")] = False,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than this machine's needs a key.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    key_file: Annotated[Path | None, typer.Option(help="Keys that clients show, one a line.")] = None,
    parallel: Annotated[
        int, typer.Option(min=1, max=256, help="Answers at a time; each takes a context.")
    ] = 4,
    queue: Annotated[int, typer.Option(min=0, help="Requests that wait; more get 503.")] = 64,
    per_client: Annotated[int, typer.Option(min=1, help="Requests of one address; more get 429.")] = 32,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 1024,
    max_body: Annotated[
        int, typer.Option(min=1, help="Largest request, in bytes; more get 413.")
    ] = 1_000_000,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for a client to send or read.")] = 30.0,
    lang: Annotated[str | None, typer.Option(help="ko or en; by default that of the locale.")] = None,
) -> None:
    """Serve the promoted model over HTTP.

    Ollama's API (/api), OpenAI's (/v1), a page for the browser (/), /health and /metrics. Without an option:
    the version that was promoted, and the next one as soon as it is; else what the pipeline made.
    Ctrl-C or SIGTERM finishes the requests in hand. A key can also stand in SLM_FACTORY_SERVE_KEY.

    Examples: slm-factory serve; slm-factory serve --compare; slm-factory serve --version v20261121T143205Z;
    slm-factory serve --host 0.0.0.0 --key-file keys
    """
    speak(lang)
    repository.require_root()
    if sum(map(bool, (version, gguf, base))) > 1 or (base and compare):
        raise UserError(
            "error: --version, --gguf, --base and --compare name different models",
            f"hint: {repository.program()} serve --compare serves the promoted one and the base",
        )
    from slm_factory.core import params
    from slm_factory.release.settings import ReleaseSettings
    from slm_factory.serve import server, source
    from slm_factory.serve.access import VARIABLE

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    limits = server.Limits(
        parallel, queue, per_client, max_tokens, max_body, read_seconds=timeout, write_seconds=timeout
    )
    is_promoted = not (version or gguf or base)
    with ExitStack() as stack:
        sources = {"latest": base_source(stack) if base else chosen(version, gguf, stack)}
        if compare:
            sources["base"] = base_source(stack)
        server.serve(
            sources,
            params.load("release", ReleaseSettings).name,
            limits,
            host=host,
            port=port,
            key_file=key_file,
            key=os.environ.get(VARIABLE, ""),
            look=source.deployed_source if is_promoted else None,
            say=lambda line: print(line, flush=True),
        )


def chosen(version: str, gguf: Path | None, stack: ExitStack) -> "Source":
    """What the user names, for as long as `stack` lives; else what is promoted, else the pipeline's last.

    Raises:
        UserError: there is none.
    """
    from slm_factory.cli.ask import served_gguf
    from slm_factory.serve import source

    if version:
        return source.version_source(version, stack)
    if gguf:
        return source.file_source(gguf, context_tokens())
    return source.deployed_source() or source.folder_source(served_gguf().parent, "")


def base_source(stack: ExitStack) -> "Source":
    """The student before training, as a GGUF that is there until `stack` ends."""
    from slm_factory.cli.ask import base_gguf
    from slm_factory.core import params
    from slm_factory.serve.source import Source
    from slm_factory.student.settings import StudentSettings

    student = params.load("student", StudentSettings)
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    file = base_gguf(student, Path(folder))
    return Source(file, "", context_tokens(), student.system_prompt, parameters={"temperature": 0.0})


def context_tokens() -> int:
    """The context that the pipeline serves its models with."""
    from slm_factory.core import params
    from stages.quantize import Params

    return params.load("quantize", Params).context_tokens
