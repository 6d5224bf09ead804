"""`slm-factory run --documents`: a folder of one's own in place of the documents that are here."""

import filecmp
import logging
import shutil
from pathlib import Path

from slm_factory.cli import repository
from slm_factory.cli.template import DOCUMENTS
from slm_factory.core.errors import UserError

POINTER = DOCUMENTS.with_name(f"{DOCUMENTS.name}.dvc")


def adopt(source: Path) -> None:
    """Makes data/documents a copy of the folder `source`, kept by DVC; whole or not at all.

    What lies there and differs goes, so it has to be in git or DVC.

    Raises:
        UserError: `source` holds no files or holds this repository, or something would be lost.
    """
    from slm_factory.core import files
    from slm_factory.core.progress import track

    found = require_files(source)
    gone = [
        path for path in names(DOCUMENTS) if path not in found or differs(source / path, DOCUMENTS / path)
    ]
    if gone or names(DOCUMENTS) != found:
        require_kept(gone, source)
        with files.replacing_folder(DOCUMENTS) as beside:
            for path in track(sorted(found), "copying"):
                (beside / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / path, beside / path)
    elif POINTER.is_file():
        return
    keep()
    print(f"{DOCUMENTS}: {len(found):,} files of {source}, kept by DVC")


def require_files(source: Path) -> set[Path]:
    """The files below `source`, hidden ones left out.

    Raises:
        UserError: there are none, or `source` and data/documents lie in each other.
    """
    here, there = DOCUMENTS.absolute(), source.absolute()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise UserError(
            f"error: {source} and {DOCUMENTS} lie in each other",
            "hint: name a folder outside this repository",
        )
    found = names(source)
    if not found:
        raise UserError(f"error: {source} holds no files", "hint: --documents names a folder of documents")
    return found


def names(folder: Path) -> set[Path]:
    """Files below a folder, relative to it, hidden ones left out; links to files count as files."""
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in found if not any(part.startswith(".") for part in path.parts)}


def differs(one: Path, other: Path) -> bool:
    """Whether two files hold different bytes."""
    return not filecmp.cmp(one, other, shallow=False)


def require_kept(gone: list[Path], source: Path) -> None:
    """Returns when every file of data/documents in `gone` can be had back from git or DVC.

    Raises:
        UserError: one cannot.
    """
    lost = [] if POINTER.is_file() and is_saved() else sorted(set(gone) - committed())
    if lost:
        raise UserError(
            f"error: {len(lost)} files in {DOCUMENTS} are neither in {source} nor in git or DVC: {lost[0]}",
            f"hint: move them to {source}, or delete them; then run the same command again",
        )


def is_saved() -> bool:
    """Whether DVC has data/documents as it is."""
    with repository.open_dvc() as repo:
        return not repo.status(targets=[str(POINTER)])


def committed() -> set[Path]:
    """Files of data/documents that the last commit has as they are."""
    from slm_factory.release import git

    names = tracked()
    changed = git.changed([DOCUMENTS]) if names else []
    return {Path(name).relative_to(DOCUMENTS) for name in names - {*changed}}


def tracked() -> set[str]:
    """Files of data/documents in git's index, which may have changed since."""
    from slm_factory.release import git

    try:
        return {*git.git("ls-files", "-z", "--", str(DOCUMENTS)).split("\0")} - {""}
    except UserError:  # no git here
        return set()


def keep() -> None:
    """Takes data/documents out of git's index and gives it to DVC: documents are no code."""
    from slm_factory.release import git

    if tracked():
        git.git("rm", "-r", "--quiet", "--cached", "--", str(DOCUMENTS))
    with repository.open_dvc() as repo:
        logging.getLogger("dvc.repo.scm_context").setLevel(
            logging.WARNING
        )  # it would tell what to add to git
        repo.add([str(DOCUMENTS)])
