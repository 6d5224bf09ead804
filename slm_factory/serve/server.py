"""The running server: models loaded, port open, promotions followed, and an end that drops nobody."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slm_factory.core.errors import UserError, missing_extra
from slm_factory.language import _
from slm_factory.serve.source import Source

if TYPE_CHECKING:
    import uvicorn

    from slm_factory.serve.access import Keys
    from slm_factory.serve.generation import Engine
    from slm_factory.serve.passages import Passages
    from slm_factory.serve.shelf import Shelf

Lifespan = Callable[[object], AbstractAsyncContextManager[None]]

BACKLOG = 2048  # connections that wait to be accepted


@dataclass(frozen=True)
class Limits:
    """What the server gives to all, and to one."""

    slots: int = 4  # answers at a time
    waiting: int = 64  # requests in the queue
    per_client: int = 32  # requests of one address, running or waiting
    max_tokens: int = 1024  # of an answer
    max_body: int = 1_000_000  # bytes of a request
    read_seconds: float = 30.0  # for a client to send its request
    write_seconds: float = 30.0  # for a client to take what is ready
    stop_seconds: int = 120  # for requests to end when the server is told to stop


def serve(
    sources: dict[str, Source],
    name: str,
    limits: Limits,
    *,
    host: str,
    port: int,
    key_file: Path | None = None,
    key: str = "",
    look: Callable[[], Source | None] | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Serves `sources` (by tag) under `name` until SIGTERM or Ctrl-C; requests that run then are finished.

    `look` tells what is promoted; `say` gets the address once all is loaded.

    Raises:
        UserError: a package is missing, a file cannot be loaded, the port is taken, or other machines are
            to be served without a key.
    """
    from slm_factory.serve.access import LOCAL, Keys

    keys = Keys.read(key_file, key)
    if host not in LOCAL - {"0.0.0.0"} and not keys.digests:
        raise UserError(
            f"error: {host} lets other machines ask, which needs a key",
            "hint: --key-file FILE, or a key in SLM_FACTORY_SERVE_KEY",
        )
    with bound(host, port) as opened:
        engine = loaded(sources, name, limits)
        server = make(engine, keys, limits, look)
        opened.listen(BACKLOG)  # who comes now is answered once uvicorn runs
        address = opened.getsockname()
        names, place = ", ".join(engine.shelf.names()), f"http://{address[0]}:{address[1]}"
        say(_("serving {names} at {place}").format(names=names, place=place))
        signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises what stopped it again when it has
        with suppress(KeyboardInterrupt):
            server.run(sockets=[opened])
        engine.close()


def make(
    engine: "Engine",
    keys: "Keys",
    limits: Limits,
    look: Callable[[], Source | None] | None = None,
    data: Path = Path("data"),
) -> "uvicorn.Server":
    """The server, not started."""
    import uvicorn

    from slm_factory.serve import app
    from slm_factory.serve.connection import PatientProtocol
    from slm_factory.serve.feedback import FEEDBACK
    from slm_factory.serve.passages import CHUNKS, Passages

    patience = {"read_seconds": limits.read_seconds, "write_seconds": limits.write_seconds}
    passages = Passages(data / CHUNKS.name)
    passages.load()
    lifespan = beside(engine.shelf, look, passages)
    application = app.make(engine, keys, passages, data / FEEDBACK.name, limits.max_body, lifespan)
    config = uvicorn.Config(
        application,
        http=type("Patient", (PatientProtocol,), patience),
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=limits.stop_seconds,
    )
    return uvicorn.Server(config)


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that has the port, and refuses connections until somebody listens on it.

    Raises:
        UserError: the port is taken, or the host is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, port))
        except OSError as error:
            raise UserError(
                f"error: {host}:{port} cannot be listened on: {error.strerror}",
                "hint: --port 0 takes a free port; ss -ltnp shows who has it",
            ) from error
        yield opened


def loaded(sources: dict[str, Source], name: str, limits: Limits) -> "Engine":
    """The engine with all models loaded.

    Raises:
        UserError: a package is missing, or a file cannot be loaded.
    """
    try:
        import fastapi  # noqa: F401
        import httptools  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise missing_extra(str(error.name), "serve") from error
    from slm_factory.serve.admission import Admission
    from slm_factory.serve.generation import Engine
    from slm_factory.serve.metrics import Metrics
    from slm_factory.serve.model import Model
    from slm_factory.serve.shelf import Shelf

    metrics = Metrics()
    shelf = Shelf(name, limits.slots, metrics)
    for tag, source in sources.items():
        shelf.put(tag, Model.load(source, f"{name}:{tag}", limits.slots, metrics))
    admission = Admission(limits.slots, limits.waiting, limits.per_client, metrics)
    return Engine(shelf, admission, metrics, limits.max_tokens)


def beside(shelf: "Shelf", look: Callable[[], Source | None] | None, passages: "Passages") -> Lifespan:
    """What runs beside the requests: workers are kept alive, passages prepared, promotions followed."""

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        for model in shelf.models.values():
            shelf.tend(model)
        tasks = [asyncio.create_task(asyncio.to_thread(passages.prepare))]
        tasks += [asyncio.create_task(shelf.follow(look))] if look else []
        yield
        for task in (*tasks, *shelf.tending):
            task.cancel()

    return lifespan
