"""Records as documents, by a map of which fields are text, title, date and id."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import Any

from slm_factory.parsers import law
from slm_factory.parsers.markdown import clean, heading, join_blocks, one_line
from slm_factory.parsers.parsed import Options, Parsed, RecordFields, Refused

Record = dict[str, Any]

MAX_DEPTH = 8  # of objects in objects, or lists in lists
MAX_LISTED = 50  # values that a field of `meta` may list; embeddings have hundreds
MAX_PART = 200  # characters
MAX_NAMED = 10  # fields or places that a message names


class Documents:
    """Collects the documents of a file's records, and what is to be said about the others."""

    def __init__(self, format_name: str, options: Options) -> None:
        self.format_name = format_name
        self.options = options
        self.found: list[Parsed] = []
        self.parts: dict[str, int] = {}  # how often each was asked for
        self.warnings: list[str] = []
        self.without_text = 0
        self.refused: list[str] = []  # why law records are left out
        self.left_out: dict[str, None] = {}  # names of nested fields, in order
        self.fields: dict[str, None] = {}  # names in the records without text, in order
        self.characters_left = options.max_expanded_bytes

    def add(self, value: Any, number: int, is_alone: bool = False) -> None:
        """Takes one record, the file's `number`th, if it makes a document.

        Raises:
            Refused: the documents together are over the limit.
        """
        parsed, identifier = self.read(value)
        if parsed is None:
            self.without_text += not law.is_record(value)
            return
        self.characters_left -= len(parsed.markdown) + sum(map(len, parsed.meta.values()))
        if self.characters_left < 0:
            raise Refused("its records hold more text than max_expanded_megabytes")
        part = "" if is_alone else self.unique(identifier or str(number))
        self.found.append(replace(parsed, part=part))

    def read(self, value: Any) -> tuple[Parsed | None, str]:
        """The document of a record, None if it has no text, and what identifies it, "" if nothing does."""
        fields = self.options.records
        if law.is_record(value):
            try:
                statute = law.read_record(value)
            except Refused as error:
                self.refused.append(error.reason)
                return None, ""
            return statute, statute.part or statute.title
        if not isinstance(value, dict):
            return None, ""
        parsed = to_document(value, fields, self.format_name)
        if parsed is None:
            self.fields.update(dict.fromkeys(listed(value)))
        else:
            self.left_out.update(dict.fromkeys(nested_names(value, fields)))
        return parsed, one_line(scalar(reach(value, fields.id)))

    def unique(self, wanted: str) -> str:
        """The name of a part, with a number behind it if it is taken."""
        wanted = one_line(wanted)[:MAX_PART]
        part = wanted
        while part in self.parts:
            self.parts[wanted] += 1
            part = f"{wanted} ({self.parts[wanted]})"
        self.parts[part] = 1
        return part

    def result(self) -> list[Parsed]:
        """The documents; what is to be said about the file is said by the first.

        Raises:
            Refused: there is none.
        """
        if not self.found and self.refused:
            raise Refused(self.refused[0])
        if not self.found:
            names = " or ".join(self.options.records.text)
            seen = ", ".join(listed(self.fields)) or "none"
            raise Refused(
                f"no record has a field {names}; name the fields under parse.records in params.yaml "
                f"(found: {seen})"
            )
        for reason, count in Counter(self.refused).items():
            self.warnings.append(f"{count} law records are left out: {reason}")
        if self.without_text:
            self.warnings.append(f"{self.without_text} records without text are left out")
        if self.left_out:
            self.warnings.append(
                f"fields with nested values are left out: {', '.join(listed(self.left_out))}"
            )
        first = replace(self.found[0], warnings=(*self.found[0].warnings, *self.warnings))
        return [first, *self.found[1:]]


def to_document(record: Record, fields: RecordFields, format_name: str) -> Parsed | None:
    """A record with its title as heading, its texts as sections, and its other fields in `meta`.

    None if it has none of the texts.
    """
    texts = [(name, text) for name in fields.text if (text := as_text(reach(record, name)))]
    if not texts:
        return None
    title = one_line(scalar(reach(record, fields.title)))
    blocks = [heading(1, title)] if title else []
    for name, text in texts:
        if len(fields.text) > 1:
            blocks.append(heading(2, name.rpartition(".")[2]))
        blocks.append(text)
    told = {*fields.text, fields.title, fields.date}
    meta = {
        one_line(name): value
        for name, leaf in leaves(record)
        if name not in told and leaf is not None and (value := one_line(leaf))
    }
    day = scalar(reach(record, fields.date))
    return Parsed(join_blocks(blocks), format_name, title=title, date=day, meta=meta)


def reach(record: Record, name: str) -> Any:
    """The value of a field, None if there is none; `a.b` is the field of that name, else b in object a."""
    if name in record:
        return record[name]
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def leaves(record: Record, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, str | None]]:
    """The dotted names of all fields with their values as text, None for what cannot be one line of text."""
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from leaves(value, f"{name}.", depth + 1)
        elif (
            isinstance(value, list)
            and len(value) <= MAX_LISTED
            and not any(isinstance(item, (dict, list)) for item in value)
        ):
            yield name, ", ".join(text for item in value if (text := scalar(item)))
        else:
            yield name, None if isinstance(value, (dict, list, bytes)) else scalar(value)


def nested_names(record: Record, fields: RecordFields) -> Iterator[str]:
    """The fields of a record that are neither text nor fit for `meta`."""
    return (one_line(name) for name, value in leaves(record) if value is None and name not in fields.text)


def as_text(value: Any, depth: int = 1) -> str:
    """The text of a field, Markdown as it is: a string, several, or the fields of an object, one per line."""
    if isinstance(value, list):
        return "\n\n".join(text for item in value if depth < MAX_DEPTH and (text := as_text(item, depth + 1)))
    if isinstance(value, dict):
        return "\n".join(f"- {one_line(name)}: {one_line(leaf)}" for name, leaf in leaves(value) if leaf)
    return re.sub(r"\n{3,}", "\n\n", clean(scalar(value))).strip("\n")


def scalar(value: Any) -> str:
    """A string, number, truth value or moment as text; "" for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    return str(value) if isinstance(value, (int, float, Decimal)) else ""


def listed(names: Iterable[str]) -> list[str]:
    """The first of some names, as a message has room for."""
    return [one_line(name)[:MAX_PART] for name in islice(names, MAX_NAMED)]
