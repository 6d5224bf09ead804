"""The command line as a whole: help, wrong use, version."""

import re
import subprocess
import sys
from pathlib import Path

import typer

import slm_factory as slm_factory_package
from slm_factory.cli import repository
from slm_factory.cli.main import app
from slm_factory.core import params
from tests.cli.conftest import Command

HEAVY = {
    "torch",
    "transformers",
    "pandas",
    "numpy",
    "dvc",
    "pyarrow",
    "yaml",
    "pydantic",
    "openai",
    "asyncio",
}


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from slm_factory.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_lists_every_command(slm_factory: Command) -> None:
    shown = re.findall(r"^│ (\w+) ", slm_factory("--help").stdout, re.M)
    assert shown == list(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_a_wrong_command_ends_in_two_lines_with_the_nearest(slm_factory: Command) -> None:
    result = slm_factory("statsu")
    assert result.returncode == 2
    problem, hint = result.stderr.splitlines()
    assert problem.startswith("error: No such command 'statsu'") and "'status'" in problem
    assert hint.startswith("hint: ") and hint.endswith("/slm-factory --help")  # as it was called


def test_a_wrong_option_names_the_commands_own_help(slm_factory: Command) -> None:
    result = slm_factory("ask", "--max-tokens", "0", "--question", "?")
    assert result.returncode == 2
    problem, hint = result.stderr.splitlines()
    assert problem.startswith("error: ") and "--max-tokens" in problem
    assert hint.endswith("slm-factory ask --help")


def test_completion_offers_the_commands() -> None:
    environment = {"_SLM_FACTORY_COMPLETE": "complete_bash", "COMP_WORDS": "slm-factory s", "COMP_CWORD": "1"}
    script = "from slm_factory.cli.main import app; app(prog_name='slm-factory')"
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**environment, "PATH": "/usr/bin:/bin"},
    )
    assert result.stdout.split() == ["status", "serve"]


def test_version_names_package_python_and_commit(slm_factory: Command) -> None:
    first, second = slm_factory("version").stdout.splitlines()
    number = re.escape(slm_factory_package.__version__)
    assert re.fullmatch(rf"slm-factory {number}( \([0-9a-f]+(-dirty)?\))?", first)
    assert second.startswith(f"Python {sys.version.split()[0]} on ")


def test_a_group_without_a_command_shows_its_help_and_nothing_else(slm_factory: Command) -> None:
    result = slm_factory("tool")
    assert (result.returncode, "error:" in result.stderr) == (2, False)
    assert "dashboard" in result.stdout + result.stderr


def test_settings_that_are_no_text_end_in_two_lines(pipeline: Path, slm_factory: Command) -> None:
    (pipeline / "params.yaml").write_bytes("# 설정\n".encode("cp949"))
    for command in (["run"], ["check"], ["profile", "openai"]):
        result = slm_factory(*command)
        assert result.returncode == 2
        assert result.stderr == (
            "error: params.yaml is not UTF-8 text (byte 2)\nhint: git checkout params.yaml\n"
        )


def test_settings_are_looked_for_where_they_are_read() -> None:
    assert repository.SETTINGS_FILE == params.PARAMS_FILE


def test_ctrl_c_while_modules_are_read_is_no_traceback(tmp_path: Path) -> None:
    script = (
        "import builtins, sys\n"
        "from slm_factory.__main__ import main\n"
        "read = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'slm_factory.cli.main': raise KeyboardInterrupt\n"
        "    return read(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "main()\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (130, "")
