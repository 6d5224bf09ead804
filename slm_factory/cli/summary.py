"""What came of a run: the held-out slices, the gate's verdict, where the model lies, and what to do next."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slm_factory.cli import repository

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

EVALUATE = Path("metrics/evaluate.json")
GATE = Path("metrics/gate.json")
ANSWERS = Path("data/evaluate.parquet")
# The metric that judges each held-out slice, and what it says; the table fits 80 columns.
SLICES = {
    "recall": ("key_facts", "key facts found"),
    "unseen": ("refusal", "refused, as it should"),
    "abstain": ("refusal", "refused, as it should"),
    "general": ("answer_loss", "loss, lower is better"),
}


def show() -> None:
    """Prints the summary; nothing before the model was evaluated for the first time."""
    from rich.console import Console

    from slm_factory.core import files

    if not EVALUATE.is_file():
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    console.print(slices_table(files.read_json(EVALUATE)))
    console.print()
    show_verdict(console)
    show_model(console)


def slices_table(evaluated: dict[str, Any]) -> "Table":
    """Base, champion where there is one, and tuned, with 95% intervals: a row per slice."""
    from rich.table import Table

    names = [name for name in SLICES if name in evaluated]
    contenders = [
        name for name in ("base", "champion", "tuned") if any(name in values for values in evaluated.values())
    ]
    table = Table(box=None, pad_edge=False)
    table.add_column("slice")
    table.add_column("held-out questions")
    for title in ("number", *contenders):
        table.add_column(title, justify="right")
    for name in names:
        metric, tells = SLICES[name]
        measured = [evaluated[name].get(contender, {}) for contender in contenders]
        count = max(values.get("n", 0) for values in measured)
        intervals = [interval(values.get(metric)) for values in measured]
        table.add_row(name, tells, f"{count}", *intervals)
    return table


def interval(value: dict[str, float] | None) -> str:
    """A mean with its interval: `0.91 (0.88-0.94)`."""
    return f"{value['mean']:.2f} ({value['low']:.2f}-{value['high']:.2f})" if value else "-"


def show_verdict(console: "Console") -> None:
    """Prints the gate's verdict, and each rule that was not met."""
    from rich.text import Text

    from slm_factory.core import files

    if not GATE.is_file():
        return
    gate = files.read_json(GATE)
    passed = gate["verdict"] == "pass"
    console.print(Text.assemble("Gate: ", (gate["verdict"], "bold green" if passed else "bold red")))
    for rule in gate["rules"]:
        if not rule["is_met"]:
            console.print(Text(f"  {rule['name']}: {rule['explanation']}"))


def show_model(console: "Console") -> None:
    """Prints where the model lies, how to ask it, and the next three steps."""
    from rich.text import Text

    from slm_factory.cli.ask import served_gguf
    from slm_factory.core.errors import UserError

    program = repository.program()
    try:
        file = served_gguf()
    except UserError as error:
        console.print(Text(f"No model was exported: {error.hint.removeprefix('hint: ')}"))
        return
    console.print(
        Text(f"Model: {file} ({file.stat().st_size / 1e6:.0f} MB), for Ollama {file.parent}/Modelfile\n")
    )
    steps = [
        ("Ask it", f"{program} ask --question {shlex.quote(example_question())}"),
        ("Own documents", f"cp -r YOUR_DOCUMENTS/. data/documents/ && {program} run"),
        ("Real teacher", f"{program} profile ollama-qwen3-8b && {program} check"),
        ("Real student", f"{program} profile qwen3-0.6b && {program} run"),
    ]
    for title, command in steps:
        console.print(Text(f"{title + ':':<16}{command}"))


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
