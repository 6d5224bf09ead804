"""`slm-factory status`: which stages are fresh, stale, running or failed, and what their metrics count."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import console
from slm_factory.core.activity import read_all
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _, pgettext

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage as DvcStage

    from slm_factory.core.activity import Activity

Stage = dict[str, Any]  # name, state, reasons, counts
STYLES = {
    "fresh": "green",
    "stale": "yellow",
    "running": "bold cyan",
    "failed": "bold red",
    "never run": "dim",
}
# How DVC says that something changed.
HOW = (N_("modified"), N_("added"), N_("deleted"), N_("new"))
COMMAND = N_("changed command")
COUNT = "count"  # gettext's msgctxt of what stages count


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Show which stages are fresh, stale, running, failed or never run.

    With the counts of the last run, and why a stage would run again. What `dvc repro` does is shown as well.

    Examples: slm-factory status; slm-factory status --json
    """
    with repository.open_dvc() as repo:
        stages = inspect(repo)
    if as_json:
        print(json.dumps({"stages": stages}, ensure_ascii=False, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    titles = [_("stage"), _("state"), _("last run"), _("why it would run")]
    has_reasons = any(stage["reasons"] for stage in stages)
    table = Table(*(titles if has_reasons else titles[:-1]), box=None, pad_edge=False)
    for stage in stages:
        shown = [counted(name, count) for name, count in stage["counts"].items() if count]
        cells = [stage["name"], Text(state(stage["state"]), STYLES[stage["state"]]), Text(", ".join(shown))]
        table.add_row(*cells, *([Text(", ".join(map(reason, stage["reasons"])))] if has_reasons else []))
    console().print(table)
    if any(stage["state"] != "fresh" for stage in stages):
        told = _("{program} run brings everything up to date.")
        print("\n" + told.format(program=repository.program()))


def state(name: str) -> str:
    """A stage's state for reading."""
    return {
        "fresh": pgettext("stage", "fresh"),
        "stale": pgettext("stage", "stale"),
        "running": pgettext("stage", "running"),
        "failed": pgettext("stage", "failed"),
        "never run": pgettext("stage", "never run"),
    }[name]


def counted(name: str, count: int) -> str:
    """A number of the metrics with its name, for reading."""
    return _("{count:,} {name}").format(count=count, name=pgettext(COUNT, name.replace("_", " ")))


def reason(told: str) -> str:
    """A reason of `inspect` for reading: DVC's words stand behind what they are said of."""
    subject, _space, word = told.rpartition(" ")
    if subject == "after":
        return _("after {stage}").format(stage=word)
    return f"{subject} {_(word)}" if subject and word in HOW else _(told) if told == COMMAND else told


def inspect(repo: "Repo") -> list[Stage]:
    """Every stage in order with its state, why it would run again, and the counts of its last run."""
    import networkx as nx
    from dvc.repo import lock_repo

    names = list(repository.stages())
    found: dict[str, Stage] = {}
    with lock_repo(repo):  # which a running stage gives away; and in which the graph is built once
        graph = repo.index.graph  # edges lead from a stage to those it needs
        running, told = running_stages(repo, graph), read_all()
        for node in nx.dfs_postorder_nodes(graph):  # what a stage needs comes before it
            name = node.addressing
            if name not in names:  # documents that DVC keeps
                continue
            ran = any(out.hash_info for out in node.outs)  # which dvc.lock holds
            needed = [
                found[other.addressing] for other in graph.successors(node) if other.addressing in found
            ]
            after = [f"after {stage['name']}" for stage in needed if stage["state"] != "fresh"]
            reasons = (changes(node) or after) if ran and name not in running else []
            state = "stale" if reasons else "fresh" if ran else "never run"
            if name in running:
                state = "running"
            elif state != "fresh" and (failure := failure_of(told.get(name))):
                state, reasons = "failed", [failure]
            found[name] = {"name": name, "state": state, "reasons": reasons, "counts": counts(name)}
    return [found[name] for name in names]


def changes(stage: "DvcStage") -> list[str]:
    """Why DVC would run the stage again; nothing while another one writes what it needs."""
    from dvc.lock import LockError

    try:
        told = stage.status(check_updates=True)
    except LockError:
        return []
    return [reason for change in told.get(stage.addressing, []) for reason in explain(change)]


def running_stages(repo: "Repo", stages: Iterable["DvcStage"]) -> set[str]:
    """Names of the stages whose outputs a living process holds DVC's write lock on."""
    import psutil

    try:
        locks = json.loads(Path(str(repo.tmp_dir), "rwlock").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # no DVC has run yet, or one is just writing it
        return set()
    held = {path for path, holder in locks.get("write", {}).items() if psutil.pid_exists(holder["pid"])}
    return {stage.addressing for stage in stages if held & {out.fs_path for out in stage.outs}}


def failure_of(activity: "Activity | None") -> str:
    """How the last run of a stage failed, by what it told itself; "" when it did not, or told nothing."""
    return activity.message or "failed" if activity and activity.state == "failed" else ""


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
    """The whole numbers at the top of metrics/<stage>.json, empty where there is none.

    Raises:
        UserError: the file is broken.
    """
    metrics = Path("metrics") / f"{stage}.json"
    if not metrics.is_file():
        return {}
    try:
        values = json.loads(metrics.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"error: {metrics} is not valid JSON: {error}", f"hint: git checkout {metrics}"
        ) from error
    return {name: value for name, value in values.items() if type(value) is int}
