"""Pieces of clean Markdown that every parser writes: NFC text, headings, blocks."""

import re
import unicodedata
from collections.abc import Iterable

# Control characters, lone surrogates, zero-width spaces, soft hyphens and byte order marks carry no text;
# private-use characters stay, because symbol fonts of office documents live there.
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff\ufffe\uffff]")
LIST_ITEM = re.compile(r"( *)(?:[-*+]|(?:\d{1,3}\.)*\d{1,3}[.)]|[가-하][.)]|[①-⑳])\s+\S")
LOOKS_LIKE_MARKDOWN = re.compile(r"^(?=#{1,6}\s|\||```|~~~|>)", re.MULTILINE)
INDENT = "    "  # one list level; deep enough for items of "-" and of "10."


def clean(text: str) -> str:
    """`text` in NFC with `\\n` line ends, plain spaces, no invisible characters, no spaces at line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\xa0", " ")
    text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    return "\n".join(line.rstrip() for line in text.split("\n"))


def one_line(text: str) -> str:
    """`text` cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def heading(level: int, text: str) -> str:
    """A heading line; levels outside 1-6 are moved to the nearest."""
    return f"{'#' * min(max(level, 1), 6)} {one_line(text)}"


def paragraph(text: str) -> str:
    """Ordinary text: lines trimmed, and marks that would make one a heading or a table escaped."""
    lines = "\n".join(" ".join(line.split()) for line in clean(text).split("\n"))
    return LOOKS_LIKE_MARKDOWN.sub(r"\\", lines).strip("\n")


def list_item(level: int, label: str, text: str) -> str:
    """A list item at `level` (from 0); `label` is `-`, `1.` or one that Markdown does not know: `가.`."""
    return f"{INDENT * level}{label} {one_line(text)}"


def join_blocks(blocks: Iterable[str]) -> str:
    """The blocks one blank line apart, list items on neighbouring lines; ends with a newline unless empty.

    A list that begins at a deeper level is moved to the margin, where it is no code block.
    """
    parts: list[str] = []
    margin: int | None = None  # of the list that the last block belongs to
    for block in (block.strip("\n") for block in blocks if block.strip()):
        item = LIST_ITEM.match(block)
        if parts:
            parts.append("\n" if item and margin is not None else "\n\n")
        if item:
            margin = len(item[1]) if margin is None else min(margin, len(item[1]))
            block = re.sub(rf"^ {{{margin}}}", "", block, flags=re.MULTILINE)
        else:
            margin = None
        parts.append(block)
    return clean("".join(parts)) + "\n" if parts else ""
