"""`slm-factory tool evolve`: from changed documents to a better version in service, or to none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import repository
from slm_factory.core.errors import UserError

if TYPE_CHECKING:
    from slm_factory.release.cycle import Cycle

REFUSED = 3
BUSY = Path(".dvc/tmp/slm-factory.lock")


def evolve(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done; nothing changes.")
    ] = False,
    no_deploy: Annotated[
        bool, typer.Option("--no-deploy", help="Register a new version, but serve the present one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it begins.")] = False,
) -> None:
    """Bring everything up to date, and serve the new version if the gate finds it better.

    Runs what is stale with the version in service as champion, and registers the result: dvc.lock, params,
    metrics and data are committed, a version that passed is tagged, deployed, asked, and served. After a
    refusal the present version goes on serving. Killed anywhere, the next evolve goes on.

    Exit codes: 0 a new version serves, or there was nothing to do; 3 the gate refused; 2 something to fix.

    Examples: slm-factory tool evolve; slm-factory tool evolve --dry-run
    """
    repository.require_root()
    with alone():
        cycle = open_cycle()
        if dry_run:
            forecast()
            return
        cycle.finish(is_deploying=not no_deploy)
        if is_judged():
            print("Nothing to do: no document, parameter or code has changed since the last verdict.")
            return
        if not yes and sys.stdin.isatty():
            typer.confirm("Run what is stale, commit, and serve the result if it is better?", abort=True)
        raise typer.Exit(go(cycle, is_deploying=not no_deploy))


def go(cycle: "Cycle", *, is_deploying: bool) -> int:
    """The exit code of one evolution: runs, judges, registers and serves."""
    from slm_factory.cli.profile import assign
    from slm_factory.cli.run import run
    from slm_factory.core import params
    from slm_factory.metrics.slices import GateSettings
    from slm_factory.release import registry
    from slm_factory.release.cycle import require_committed_code, told

    require_committed_code()
    served = registry.load().served
    assign({"gate": {"champion": served}}, registry.REGISTRY)
    print(f"champion: {served or 'none, compared with the base'}")
    run()
    version = cycle.register(params.load("gate", GateSettings))
    if version.verdict == "fail":
        print(f"refused: {told(version)}; {served or 'nothing'} goes on serving")
        return REFUSED
    if is_deploying:
        cycle.serve(version)
        cycle.prune()
    return 0


def open_cycle() -> "Cycle":
    """The release cycle of this repository, as params.yaml sets it up.

    Raises:
        UserError: its target does not answer.
    """
    from slm_factory.core import params
    from slm_factory.release import target
    from slm_factory.release.cycle import Cycle
    from slm_factory.release.settings import ReleaseSettings

    settings = params.load("release", ReleaseSettings)
    return Cycle(settings, target.load(settings), print)


def is_judged() -> bool:
    """Whether the last verdict was acted on and nothing has changed since."""
    from slm_factory.release import registry
    from slm_factory.release.cycle import LOCK, digest

    if not LOCK.is_file() or registry.load().judged != digest(LOCK):
        return False
    return not stale_stages()


def stale_stages() -> list[str]:
    """Names of the stages that would run, in the order of dvc.yaml; stages behind them may follow."""
    with repository.open_dvc() as repo:
        status = repo.status()
    return [name for name in repository.stages() if name in status]


def forecast() -> None:
    """Prints what an evolution would begin with."""
    from slm_factory.release import registry

    known = registry.load()
    stale = stale_stages()
    print(f"in service: {known.served or 'nothing'}")
    print(f"stale: {', '.join(stale)}, and what follows" if stale else "stale: nothing")


@contextmanager
def alone() -> Iterator[None]:
    """Holds the repository's release lock.

    Raises:
        UserError: another process holds it.
    """
    from filelock import FileLock, Timeout

    BUSY.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(BUSY, timeout=0):
            yield
    except Timeout as error:
        raise UserError(
            "error: another evolve or rollback is at work in this repository", "hint: wait for it to end"
        ) from error
