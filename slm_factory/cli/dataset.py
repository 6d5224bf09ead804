"""`slm-factory tool dataset`: the training set for other training tools, with a Hugging Face data card."""

import json
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.core.errors import UserError
from slm_factory.language import _

Name = StrEnum("Name", ["chat", "alpaca", "sharegpt", "parquet", "all"])
Split = StrEnum("Split", ["train", "valid", "test"])
CARD = "README.md"
LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]*")


def dataset(
    formats: Annotated[
        list[Name], typer.Option("--format", help="May be given several times.", show_default="all")
    ] = [Name.all],  # noqa: B006  typer reads the default, nothing writes it
    into: Annotated[Path, typer.Option(help="Folder of the data set.")] = Path("build/dataset"),
    splits: Annotated[
        list[Split], typer.Option("--split", help="May be given several times.", show_default="all")
    ] = list(Split),  # noqa: B006
    licence: Annotated[
        str, typer.Option("--license", help="Identifier of a licence as the Hugging Face hub has it.")
    ] = "unknown",
    force: Annotated[bool, typer.Option("--force", help="Replace the data set that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Export the training set as chat JSONL, Alpaca JSON, ShareGPT JSON and Parquet, with a data card.

    Training and validation rows are what the student learns from; the test split is the held-out questions.
    The folder loads with datasets.load_dataset, and can be uploaded to the Hugging Face hub as it is.

    Examples: slm-factory tool dataset --license cc-by-4.0; slm-factory tool dataset --format alpaca
    """
    repository.require_root()
    if not LICENCE.fullmatch(licence):
        raise UserError(
            f"error: '{licence}' is not the identifier of a licence",
            "hint: e.g. cc-by-4.0, apache-2.0, other (hf.co/docs/hub/repositories-licenses)",
        )
    folder = Path(os.path.realpath(into))  # what a link points to is replaced, never the link
    require_free(folder, force)
    from slm_factory.core import files
    from slm_factory.dataset import card, rows
    from slm_factory.dataset import formats as forms

    found = {name: part for name, part in rows.read().items() if name in splits and part}
    if not found:
        raise UserError("error: these splits have no rows", "hint: slm-factory run --until convert")
    names = [name for name in forms.FORMATS if name in formats or Name.all in formats]
    with files.replacing_folder(folder) as beside:
        configs = {name: forms.write(beside, name, found) for name in names}
        (beside / CARD).write_text(card.card(found, configs, licence), encoding="utf-8")
    show(into, {name: len(part) for name, part in found.items()}, configs, as_json)


def require_free(folder: Path, force: bool) -> None:
    """Returns when `folder` may be written: it is missing, empty, or an older data set and `force` is given.

    Raises:
        UserError: it holds files; with `force`, files that no export has written, which would be lost.
    """
    from slm_factory.dataset.formats import FORMATS

    if folder.exists() and not folder.is_dir():
        raise UserError(f"error: {folder} is a file", "hint: --into names a folder")
    held = {path.name for path in folder.iterdir()} if folder.exists() else set()
    foreign = held - {CARD, *FORMATS}
    if foreign or (held and CARD not in held):
        raise UserError(
            f"error: {folder} holds something else than a data set: {min(foreign or held)}",
            "hint: --into names a folder that is empty, or not there yet",
        )
    if held and not force:
        raise UserError(f"error: {folder} holds a data set already", "hint: --force replaces it")


def show(into: Path, counts: dict[str, int], configs: dict[str, dict[str, str]], as_json: bool) -> None:
    """Prints what was written and where."""
    paths = [CARD, *(path for config in configs.values() for path in config.values())]
    if as_json:
        result: dict[str, Any] = {"into": str(into), "rows": counts, "files": paths}
        print(json.dumps(result, ensure_ascii=False))
        return
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(_("{counts} rows as {formats}: {into}").format(counts=told, formats=", ".join(configs), into=into))
