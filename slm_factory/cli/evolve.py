"""`slm-factory tool evolve`: from changed documents to a better version in service, or to none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import repository
from slm_factory.core.errors import UserError
from slm_factory.language import _
from slm_factory.language.sentences import sentence

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
    from slm_factory.release.git import require_ready

    with alone():
        cycle, stale = open_cycle(), stale_stages()
        if dry_run:
            forecast(cycle, stale)
            return
        require_ready()
        cycle.finish(is_current=not stale, is_deploying=not no_deploy)
        if is_judged(stale):
            told = _("Nothing to do: nothing has changed since {verdict}.")
            print(told.format(verdict=last_verdict()))
            return
        if not yes and sys.stdin.isatty():
            question = _("Run what is stale, commit, and serve the result if it is better?")
            typer.confirm(question, abort=True)
        raise typer.Exit(go(cycle, is_deploying=not no_deploy))


def go(cycle: "Cycle", *, is_deploying: bool) -> int:
    """The exit code of one evolution: runs, judges, registers and serves."""
    from slm_factory.cli.profile import assign
    from slm_factory.cli.run import run
    from slm_factory.core import params
    from slm_factory.metrics.slices import GateSettings
    from slm_factory.release import conditions, registry
    from slm_factory.release.candidate import candidate

    known = registry.load()
    conditions.require(cycle.settings, known)
    require_data(known.served)
    assign({"gate": {"champion": known.served}}, registry.REGISTRY)
    champion = known.served or _("none, compared with the base")
    print(_("champion: {version}").format(version=champion))
    run()
    if changed := stale_stages():
        raise UserError(
            f"error: something changed while the pipeline ran: {', '.join(changed)} would run again",
            "hint: slm-factory tool evolve goes on with what is new",
        )
    version = candidate(params.load("gate", GateSettings), known)
    if version.gguf and known.served and version.gguf == known.find(known.served).gguf:
        cycle.keep(known.find(known.served))
        return 0
    cycle.register(version)
    if version.verdict == "fail":
        refused = _("refused {version}: {served} goes on serving")
        print(refused.format(version=version.name, served=known.served or _("nothing")))
        return REFUSED
    if is_deploying:
        cycle.serve(version)
        cycle.prune()
    return 0


def open_cycle() -> "Cycle":
    """The release cycle of this repository, as params.yaml sets it up.

    Raises:
        UserError: its target does not answer, or its name is taken.
    """
    from slm_factory.core import params
    from slm_factory.release import target
    from slm_factory.release.cycle import Cycle
    from slm_factory.release.settings import ReleaseSettings

    settings = params.load("release", ReleaseSettings)
    return Cycle(settings, target.load(settings), lambda line: print(sentence(line)))


def is_judged(stale: list[str]) -> bool:
    """Whether the last verdict was acted on and nothing has changed since."""
    from slm_factory.release import registry
    from slm_factory.release.artefacts import digest
    from slm_factory.release.cycle import LOCK

    return not stale and LOCK.is_file() and registry.load().judged == digest(LOCK)


def last_verdict() -> str:
    """The newest version and what became of it."""
    from slm_factory.release import registry

    known = registry.load()
    newest = known.newest
    if newest is None or newest.name == known.served:
        return _("{version} went into service").format(version=known.served or _("the last verdict"))
    if newest.is_withdrawn:
        became = _("{version} was withdrawn; {served} serves")
    elif newest.verdict == "fail":
        became = _("{version} was refused; {served} serves")
    else:
        became = _("{version} was registered; {served} serves")
    return became.format(version=newest.name, served=known.served or _("nothing"))


def stale_stages() -> list[str]:
    """Names of the stages that would run, in the order of dvc.yaml; stages behind them may follow."""
    with repository.open_dvc() as repo:
        status = repo.status()
    return [name for name in repository.stages() if name in status]


def require_data(served: str) -> None:
    """Returns when what earlier runs made is here, so that nothing is made twice; DVC's cache is looked in.

    Raises:
        UserError: something of the version `served` is neither here nor in the cache, as in a fresh clone.
    """
    if not served:
        return
    with repository.open_dvc() as repo:
        made = [out for out in repo.index.outs if out.use_cache and out.hash_info]
        missing = [str(out) for out in made if not out.exists]
        if missing:
            repo.checkout(targets=missing, allow_missing=True)
        gone = [str(out) for out in made if not out.exists]
    if gone:
        named = ", ".join(gone[:3]) + (f" and {len(gone) - 3} more" if len(gone) > 3 else "")
        raise UserError(
            f"error: of {served} these files are neither here nor in DVC's cache: {named}",
            f"hint: dvc pull fetches them; {repository.program()} run makes them again",
        )


def forecast(cycle: "Cycle", stale: list[str]) -> None:
    """Prints what an evolution would begin with."""
    from slm_factory.release import git, registry

    known = registry.load()
    is_lost = known.served and not cycle.target.serves(known.served)
    if is_lost or git.changed([registry.REGISTRY]):
        print(_("unfinished: an evolution or rollback was cut off; it would be finished first"))
    print(_("in service: {version}").format(version=known.served or _("nothing")))
    if is_judged(stale):
        print(_("stale: nothing; nothing would be done"))
    elif stale:
        print(_("stale: {stages}, and what follows").format(stages=", ".join(stale)))
    else:
        print(_("stale: nothing; the gate's verdict waits"))


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
