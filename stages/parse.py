"""Reads every document in data/documents into rows of clean Markdown.

in:  data/documents
out: data/parse.parquet, metrics/parse.json

Files are read in worker processes with limits on time and memory, so a hostile or broken file costs only
itself: it is refused by name, in the closing lines and in the metrics. What was read once is remembered by
content. Documents pass one by one, so memory does not grow with their number.
"""

import dataclasses
import hashlib
import json
import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

import slm_factory.parsers
from slm_factory.core import files, history, params
from slm_factory.core.code import source_version
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.parallel import ParallelSettings, spread
from slm_factory.core.params import Settings
from slm_factory.core.progress import track
from slm_factory.core.records import DOCUMENT, content_key
from slm_factory.core.store import Store
from slm_factory.parsers import redact
from slm_factory.parsers.hancom import spacing
from slm_factory.parsers.parse_file import FORMATS, find_date
from slm_factory.parsers.parsed import Options, RecordFields
from slm_factory.parsers.pdf import ocr
from slm_factory.parsers.worker import Cost, read_killable

log = logging.getLogger(__name__)

DOCUMENTS = Path("data/documents")
ROWS = Path("data/parse.parquet")
METRICS = Path("metrics/parse.json")

LIBRARIES = (
    *(
        "pymupdf",
        "python-hwpx",
        "olefile",
        "python-docx",
        "python-pptx",
        "openpyxl",
        "trafilatura",
        "htmldate",
    ),
    *("lxml", "charset-normalizer", "pyarrow", "phonenumbers", "python-stdnum"),
)
OLD_FORMATS = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx"}
KEEPING = {".gitignore", ".gitkeep", ".dvc", ".collected.jsonl"}  # files about a folder, not documents
ROWS_IN_MEMORY = 64


class RecordParams(Settings):
    """`parse.records:` in params.yaml."""

    text: list[str] = Field(min_length=1)
    id: str
    title: str
    date: str


class Params(Settings):
    """`parse:` in params.yaml."""

    max_megabytes: int = Field(ge=1)
    max_expanded_megabytes: int = Field(ge=1)
    max_memory_megabytes: int = Field(ge=256)
    max_pages: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0)
    ocr_languages: str
    korean_spacing: bool
    redact: Literal["off", "report", "mask"]
    records: RecordParams

    def options(self) -> Options:
        """What the parsers are told."""
        records = RecordFields(**{**self.records.model_dump(), "text": tuple(self.records.text)})
        return Options(
            max_pages=self.max_pages,
            max_expanded_bytes=self.max_expanded_megabytes * 2**20,
            ocr_languages=self.ocr_languages,
            korean_spacing=self.korean_spacing,
            records=records,
        )


class Source(NamedTuple):
    """A file to read; what is read in it is remembered under `key`."""

    doc_id: str
    path: Path
    sha256: str
    key: str


