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
        said = " ".join((error.stderr or error.stdout).split())
        hint = "hint: git status says more; then run it again"
        if "index.lock" in said:  # a git that was killed leaves it behind
            hint = "hint: wait for the other git to end; if none is running, rm .git/index.lock"
        raise UserError(f"error: git {arguments[0]} fails: {said[:200]}", hint) from error
    return done.stdout


def is_true(*arguments: str) -> bool:
    """Whether a git command that answers by its exit code says yes."""
    return subprocess.run(["git", *arguments], capture_output=True, check=False).returncode == 0


def require_ready() -> None:
    """Returns when a version can be committed here: there is a branch, nothing is half merged, a name is set.

    Raises:
        UserError: it cannot.
    """
    git("rev-parse", "--git-dir")
    if not is_true("symbolic-ref", "--quiet", "HEAD"):
        raise UserError(
            "error: HEAD is detached: the commit of a version would be on no branch",
            "hint: git switch BRANCH, or git switch -c BRANCH for a new one",
        )
    if is_true("rev-parse", "--quiet", "--verify", "MERGE_HEAD"):
        raise UserError("error: a git merge is not finished", "hint: git commit ends it, git merge --abort")
    if not is_true("var", "GIT_COMMITTER_IDENT"):
        raise UserError(
            "error: git does not know who commits",
            "hint: git config user.name NAME && git config user.email ADDRESS",
        )


def changed(paths: Sequence[Path]) -> list[str]:
    """Files below `paths` that differ from the last commit, new ones too; ignored ones do not count."""
    shown = git("status", "--porcelain", "-z", "--untracked-files=all", "--", *map(str, paths))
    return [entry[3:] for entry in shown.split("\0") if entry[:2].strip() and len(entry) > 3]


def commit(paths: Sequence[Path], message: str) -> bool:
    """Whether there was anything to commit below `paths`; what else is changed or staged stays as it is.

    Raises:
        UserError: git refuses; a hook may have.
    """
    if not changed(paths):
        return False
    present = [str(path) for path in paths if path.exists() or git("ls-files", "--", str(path))]
    git("add", "--all", "--", *present)
    git("commit", "--quiet", "--message", message, "--only", "--", *present)
    return True


def committed(path: Path) -> str:
    """The text of a file in the last commit, "" where it is not in it."""
    return git("show", f"HEAD:{path.as_posix()}") if git("ls-tree", "HEAD", "--", str(path)) else ""


def is_tag(name: str) -> bool:
    """Whether git has the tag."""
    return bool(git("tag", "--list", name).strip())


def tag(name: str, commit: str, message: str) -> None:
    """Sets an annotated tag, which `git push --follow-tags` brings along, unless it exists."""
    if not is_tag(name):
        git("tag", "--annotate", "--message", message, name, commit)


def commit_that_added(text: str, path: Path) -> str:
    """The first commit in which `path` held `text`, "" without one."""
    found = git("log", "--format=%H", f"-S{text}", "--", str(path)).split()
    return found[-1] if found else ""
