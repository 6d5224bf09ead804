"""What is seen, as texts and rows of the screen."""

from pathlib import Path
from typing import Any

from rich.text import Text

from slm_factory.core.activity import Activity
from slm_factory.dashboard.observe import Node, Observation
from slm_factory.language import N_, _
from slm_factory.metrics.slices import SLICES

MARKS = {
    "fresh": ("●", "green"),
    "stale": ("○", "yellow"),
    "never run": ("·", "dim"),
    "running": ("▶", "bold cyan"),
    "stopped": ("■", "yellow"),
    "failed": ("✗", "bold red"),
    "": (" ", "dim"),
}
BRANCHES = {"": "  ", "first": "├╴", "middle": "├╴", "last": "└╴"}
TITLES = {"key_facts": N_("key facts"), "is_refusal": N_("refusal"), "answer_loss": N_("loss")}
COSTS = {
    "requests": N_("requests"),
    "failed": N_("failed"),
    "prompt_tokens": N_("tokens in"),
    "completion_tokens": N_("out"),
    "seconds": N_("seconds"),
    "money": N_("money"),
}
GIB = 2**30


def head(seen: Observation, root: Path) -> Text:
    """One line: repository, version in service, teacher, student, machine."""
    student = seen.settings.get("student", {}).get("model", "?")
    teacher = seen.settings.get("teacher", {})
    machine = seen.machine
    parts = [
        root.resolve().name,
        seen.registry.get("served") or _("nothing in service"),
        f"{teacher.get('backend', '?')} → {student}",
        f"cpu {machine.processor_percent:.0f}%",
        f"{machine.memory_used / GIB:.1f}/{machine.memory_total / GIB:.0f} GiB",
        *machine.gpus,
    ]
    return Text("  ".join(parts), no_wrap=True, overflow="ellipsis")


def stages(nodes: list[Node], states: dict[str, str], activities: dict[str, Activity]) -> Text:
    """The graph, a line per stage: its branch, its state, its name."""
    text = Text()
    for node in nodes:
        state = state_of(node.name, states, activities)
        mark, style = MARKS[state]
        text.append(BRANCHES[node.branch], "dim")
        text.append(f"{mark} {node.name}", style)
        found = activities.get(node.name)
        if state == "running" and found and found.total:
            text.append(f" {found.done / found.total:.0%}", style)
        text.append("\n")
    return text


def state_of(name: str, states: dict[str, str], activities: dict[str, Activity]) -> str:
    """What a stage does, else what DVC says of it; a failure stands until it is mended."""
    found = activities.get(name)
    if found and found.state == "running":
        return "running"
    if found and found.state in ("failed", "stopped") and states.get(name) != "fresh":
        return found.state
    return states.get(name, "")


def task(seen: Observation, names: set[str], is_own: bool) -> Text:
    """What is counted now, at which rate, for how long still; else what failed; else what to press."""
    running = seen.running
    if running:
        return Text.assemble((running.stage, "bold cyan"), f"  {counted(running)}")
    failed = [found for found in seen.activities.values() if found.state == "failed" and found.stage in names]
    if failed:
        last = max(failed, key=lambda found: found.updated)
        return Text.assemble((_("%s failed") % last.stage + "  ", "bold red"), last.message)
    return Text(_("starting ...") if is_own else _("Nothing runs. r brings everything up to date."), "dim")


def counted(running: Activity) -> str:
    """`documents: 12 of 40, 3.1 a second, 9 s left`, as far as it is known."""
    if not running.task:
        return "..."
    told = {"task": running.task, "done": f"{running.done:,}", "total": f"{running.total or 0:,}"}
    parts = [_("%(task)s: %(done)s of %(total)s") if running.total else _("%(task)s: %(done)s")]
    parts.append(_("%(rate).1f a second"))
    left = running.seconds_left
    if left is not None:
        parts.append(_("%(left)s left"))
        told["left"] = duration(left)
    return ", ".join(parts) % (told | {"rate": running.rate})


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return _("%d s") % seconds
    if minutes < 90:
        return _("%d min") % minutes
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


def slices(seen: Observation) -> tuple[list[str], list[list[Text]]]:
    """(titles, rows) of the held-out slices: base, champion, and tuned with its 95% interval."""
    contenders = [
        name
        for name in ("base", "champion", "tuned")
        if any(name in seen.slices.get(slice_name, {}) for slice_name in SLICES)
    ]
    rows = []
    for name, (metric, is_higher_better) in SLICES.items():
        measured = seen.slices.get(name, {})
        if not measured:
            continue
        values = [measured.get(contender, {}).get(metric.removeprefix("is_")) for contender in contenders]
        means = [f"{value['mean']:.2f}" if value else "-" for value in values]
        if values[-1]:  # the candidate's interval; three of them would not fit 80 columns
            means[-1] += f" ({values[-1]['low']:.2f}-{values[-1]['high']:.2f})"
        title = f"{name} {_(TITLES[metric])} {'↑' if is_higher_better else '↓'}"
        rows.append([Text(title), *(Text(mean, justify="right") for mean in means)])
    return [_("slice"), *contenders], rows


def verdict(seen: Observation) -> Text:
    """The gate's verdict and its rules."""
    if not seen.gate:
        return Text(_("The gate has not judged yet."), "dim")
    passed = seen.gate["verdict"] == "pass"
    text = Text.assemble(_("gate: "), (seen.gate["verdict"], "bold green" if passed else "bold red"), "\n")
    for rule in sorted(seen.gate["rules"], key=lambda rule: rule["is_met"]):
        mark, style = ("✓", "green") if rule["is_met"] else ("✗", "red")
        text.append(f"{mark} ", style)
        text.append(f"{rule['explanation']}\n")
    return text


def spending(seen: Observation) -> tuple[list[str], list[list[Text]]]:
    """(titles, rows) of what the teacher's answers in the tables took, by stage."""
    total = seen.teacher.get("total")
    entries = [*seen.teacher.get("stages", {}).items(), *([("total", total)] if total else [])]
    rows = [[Text(stage), *(number(values.get(name)) for name in COSTS)] for stage, values in entries]
    return [_("stage"), *map(_, COSTS.values())], rows


def number(value: float | None) -> Text:
    """A number to the right; a dash where it is not known."""
    shown = "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return Text(shown, justify="right")


def versions(seen: Observation) -> tuple[list[str], list[list[Text]]]:
    """(titles, rows) of the registry, newest first."""
    served = seen.registry.get("served")
    rows = [
        [Text(cell) for cell in version_cells(version, served)]
        for version in seen.registry.get("versions", [])
    ]
    return [_("version"), _("docs"), _("rows"), _("headline"), _("verdict")], rows[::-1] or [
        [Text(_("none yet"), "dim")]
    ]


def version_cells(version: dict[str, Any], served: str | None) -> list[str]:
    """A version as cells."""
    headline = version.get("headline")
    state = (
        _("in service")
        if version["name"] == served
        else _("withdrawn")
        if version.get("is_withdrawn")
        else ""
    )
    told = ", ".join(filter(None, [version["verdict"], state, *version.get("fell", [])]))
    counts = [str(version.get(key, "-")) for key in ("documents", "train_lines")]
    return [version["name"], *counts, "-" if headline is None else f"{headline:.3f}", told]


def last_words(file: Path) -> str:
    """The last two lines that a command wrote: what went wrong and what helps, or its result."""
    lines = [line for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-2:])[:300] or _("done")
