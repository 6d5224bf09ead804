"""`slm-factory history`: the versions that were made, and what became of each."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import repository

if TYPE_CHECKING:
    from slm_factory.release.registry import Version

NUMBERS = ("documents", "lines", "headline", "refusal", "general")
TITLES = ("version", "made (UTC)", *NUMBERS, "against", "verdict")
WIDTH = 140  # characters


def history(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Show every version with its documents, training lines, metrics, verdict, and which is in service.

    headline is the gate's metric, refusal the share of unanswerable questions that it refused, general its
    loss on everyday chat (lower is better). `dvc plots show` draws them, `dvc metrics diff V1 V2` tells all.

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
    for title in TITLES:
        table.add_column(title, justify="right" if title in NUMBERS else "left", no_wrap=title != "verdict")
    for version in known.versions:
        measured = (version.headline, version.refusal, version.general)
        table.add_row(
            version.name,
            f"{version.made:%Y-%m-%d %H:%M}",
            *(f"{count:,}" for count in (version.documents, version.train_lines)),
            *("-" if value is None else f"{value:.3f}" for value in measured),
            version.champion or "base",
            verdict(version, known.served),
        )
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)  # names and numbers are never cut
    console.print(table)


def verdict(version: "Version", served: str) -> str:
    """What became of a version: whether it passed, the first rule that fell, whether it serves."""
    state = "in service" if version.name == served else "withdrawn" if version.is_withdrawn else ""
    fell = list(version.fell)
    more = f" and {len(fell) - 1} more" if len(fell) > 1 else ""
    return ", ".join([version.verdict, *(f"{name}{more}" for name in fell[:1]), *filter(None, [state])])
