"""Folders in which the benchmark runs one stage or the pipeline, with documents made for it."""

import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from bench.teacher.server import REPOSITORY
from slm_factory.core import files
from slm_factory.core.records import CHUNK, DOCUMENT, identifier

NAMES = ("limit", "pressure", "delay", "voltage", "interval", "distance")
UNITS = ("bar", "volts", "seconds", "metres", "hours", "litres")
FILLER = "The panel stands beside the stairs, and whoever opens it signs the book that hangs at the door. "


def facts(document: int, count: int) -> str:
    """Lines that state `count` facts about the relays of one document, which no other document names."""
    lines = []
    for number in range(count):
        value = 100 + (document * 7 + number * 13) % 800
        kind = number % len(NAMES)
        lines.append(f"The {NAMES[kind]} of relay {name_of(document)}-{number} is {value} {UNITS[kind]}.")
    return "\n".join(lines)


def name_of(document: int) -> str:
    """What the relays of a document are called."""
    return f"K{document:05d}"


def set_params(folder: Path, **values: Any) -> None:
    """The repository's params.yaml in `folder`, with keys set: `set_params(f, **{"teacher.model": "m"})`."""
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    for key, value in values.items():
        section, _, name = key.partition(".")
        params[section][name] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")


def stage_folder(folder: Path, chunks: int, characters: int, facts_each: int, **values: Any) -> Path:
    """A folder where stages.generate finds `chunks` chunks of about `characters`, each a document."""
    (folder / "data").mkdir(parents=True)
    shutil.copy(REPOSITORY / "data/questions.jsonl", folder / "data")
    (folder / "prompts").symlink_to(REPOSITORY / "prompts")
    set_params(folder, **{"teacher.backend": "openai", "teacher.model": "m", **values})

    def text(number: int) -> str:
        stated = facts(number, facts_each)
        return f"{stated}\n\n{FILLER * ((characters - len(stated)) // len(FILLER))}"

    documents = (
        {
            **{"doc_id": f"d{n:05d}.md", "sha256": "", "format": "md", "title": f"Relays {name_of(n)}"},
            **{"language": "en", "date": "", "pages": 0, "markdown": "", "page_starts": [], "meta": "{}"},
            "warnings": [],
        }
        for n in range(chunks)
    )
    rows = (
        {
            **{"chunk_id": identifier(n), "doc_id": f"d{n:05d}.md", "index": 0, "headings": ["Relays"]},
            **{"text": text(n), "start": 0, "end": 0, "first_page": 0, "last_page": 0, "language": "en"},
        }
        for n in range(chunks)
    )
    files.write_rows(folder / "data/parse.parquet", documents, DOCUMENT)
    files.write_rows(folder / "data/chunk.parquet", rows, CHUNK, group=1000)
    return folder


def environment(folder: Path, address: str) -> dict[str, str]:
    """What a stage in `folder` sees: this code, a store of its own, the server."""
    values = {"OPENAI_BASE_URL": address, "SLM_FACTORY_CACHE": str(folder / ".answers")}
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **values}
