"""`slm-factory history`: the versions that were made, and what became of each."""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import console
from slm_factory.language import N_, _

if TYPE_CHECKING:
    from slm_factory.release.registry import Version

NUMBERS = (N_("documents"), N_("lines"), N_("headline"), N_("refusal"), N_("general"))
VERDICT = N_("verdict")
TITLES = (N_("version"), N_("made (UTC)"), *NUMBERS, N_("against"), VERDICT)
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
        told = _("There is no version yet: {program} tool evolve makes the first.")
        print(told.format(program=repository.program()))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in TITLES:
        justify: Literal["left", "right"] = "right" if title in NUMBERS else "left"
        table.add_column(_(title), justify=justify, no_wrap=title != VERDICT)
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
    screen = console()
    screen.width = max(screen.width, WIDTH)  # names and numbers are never cut
    screen.print(table)


def verdict(version: "Version", served: str) -> str:
    """What became of a version: whether it passed, the first rule that fell, whether it serves."""
    state = _("in service") if version.name == served else _("withdrawn") if version.is_withdrawn else ""
    passed = _("pass") if version.verdict == "pass" else _("fail")
    fell = list(version.fell)
    more = [_("{rule} and {count} more").format(rule=fell[0], count=len(fell) - 1)] if fell[1:] else fell
    return ", ".join([passed, *more, *filter(None, [state])])
