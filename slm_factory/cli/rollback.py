"""`slm-factory rollback`: an earlier version in service again."""

from typing import Annotated

import typer

from slm_factory.cli import completion, repository
from slm_factory.core.errors import UserError
from slm_factory.language import _


def rollback(
    version: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.version, help="See `history`; without it, the one before the present."
        ),
    ] = None,
) -> None:
    """Serve an earlier version again: alias, registry and champion go back together.

    The version is asked its smoke questions first. Versions after it are withdrawn: evolve compares the next
    candidate with the version that serves now. Documents and data stay as they are.

    Examples: slm-factory rollback; slm-factory rollback v20261121T143205Z
    """
    repository.require_root()
    from slm_factory.cli.evolve import alone, open_cycle
    from slm_factory.release import registry
    from slm_factory.release.git import require_ready

    require_ready()
    with alone():
        known = registry.load()
        chosen = known.find(version) if version else known.before(known.served)
        if chosen is None:
            raise UserError("error: there is no earlier version", "hint: slm-factory history")
        if chosen.verdict != "pass":
            raise UserError(f"error: {chosen.name} did not pass the gate", "hint: slm-factory history")
        if chosen.name == known.served:
            print(_("{version} serves already.").format(version=chosen.name))
            return
        open_cycle().roll_back(chosen)
