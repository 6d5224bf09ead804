"""The graph of dvc.yaml as it is drawn: a stage a line, those that could run together as branches."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Node:
    """A stage in the drawing of the graph: `branch` is its place among those that wait for the same."""

    name: str
    branch: str  # "" alone in its row of the graph, else first, middle or last


def read(root: Path = Path()) -> list[Node]:
    """The stages of dvc.yaml, in its order; those that could run at the same time are branches."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    makers = {path: name for name, body in stages.items() for path in made(body)}
    depth: dict[str, int] = {}
    for name, body in stages.items():  # dvc.yaml stands in reading order: a maker comes before its readers
        needed = {makers[path] for path in body.get("deps", []) if path in makers}
        depth[name] = 1 + max((depth[maker] for maker in needed if maker in depth), default=-1)
    rows: dict[int, list[str]] = {}
    for name in stages:
        rows.setdefault(depth[name], []).append(name)
    return [
        Node(
            name, "" if len(row) == 1 else "first" if at == 0 else "last" if at == len(row) - 1 else "middle"
        )
        for _, row in sorted(rows.items())
        for at, name in enumerate(row)
    ]


def made(body: dict[str, Any]) -> list[str]:
    """Paths that a stage of dvc.yaml makes."""
    entries = [*body.get("outs", []), *body.get("metrics", []), *body.get("plots", [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
