"""What came of a run: the held-out slices, the gate's verdict, where the model lies, and what to do next."""

import shlex
from collections.abc import Sequence
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
    "withdrawn": ("key_facts", "old facts still given"),
    "general": ("answer_loss", "loss, lower is better"),
    "text": ("perplexity", "perplexity, likewise"),
}


def show() -> None:
    """Prints the summary; nothing before the model was evaluated for the first time."""
    from rich.console import Console
    from rich.text import Text

    from slm_factory.core import files

    if not EVALUATE.is_file():
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    evaluated = files.read_json(EVALUATE)
    console.print(slices_table(evaluated))
    console.print()
    for line in [*retrieval_lines(evaluated), *judge_lines(evaluated)]:
        console.print(Text(line))
    show_verdict(console)
    show_model(console)


def slices_table(evaluated: dict[str, Any], asked: Sequence[str] = ("base", "champion", "tuned")) -> "Table":
    """The contenders `asked`, as far as there are any, with 95% intervals: a row per slice."""
    from rich.table import Table
    from rich.text import Text

    names = [name for name in SLICES if name in evaluated]
    contenders = [name for name in asked if any(name in evaluated[slice_name] for slice_name in names)]
    table = Table(box=None, pad_edge=False)
    table.add_column("slice")
    table.add_column("held-out questions")
    for title in ("number", *contenders):
        table.add_column(Text(title), justify="right")
    for name in names:
        metric, tells = SLICES[name]
        measured = [evaluated[name].get(contender, {}) for contender in contenders]
        count = max(values.get("n", 0) for values in measured)
        intervals = [interval(values.get(metric)) for values in measured]
        table.add_row(name, tells, f"{count}", *intervals)
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
        verdict = f"{found['contender'].replace('_', ' + ')} would serve better than tuning alone"
    elif gain["high"] < 0:
        verdict = "tuning alone serves better"
    else:
        verdict = "neither is better beyond chance"
    bounds = f"{gain['low']:+.2f} to {gain['high']:+.2f}"
    return [f"Retrieval: {verdict} ({gain['mean']:+.2f} key facts, {bounds}): {shares}"]


def judge_lines(evaluated: dict[str, Any]) -> list[str]:
    """How the teacher judges recall, and how far that agrees with the key facts."""
    lines = []
    for name, found in evaluated.get("judge", {}).get("agreement", {}).items():
        right = evaluated["recall"][name]["judged_correct"]
        kappa = "" if found["kappa"] is None else f", kappa {found['kappa']:.2f}"
        lines.append(
            f"Teacher's judgement of {name.replace('_', ' + ')}: {right['mean']:.2f} right; agrees with key "
            f"facts on {found['share']:.0%} of {found['n']}{kappa}"
        )
    return lines


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
        ("Own documents", f"{program} run --documents YOUR_DOCUMENTS"),
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
