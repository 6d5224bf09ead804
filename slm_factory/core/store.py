"""The answer store: whatever was paid for once is remembered by the content of its request.

One SQLite file per user. Keys are hashes of everything that produced the answer, values are JSON, failures
are never stored. Killed runs resume from it, experiments in temporary folders share it, and deleting it loses
time only.
"""

import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import platformdirs

from slm_factory.core.errors import UserError
from slm_factory.core.records import content_key

SCHEMA = """CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, answer TEXT NOT NULL
) WITHOUT ROWID"""
# Every attempt that was paid for on this machine, also those that failed.
LEDGER = """CREATE TABLE IF NOT EXISTS calls (
    call INTEGER PRIMARY KEY, request TEXT NOT NULL, repository TEXT NOT NULL, stage TEXT NOT NULL,
    document TEXT NOT NULL, model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, money REAL NOT NULL, seconds REAL NOT NULL
)"""
# Every training run on this machine, also those that were killed, up to their last checkpoint.
TRAININGS = """CREATE TABLE IF NOT EXISTS trainings (
    training INTEGER PRIMARY KEY, repository TEXT NOT NULL, student TEXT NOT NULL, device TEXT NOT NULL,
    processes INTEGER NOT NULL, steps INTEGER NOT NULL, tokens INTEGER NOT NULL, seconds REAL NOT NULL,
    peak_bytes INTEGER NOT NULL, money REAL NOT NULL
)"""

DISK_ERRORS = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS}


def cache_folder() -> Path:
    """`SLM_FACTORY_CACHE`, else the platform's cache folder; made when missing. Always absolute."""
    chosen = os.environ.get("SLM_FACTORY_CACHE")
    folder = (
        Path(chosen).expanduser().absolute() if chosen else Path(platformdirs.user_cache_dir("slm-factory"))
    )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Store:
    """A persistent map from request keys to JSON answers; use as a context manager.

    Several processes may use one file at a time: writes wait up to 60 seconds for each other.

    Raises:
        UserError: the file exists and is not a store.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or cache_folder() / "answers.sqlite"
        self.connection = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        try:
            self.connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may lose the last answers, never the file; a killed process loses none.
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.execute(SCHEMA)
            self.connection.execute(LEDGER)
            self.connection.execute(TRAININGS)
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise UserError(
                f"error: the answer store {self.file} cannot be used: {error}",
                "hint: move that file away, or set SLM_FACTORY_CACHE to another folder",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; everything is committed already."""
        self.connection.close()

    def __getitem__(self, key: str) -> Any:
        """The answer under `key`.

        Raises:
            KeyError: there is none.
        """
        answer = self.get_by_key(key)
        if answer is None:
            raise KeyError(key)
        return answer

    def get(self, request: Any) -> Any | None:
        """The answer to `request`, or None. `request` is any JSON value; its content is the key."""
        return self.get_by_key(content_key(request))

    def get_by_key(self, key: str) -> Any | None:
        """The answer under `key` (see `records.content_key`), or None."""
        row = self.connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def has(self, key: str) -> bool:
        """Whether there is an answer under `key`, without reading it."""
        return bool(self.connection.execute("SELECT 1 FROM answers WHERE key = ?", (key,)).fetchone())

    def put(self, kind: str, request: Any, answer: Any) -> str:
        """Remembers `answer`, committed when this returns, and returns its key. `kind` is for people."""
        key = content_key(request)
        self.put_by_key(kind, [(key, answer)])
        return key

    def put_by_key(self, kind: str, answers: Iterable[tuple[str, Any]]) -> None:
        """Remembers (key, answer) pairs in one transaction; they are taken one at a time.

        Raises:
            OSError: the disk is full or the file cannot be written.
        """
        rows = ((key, kind, json.dumps(answer, ensure_ascii=False)) for key, answer in answers)
        with self.writing():
            self.connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)

    def put_call(self, call: dict[str, str | int | float | None]) -> int:
        """Writes an attempt down in the ledger, committed when this returns, and returns its number.

        `call` has the columns of the table `calls`; its "call" is the number to write it anew under, or None.

        Raises:
            OSError: the disk is full or the file cannot be written.
        """
        return self.put_row("calls", call)

    def put_training(self, training: dict[str, str | int | float | None]) -> int:
        """Writes a training run down as `put_call` does an attempt; the columns are those of `trainings`.

        Raises:
            OSError: the disk is full or the file cannot be written.
        """
        return self.put_row("trainings", training)

    def put_row(self, table: str, row: dict[str, str | int | float | None]) -> int:
        """Writes a row of the ledger, committed when this returns, and returns its number."""
        columns = ", ".join(row)
        places = ", ".join(f":{name}" for name in row)
        with self.writing():
            written = self.connection.execute(
                f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({places})", row
            )
        return int(written.lastrowid or 0)

    def trainings(self, repository: str) -> list[dict[str, Any]]:
        """The training runs of a repository, oldest first, as dictionaries of the columns of `trainings`."""
        found = self.connection.execute("SELECT * FROM trainings WHERE repository = ?", (repository,))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def spent(self, repository: str) -> tuple[int, float]:
        """Tokens and money of all attempts of a repository."""
        total = "coalesce(sum(prompt_tokens + completion_tokens), 0), coalesce(sum(money), 0.0)"
        tokens, money = self.connection.execute(
            f"SELECT {total} FROM calls WHERE repository = ?", (repository,)
        ).fetchone()
        return tokens, money

    def seconds_by_request(self, stage: str) -> Iterator[tuple[str, float]]:
        """How long the attempts of each request of a stage took together."""
        yield from self.connection.execute(
            "SELECT request, sum(seconds) FROM calls WHERE stage = ? GROUP BY request", (stage,)
        )

    def mean_seconds(self, stage: str, model: str) -> float | None:
        """How long an answered attempt of a stage at a model takes on average; None before the first."""
        timed = "WHERE stage = ? AND model = ? AND completion_tokens > 0"
        (seconds,) = self.connection.execute(
            f"SELECT avg(seconds) FROM calls {timed}", (stage, model)
        ).fetchone()
        return None if seconds is None else float(seconds)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction; a disk that cannot be written ends in an `OSError`."""
        try:
            with self.connection:
                self.connection.execute("BEGIN")
                yield
        except sqlite3.OperationalError as error:
            number = DISK_ERRORS.get(error.sqlite_errorcode & 0xFF)  # the low byte is the primary code
            if number is None:
                raise
            raise OSError(number, os.strerror(number), str(self.file)) from error
