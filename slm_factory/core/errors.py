"""The one error type for what a user can fix, and how each program ends on it."""

import errno
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from slm_factory.core import activity

# As safetensors and torch say it.
DISK_FULL_WORDS = ("No space left on device", "file write failed")


class UserError(Exception):
    """Something the user can fix: `problem` says what and where, `hint` the next command.

    Programs print it as two lines on stderr and exit with code 2; bugs keep their traceback.
    """

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem}\n{hint}")
        self.problem = problem
        self.hint = hint


def missing_extra(package: str, extra: str) -> UserError:
    """The error for a package that lives in an optional extra."""
    return UserError(
        f"error: this needs the package {package}, which is not installed",
        f'hint: pip install -c constraints.txt -e ".[{extra}]"',
    )


def run_stage(main: Callable[[], None]) -> None:
    """Runs a stage's `main`, logging on stderr; what a user can fix ends in two lines and exit code 2."""
    logging.basicConfig(
        level=os.environ.get("SLM_FACTORY_LOG", "INFO").upper(), format="%(message)s", stream=sys.stderr
    )
    quiet_libraries()
    try:
        with activity.reporting(Path(sys.argv[0]).stem):
            main()
    except UserError as error:
        sys.exit(report(error))
    except Exception as error:  # looked at for a full disk, else raised again
        translated = disk_error(error)
        if translated is None:
            raise
        sys.exit(report(translated))
    except KeyboardInterrupt:
        sys.exit(130)


def quiet_libraries() -> None:
    """Keeps addresses, retries and prompts out of the logs: what speaks HTTP says only what went wrong."""
    for name in ("anthropic", "httpcore", "httpcore2", "httpx", "httpx2", "ollama", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)


def report(error: UserError) -> int:
    """Writes the error's two lines to stderr and returns the exit code, 2."""
    sys.stderr.write(f"{error.problem}\n{error.hint}\n")
    return 2


def disk_error(error: Exception) -> UserError | None:
    """The two lines for a disk that is full or read-only, None for any other error.

    Libraries that write from native code (safetensors, torch) wrap a full disk in errors of their own.
    """
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or any(words in str(error) for words in DISK_FULL_WORDS):
        return UserError(
            f"error: no space left on the disk while writing {getattr(error, 'filename', None) or 'a file'}",
            "hint: free some space (dvc gc -w --all-tags drops unused versions), then run the command again",
        )
    if isinstance(error, OSError) and number in (errno.EROFS, errno.EACCES) and error.filename:
        return UserError(
            f"error: {error.filename} cannot be written or read: {error.strerror}",
            "hint: check the permissions of the folder and run the same command again",
        )
    return None
