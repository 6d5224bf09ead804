"""Reads every document in data/documents into one row of clean Markdown.

in:  data/documents
out: data/parse.parquet, metrics/parse.json

Files are read in worker processes with limits on time and memory, so a hostile or broken file costs only
itself: it is refused by name, in the closing lines and in the metrics. What was read once is remembered by
content.
"""

import dataclasses
import hashlib
import json
import logging
import multiprocessing
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pebble import ProcessExpired, ProcessPool
from pydantic import Field

import slm_factory.parsers
from slm_factory.core import files, params
from slm_factory.core.code import source_version
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.params import Settings
from slm_factory.core.progress import track
from slm_factory.core.records import DOCUMENT
from slm_factory.core.store import Store
from slm_factory.parsers.parse_file import FORMATS, find_date, parse_file
from slm_factory.parsers.parsed import Limits, Parsed, Refused
from slm_factory.parsers.worker import limit_memory

log = logging.getLogger(__name__)

DOCUMENTS = Path("data/documents")
ROWS = Path("data/parse.parquet")
METRICS = Path("metrics/parse.json")

LIBRARIES = ("pymupdf", "python-hwpx", "python-docx", "trafilatura", "lxml", "charset-normalizer")
KEEPING = {".gitignore", ".gitkeep", ".dvc"}  # files that keep a folder, not documents


class Params(Settings):
    """`parse:` in params.yaml."""

    jobs: int = Field(ge=1)
    max_megabytes: int = Field(ge=1)
    max_expanded_megabytes: int = Field(ge=1)
    max_memory_megabytes: int = Field(ge=256)
    max_pages: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)


class Source(NamedTuple):
    """A file to read."""

    doc_id: str
    path: Path
    sha256: str


