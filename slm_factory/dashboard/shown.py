"""What the dashboard tells in lines: head, stages, machine, what is done just now. Texts, never markup."""

from collections import Counter
from pathlib import Path

from rich.table import Table
from rich.text import Text

from slm_factory.core.activity import Activity
from slm_factory.dashboard.graph import Node
from slm_factory.dashboard.machine import Machine
from slm_factory.dashboard.observe import CURVE_NAMES, Observation
from slm_factory.language import N_, _, ngettext
from slm_factory.language.sentences import told

MARKS = {
    "fresh": ("●", "green"),
    "stale": ("○", "yellow"),
    "never run": ("·", "dim"),
    "running": ("▶", "bold cyan"),
    "stopped": ("■", "yellow"),
    "failed": ("✗", "bold red"),
    "": (" ", "dim"),
}
STATES = {
    "fresh": N_("up to date"),
    "stale": N_("out of date"),
    "never run": N_("not run yet"),
    "running": N_("running"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
    "": "",
}
TIMED = ("fresh", "running")  # states in which the last run is worth its time
# What stages count, by the words that they give to their progress bars.
TASKS = {"parse": N_("documents"), "checking pairs": N_("batches of pairs"), "train": N_("steps")}
ASKING = "asking "  # before a teacher's name
BRANCHES = {"": "  ", "first": "├╴", "middle": "├╴", "last": "└╴"}
CURVE_COLOURS = ((86, 182, 230), (230, 159, 0))  # of Okabe and Ito: told apart by every eye
GIB = 2**30


def head(seen: Observation, root: Path) -> Text:
    """One line: repository, version in service, teacher, student, GPUs by name."""
    student = seen.settings.get("student", {}).get("model", "?")
    teacher = seen.settings.get("teacher", {})
    backend, model = teacher.get("backend", "?"), teacher.get("model", "")
    parts = [
        root.resolve().name,
        seen.registry.get("served") or _("nothing in service"),
        _("teacher %s") % (backend if backend == "builtin" else f"{backend} {model}"),
        _("student %s") % student,
        *dict.fromkeys(gpu.name for gpu in seen.machine.gpus),
    ]
    return Text("  ".join(parts), no_wrap=True, overflow="ellipsis")


def stages(
    nodes: list[Node], states: dict[str, str], activities: dict[str, Activity], is_wide: bool = False
) -> Table:
    """The graph, a line per stage: its branch, its state, its name; where there is room, state and time."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    for node in nodes:
        state, found = states.get(node.name, ""), activities.get(node.name)
        mark, style = MARKS[state]
        cells = [Text.assemble((BRANCHES[node.branch], "dim"), (f"{mark} {node.name}", style))]
        share = f" {found.done / found.total:.0%}" if state == "running" and found and found.total else ""
        if is_wide:
            took = duration(found.updated - found.started) if found and state in TIMED else ""
            cells += [Text(_(STATES[state]) + share, style), Text(took, "dim", justify="right")]
        else:
            cells[0].append(share, style)
        drawn.add_row(*cells)
    return drawn


def states_of(
    nodes: list[Node], told: dict[str, str], asked: float, activities: dict[str, Activity]
) -> dict[str, str]:
    """What each stage does, else what DVC `told` of it when it was `asked`, seconds since the epoch.

    A failure stands until it is mended; a stage that has ended since is fresh.
    """
    states = {}
    for node in nodes:
        state, found = told.get(node.name, ""), activities.get(node.name)
        if found:
            if found.state == "running" or (found.state in ("failed", "stopped") and state != "fresh"):
                state = found.state
            elif found.state == "done" and found.updated > asked > 0:
                state = "fresh"
        states[node.name] = state
    return states


def machine(found: Machine) -> Text:
    """Load and memory of processors and GPUs; several GPUs together."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"CPU {found.processor_percent:.0f}%\n")
    text.append(_("RAM %s") % of(found.memory_used, found.memory_total) + "\n")
    if not found.gpus:
        return text.append(_("no NVIDIA GPU"), "dim")
    loads = [gpu.percent for gpu in found.gpus if gpu.percent is not None]
    count = f"{len(found.gpus)} " if len(found.gpus) > 1 else ""
    text.append(f"{count}GPU {sum(loads) / len(loads):.0f}%\n" if loads else f"{count}GPU\n")
    used, total = (
        [value for value in values if value is not None]
        for values in zip(*((gpu.memory_used, gpu.memory_total) for gpu in found.gpus), strict=True)
    )
    return text.append(f"  {of(sum(used), sum(total))}" if total else "")


def of(used: float, total: float) -> str:
    """Bytes as `6.1/16 GiB`."""
    return f"{used / GIB:.{0 if total >= 100 * GIB else 1}f}/{total / GIB:.0f} GiB"


def task(seen: Observation, states: dict[str, str], is_own: bool) -> Text:
    """What is counted now, at which rate, for how long still; else what failed; else what there is to do."""
    running = seen.running
    if running:
        return Text.assemble((running.stage, "bold cyan"), f"  {counted(running)}")
    if is_own:
        return Text(_("starting ..."), "dim")
    failed = [seen.activities[name] for name, state in states.items() if state == "failed"]
    spoken = [found for found in failed if found.state == "failed"]
    if spoken:
        last = max(spoken, key=lambda found: found.updated)
        problem, hint, help_ = last.message.partition(" hint: ")
        lines = [told(problem), *([told(f"{hint[1:]}{help_}")] if hint else [])]
        return Text.assemble((_("%s failed") % last.stage + "\n", "bold red"), "\n".join(lines))
    found = Counter(states.values())
    if not states or found[""]:
        return Text(_("Asking DVC what is up to date ..."), "dim")
    if found["fresh"] == len(states):
        return Text(_("Everything is up to date."), "green")
    if found["never run"] == len(states):
        return Text(_("Nothing has run yet. r begins."))
    count = len(states) - found["fresh"]
    return Text(
        ngettext("%d stage is out of date. r runs it.", "%d stages are out of date. r runs them.", count)
        % count
    )


def legend(states: dict[str, str]) -> Text:
    """How many stages are in which state, with the marks of the graph."""
    text = Text(no_wrap=True, overflow="ellipsis")
    found = Counter(states.values())
    for state in STATES:
        if state and found[state]:
            mark, style = MARKS[state]
            text.append(f"{mark} {found[state]} {_(STATES[state])}  ", style)
    return text


def counted(running: Activity) -> str:
    """`documents: 12 of 40, 3.1 a second, 9 s left`, as far as it is known."""
    if not running.task:
        return "..."
    told: dict[str, str | float] = {
        "task": task_name(running.task),
        "done": f"{running.done:,}",
        "total": f"{running.total or 0:,}",
    }
    parts = [_("%(task)s: %(done)s of %(total)s") if running.total else _("%(task)s: %(done)s")]
    if running.rate:
        is_slow = running.rate < 1
        parts.append(_("%(rate).1f a minute") if is_slow else _("%(rate).1f a second"))
        told["rate"] = running.rate * 60 if is_slow else running.rate
    left = running.seconds_left
    if left is not None:
        parts.append(_("%(left)s left"))
        told["left"] = duration(left)
    return ", ".join(parts) % told


def task_name(task: str) -> str:
    """What a stage counts, in the language of the screen where it is known."""
    if task.startswith(ASKING):
        return _("asking %s") % task.removeprefix(ASKING)
    return _(TASKS[task]) if task in TASKS else task


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 5 min`, `12 days`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return _("%d s") % round(seconds)
    if minutes < 90:
        return _("%d min") % minutes
    if minutes < 48 * 60:
        return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}
    return _("%d days") % round(minutes / (24 * 60))


def curves(seen: Observation) -> Text:
    """The curves by colour, and where each stands; plotext cannot place a legend of wide letters."""
    if not any(seen.curves.values()):
        return Text(_("No training yet."), "dim")
    text = Text(no_wrap=True, overflow="ellipsis")
    for name, colour in zip(CURVE_NAMES.values(), CURVE_COLOURS, strict=True):
        if found := seen.curves[name]:
            text.append(f"━ {_(name)} {found[-1][1]:.3f}  ", "rgb({},{},{})".format(*colour))
    return text.append(_("nats per token by step"), "dim")


def last_words(file: Path) -> str:
    """The last two lines that a command wrote: what went wrong and what helps, or its result."""
    lines = [line for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " ".join(lines[-2:])[:300] or _("done")
