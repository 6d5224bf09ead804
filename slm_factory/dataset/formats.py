"""The forms in which training tools read conversations, and their files."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.dataset.rows import ROW

SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}  # roles in ShareGPT's words


def alpaca(row: Row) -> Row:
    """Stanford Alpaca's columns, with LLaMA-Factory's two more: `system`, and earlier turns in `history`."""
    system, turns = row["messages"][0], row["messages"][1:]
    contents = [message["content"] for message in turns]
    exchanges = [contents[place : place + 2] for place in range(0, len(contents), 2)]
    instruction, output = exchanges[-1]
    return {
        "instruction": instruction,
        "input": "",
        "output": output,
        "system": system["content"],
        "history": exchanges[:-1],
        "id": row["id"],
    }


def sharegpt(row: Row) -> Row:
    """ShareGPT's `conversations`: who (`from`) says what (`value`)."""
    said = [{"from": SPEAKERS[message["role"]], "value": message["content"]} for message in row["messages"]]
    return {"conversations": said, "id": row["id"]}


def chat(row: Row) -> Row:
    """`messages` as chat APIs and TRL have them, with the kind of row."""
    return {"messages": row["messages"], "id": row["id"], "kind": row["kind"]}


def write_json_list(path: Path, rows: Iterable[Row]) -> None:
    """Writes a JSON list, one row a line, UTF-8, not escaped."""
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(rows):
            file.write((",\n" if number else "\n") + json.dumps(row, ensure_ascii=False))
        file.write("\n]\n")


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Writes all columns of `ROW` as Parquet."""
    files.write_rows(path, rows, ROW)


def string(name: str) -> dict[str, Any]:
    """A column of text, as a data card describes it."""
    return {"name": name, "dtype": "string"}


@dataclass(frozen=True)
class Format:
    """One form: how a row looks in it, how rows are written, and its columns in the words of a data card.

    Columns are told because readers that guess them take a split without conversations for another table.
    """

    suffix: str
    row: Callable[[Row], Row]
    write: Callable[[Path, Iterable[Row]], None]
    columns: list[dict[str, Any]]


TURNS = {"name": "messages", "list": [string("role"), string("content")]}
FORMATS = {
    "chat": Format(".jsonl", chat, files.write_json_lines, [TURNS, string("id"), string("kind")]),
    "alpaca": Format(
        ".json",
        alpaca,
        write_json_list,
        [
            *map(string, ("instruction", "input", "output", "system")),
            {"name": "history", "list": {"list": "string"}},
            string("id"),
        ],
    ),
    "sharegpt": Format(
        ".json",
        sharegpt,
        write_json_list,
        [{"name": "conversations", "list": [string("from"), string("value")]}, string("id")],
    ),
    "parquet": Format(
        ".parquet", lambda row: row, write_table, [*(string(name) for name in ROW.names[:-1]), TURNS]
    ),
}


def write(folder: Path, name: str, splits: dict[str, list[Row]]) -> dict[str, str]:
    """Writes the splits that have rows in the format `name`; their paths below `folder`, by split."""
    form = FORMATS[name]
    paths = {}
    for split, rows in splits.items():
        if rows:
            paths[split] = f"{name}/{split}{form.suffix}"
            (folder / name).mkdir(exist_ok=True)
            form.write(folder / paths[split], map(form.row, rows))
    return paths
