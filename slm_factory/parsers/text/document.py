"""Markdown and plain text, in whatever encoding they were saved."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml
from lxml import html as lxml_html

from slm_factory.parsers.html.blocks import blocks
from slm_factory.parsers.markdown import clean, one_line
from slm_factory.parsers.parsed import Options, Parsed
from slm_factory.parsers.text.encodings import decode
from slm_factory.parsers.text.plain import structure

__all__ = ["decode", "parse_markdown", "parse_text"]

FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\n(.{0,65536}?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
TABLE = re.compile(r"<(/?)table\b[^<>]*>", re.IGNORECASE)
UNDERLINED = re.compile(r"(?:(?<=\n\n)|\A)([^\s#>|=-][^\n]*)\n(={3,}|-{3,})[ \t]*(?=\n|\Z)")
CODE_SPAN = "(?P<code>`+[^`\n]*`+)|"  # which is left as it is
BREAK = re.compile(CODE_SPAN + r"(?<![ \t])[ \t]*<br\s*/?>[ \t]*", re.IGNORECASE)
COMMENT = re.compile(CODE_SPAN + "<!--")
# Elements that lay out a Markdown page and say nothing; their text stays.
LAYOUT = re.compile(
    CODE_SPAN + r"</?(?:a|center|details|div|font|img|p|span|summary)(?:\s[^<>\n]*)?/?>", re.IGNORECASE
)
# What the site generator Hugo puts in place of text: {{< note >}}, {{< glossary_tooltip text="..." >}}
SHORTCODE = re.compile(CODE_SPAN + r"\{\{[<%]([^{}\n]{1,500}?)[%>]\}\}")
SHOWN = re.compile(r"""\btext\s*=\s*["']([^"']*)["']|\bheading\s+["']([^"']*)["']""")
DATE_KEYS = (
    "date",
    "updated",
    "lastmod",
    "날짜",
    "작성일",
    "시행일자",
    "선고일자",
)  # the first that is there
TITLE_KEYS, AUTHOR_KEYS, LANGUAGE_KEYS = (
    ("title", "제목"),
    ("author", "authors", "작성자"),
    ("language", "lang"),
)
FIRST_HEADING = re.compile(r"^#[ \t]+(\S.{0,300})", re.MULTILINE)
CLOSING = re.compile(r"\s#+$")  # marks that close a heading
MAX_LIST = 20  # entries of a list in front matter


def parse_markdown(data: bytes, options: Options) -> Parsed:
    """Markdown as it is; its front matter in `meta`, its comments left out, its HTML tables as Markdown."""
    text, warnings = decode(data)
    front, text = split_front_matter(clean(text))
    parts = [(part if is_code else tidy(without_html(part)), is_code) for part, is_code in split_code(text)]
    found = next(
        (match for part, is_code in parts if not is_code and (match := FIRST_HEADING.search(part))), None
    )
    return Parsed(
        finish("".join(part for part, _ in parts)),
        "md",
        title=one_line(first(front, TITLE_KEYS) or (CLOSING.sub("", one_line(found[1])) if found else "")),
        date=first(front, DATE_KEYS),
        language=first(front, LANGUAGE_KEYS),
        meta=front | ({"author": author} if (author := first(front, AUTHOR_KEYS)) else {}),
        warnings=warnings,
    )


def parse_text(data: bytes, options: Options) -> Parsed:
    """Plain text as Markdown: headings where they are certain, lines that were wrapped joined."""
    text, warnings = decode(data)
    text = structure(tidy(clean(text)))
    found = FIRST_HEADING.search(text)
    return Parsed(
        finish(text), "txt", title=CLOSING.sub("", one_line(found[1])) if found else "", warnings=warnings
    )


def tidy(text: str) -> str:
    """The text with underlined headings written with `#`, and at most one empty line in a row."""
    text = UNDERLINED.sub(lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1].strip()}\n", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def finish(text: str) -> str:
    """The text without empty lines around it; ends with one newline unless empty."""
    text = text.strip("\n")
    return text + "\n" if text else ""


def first(front: dict[str, str], keys: tuple[str, ...]) -> str:
    """The first of these entries that is not empty."""
    return next((front[key] for key in keys if front.get(key)), "")


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The entries of YAML (`---`) or TOML (`+++`) front matter, and the text after it.

    Values are texts, numbers, dates, and lists of these. Deeper ones are left out: an alias bomb is small in
    memory and endless when written.
    """
    match = FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        # All values as they are written: a reader of types fails on `!!int x`, and `no` would be False.
        values = yaml.load(match[2], yaml.BaseLoader) if match[1] == "---" else tomllib.loads(match[2])
        front = {one_line(str(key)): written(value) for key, value in dict(values).items()}
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return {}, text
    return {key: value for key, value in front.items() if value}, text[match.end() :]


def written(value: Any) -> str:
    """A scalar as text, a date in ISO form, a list of them after commas, "" for anything deeper."""
    if isinstance(value, list):
        return ", ".join(written(one) for one in value[:MAX_LIST] if not isinstance(one, (list, dict)))
    if isinstance(value, (str, int, float)):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else ""


def split_code(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a Markdown text in turn, and whether each is a fenced code block (CommonMark 4.5)."""
    part: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if not fence and mark:
            yield "".join(part), False
            part, fence = [line], mark[1]
        elif fence and mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
            yield "".join([*part, line]), True
            part, fence = [], ""
        else:
            part.append(line)
    yield "".join(part), bool(fence)


def without_html(text: str) -> str:
    """Markdown without comments and layout elements; tables of HTML become those of Markdown."""
    text = convert_tables(without_comments(text))
    text = "\n".join(break_line(line) for line in text.split("\n"))
    return SHORTCODE.sub(shown, LAYOUT.sub(lambda match: match["code"] or "", text))


def break_line(line: str) -> str:
    """The line broken at each `<br>`; in a table, where it cannot be broken, with a space there."""
    end = " " if line.startswith("|") else "\n"
    return BREAK.sub(lambda match: match["code"] or end, line)


def without_comments(text: str) -> str:
    """The text without `<!-- ... -->` outside of code spans; one that is never closed is no comment."""
    kept: list[str] = []
    start = 0
    while match := COMMENT.search(text, start):
        end = match.end()
        if not match["code"]:
            end = text.find("-->", end) + 3
            if end < 3:
                break
        kept.append(text[start : match.end() if match["code"] else match.start()])
        is_line = not match["code"] and text[match.start() - 1 : match.start()] in ("", "\n")
        start = end + (is_line and text.startswith("\n", end))
    return "".join([*kept, text[start:]])


def convert_tables(text: str) -> str:
    """The text with its HTML tables, inner ones with their outer one, written as Markdown."""
    kept: list[str] = []
    start = opened = depth = 0
    for match in TABLE.finditer(text):
        if match[1] and depth:
            depth -= 1
            if depth == 0:
                page = lxml_html.document_fromstring(text[opened : match.end()])
                kept += (text[start:opened], "\n\n", "\n\n".join(blocks(page)), "\n\n")
                start = match.end()
        elif not match[1]:
            opened = opened if depth else match.start()
            depth += 1
    return "".join([*kept, text[start:]])


def shown(match: re.Match[str]) -> str:
    """What a shortcode shows, as far as it says so itself."""
    if match["code"]:
        return match["code"]
    text = SHOWN.search(match[2])
    return (text[1] or text[2] or "") if text else ""
