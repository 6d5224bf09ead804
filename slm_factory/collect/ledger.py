"""What was collected into a folder, a line per record: a killed run goes on where it stopped."""

import json
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from slm_factory.core import files

NAME = ".collected.jsonl"


@dataclass(frozen=True)
class Entry:
    """A record as it was last fetched; `file` is "" where the service lists it and has no text for it."""

    kind: str
    id: str
    serial: str
    date: str
    file: str  # path below the folder


class Ledger:
    """The entries of a folder by kind and id.

    While it is open, every change is added to the file at once; at the end the file is written anew, sorted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self.entries: dict[tuple[str, str], Entry] = {}
        for line in self.path.read_text(encoding="utf-8").split("\n") if self.path.is_file() else ():
            try:
                entry = Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue  # the last line of a run that was killed while writing it
            self.entries[entry.kind, entry.id] = entry

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines = self.path.open("a", encoding="utf-8")
        self.lines.write("\n")  # ends a line that a killed run left half
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lines.close()
        files.write_json_lines(self.path, (asdict(self.entries[key]) for key in sorted(self.entries)))

    def find(self, kind: str, id: str) -> Entry | None:
        """The entry of a record whose file, if it has one, is still there."""
        entry = self.entries.get((kind, id))
        return entry if entry and (not entry.file or (self.folder / entry.file).is_file()) else None

    def write(self, entry: Entry, content: bytes) -> None:
        """Writes a record's file, removes the one of its last version, and enters it."""
        if entry.file:
            with files.replacing(self.folder / entry.file) as beside:
                beside.write_bytes(content)
        old = self.entries.get((entry.kind, entry.id))
        if (
            old
            and old.file
            and unicodedata.normalize("NFC", old.file) != unicodedata.normalize("NFC", entry.file)
        ):
            (self.folder / old.file).unlink(missing_ok=True)
        self.entries[entry.kind, entry.id] = entry
        self.lines.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        self.lines.flush()
