"""The wizard's steps about documents: which are there, and what is read from each."""

import shlex
import shutil
from collections import Counter
from pathlib import Path
from unicodedata import normalize

from slm_factory.core import files
from slm_factory.language import _
from slm_factory.wizard.screen import Screen

DOCUMENTS = Path("data/documents")
PARSED = Path("data/parse.parquet")
CHUNKS = Path("data/chunk.parquet")
PARSE_METRICS = Path("metrics/parse.json")
DOCUMENTS_SHOWN = 20


def documents(screen: Screen) -> None:
    """Which documents are there; more are copied from where the user says."""
    while True:
        found = sorted(path for path in DOCUMENTS.rglob("*") if path.is_file() and path.name[0] != ".")
        kinds = Counter(path.suffix.lower().lstrip(".") or _("without suffix") for path in found)
        size = sum(path.stat().st_size for path in found) / 1e6
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        counted = {"folder": DOCUMENTS, "count": len(found), "size": size, "kinds": told or _("none")}
        screen.tell(_("%(folder)s holds %(count)d files (%(size).1f MB): %(kinds)s") % counted)
        place = screen.ask(_("A file or folder to add, `-` to empty the folder, or Enter to go on:"))
        if not place and found:
            return
        if place == "-":
            question = _("Delete %(count)d files from %(folder)s? Only what git knows can come back.")
            if screen.agrees(question % counted, False):
                screen.command(f"rm -r {DOCUMENTS}/*")
                for path in found:
                    path.unlink()
        elif place:
            add(screen, Path(place).expanduser())


def add(screen: Screen, place: Path) -> None:
    """Copies a file, or the files of a folder, into the documents; replaces none without a question."""
    if not place.exists():
        screen.tell(_("there is no %s") % place, "yellow")
        return
    sources = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    targets = {
        path: DOCUMENTS / (path.relative_to(place) if place.is_dir() else path.name) for path in sources
    }
    known = [target for target in targets.values() if target.exists()]
    if known and not screen.agrees(_("%d of them are there already. Replace them?") % len(known), False):
        targets = {path: target for path, target in targets.items() if target not in known}
    screen.command(shlex.join(["cp", "-r", f"{place}{'/.' if place.is_dir() else ''}", f"{DOCUMENTS}/"]))
    for path, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def reading(screen: Screen) -> None:
    """Reads the documents and shows what came of each; some may be left out, and the rest is read again."""
    while True:
        screen.demand("run", "--until", "chunk")
        found = show(screen)
        answer = screen.ask(_("Numbers of documents to leave out, or Enter to go on:"))
        if not answer:
            return
        chosen = {file_of(found[at]) for at in numbers(answer, len(found))}
        if chosen:
            leave_out(screen, sorted(chosen))
        else:
            screen.tell(_("numbers from 1 to %d, please") % len(found), "yellow")


def leave_out(screen: Screen, paths: list[Path]) -> None:
    """Deletes documents, after a question."""
    question = _("Delete %s? Only what git knows can come back.") % ", ".join(map(str, paths))
    if screen.agrees(question, False):
        for path in paths:
            screen.command(shlex.join(["rm", str(path)]))
            path.unlink(missing_ok=True)


def numbers(answer: str, count: int) -> list[int]:
    """Places from 0 that an answer like `1 3, 5` names; [] unless all words are numbers from 1 to `count`."""
    words = answer.replace(",", " ").split()
    if not all(word.isdecimal() and 1 <= int(word) <= count for word in words):
        return []
    return [int(word) - 1 for word in words]


def show(screen: Screen) -> list[str]:
    """Prints a table of the documents; returns all of them in its order."""
    rows = files.read_rows(PARSED)
    chunks = Counter(row["doc_id"] for row in files.read_rows(CHUNKS, ["doc_id"]))
    cells = [
        [
            str(at),
            row["doc_id"],
            row["language"],
            str(row["pages"] or "-"),
            str(chunks[row["doc_id"]]),
            "; ".join(row["warnings"]),
        ]
        for at, row in enumerate(rows[:DOCUMENTS_SHOWN], 1)
    ]
    titles = ["", _("document"), _("language"), _("pages"), _("chunks"), _("warnings")]
    screen.table(titles, cells, right=(0, 3, 4))
    if len(rows) > DOCUMENTS_SHOWN:
        screen.tell(
            _("... and %(count)d more in %(file)s") % {"count": len(rows) - DOCUMENTS_SHOWN, "file": PARSED}
        )
    for skipped in files.read_json(PARSE_METRICS)["skipped"]:
        screen.tell(_("not read: %(doc_id)s: %(reason)s") % skipped, "yellow")
    return [row["doc_id"] for row in rows]


def file_of(doc_id: str) -> Path:
    """The file of a document, whatever its name's Unicode form on disk; a record is named behind a #."""
    found = {normalize("NFC", path.relative_to(DOCUMENTS).as_posix()): path for path in DOCUMENTS.rglob("*")}
    name = doc_id if doc_id in found else doc_id.rpartition("#")[0] or doc_id
    return found.get(name, DOCUMENTS / name)
