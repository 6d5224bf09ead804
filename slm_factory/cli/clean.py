"""`slm-factory clean`: room on the disk again, and nothing lost that cannot be made again."""

import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import working
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _

if TYPE_CHECKING:
    from dvc.repo import Repo

BESIDE_STAGES = (Path("data/eval"), Path("build"))  # what commands make
WITH_OUTPUTS = ("data", "metrics", "models")  # where a killed process may leave half a file
OUTPUTS = N_("outputs")
# A training that runs, or that somebody means to go on with, has touched its checkpoints lately.
OLD_CHECKPOINT_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Removal:
    """Files and folders of one kind, and what removing them frees."""

    what: str
    paths: list[Path]

    @cached_property
    def size(self) -> int:
        """In bytes."""
        return sum(file.lstat().st_size for path in self.paths for file in files_of(path))


def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what no version in git needs, and old checkpoints.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove what the pipeline and the tools made; the next run takes it from DVC's cache or makes it again.

    Documents, people's decisions, promoted models (deploy/), metrics and the answer store always stay.
    --all also removes objects from this repository's DVC cache that neither the present state, nor a branch,
    tag (each promoted version has one) or experiment needs, documents of every commit apart; and checkpoints
    of training that nobody went on with for a week.

    Examples: slm-factory clean; slm-factory clean --all -y
    """
    from slm_factory.cli.evolve import alone
    from slm_factory.core.progress import track

    with repository.open_dvc() as repo, alone():
        from dvc.repo import lock_repo

        with lock_repo(repo):  # no stage may be running
            with working(_("looking for what can be removed")):
                removals = list(removals_of(repo, everything=everything))
                freed = megabytes(removals)
            if not removals:
                print(_("Nothing to remove."))
                return
            show(removals)
            if not yes:
                ask()
            for path in track([path for removal in removals for path in removal.paths], _("removing")):
                remove(path)
    print(_("Removed {size}.").format(size=freed))


def removals_of(repo: "Repo", *, everything: bool) -> Iterator[Removal]:
    """What there is to remove, kind by kind."""
    found = [Removal(OUTPUTS, list(outputs(repo)))]
    if everything:
        found += [
            Removal(N_("unused objects in DVC's cache"), list(unused_objects(repo))),
            Removal(N_("checkpoints that nobody went on with for a week"), list(old_checkpoints())),
        ]
    yield from (removal for removal in found if removal.paths)


def show(removals: list[Removal]) -> None:
    """Prints what would go, what it frees, and what stays."""
    for removal in removals:
        print(f"{_(removal.what)}: {len(removal.paths):,}, {megabytes([removal])}")
        if removal.what == OUTPUTS:
            print(f"  {', '.join(map(str, removal.paths))}")
    print(_("These stay: documents, data/*.jsonl, metrics, deploy/, the answer store."))


def ask() -> None:
    """Returns when the user agrees.

    Raises:
        typer.Abort: the user does not.
        UserError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise UserError(
            "error: clean asks before it removes anything, and there is no terminal to ask at",
            f"hint: {repository.program()} clean --yes",
        )
    typer.confirm(_("Remove them?"), abort=True)


def outputs(repo: "Repo") -> Iterator[Path]:
    """What stages and commands have made here; metrics and plots, which git keeps, apart."""
    places = [
        Path(out.fs_path).relative_to(repo.root_dir)
        for stage in repo.index.stages
        if stage.cmd
        for out in stage.outs
        if out.use_cache
    ]
    for path in (*places, *BESIDE_STAGES):
        if path.exists() or path.is_symlink():
            yield path
    for folder in WITH_OUTPUTS:
        yield from Path(folder).glob(".*.partial")


def unused_objects(repo: "Repo") -> Iterator[Path]:
    """Objects of the DVC cache that `dvc gc --workspace --all-branches --all-tags --all-experiments` removes.

    Versions of documents that stand in any commit are left: nothing makes them again. A cache that lies
    outside the repository may be that of several, so nothing of it is unused as far as this one can tell.
    """
    used = used_hashes(repo)
    for _scheme, database in repo.cache.by_scheme():
        if not database or not Path(database.path).is_relative_to(repo.root_dir):
            continue
        for name in database.all():
            if name not in used:
                yield Path(database.oid_to_path(name))


def used_hashes(repo: "Repo") -> set[str]:
    """Hashes of all that the present state, branches, tags and experiments need, and of all documents."""
    found: list[Any] = list(
        repo.used_objs(all_branches=True, all_tags=True, all_experiments=True, force=True).values()
    )
    if Path("data/documents.dvc").is_file():
        found += repo.used_objs(
            ["data/documents.dvc"], all_commits=True, force=True, skip_failed=True
        ).values()
    return {entry.value for entries in found for entry in entries}


def old_checkpoints() -> Iterator[Path]:
    """Folders of checkpoints, of all repositories of this user, that were not touched for a week."""
    from slm_factory.core.store import cache_folder

    limit = time.time() - OLD_CHECKPOINT_SECONDS
    for folder in sorted((cache_folder() / "checkpoints").glob("*")):
        if max(path.lstat().st_mtime for path in (folder, *folder.rglob("*"))) < limit:
            yield folder


def files_of(path: Path) -> Iterator[Path]:
    """`path`, or the files below it."""
    if path.is_dir() and not path.is_symlink():
        yield from (file for file in path.rglob("*") if not file.is_dir() or file.is_symlink())
    else:
        yield path


def remove(path: Path) -> None:
    """Deletes a file, a link or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def megabytes(removals: list[Removal]) -> str:
    """What removals free, for reading."""
    return f"{sum(removal.size for removal in removals) / 1e6:,.1f} MB"
