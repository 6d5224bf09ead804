"""What a release asks of git: commits of exactly the given paths, tags, and what is not committed."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from slm_factory.core.errors import UserError


def git(*arguments: str) -> str:
    """What a git command prints.

    Raises:
        UserError: it fails; git's own words are told.
    """
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise UserError("error: git is not on the PATH", "hint: install git") from error
    except subprocess.CalledProcessError as error:
        said = " ".join((error.stderr or error.stdout).split())[:200]
        raise UserError(
            f"error: git {arguments[0]} fails: {said}", "hint: git status says more; then run it again"
        ) from error
    return done.stdout


def changed(paths: Sequence[Path]) -> list[str]:
    """Files below `paths` that differ from the last commit, new ones too; ignored ones do not count."""
    shown = git("status", "--porcelain", "-z", "--untracked-files=all", "--", *map(str, paths))
    return [entry[3:] for entry in shown.split("\0") if entry[:2].strip() and len(entry) > 3]


def commit(paths: Sequence[Path], message: str) -> bool:
    """Whether there was anything to commit below `paths`; what else is changed or staged stays as it is.

    Raises:
        UserError: git does not know who commits.
    """
    if not changed(paths):
        return False
    present = [str(path) for path in paths if path.exists() or git("ls-files", "--", str(path))]
    git("add", "--all", "--", *present)
    git("commit", "--quiet", "--message", message, "--only", "--", *present)
    return True


def tag(name: str, commit: str) -> None:
    """Sets the tag `name` on a commit, unless it exists."""
    if not git("tag", "--list", name).strip():
        git("tag", name, commit)


def commit_that_added(text: str, path: Path) -> str:
    """The first commit in which `path` held `text`, "" without one."""
    found = git("log", "--format=%H", f"-S{text}", "--", str(path)).split()
    return found[-1] if found else ""
