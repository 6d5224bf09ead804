"""`slm-factory history`: the versions that were made, and what became of each."""

import json
from typing import Annotated

import typer

from slm_factory.cli import repository


def history(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Show every version with its documents, rows, headline and verdict.

    Examples: slm-factory history; slm-factory history --json
    """
    repository.require_root()
    from slm_factory.release import registry

    known = registry.load()
    if as_json:
        print(json.dumps(known.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    if not known.versions:
        print(f"There is no version yet: {repository.program()} tool evolve makes the first.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("version", "documents", "lines", "headline", "against", "verdict"):
        table.add_column(title, justify="right" if title in ("documents", "lines", "headline") else "left")
    for version in known.versions:
        state = "in service" if version.name == known.served else "withdrawn" if version.is_withdrawn else ""
        verdict = ", ".join([version.verdict, *version.fell, *filter(None, [state])])
        headline = "-" if version.headline is None else f"{version.headline:.3f}"
        counts = (f"{version.documents}", f"{version.train_lines}", headline)
        table.add_row(version.name, *counts, version.champion or "base", verdict)
    Console(highlight=False, soft_wrap=True).print(table)
