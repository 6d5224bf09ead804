"""How a stage ends: two lines and exit code 2 for what a user can fix, a traceback for a bug."""

import errno
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError, missing_extra, run_stage


def fails_with(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (UserError("error: what", "hint: how"), ["error: what", "hint: how"]),
        (missing_extra("torch", "train"), ["torch", ".[train]"]),
        (OSError(errno.ENOSPC, "No space left on device", "data/x.parquet"), ["no space left", "dvc gc"]),
        (RuntimeError("I/O error: No space left on device (os error 28)"), ["no space left", "dvc gc"]),
        (PermissionError(errno.EACCES, "Permission denied", "data/x"), ["data/x cannot be", "permissions"]),
    ],
)
def test_what_a_user_can_fix_is_two_lines_and_exit_code_2(
    workspace: Path, error: BaseException, lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_stage(lambda: fails_with(error))
    assert ended.value.code == 2
    written = capfd.readouterr().err.splitlines()
    assert len(written) == 2
    assert all(part in line for part, line in zip(lines, written, strict=True))


@pytest.mark.parametrize("bug", [ValueError("bug"), OSError(errno.EIO, "Input/output error")])
def test_a_bug_keeps_its_traceback(workspace: Path, bug: BaseException) -> None:
    with pytest.raises(type(bug)):
        run_stage(lambda: fails_with(bug))
