"""Routes beside the two APIs: the page and its files, passages, feedback, health, metrics."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse

from slm_factory.serve.description import REFUSALS
from slm_factory.serve.feedback import Feedback, save
from slm_factory.serve.generation import Engine
from slm_factory.serve.ollama_form import Asking, whole
from slm_factory.serve.passages import Passages
from slm_factory.serve.texts import texts

FOLDER = Path(__file__).with_name("page")
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
NOT_READY: dict[int | str, dict[str, Any]] = {503: {"description": "A model is being started again."}}
FILES = Literal["page.css", "page.js", "passages.js"]


class Question(Asking):
    """What passages are looked for."""

    question: str = Field(min_length=1)
    answer: str = ""
    count: Annotated[int, Field(ge=1, le=10), BeforeValidator(whole)] = 3


def routes(engine: Engine, passages: Passages, feedback_file: Path) -> APIRouter:
    """The routes; feedback is kept in `feedback_file`."""
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        """The page for a browser, Ollama's sign of life for everybody else."""
        if "text/html" in request.headers.get("accept", ""):
            return FileResponse(FOLDER / "index.html", headers=HEADERS)
        return PlainTextResponse("Ollama is running")

    @router.get("/page/texts.json", include_in_schema=False)
    async def spoken() -> Response:
        """What the page says, in every language."""
        return JSONResponse(texts(), headers=HEADERS)

    @router.get("/page/{name}", include_in_schema=False)
    async def file(name: FILES) -> Response:
        """A file of the page."""
        return FileResponse(FOLDER / name, headers=HEADERS)

    @router.get("/health/live", tags=["health"])
    async def live() -> dict[str, Any]:
        """That the server lives."""
        return state(engine)

    @router.get("/health", tags=["health"], responses=NOT_READY)
    @router.get("/health/ready", tags=["health"], responses=NOT_READY)
    async def ready() -> Response:
        """That each model has a worker: 503 where one has died and the next is not there yet."""
        return JSONResponse(state(engine), 200 if engine.shelf.is_ready else 503)

    @router.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counters and clocks for Prometheus."""
        return Response(engine.metrics.text(), media_type="text/plain; version=1.0.0; charset=utf-8")

    @router.post("/passages", tags=["page"], responses=REFUSALS)
    async def find(body: Question) -> dict[str, Any]:
        """The passages of the documents that share most with a question and its answer."""
        found = await asyncio.to_thread(passages.find, f"{body.question}\n{body.answer}", body.count)
        return {"passages": found}

    @router.post("/feedback", tags=["page"], responses=REFUSALS)
    async def feedback(body: Feedback) -> dict[str, str]:
        """Keeps a thumb up or down."""
        return {"feedback_id": await asyncio.to_thread(save, body, feedback_file)}

    return router


def state(engine: Engine) -> dict[str, Any]:
    """What is served, and how many requests are answered or wait."""
    versions = {tag: model.source.version for tag, model in engine.shelf.models.items()}
    return {
        "status": "ok" if engine.shelf.is_ready else "starting",
        "models": versions,
        "running": engine.admission.running,
        "waiting": engine.admission.waiting,
    }
