"""Markdown as blocks that still know their exact lines: headings, tables, lists, paragraphs.

Tolerant on purpose: the text comes from parsers of PDF, HWPX, DOCX, HTML and plain text, with the bullets and
escapes that those leave.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
UNDERLINE = re.compile(r"^(=+|-{3,})\s*$")
BULLET = re.compile(r"^(\s*)[-*+•·▪◦●○■□▶►※ㅇ]\s+(\S.*)$")
NUMBERED = re.compile(r"^(\s*)(?:(\d{1,2})[.)]\s+|([①-⑳])\s*)(\S.*)$")
SPREAD = re.compile(r"^[가-힣](?: [가-힣])+(?=$| ?\()")
TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
SENTENCE_END = re.compile(r"(?<=[.!?。])\s+")
ENUMERATOR = re.compile(
    r"^(?:제\s?\d+(?:조의\d+|[장절관조항])|\d+(?:\.\d+)+\.?|\d+[.)]|[가-하][.)]"
    r"|[IVX]+\.|[Ⅰ-Ⅻ]\.?|\(\d+\)|[①-⑳])\s+"
)


@dataclass(frozen=True)
class Heading:
    """`level` 1-6 and the text without numbering and marks."""

    level: int
    text: str


@dataclass(frozen=True)
class Row:
    """The cells of one table line as plain text, and the line as it stands in the chunk."""

    cells: tuple[str, ...]
    line: str


@dataclass(frozen=True)
class Table:
    """A header and at least one row; every row is as wide as the header."""

    header: Row
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Item:
    """A list item: `number` is 0 for a bullet, `indent` counts spaces; `line` as it stands in the chunk."""

    text: str
    number: int
    indent: int
    line: str


@dataclass(frozen=True)
class ItemList:
    """Neighbouring list items of every depth."""

    items: tuple[Item, ...]


@dataclass(frozen=True)
class Paragraph:
    """Neighbouring lines of prose, as they stand in the chunk."""

    text: str


Block = Heading | Table | ItemList | Paragraph


def blocks(text: str) -> Iterator[Block]:
    """The blocks of `text` in order; code, HTML comments, front matter and rules are left out."""
    lines = visible_lines(text)
    index = 0
    while index < len(lines):
        block, length = heading(lines, index)
        for read in (table, item_list, paragraph):
            if not length:
                block, length = read(lines, index)
        if block:
            yield block
        index += length or 1


def visible_lines(text: str) -> list[str]:
    """The lines of `text`, with those of code blocks, comments and front matter emptied."""
    lines = text.split("\n")
    stripped = [line.strip() for line in lines]
    if stripped[0] == "---" and "---" in stripped[1:40]:
        end = stripped.index("---", 1)
        lines[: end + 1] = [""] * (end + 1)
    is_code = False
    for index, line in enumerate(lines):
        is_fence = bool(FENCE.match(line))
        if is_code or is_fence or line.lstrip().startswith("<!--"):
            lines[index] = ""
        is_code ^= is_fence
    return lines


def heading(lines: list[str], index: int) -> tuple[Block | None, int]:
    """The heading at `index` (`# x`, or underlined) and the number of its lines; 0 for anything else."""
    if match := HEADING.match(lines[index]):
        return Heading(len(match[1]), title(match[2])), 1
    following = lines[index + 1] if index + 1 < len(lines) else ""
    if (
        lines[index].strip()
        and UNDERLINE.match(following)
        and not item(lines[index])
        and "|" not in lines[index]
    ):
        return Heading(1 if following[0] == "=" else 2, title(lines[index])), 2
    return None, 0


def table(lines: list[str], index: int) -> tuple[Block | None, int]:
    """The table whose header is at `index` and the number of its lines; short rows get empty cells."""
    if index + 1 >= len(lines) or "|" not in lines[index] or not TABLE_RULE.match(lines[index + 1]):
        return None, 0
    end = index + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    header = cells(lines[index])
    rows = []
    for line in lines[index + 2 : end]:
        values = cells(line)
        rows.append(Row((*values, *[""] * (len(header) - len(values)))[: len(header)], line.strip()))
    return (Table(Row(header, lines[index].strip()), tuple(rows)) if rows else None), end - index


def item_list(lines: list[str], index: int) -> tuple[Block | None, int]:
    """The list that begins at `index` and how many lines it takes; blank lines between items belong to it."""
    items: list[Item] = []
    end = index
    for position in range(index, len(lines)):
        line = lines[position]
        found = item(line)
        if found:
            items.append(found)
        elif items and line.strip() and line[0].isspace() and end == position:
            last = items[-1]  # an indented line goes on with the item above it
            items[-1] = replace(last, text=f"{last.text} {line.strip()}", line=f"{last.line}\n{line}")
        elif line.strip() or not items:
            break
        else:
            continue
        end = position + 1
    trimmed = tuple(replace(found, line=found.line.strip()) for found in items)
    return (ItemList(trimmed) if items else None), end - index


def item(line: str) -> Item | None:
    """The list item on `line` (untrimmed), None for any other line."""
    if match := NUMBERED.match(line):
        number = int(match[2]) if match[2] else ord(match[3]) - ord("①") + 1
        return Item(match[4].strip(), number, len(match[1].expandtabs(4)), line)
    if match := BULLET.match(line):
        return Item(match[2].strip(), 0, len(match[1].expandtabs(4)), line)
    return None


def paragraph(lines: list[str], index: int) -> tuple[Block | None, int]:
    """The prose that begins at `index` and how many lines it takes, up to a blank line or another block."""
    end = index
    while end < len(lines) and lines[end].strip() and not UNDERLINE.match(lines[end]):
        if end > index and (item(lines[end]) or heading(lines, end)[1] or table(lines, end)[1]):
            break
        end += 1
    return (Paragraph("\n".join(lines[index:end])) if end > index else None), end - index


def cells(line: str) -> tuple[str, ...]:
    """The cells of a table line as plain text; `\\|` is a bar within a cell."""
    inner = re.sub(r"^\||(?<!\\)\|$", "", line.strip())
    return tuple(unspread(plain(cell)) for cell in re.split(r"(?<!\\)\|", inner))


def unspread(text: str) -> str:
    """`text` with syllables together that were spread to fill a cell: 시   간, 대 표 자, 가 격 (10)."""
    return SPREAD.sub(lambda spread: spread[0].replace(" ", ""), text)


def plain(text: str) -> str:
    """`text` without Markdown marks: emphasis, code, links, line breaks, escapes."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\s*<br\s*/?>\s*", ", ", text)
    text = re.sub(r"</?(?:b|i|u|em|strong|span|sub|sup|a|p|code|kbd|div)\b[^>]*>", "", text)
    text = re.sub(r"\*\*|__|`", "", text)
    text = re.sub(r"(?<![\w*])[*_](\S(?:.*?\S)?)[*_](?![\w*])", r"\1", text)
    text = re.sub(r"\\([|*_`#\-.()\[\]<>~])", r"\1", text)
    return " ".join(text.split())


def title(text: str) -> str:
    """A heading as plain text without its numbering (`3.1 복구 목표`: `복구 목표`)."""
    return ENUMERATOR.sub("", plain(text)).rstrip(":： ")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, each an exact slice of it."""
    return [sentence.strip() for sentence in SENTENCE_END.split(text) if sentence.strip()]
