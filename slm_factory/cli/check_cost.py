"""What `slm-factory check` says of the teacher's part: requests, tokens, money and hours still to come."""

from collections.abc import Iterator
from pathlib import Path

from slm_factory.cli.finding import Finding
from slm_factory.core.errors import UserError


def findings() -> Iterator[Finding]:
    """The total of `tool cost`, against teacher.budget; how to have it before there are chunks."""
    from slm_factory.cli import cost, repository
    from slm_factory.cli.forecast import total
    from slm_factory.cli.stage_costs import Run
    from slm_factory.core.history import repository as identity
    from slm_factory.core.store import Store

    try:
        cost.require_chunks()
    except UserError:
        first = f"{repository.program()} run --until chunk"
        yield Finding("cost", "ok", f"can be told after {first}, which asks no teacher")
        return
    with Store() as store:
        run = Run(store)
        row = cost.row_of(total(run.stages()), run.settings)
        tokens, money = store.spent(identity(Path.cwd()))
    both = [row["prompt_tokens"][side] + row["answer_tokens"][side] for side in (0, 1)]
    hours = f", {cost.between(row['hours'])} hours" if row["hours"] else ""
    text = (
        f"{cost.between(row['new'])} requests to the teacher, {cost.between(both)} tokens, "
        f"{cost.between(row['money'])} money{hours}"
    )
    beyond = [name for name, told in cost.budget(row, run.settings, tokens, money).items() if told != "fits"]
    if beyond:
        limits = ", ".join(f"teacher.budget.{name}" for name in beyond)
        fix = f"{repository.program()} tool cost tells each stage; raise the limit, or read a sample first"
        yield Finding("cost", "warn", f"{text}: may pass {limits}", fix)
    else:
        yield Finding("cost", "ok", text)