def find_files(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The files to read by doc_id, and the reason for each one left out, both sorted."""
    found: dict[str, Path] = {}
    skipped: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        doc_id = readable(relative.as_posix())
        if (path.is_dir() and not path.is_symlink()) or path.name in KEEPING:
            continue
        if leaves(path, folder):
            skipped[doc_id] = "a link that leaves the folder"
        elif not path.is_file():
            skipped[doc_id] = "a link to a folder, or no regular file"
        elif any(part.startswith((".", "~$")) for part in relative.parts):
            skipped[doc_id] = "hidden"
        elif path.suffix.lower() not in FORMATS:
            skipped[doc_id] = describe_unknown(path.suffix.lower())
        elif doc_id in found:
            skipped[f"{doc_id} (second)"] = "its name differs from another only in its Unicode form"
        else:
            found[doc_id] = path
    return dict(sorted(found.items())), dict(sorted(skipped.items()))


def readable(name: str) -> str:
    """A file's name in NFC, with a mark for each byte that is no text."""
    return unicodedata.normalize("NFC", name.encode(errors="replace").decode())


def describe_unknown(suffix: str) -> str:
    """Why a file with this suffix is not read."""
    if suffix in OLD_FORMATS:
        return f"an old binary Office file; save it as {OLD_FORMATS[suffix]}"
    return f"unknown format: {suffix or 'no suffix'}"


def leaves(path: Path, folder: Path) -> bool:
    """Whether `path` leads out of `folder`, except into DVC's cache, which `cache.type symlink` links to."""
    target = Path(os.path.realpath(path))
    if target.is_relative_to(os.path.realpath(folder)):
        return False
    dvc_cache = history.local_cache(Path.cwd())
    return dvc_cache is None or not target.is_relative_to(dvc_cache)


def hash_files(found: dict[str, Path], settings: Params) -> tuple[list[Source], dict[str, str]]:
    """The files with hashes of their content, and why the others are too large or cannot be opened."""
    sources: list[Source] = []
    skipped: dict[str, str] = {}
    options = settings.options()
    for doc_id, path in found.items():
        try:
            if path.stat().st_size > settings.max_megabytes * 2**20:
                skipped[doc_id] = f"larger than max_megabytes ({settings.max_megabytes})"
                continue
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            skipped[doc_id] = f"cannot be opened: {error.strerror}"
        else:
            key = content_key([sha256, path.suffix.lower(), reader(options)])
            sources.append(Source(doc_id, path.absolute(), sha256, key))
    return sources, skipped


@cache
def reader(options: Options) -> dict[str, Any]:
    """Everything but the file that produces a parse result."""
    return {
        "task": "parse",
        "options": dataclasses.asdict(options),
        "version": source_version(*map(Path, slm_factory.parsers.__path__)),
        "libraries": {name: version(name) for name in LIBRARIES},
        "ocr": ocr.installed(options.ocr_languages),
        "spacing": version("kiwipiepy") if options.korean_spacing else "",
    }


def read_new(
    sources: list[Source], settings: Params, parallel: ParallelSettings, store: Store
) -> tuple[int, dict[str, str]]:
    """Reads what is not in the store yet into it; how many files that were, and why others cannot be read."""
    new = {source.key: source for source in sources if not store.has(source.key)}
    cost = Cost(settings.timeout_seconds, settings.max_memory_megabytes)
    work = partial(read_source, options=settings.options(), cost=cost)
    reasons: dict[str, str] = {}
    results = spread(work, new.values(), parallel) if new else iter(())
    for key, result in track(results, "parse", total=len(new)):
        if isinstance(result, str):
            reasons[key] = result
        else:
            store.put_by_key("parse", [(key, result)])
    skipped = {source.doc_id: reasons[source.key] for source in sources if source.key in reasons}
    return len(new) - len(reasons), skipped


def read_source(source: Source, options: Options, cost: Cost) -> tuple[str, list[dict[str, Any]] | str]:
    """The key of a file with its documents, or with the reason why there are none."""
    return source.key, read_killable(source.path, options, cost)


def document_row(source: Source, parsed: dict[str, Any]) -> files.Row:
    """The row of a document; a title or date that its text does not tell comes from its name or metadata."""
    stem = readable(source.path.stem)
    part = parsed["part"]
    return {
        **{name: parsed[name] for name in DOCUMENT.names if name in parsed},
        "doc_id": f"{source.doc_id}#{part}" if part else source.doc_id,
        "sha256": source.sha256,
        "title": parsed["title"] or part or stem.replace("_", " "),
        "date": parsed["date"] or find_date(stem) or find_date(parsed["meta"].get("modified", "")),
        "meta": json.dumps(parsed["meta"], ensure_ascii=False, sort_keys=True),
    }


def mask(row: files.Row, findings: list[redact.Finding]) -> files.Row:
    """The columns of a row in which personal data can stand, with placeholders in its place."""
    markdown, starts = redact.mask(row["markdown"], findings, row["page_starts"], row["language"])
    meta = {name: mask_line(value, row["language"]) for name, value in json.loads(row["meta"]).items()}
    return {
        "markdown": markdown,
        "page_starts": starts,
        "title": mask_line(row["title"], row["language"]),
        "meta": json.dumps(meta, ensure_ascii=False, sort_keys=True),
    }


def mask_line(text: str, language: str) -> str:
    """A short text with its personal data replaced."""
    return redact.mask(text, redact.find(text), (), language)[0]


class Tally:
    """Counts documents as they pass, and masks what `redact` finds in them."""

    def __init__(self, mode: Literal["off", "report", "mask"]) -> None:
        self.mode = mode
        self.totals: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.personal: dict[str, Counter[str]] = {}

    def count(self, row: files.Row, findings: list[redact.Finding]) -> files.Row:
        """The row, masked if that is asked for."""
        if findings and self.mode != "off":
            self.personal[row["doc_id"]] = Counter(found.kind for found in findings)
        if self.mode == "mask":
            row = row | mask(row, findings)
        self.formats[row["format"]] += 1
        self.totals.update(
            documents=1, pages=row["pages"], characters=len(row["markdown"]), warnings=len(row["warnings"])
        )
        return row

    def metrics(self, skipped: dict[str, str]) -> dict[str, Any]:
        """The content of metrics/parse.json."""
        return {
            **{name: self.totals[name] for name in ("documents", "pages", "characters", "warnings")},
            "formats": dict(sorted(self.formats.items())),
            "personal_data": dict(sorted(sum(self.personal.values(), Counter()).items())),
            "documents_with_personal_data": [
                {"doc_id": doc_id, **dict(sorted(self.personal[doc_id].items()))}
                for doc_id in sorted(self.personal)
            ],
            "skipped": [{"doc_id": doc_id, "reason": skipped[doc_id]} for doc_id in sorted(skipped)],
        }


def rows_of(sources: list[Source], store: Store, tally: Tally) -> Iterator[files.Row]:
    """The rows of all documents in the store, in the order of their files."""
    for source in sources:
        for parsed in store.get_by_key(source.key) or ():
            findings = [redact.Finding(*found) for found in parsed["findings"]]
            yield tally.count(document_row(source, parsed), findings)


def main() -> None:
    """Writes data/parse.parquet and metrics/parse.json; names every file that was left out.

    Raises:
        UserError: there is no document, or none that can be read.
    """
    settings = params.load("parse", Params)
    parallel = params.load("parallel", ParallelSettings)
    if settings.korean_spacing:
        spacing.check_installed()
    found, skipped = find_files(DOCUMENTS)
    if not found and not skipped:
        raise UserError(
            f"error: {DOCUMENTS} holds no documents",
            f"hint: put {', '.join(FORMATS)} files there, or get the samples back: python samples/make.py",
        )
    sources, unopened = hash_files(found, settings)
    with Store() as store:
        new, unread = read_new(sources, settings, parallel, store)
        skipped |= unopened | unread
        for doc_id in sorted(skipped):
            log.warning("parse: skipped %r: %s", doc_id, skipped[doc_id])
        if len(unread) == len(sources):
            raise UserError(
                f"error: none of the {len(skipped)} files in {DOCUMENTS} can be read; see the lines above",
                "hint: mend or replace them, then run the same command again",
            )
        tally = Tally(settings.redact)
        files.write_rows(ROWS, rows_of(sources, store, tally), DOCUMENT, group=ROWS_IN_MEMORY)
    files.write_json(METRICS, tally.metrics(skipped))
    if tally.personal:
        log.warning(
            "parse: %s personal data or secrets in %d documents: %s",
            "masked" if settings.redact == "mask" else "found", len(tally.personal), METRICS,
        )  # fmt: skip
    log.info(
        "parse: %d documents (%d files new), %d skipped -> %s",
        tally.totals["documents"], new, len(skipped), ROWS,
    )  # fmt: skip


if __name__ == "__main__":
    run_stage(main)
