"""`slm-factory train`: the adapter, from the pipeline's rows or from a file of conversations."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.run import ended, run
from slm_factory.core.errors import UserError
from slm_factory.language import _

STAGE = "train"
ADAPTER = "adapter"  # in the folder that --into names
# What the stage reads and writes, below the folder that it runs in.
ROWS, WRITTEN = Path("data/convert.jsonl"), {Path("models/adapter"): ADAPTER, Path("metrics"): "metrics"}


def train(
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Conversations, one JSON object a line (chat JSONL).")
    ] = None,
    valid: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --data: rows that tell when to stop early.")
    ] = None,
    into: Annotated[Path, typer.Option(help="With --data: folder for adapter and metrics.")] = Path(
        "build/train"
    ),
    force: Annotated[bool, typer.Option("--force", help="With --data: replace that folder.")] = False,
) -> None:
    """Train the adapter, and first whatever it needs: `slm-factory run --until train`.

    With --data, train on a file instead, with the same student and settings; the pipeline's data, models and
    metrics stay as they are. A row is {"messages": [{"role": ..., "content": ...}, ...]}, as `tool dataset
    --format chat` writes it; it is trained as it stands, so it should open with the system prompt.

    Examples: slm-factory train; slm-factory train --data build/dataset/chat/train.jsonl
    --valid build/dataset/chat/valid.jsonl; slm-factory export --adapter build/train/adapter
    """
    repository.require_root()
    if data is None:
        if valid:
            raise UserError("error: --valid goes with --data", "hint: slm-factory train --help")
        run(until=STAGE)
        return
    from slm_factory.core import files

    rows = read_chat(data, "train") + (read_chat(valid, "valid") if valid else [])
    require_own_folder(into, ADAPTER, force)
    with files.replacing_folder(into) as beside:
        work = beside / "work"
        set_up(work, rows)
        run_stage_in(work)
        for source, target in WRITTEN.items():
            (work / source).rename(beside / target)
        shutil.rmtree(work)
    print(_("adapter: {folder}").format(folder=into / ADAPTER))
    print(_("next: {command}").format(command=f"{repository.program()} export --adapter {into / ADAPTER}"))


def read_chat(file: Path, split: str) -> list[dict[str, Any]]:
    """The rows of a chat JSONL file as the stage takes them.

    Raises:
        UserError: there is no such file, no row, or a row is no conversation that ends with an answer.
    """
    from slm_factory.core import files

    if not file.is_file():
        hint = f"hint: {repository.program()} tool dataset --format chat writes such files"
        raise UserError(f"error: there is no file {file}", hint)
    rows = []
    for number, row in enumerate(files.read_json_lines(file), start=1):
        messages = row.get("messages")
        if not is_conversation(messages):
            raise UserError(
                f"error: {file}: row {number} is no conversation that ends with an answer",
                'hint: {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}]}',
            )
        rows.append({"split": split, "messages": messages})
    if not rows:
        raise UserError(f"error: {file} holds no rows", "hint: a conversation a line, as JSON")
    return rows


def is_conversation(messages: Any) -> bool:
    """Whether these are messages of which the last one is the assistant's, and not the only one."""
    return (
        isinstance(messages, list)
        and len(messages) > 1
        and all(
            isinstance(message, dict)
            and message.get("role") in ("system", "user", "assistant")
            and isinstance(message.get("content"), str)
            for message in messages
        )
        and messages[-1]["role"] == "assistant"
    )


def require_own_folder(folder: Path, content: str, force: bool) -> None:
    """Returns when `folder` is missing or empty, or holds `content`, so is one of ours, and may be replaced.

    Raises:
        UserError: it is not; what it holds would be lost.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"error: {folder} is a file", "hint: --into names a folder")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / content).exists():
        raise UserError(
            f"error: {folder} holds something else", "hint: --into names a folder that is not there yet"
        )
    if not force:
        raise UserError(f"error: {folder} holds an earlier result", "hint: --force replaces it")


def set_up(work: Path, rows: list[dict[str, Any]]) -> None:
    """Writes what the stage reads into the folder `work`: rows, parameters, and a link to a local student."""
    from slm_factory.core import files, params
    from slm_factory.student.settings import StudentSettings

    files.write_json_lines(work / ROWS, rows)
    shutil.copy(params.PARAMS_FILE, work)
    student = Path(params.load("student", StudentSettings).model)
    if student.is_dir() and not student.is_absolute():
        (work / student).parent.mkdir(parents=True, exist_ok=True)
        (work / student).symlink_to(student.absolute())


def run_stage_in(work: Path) -> None:
    """Runs the stage in the folder `work`, by the code of this repository.

    Raises:
        typer.Exit: it ended with an error that it explained itself.
        KeyboardInterrupt: the user stopped it.
        UserError: it failed in another way.
    """
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", f"stages.{STAGE}"]
    done = subprocess.run(command, cwd=work, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        raise ended(STAGE, done.returncode)
