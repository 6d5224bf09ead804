"""What git and DVC still know of an output that DVC has cleared away, since its stage makes it anew."""

import subprocess
from functools import cache
from pathlib import Path

import yaml


def committed(path: Path) -> Path | None:
    """The cached copy of the DVC output `path` as it stood at git HEAD; only to be read.

    None when there is no git, no DVC, no such version, or its file was never made or pulled here. Only the
    local cache is asked, never a remote: this saves work, it must not start any.
    """
    digest = digest_at_head(path)
    folder = local_cache(Path.cwd()) if digest else None
    if digest is None or folder is None:
        return None
    copy = folder / digest[:2] / digest[2:]
    return copy if copy.is_file() else None


@cache
def local_cache(folder: Path) -> Path | None:
    """Where DVC caches the files of the repository around `folder`, with links resolved; None without one."""
    from dvc.exceptions import DvcException  # dvc takes a second to import
    from dvc.repo import Repo

    try:
        with Repo(str(folder)) as repo:
            return Path(repo.cache.local.path).resolve()
    except DvcException:
        return None


@cache
def repository(folder: Path) -> str:
    """The hash of the first commit of the git repository around `folder`, the same in every clone of it.

    Without git or a commit, `folder` itself.
    """
    command = ["git", "rev-list", "--max-parents=0", "HEAD"]
    try:
        shown = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return str(folder)
    return min(shown.stdout.split())  # histories that were joined have several


def digest_at_head(path: Path) -> str | None:
    """The MD5 that dvc.lock records for the output `path` at git HEAD, or None."""
    command = ["git", "show", "HEAD:./dvc.lock"]
    try:
        shown = subprocess.run(command, capture_output=True, check=True)
        lock = yaml.safe_load(shown.stdout)
    except (OSError, subprocess.CalledProcessError, yaml.YAMLError):
        return None
    stages = lock.get("stages", {}) if isinstance(lock, dict) else {}
    for stage in stages.values():
        for output in stage.get("outs", []):
            if output.get("path") == path.as_posix():
                return output.get("md5")
    return None
