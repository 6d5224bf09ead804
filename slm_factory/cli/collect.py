"""`slm-factory tool collect`: documents from public services into data/documents."""

import json
import logging
import os
import sys
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.core.errors import UserError
from slm_factory.language import _

KEY = "LAW_OPEN_API_KEY"
ADDRESS = "LAW_OPEN_API_URL"


class LawKind(StrEnum):
    """The kinds of law records, by the names of `collect.law_kinds.KINDS`."""

    STATUTE = "statute"
    RULE = "rule"
    ORDINANCE = "ordinance"
    RULING = "ruling"
    CONSTITUTIONAL = "constitutional"
    INTERPRETATION = "interpretation"


app = typer.Typer(help="Collect documents from public services.")


@app.callback()
def group() -> None:
    """Collect documents from public services."""


@app.command()
def law(
    kind: Annotated[list[LawKind], typer.Option(help="What to collect; may be given several times.")],
    query: Annotated[
        list[str] | None, typer.Option(help="Words in the name, several times for several; without it, all.")
    ] = None,
    in_texts: Annotated[bool, typer.Option("--in-texts", help="Look for the words in texts too.")] = False,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only records in force, or ruled, since this day: 2024-01-31.")
    ] = "",
    max_records: Annotated[
        int | None, typer.Option("--max", min=1, help="At most this many records per kind and query.")
    ] = None,
    into: Annotated[Path, typer.Option(help="Folder for the records.")] = Path("data/documents/law"),
    page_size: Annotated[
        int, typer.Option("--display", min=1, max=100, help="Records per page of the list.")
    ] = 100,
    per_second: Annotated[float, typer.Option(min=0.01, help="Requests per second, at most.")] = 2.0,
    timeout_seconds: Annotated[float, typer.Option(min=0.1, help="How long to wait for an answer.")] = 30.0,
    attempts: Annotated[int, typer.Option(min=1, help="How often to ask a server that fails.")] = 5,
    base_url: Annotated[
        str, typer.Option(envvar=ADDRESS, show_envvar=True, help="Address of the API.")
    ] = "https://www.law.go.kr/DRF",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Collect statutes, rules, ordinances, rulings and interpretations from the national law API.

    The key comes from LAW_OPEN_API_KEY (open.law.go.kr). A second run fetches only what is new or changed,
    and what failed; a run that was killed goes on. Exit code 2 when records failed: the same command tries
    them again.

    Example: slm-factory tool collect law --kind statute --kind interpretation --query 소득세법
    """
    repository.require_root()
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise UserError(
            f"error: {KEY} is not set", f"hint: export {KEY}=... (the key comes from https://open.law.go.kr)"
        )
    from slm_factory.collect import law as collecting
    from slm_factory.collect.law_api import LawApi
    from slm_factory.collect.law_kinds import Search

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    searches = [
        Search(name.value, words, read_day(since), in_texts, page_size)
        for name in dict.fromkeys(kind)
        for words in dict.fromkeys(query or ["*"])
    ]
    try:
        with LawApi(key, base_url, per_second, timeout_seconds, attempts) as api:
            tally = collecting.collect(api, searches, into, max_records)
    except KeyboardInterrupt as error:
        sys.stderr.write(_("interrupted: the same command goes on where it stopped") + "\n")
        raise typer.Exit(130) from error
    show({name: value for name, value in asdict(tally).items() if name != "failed_in_a_row"}, into, as_json)


def read_day(words: str) -> str:
    """The ISO date in `words`, "" for none.

    Raises:
        UserError: it is no date.
    """
    try:
        return date.fromisoformat(words).isoformat() if words else ""
    except ValueError as error:
        raise UserError(f"error: {words!r} is no date", "hint: --since 2024-01-31") from error


def show(tally: dict[str, Any], into: Path, as_json: bool) -> None:
    """Prints what came of a run.

    Raises:
        UserError: records failed.
    """
    if as_json:
        print(json.dumps({"into": str(into), **tally}, ensure_ascii=False, indent=2))
    else:
        told = _("collect: {new:,} new, {changed:,} changed, {unchanged:,} unchanged").format(**tally)
        rest = (
            _(", {count:,} without text").format(count=tally["without_text"]) if tally["without_text"] else ""
        )
        failed = _(", {count:,} failed -> {into}").format(count=len(tally["failed"]), into=into)
        print(told + rest + failed)
    if tally["failed"]:
        raise UserError(
            f"error: {len(tally['failed'])} records failed; they are named above",
            "hint: run the same command again; it fetches only what is missing",
        )
