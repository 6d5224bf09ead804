"""The fields of law records: XML and JSON in one form, their texts without HTML, their dates as ISO dates.

Format: open.law.go.kr. The JSON form of the API has the names of the XML form, with a single child in place
of a list of one, `content` for the text of an element that has attributes, and lists of lines for CDATA.
"""

import html
import re
from datetime import date
from typing import Any

from lxml import etree

from slm_factory.parsers.hostile import local_name
from slm_factory.parsers.markdown import one_line

Record = dict[str, Any]

IMAGE = "[그림]"  # stands where a formula or table is an image

LINE_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|tr|li)>", re.IGNORECASE)
IMAGE_TAG = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>|<!H[SE]>")  # the last two mark search hits on the tax law site
CDATA_BREAK = re.compile(r"\n\n\n")
DATE = re.compile(r"\s*(\d{4})[.\-년/]?\s*(\d{1,2})[.\-월/]?\s*(\d{1,2})[.일]?(?:\s*|\d{6})")
DANGI = range(4200, 4331)  # the calendar of rulings before 1962, 2,333 years ahead
DANGI_AHEAD = 2333


def as_record(element: etree._Element) -> Any:
    """An XML element as the API's JSON has it: a string, or its children by name, lists where they repeat."""
    if len(element) == 0:
        return element.text or ""
    record: Record = {}
    for child in element:
        if name := local_name(child):
            record.setdefault(name, []).append(as_record(child))
    if element.text and element.text.strip():
        record["content"] = element.text
    return {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in record.items()
    }


def each(value: Any) -> list[Record]:
    """The dictionaries in a value that may be one, a list of them, or nothing."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def first(value: Any) -> Record:
    """The dictionary in a value, an empty one if there is none."""
    return next(iter(each(value)), {})


def raw_text(value: Any) -> str:
    """The text in a value as it came: a string, an element with attributes, or nested lists of lines."""
    lines: list[str] = []
    waiting = [value]
    while waiting:  # no recursion: hostile JSON nests deeper than Python's stack
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.append(item.get("content"))
        elif isinstance(item, list):
            waiting += reversed(item)
        elif item is not None:
            lines.append(str(item))
    return "\n".join(lines)


def text_of(value: Any) -> str:
    """The text in a value with its HTML as line breaks and plain characters; `IMAGE` stands for images."""
    text = raw_text(value)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        if LINE_BREAK.search(text):
            text = LINE_BREAK.sub("\n", text.replace("\n", " "))
        text = TAG.sub("", IMAGE_TAG.sub(IMAGE, text))
    return text


def lines_of(value: Any) -> str:
    """The text of a field that the XML form has as a CDATA section per line, without the breaks between."""
    return CDATA_BREAK.sub("\n", text_of(value))


def line_of(record: Record, *names: str) -> str:
    """The first of these fields that is filled, on one line."""
    return next(filter(None, (one_line(text_of(record.get(name))) for name in names)), "")


def day_of(record: Record, *names: str) -> str:
    """The first of these fields that holds a date, as an ISO date."""
    return next(filter(None, (iso_date(raw_text(record.get(name))) for name in names)), "")


def iso_date(words: str) -> str:
    """`20240814`, `2024.08.14` or `2024. 8. 14.` as `2024-08-14`; "" for anything else."""
    match = DATE.fullmatch(words)
    if not match:
        return ""
    year, month, day = map(int, match.groups())
    if year in DANGI:
        year -= DANGI_AHEAD
    try:
        return date(year, month, day).isoformat() if year > 1 else ""  # year 1 stands for an unknown day
    except ValueError:
        return ""
