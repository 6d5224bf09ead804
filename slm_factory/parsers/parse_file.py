"""One file in, one `Parsed` out: the format told by content and suffix, then language and date filled in."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path

from slm_factory.core import text
from slm_factory.parsers.parsed import Limits, Parsed, Refused

Parser = Callable[[bytes, Limits], Parsed]

# Module and function by format; a parser is loaded with its first file, because their libraries load slowly.
PARSERS = {
    "pdf": ("pdf", "parse"),
    "hwpx": ("hwpx", "parse"),
    "docx": ("docx", "parse"),
    "html": ("html", "parse"),
    "md": ("text", "parse_markdown"),
    "txt": ("text", "parse_text"),
    "law": ("law", "parse"),
}
FORMATS = {
    ".pdf": "pdf",
    ".hwpx": "hwpx",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "md",
    ".markdown": "md",
    ".txt": "txt",
    ".xml": "law",
    ".json": "law",
}
BINARY = ("pdf", "hwpx", "docx")
DATES = (
    re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[-./년]\s?(\d{1,2})\s?[-./월]\s?(\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)"),
)
HEAD_CHARACTERS = 600  # of a text; a date on a short line there is the document's own
SHORT_LINE = 40


def parse_file(path: Path, limits: Limits) -> Parsed:
    """The document in `path`. Of its name only the suffix counts, so the result can be remembered by content.

    Raises:
        Refused: it cannot or must not be read.
    """
    data = path.read_bytes()
    stated = FORMATS[path.suffix.lower()]
    format_name = tell_format(data, stated)
    module, function = PARSERS[format_name]
    parser: Parser = getattr(import_module(f"slm_factory.parsers.{module}"), function)
    parsed = parser(data, limits)
    if not parsed.markdown.strip():
        raise Refused("it holds no text")
    warnings = parsed.warnings
    if format_name != stated:
        warnings = (f"the suffix {path.suffix} is wrong: the content is {format_name}", *warnings)
    return replace(
        parsed,
        language=parsed.language if parsed.language in ("ko", "en") else text.language(parsed.markdown),
        date=find_date(parsed.date) or find_date(short_lines(parsed.markdown[:HEAD_CHARACTERS])),
        warnings=warnings,
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
        return (
            "docx"
            if b"word/document.xml" in data
            else "hwpx"
            if b"Contents/" in data
            else tell_archive(stated)
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("an encrypted Office file or an old binary one (.doc, .hwp); save it as .docx or .hwpx")
    if re.match(rb"<!doctype html|<html", head, re.IGNORECASE):
        return "html"
    if stated in BINARY:
        raise Refused(f"no {stated} file: the content is something else")
    if (
        stated in ("md", "txt") and b"<\xeb\xb2\x95\xeb\xa0\xb9" in head and head.startswith(b"<?xml")
    ):  # <법령
        return "law"
    return stated


def tell_archive(stated: str) -> str:
    """The stated format of a damaged archive.

    Raises:
        Refused: an archive that should be text, or of another program.
    """
    if stated in ("hwpx", "docx"):
        return stated
    raise Refused("an archive of a format that is not read here")


def short_lines(markdown: str) -> str:
    """The lines that are too short for a sentence."""
    return "\n".join(line for line in markdown.split("\n") if len(line) <= SHORT_LINE)


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
