"""`slm-factory status`: which stages are fresh, stale or were never run, and what their metrics count."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import repository

if TYPE_CHECKING:
    from dvc.repo import Repo

Stage = dict[str, Any]  # name, state, reasons, counts
STYLES = {"fresh": "green", "stale": "yellow", "never run": "dim"}


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Show which stages are fresh, stale or never run.

    With the counts of the last run, and why a stage would run again.
    """
    with repository.open_dvc() as repo:
        stages = inspect(repo)
    if as_json:
        print(json.dumps({"stages": stages}, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    titles = ["stage", "state", "last run", "why it would run"]
    has_reasons = any(stage["reasons"] for stage in stages)
    table = Table(*(titles if has_reasons else titles[:-1]), box=None, pad_edge=False)
    for stage in stages:
        shown = [f"{count:,} {name.replace('_', ' ')}" for name, count in stage["counts"].items() if count]
        cells = [stage["name"], Text(stage["state"], STYLES[stage["state"]]), Text(", ".join(shown))]
        table.add_row(*cells, *([Text(", ".join(stage["reasons"]))] if has_reasons else []))
    Console().print(table)
    if any(stage["state"] != "fresh" for stage in stages):
        print(f"\n{repository.program()} run brings everything up to date.")


def inspect(repo: "Repo") -> list[Stage]:
    """Every stage in order with its state, why it would run again, and the counts of its last run."""
    import networkx as nx

    names = list(repository.stages())
    ran = locked_stages()
    changes = repo.status()
    graph = repo.index.graph  # edges lead from a stage to those it needs
    found: dict[str, Stage] = {}
    for node in nx.dfs_postorder_nodes(graph):  # what a stage needs comes before it
        name = node.addressing
        if name not in names:  # documents that DVC keeps
            continue
        needed = [found[other.addressing] for other in graph.successors(node) if other.addressing in found]
        after = [f"after {stage['name']}" for stage in needed if stage["state"] != "fresh"]
        why = [reason for change in changes.get(name, []) for reason in explain(change)]
        reasons = (why or after) if name in ran else []
        state = "never run" if name not in ran else "stale" if reasons else "fresh"
        found[name] = {"name": name, "state": state, "reasons": reasons, "counts": counts(name)}
    return [found[name] for name in names]


def locked_stages() -> set[str]:
    """The stages that ran at least once, from dvc.lock."""
    import yaml

    lock = Path("dvc.lock")
    if not lock.is_file():
        return set()
    return set((yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages", {}))


def explain(change: str | dict[str, Any]) -> list[str]:
    """DVC's words for one kind of change, per file: `data/documents modified`, `train.rank modified`."""
    if isinstance(change, str):  # "changed command"
        return [change]
    reasons = []
    for files in change.values():
        for path, how in files.items():
            if isinstance(how, dict):  # params.yaml, key by key
                reasons += [f"{key} {value}" for key, value in how.items()]
            else:
                reasons.append(f"{path} {how}")
    return reasons


def counts(stage: str) -> dict[str, int]:
    """The whole numbers at the top of metrics/<stage>.json, empty where there is none."""
    from slm_factory.core import files

    metrics = Path("metrics") / f"{stage}.json"
    if not metrics.is_file():
        return {}
    values = files.read_json(metrics)
    return {name: value for name, value in values.items() if type(value) is int}