def find_files(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The files to read by doc_id, and the reason for each one left out, both sorted."""
    found: dict[str, Path] = {}
    skipped: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        doc_id = unicodedata.normalize("NFC", relative.as_posix().encode(errors="replace").decode())
        if (path.is_dir() and not path.is_symlink()) or path.name in KEEPING:
            continue
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            skipped[doc_id] = "a link that leaves the folder"
        elif not path.is_file():
            skipped[doc_id] = "a link to a folder, or no regular file"
        elif any(part.startswith((".", "~$")) for part in relative.parts):
            skipped[doc_id] = "hidden"
        elif path.suffix.lower() not in FORMATS:
            skipped[doc_id] = f"unknown format: {path.suffix or 'no suffix'}"
        elif doc_id in found:
            skipped[f"{doc_id} (second)"] = "its name differs from another only in its Unicode form"
        else:
            found[doc_id] = path
    return dict(sorted(found.items())), dict(sorted(skipped.items()))


def hash_files(found: dict[str, Path], max_megabytes: int) -> tuple[list[Source], dict[str, str]]:
    """The files with the hashes of their bytes, and why the others are too large or cannot be opened."""
    sources: list[Source] = []
    skipped: dict[str, str] = {}
    for doc_id, path in found.items():
        try:
            if path.stat().st_size > max_megabytes * 2**20:
                skipped[doc_id] = f"larger than max_megabytes ({max_megabytes})"
                continue
            with path.open("rb") as file:
                sources.append(Source(doc_id, path, hashlib.file_digest(file, "sha256").hexdigest()))
        except OSError as error:
            skipped[doc_id] = f"cannot be opened: {error.strerror}"
    return sources, skipped


def request_of(source: Source, limits: Limits) -> dict[str, Any]:
    """Everything that produces a parse result."""
    return {
        "task": "parse",
        "sha256": source.sha256,
        "format": FORMATS[source.path.suffix.lower()],
        "suffix": source.path.suffix,
        "version": source_version(*map(Path, slm_factory.parsers.__path__)),
        "libraries": {name: version(name) for name in LIBRARIES},
        "limits": dataclasses.asdict(limits),
    }


def parse_all(
    sources: list[Source], settings: Params, limits: Limits
) -> Iterator[tuple[Source, Parsed | str]]:
    """Each source with its result, or with the reason why there is none, in order of completion."""
    pool = ProcessPool(
        max_workers=min(settings.jobs, len(sources)),
        # A fresh interpreter: forking a process with threads (Arrow has some) may hang.
        context=multiprocessing.get_context("spawn"),
        initializer=limit_memory,
        initargs=[settings.max_memory_megabytes],
    )
    try:
        futures: dict[Future[Parsed], Source] = {
            pool.schedule(parse_file, args=[source.path, limits], timeout=settings.timeout_seconds): source
            for source in sources
        }
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], future.result() if error is None else describe(error, settings)
        pool.close()
    finally:
        pool.stop()
        pool.join()


def describe(error: BaseException, settings: Params) -> str:
    """Why a file could not be read, in words a person understands."""
    if isinstance(error, Refused):
        return error.reason
    if isinstance(error, TimeoutError):
        return f"reading took longer than timeout_seconds ({settings.timeout_seconds:g})"
    if isinstance(error, MemoryError):
        return f"reading needed more than max_memory_megabytes ({settings.max_memory_megabytes})"
    if isinstance(error, ProcessExpired):
        return f"reading it crashed the process (exit code {error.exitcode})"
    return f"the parser failed: {type(error).__name__}: {error}"


def document_row(source: Source, parsed: dict[str, Any]) -> files.Row:
    """The row of a document; a title or date that its text does not tell comes from its name or metadata."""
    stem = unicodedata.normalize("NFC", source.path.stem)
    day = parsed["date"] or find_date(stem) or find_date(parsed["meta"].get("modified", ""))
    return {
        **parsed,
        "doc_id": source.doc_id,
        "sha256": source.sha256,
        "title": parsed["title"] or stem.replace("_", " "),
        "date": day,
        "meta": json.dumps(parsed["meta"], ensure_ascii=False, sort_keys=True),
    }


def measure(rows: list[files.Row], skipped: dict[str, str]) -> dict[str, Any]:
    """The content of metrics/parse.json."""
    return {
        "documents": len(rows),
        "pages": sum(row["pages"] for row in rows),
        "characters": sum(len(row["markdown"]) for row in rows),
        "warnings": sum(len(row["warnings"]) for row in rows),
        "formats": dict(sorted(Counter(row["format"] for row in rows).items())),
        "skipped": [{"doc_id": doc_id, "reason": skipped[doc_id]} for doc_id in sorted(skipped)],
    }


def main() -> None:
    """Writes data/parse.parquet and metrics/parse.json; names every file that was left out.

    Raises:
        UserError: there is no document, or none that can be read.
    """
    settings = params.load("parse", Params)
    limits = Limits(settings.max_pages, settings.max_expanded_megabytes * 2**20)
    found, skipped = find_files(DOCUMENTS)
    if not found and not skipped:
        raise UserError(
            f"error: {DOCUMENTS} holds no documents",
            f"hint: put {', '.join(FORMATS)} files there, or get the samples back: python samples/make.py",
        )
    sources, unopened = hash_files(found, settings.max_megabytes)
    skipped |= unopened
    with Store() as store:
        requests = {source.doc_id: request_of(source, limits) for source in sources}
        answers = {doc_id: store.get(request) for doc_id, request in requests.items()}
        pending = [source for source in sources if answers[source.doc_id] is None]
        results = parse_all(pending, settings, limits) if pending else iter(())
        for source, result in track(results, "parse", total=len(pending)):
            if isinstance(result, str):
                skipped[source.doc_id] = result
            else:
                answers[source.doc_id] = dataclasses.asdict(result)
                store.put("parse", requests[source.doc_id], answers[source.doc_id])
    rows = [document_row(source, answer) for source in sources if (answer := answers[source.doc_id])]
    for doc_id in sorted(skipped):
        log.warning("parse: skipped %r: %s", doc_id, skipped[doc_id])
    if not rows:
        raise UserError(
            f"error: none of the {len(skipped)} files in {DOCUMENTS} can be read; the lines above say why",
            "hint: mend or replace them, then run the same command again",
        )
    files.write_rows(ROWS, rows, DOCUMENT)
    files.write_json(METRICS, measure(rows, skipped))
    new = sum(answers[source.doc_id] is not None for source in pending)
    log.info("parse: %d documents (%d new), %d skipped -> %s", len(rows), new, len(skipped), ROWS)


if __name__ == "__main__":
    run_stage(main)
