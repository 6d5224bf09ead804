"""What came of a run: the held-out slices, the gate's verdict, where the model lies, and what to do next."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slm_factory.cli import repository
from slm_factory.cli.console import console
from slm_factory.language import N_, _
from slm_factory.language.sentences import sentence

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

EVALUATE = Path("metrics/evaluate.json")
GATE = Path("metrics/gate.json")
ANSWERS = Path("data/evaluate.parquet")
# The metric that judges each held-out slice, and what it says; the table fits 80 columns.
SLICES = {
    "recall": ("key_facts", N_("key facts found")),
    "unseen": ("refusal", N_("refused, as it should")),
    "abstain": ("refusal", N_("refused, as it should")),
    "withdrawn": ("key_facts", N_("old facts still given")),
    "general": ("answer_loss", N_("loss, lower is better")),
    "text": ("perplexity", N_("perplexity, likewise")),
}


def show() -> None:
    """Prints the summary; nothing before the model was evaluated for the first time."""
    from rich.text import Text

    from slm_factory.core import files

    if not EVALUATE.is_file():
        return
    screen = console(soft_wrap=True)
    screen.print()
    evaluated = files.read_json(EVALUATE)
    screen.print(slices_table(evaluated))
    screen.print()
    for line in [*retrieval_lines(evaluated), *judge_lines(evaluated)]:
        screen.print(Text(line))
    show_verdict(screen)
    show_model(screen)


def slices_table(evaluated: dict[str, Any], asked: Sequence[str] = ("base", "champion", "tuned")) -> "Table":
    """The contenders `asked`, as far as there are any, with 95% intervals: a row per slice."""
    from rich.table import Table
    from rich.text import Text

    names = [name for name in SLICES if name in evaluated]
    contenders = [name for name in asked if any(name in evaluated[slice_name] for slice_name in names)]
    table = Table(box=None, pad_edge=False)
    table.add_column(_("slice"))
    table.add_column(_("held-out questions"))
    for title in (_("number"), *contenders):
        table.add_column(Text(title), justify="right")
    for name in names:
        metric, tells = SLICES[name]
        measured = [evaluated[name].get(contender, {}) for contender in contenders]
        count = max(values.get("n", 0) for values in measured)
        intervals = [interval(values.get(metric)) for values in measured]
        table.add_row(name, _(tells), f"{count}", *intervals)
    return table


def interval(value: dict[str, float] | None) -> str:
    """A mean with its interval: `0.91 (0.88-0.94)`, in the hundreds `329 (273-391)`."""
    if not value:
        return "-"
    digits = 2 if value["high"] < 100 else 0
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f}-{value['high']:.{digits}f})"


def retrieval_lines(evaluated: dict[str, Any]) -> list[str]:
    """Whether retrieval would serve better than tuning; nothing where it was not asked."""
    found = evaluated.get("retrieval")
    if not found:
        return []
    recall, gain = evaluated["recall"], found["gain"]
    shares = ", ".join(
        f"{name.replace('_', ' + ')} {values['key_facts']['mean']:.2f}"
        for name, values in recall.items()
        if name == "tuned" or name.endswith("_retrieval")
    )
    if found["is_better"]:
        verdict = _("{way} would serve better than tuning alone").format(
            way=found["contender"].replace("_", " + ")
        )
    elif gain["high"] < 0:
        verdict = _("tuning alone serves better")
    else:
        verdict = _("neither is better beyond chance")
    told = _("Retrieval: {verdict} ({mean:+.2f} key facts, {low:+.2f} to {high:+.2f}): {shares}")
    return [told.format(verdict=verdict, shares=shares, **gain)]


def judge_lines(evaluated: dict[str, Any]) -> list[str]:
    """How the teacher judges recall, and how far that agrees with the key facts."""
    lines = []
    for name, found in evaluated.get("judge", {}).get("agreement", {}).items():
        right = evaluated["recall"][name]["judged_correct"]
        kappa = "" if found["kappa"] is None else f", kappa {found['kappa']:.2f}"
        told = _(
            "Teacher's judgement of {model}: {right:.2f} right; agrees with key facts on {share:.0%} of {n}"
        )
        model = name.replace("_", " + ")
        lines.append(told.format(model=model, right=right["mean"], **found) + kappa)
    return lines


def show_verdict(console: "Console") -> None:
    """Prints the gate's verdict, and each rule that was not met."""
    from rich.text import Text

    from slm_factory.core import files

    if not GATE.is_file():
        return
    gate = files.read_json(GATE)
    passed = gate["verdict"] == "pass"
    verdict = _("pass") if passed else _("fail")
    console.print(Text.assemble(_("Gate: "), (verdict, "bold green" if passed else "bold red")))
    for rule in gate["rules"]:
        if not rule["is_met"]:
            console.print(Text(f"  {rule['name']}: {sentence(rule['explanation'])}"))


def show_model(console: "Console") -> None:
    """Prints where the model lies, how to ask it, and the next three steps."""
    from rich.cells import set_cell_size
    from rich.text import Text

    from slm_factory.cli.ask import served_gguf
    from slm_factory.core.errors import UserError

    program = repository.program()
    try:
        file = served_gguf()
    except UserError as error:
        hint = sentence(error.hint.removeprefix("hint: "))
        console.print(Text(_("No model was exported: {hint}").format(hint=hint)))
        return
    lies = _("Model: {file} ({size:.0f} MB), for Ollama {folder}/Modelfile")
    size = file.stat().st_size / 1e6
    console.print(Text(lies.format(file=file, size=size, folder=file.parent) + "\n"))
    steps = [
        (_("Ask it"), f"{program} ask --question {shlex.quote(example_question())}"),
        (_("Own documents"), f"{program} run --documents YOUR_DOCUMENTS"),
        (_("Real teacher"), f"{program} profile ollama-qwen3-8b && {program} check"),
        (_("Real student"), f"{program} profile qwen3-0.6b && {program} run"),
    ]
    for title, command in steps:
        console.print(Text(f"{set_cell_size(title + ':', 16)}{command}"))


def example_question() -> str:
    """The first question of the recall slice that the tuned model answered rightly."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not ANSWERS.is_file():
        return "..."
    rows = pq.read_table(ANSWERS, columns=["slice", "contender", "question", "key_facts"])
    right = (
        (pc.field("slice") == "recall") & (pc.field("contender") == "tuned") & (pc.field("key_facts") == 1)
    )
    questions = rows.filter(right)["question"].to_pylist()
    return questions[0] if questions else "..."


def is_gate_failed() -> bool:
    """Whether the gate looked at a model and refused it."""
    from slm_factory.core import files

    return GATE.is_file() and files.read_json(GATE)["verdict"] == "fail"
