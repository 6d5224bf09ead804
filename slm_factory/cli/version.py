"""`slm-factory version`."""

import platform
import subprocess
from pathlib import Path

import slm_factory


def version() -> None:
    """Print version, git commit, Python and platform."""
    commit = git_commit(Path(slm_factory.__file__).parent)
    print(f"slm-factory {slm_factory.__version__}" + (f" ({commit})" if commit else ""))
    print(f"Python {platform.python_version()} on {platform.platform()}")


def git_commit(folder: Path) -> str:
    """The commit `folder` is checked out from, with `-dirty` when files differ; empty outside a checkout."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        described = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:  # no git on this machine
        return ""
    return described.stdout.strip() if described.returncode == 0 else ""
