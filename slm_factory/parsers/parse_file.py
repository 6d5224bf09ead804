"""One file in, its documents out: the format told by content and suffix, then language and date filled in."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path

import olefile

from slm_factory.core import text
from slm_factory.parsers.parsed import Options, Parsed, Refused

Parser = Callable[[bytes, Options], Parsed | list[Parsed]]

# Module and function by format; a parser is loaded with its first file, because their libraries load slowly.
PARSERS = {
    "pdf": ("pdf.document", "parse"),
    "hwpx": ("hancom.hwpx", "parse"),
    "hwp": ("hancom.hwp", "parse"),
    "docx": ("office.docx", "parse"),
    "pptx": ("office.pptx", "parse"),
    "xlsx": ("office.xlsx", "parse"),
    "csv": ("records.document", "parse_csv"),
    "json": ("records.document", "parse_json"),
    "jsonl": ("records.document", "parse_jsonl"),
    "parquet": ("records.document", "parse_parquet"),
    "eml": ("mail.document", "parse"),
    "html": ("html.document", "parse"),
    "md": ("text.document", "parse_markdown"),
    "txt": ("text.document", "parse_text"),
    "law": ("law.record", "parse"),
}
FORMATS = {
    ".pdf": "pdf",
    ".hwpx": "hwpx",
    ".hwp": "hwp",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".eml": "eml",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "md",
    ".markdown": "md",
    ".txt": "txt",
    ".xml": "law",
}
BINARY = ("pdf", "hwpx", "hwp", "docx", "pptx", "xlsx", "parquet")
# A part that only this zipped format has; backslashes stand in the names that some programs write.
ARCHIVES = {
    "docx": rb"word[/\\]document",
    "pptx": rb"ppt[/\\]presentation",
    "xlsx": rb"xl[/\\]workbook",
    "hwpx": rb"Contents[/\\]",
}
OLD_OFFICE = {"WordDocument": ".doc", "Workbook": ".xls", "Book": ".xls", "PowerPoint Document": ".ppt"}
DATES = (
    re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[-./년]\s?(\d{1,2})\s?[-./월]\s?(\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)"),
)
HEAD_CHARACTERS = 600  # of a text; a date on a short line there is the document's own
SHORT_LINE = 40


def parse_file(path: Path, options: Options) -> list[Parsed]:
    """The documents in `path`. Of its name only the suffix counts, so they can be remembered by content.

    Raises:
        Refused: it cannot or must not be read.
    """
    return parse_bytes(path.read_bytes(), path.suffix, options)


def parse_bytes(data: bytes, suffix: str, options: Options) -> list[Parsed]:
    """The documents in the bytes of a file with this suffix, each with a language and, if told, a date.

    Raises:
        Refused: they cannot or must not be read.
    """
    stated = FORMATS[suffix.lower()]
    format_name = tell_format(data, stated)
    module, function = PARSERS[format_name]
    parser: Parser = getattr(import_module(f"slm_factory.parsers.{module}"), function)
    parsed = parser(data, options)
    documents = [one for one in (parsed if isinstance(parsed, list) else [parsed]) if one.markdown.strip()]
    if not documents:
        raise Refused("it holds no text")
    if format_name != stated:
        warning = f"the suffix {suffix} is wrong: the content is {format_name}"
        documents[0] = replace(documents[0], warnings=(warning, *documents[0].warnings))
    return [complete(document) for document in documents]


def complete(parsed: Parsed) -> Parsed:
    """The document with its language, and with the date that stands at its head if the parser found none."""
    return replace(
        parsed,
        language=parsed.language if parsed.language in ("ko", "en") else text.language(parsed.markdown),
        date=find_date(parsed.date) or find_date(short_lines(parsed.markdown[:HEAD_CHARACTERS])),
    )


def tell_format(data: bytes, stated: str) -> str:
    """The format by content where content tells it, else the one that the suffix states.

    Raises:
        Refused: it is empty, of a format nobody reads here, or not what its suffix states.
    """
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise Refused("the file is empty")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return tell_archive(data, stated)
    if head.startswith(olefile.MAGIC):
        return tell_compound_file(data)
    if head.startswith(b"HWP Document File V"):
        raise Refused("an HWP 3 document; save it as HWPX")
    if head.startswith(b"PAR1"):
        return "parquet"
    if re.match(rb"<!doctype html|<html", head, re.IGNORECASE):
        return "html"
    if stated in BINARY:
        raise Refused(f"no {stated} file: the content is something else")
    if stated in ("md", "txt") and head.startswith(b"<?xml") and "<법령".encode() in head:
        return "law"
    return stated


def tell_archive(data: bytes, stated: str) -> str:
    """The format of a zipped file; the stated one where it is damaged beyond recognition.

    Raises:
        Refused: an archive that should be text, or of another program.
    """
    for format_name, part in ARCHIVES.items():
        if re.search(part, data):
            return format_name
    if stated in ARCHIVES:
        return stated
    raise Refused("an archive of a format that is not read here")


def tell_compound_file(data: bytes) -> str:
    """The format of an OLE compound file, which is HWP 5 or nothing that is read here.

    Raises:
        Refused: it is encrypted, an old Office file, of another program, or damaged.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as compound:
            streams = {entry[0] for entry in compound.listdir()}
    except (OSError, ValueError, IndexError, TypeError, RecursionError) as error:
        raise Refused(f"damaged compound file: {error}") from error
    if "FileHeader" in streams:
        return "hwp"
    if "EncryptedPackage" in streams:
        raise Refused("the document is encrypted; save it without a password")
    for stream, suffix in OLD_OFFICE.items():
        if stream in streams:
            raise Refused(f"an old binary Office file ({suffix}); save it as {suffix}x")
    raise Refused("a compound file of a format that is not read here")


def short_lines(markdown: str) -> str:
    """The lines that are too short for a sentence, and no table rows, whose dates are their own."""
    return "\n".join(
        line for line in markdown.split("\n") if len(line) <= SHORT_LINE and not line.startswith("|")
    )


def find_date(words: str) -> str:
    """The first date in `words` in ISO form, else "": 2025-03-18, 2025. 3. 18., 2025년 3월 18일, 20250318."""
    found = sorted(
        (match for pattern in DATES for match in pattern.finditer(words)), key=lambda match: match.start()
    )
    for match in found:
        try:
            return date(*map(int, match.groups())).isoformat()
        except ValueError:
            continue  # 2025-13-45 is a number, no date
    return ""
