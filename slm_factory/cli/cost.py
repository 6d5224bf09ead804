"""`slm-factory tool cost`: what a run would cost of the teacher before it is paid, what training took."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import console, working
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _
from slm_factory.language.sentences import sentence

if TYPE_CHECKING:
    from slm_factory.cli.forecast import Forecast, Range
    from slm_factory.teachers.teacher import TeacherSettings

CHUNKS = Path("data/chunk.parquet")


def cost(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Estimate what a run would cost before it is paid.

    Requests that the store has no answer to, their tokens, money at teacher.price and hours, per stage, as a
    range; and the total against teacher.budget. Nothing is asked. Training is told as it was measured;
    `check` estimates it before the start.

    Examples: slm-factory tool cost; slm-factory tool cost --json
    """
    require_chunks()
    from slm_factory.cli.forecast import total
    from slm_factory.cli.stage_costs import Run
    from slm_factory.core.history import repository as identity
    from slm_factory.core.store import Store

    with Store() as store, working(_("estimating")):
        run = Run(store)
        stages = run.stages()
        tokens, money = store.spent(identity(Path.cwd()))
        trainings = store.trainings(identity(Path.cwd()))
    shown = [row_of(found, run.settings) for found in (*stages, total(stages))]
    report = {
        "stages": {row.pop("stage"): row for row in shown},
        "spent": {"tokens": tokens, "money": money},
        "budget": budget(shown[-1], run.settings, tokens, money),
        "training": training(trainings),
    }
    if as_json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        show(report, run.settings)


def training(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What all training runs of this repository on this machine took, and what the last one was."""
    hidden = ("training", "repository")
    last = {name: value for run in runs[-1:] for name, value in run.items() if name not in hidden}
    return {
        "runs": len(runs),
        "hours": round(sum(run["seconds"] for run in runs) / 3600, 3),
        "money": round(sum(run["money"] for run in runs), 4),
        "last": last,
    }


def require_chunks() -> None:
    """Returns when data/chunk.parquet is there and fresh.

    Raises:
        UserError: it is not.
    """
    hint = f"hint: {repository.program()} run --until chunk makes it; that asks no teacher"
    repository.require_root()
    if not CHUNKS.is_file():
        raise UserError(f"error: there is no {CHUNKS} to estimate from", hint)
    with repository.open_dvc() as repo:
        if repo.status(targets=["chunk"], with_deps=True):
            raise UserError(f"error: {CHUNKS} is not that of the present documents and parameters", hint)


def row_of(found: "Forecast", settings: "TeacherSettings") -> dict[str, Any]:
    """One stage as JSON; ranges are [low, high], `hours` are null where no request was ever timed."""
    price = settings.price
    money = found.prompt_tokens * (price.input / 1e6) + found.answer_tokens * (price.output / 1e6)
    hours = found.seconds * (1 / 3600 / settings.concurrency) if found.seconds else None
    return {
        "stage": found.stage,
        "new": whole(found.new),
        "remembered": found.remembered,
        "prompt_tokens": whole(found.prompt_tokens),
        "answer_tokens": whole(found.answer_tokens),
        "money": [round(money.low, 4), round(money.high, 4)],
        "hours": [round(hours.low, 3), round(hours.high, 3)] if hours else None,
        "basis": found.basis,
    }


def whole(value: "Range") -> list[int]:
    """A range in whole numbers."""
    return [round(value.low), round(value.high)]


def budget(total: dict[str, Any], settings: "TeacherSettings", tokens: int, money: float) -> dict[str, str]:
    """For each limit that is set whether the run stays within it: "fits", "may pass" or "passes"."""
    both = [total["prompt_tokens"][side] + total["answer_tokens"][side] for side in (0, 1)]
    ends = {
        "money": (settings.budget.money, [money + value for value in total["money"]]),
        "tokens": (settings.budget.tokens, [tokens + value for value in both]),
    }
    return {
        name: N_("fits") if high <= limit else N_("may pass") if low <= limit else N_("passes")
        for name, (limit, (low, high)) in ends.items()
        if limit
    }


def show(report: dict[str, Any], settings: "TeacherSettings") -> None:
    """Prints the estimate as a table, with the spending so far and the budget."""
    from rich.table import Table

    from slm_factory.training.ledger import described

    table = Table(_("stage"), box=None, pad_edge=False)
    titles = (_("new"), _("remembered"), _("prompt tokens"), _("answer tokens"), _("money"), _("hours"))
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(_("answers by"))
    for name, row in report["stages"].items():
        ranges = [between(row[column]) for column in ("prompt_tokens", "answer_tokens", "money", "hours")]
        basis = sentence(row["basis"])
        table.add_row(
            _("total") if name == "total" else name,
            between(row["new"]),
            f"{row['remembered']:,}",
            *ranges,
            basis,
        )
    console().print(table)
    spent = report["spent"]
    told = _("Spent so far on this machine: {tokens:,} tokens, {money:g} money.")
    print("\n" + told.format(**spent))
    trained = report["training"]
    if trained["runs"]:
        last = trained["last"]
        print(_("Trained {runs} times: {hours:g} hours, {money:g} money.").format(**trained))
        told = _("The last time on {device}: {took}.")
        print(told.format(device=last["device"], took=sentence(described(last))))
    for name, verdict in report["budget"].items():
        print(f"teacher.budget.{name} {getattr(settings.budget, name):g}: {_(verdict)}")
    if "assumption" in {row["basis"] for row in report["stages"].values()}:
        from slm_factory.cli.stage_costs import FACTS_PER_1000_TOKENS

        assumed = _(
            "Assumed: {facts} facts per 1,000 tokens of a chunk; "
            "after a first run (generate.max_chunks: 20 is enough) its answers are measured instead."
        )
        print(assumed.format(facts=FACTS_PER_1000_TOKENS))


def between(values: list[float] | None) -> str:
    """A range for reading: "1.2k-3.4k", one number where both read the same, "?" where it is unknown."""
    if values is None:
        return "?"
    low, high = map(short, values)
    return low if low == high else f"{low}-{high}"


def short(value: float) -> str:
    """A number in few characters: 950, 61k, 1.2M, 0.35."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit and value >= 10_000:
            return f"{value / unit:.3g}{name}"
    return f"{value:g}" if isinstance(value, int) else f"{value:.2f}"
