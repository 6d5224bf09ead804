"""Collects law records from the national law API: each into a file, fetched again when it changed."""

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slm_factory.collect.law_api import LawApi, NoText, Temporary
from slm_factory.collect.law_kinds import Item, Search
from slm_factory.collect.ledger import Entry, Ledger
from slm_factory.core.errors import UserError
from slm_factory.core.progress import track
from slm_factory.parsers.hostile import local_name, read_xml
from slm_factory.parsers.law.fields import as_record
from slm_factory.parsers.law.record import find_reader

log = logging.getLogger(__name__)

MAX_NAME_BYTES = 160  # file systems allow 255, and a name stands in longer ones while it is written
MAX_FAILURES = 10  # in a row; then the server is down


@dataclass
class Tally:
    """What came of a run."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    without_text: int = 0  # listed by the API, which has no text for them
    failed: list[dict[str, str]] = field(default_factory=list)  # kind, id, name, reason
    failed_in_a_row: int = 0


def collect(api: LawApi, searches: Iterable[Search], folder: Path, limit: int | None = None) -> Tally:
    """Brings the records that `searches` find into `folder`, at most `limit` of each search.

    Raises:
        UserError: the key is not accepted, the server is down, or a search finds nothing.
    """
    tally = Tally()
    seen: set[tuple[str, str]] = set()
    with Ledger(folder) as ledger:
        for search in searches:
            total, items = api.search(search)
            if not total and not search.since:
                raise UserError(
                    f"error: the law API has no {search.kind} for {search.query!r}",
                    "hint: the query is looked for in names; --in-texts looks in texts too",
                )
            expected = min(total, limit) if limit else total
            for item in track(chosen(items, search, seen, limit), f"collect {search.kind}", total=expected):
                bring(api, item, ledger, tally)
    return tally


def chosen(
    items: Iterator[Item], search: Search, seen: set[tuple[str, str]], limit: int | None
) -> Iterator[Item]:
    """The items that are not seen yet and not older than asked for, at most `limit`."""
    count = 0
    for item in items:
        if limit and count >= limit:
            return
        if (item.kind, item.id) in seen or (search.since and item.date < search.since):
            continue
        seen.add((item.kind, item.id))
        count += 1
        yield item


def bring(api: LawApi, item: Item, ledger: Ledger, tally: Tally) -> None:
    """Fetches a record unless it is there in this version, and counts it.

    Raises:
        UserError: the key is not accepted, or many records failed in a row.
    """
    old = ledger.find(item.kind, item.id)
    if old and (old.serial, old.date) == (item.serial, item.date):
        tally.unchanged += 1
        return
    try:
        content, file = fetch(api, item), file_name(item)
    except NoText as error:
        if old and old.file:
            fail(item, f"its new version has no text, the old one stays ({error})", tally)
            return
        log.warning(
            "collect: the law API has no text of %s %s (%s): %s", item.kind, item.id, item.name, error
        )
        content, file = b"", ""
        tally.without_text += 1
    except Temporary as error:
        fail(item, str(error), tally)
        return
    else:
        tally.changed += old is not None
        tally.new += old is None
    tally.failed_in_a_row = 0
    ledger.write(Entry(item.kind, item.id, item.serial, item.date, file), content)


def fetch(api: LawApi, item: Item) -> bytes:
    """The XML of a record.

    Raises:
        NoText: the API has none that the parser reads.
        Temporary: the server failed at every attempt.
        UserError: the key is not accepted.
    """
    content = api.record(item)
    root = read_xml(content)
    if find_reader({local_name(root): as_record(root)}) is None:
        raise NoText(f"an answer of another kind (<{local_name(root)}>)")
    return content


def fail(item: Item, reason: str, tally: Tally) -> None:
    """Counts a record that could not be fetched.

    Raises:
        UserError: it is one of many in a row.
    """
    log.warning("collect: %s %s (%s) failed: %s", item.kind, item.id, item.name, reason)
    tally.failed.append({"kind": item.kind, "id": item.id, "name": item.name, "reason": reason})
    tally.failed_in_a_row += 1
    if tally.failed_in_a_row >= MAX_FAILURES:
        raise UserError(
            f"error: the law API failed {MAX_FAILURES} times in a row; the last time: {reason}",
            "hint: run the same command again later; it goes on where it stopped",
        )


def file_name(item: Item) -> str:
    """Where a record goes: `statute/소득세법_001565.xml`.

    No date is in it: a document keeps its name, and so its chunks and their review, when it is amended.
    """
    words = unicodedata.normalize("NFC", item.name)
    stem = re.sub(r"[^\w.·ㆍ-]+", "_", words).strip("._-") or item.kind
    stem = stem.encode()[:MAX_NAME_BYTES].decode(errors="ignore").rstrip("._-")
    return f"{item.kind}/{stem}_{re.sub(r'[^0-9A-Za-z-]', '', item.id)}.xml"
