"""The command line speaks Korean: by the locale or --lang, in help, errors and tables; never in JSON."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.table import Table

from slm_factory import language
from slm_factory.cli import help, profile, status
from slm_factory.cli.console import console
from slm_factory.cli.main import app
from tests.cli.conftest import BIN, Command
from tests.conftest import REPOSITORY

HANGUL = re.compile("[가-힣]")
# Every help in one process: starting one for each command would take long.
ALL_HELP = """
import sys, typer
from slm_factory.cli.main import app
def show(command, words):
    print("=" * 8, *words)
    try: app([*words, "--help"], prog_name="slm-factory")
    except SystemExit: pass
    for name, inner in getattr(command, "commands", {}).items(): show(inner, [*words, name])
show(typer.main.get_command(app), [])
"""


def called(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`slm-factory ...` under these variables of the locale alone."""
    ours = ("LANG", "LC_", language.VARIABLE)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [str(BIN / "slm-factory"), *arguments],
        capture_output=True,
        text=True,
        env={**kept, "COLUMNS": "120", **environment},
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "is_korean"),
    [
        (["trace"], {"LANG": "ko_KR.UTF-8"}, True),
        (["trace"], {"LANG": "en_US.UTF-8"}, False),
        (["trace"], {}, False),
        (["--lang", "ko", "trace"], {"LANG": "en_US.UTF-8"}, True),
        (["trace", "--lang=ko"], {}, True),
        (["trace", "--lang", "en"], {"LANG": "ko_KR.UTF-8"}, False),
        (["trace"], {"LANG": "C", "SLM_FACTORY_LANG": "ko"}, True),
        (["trace", "--lang", "en"], {"SLM_FACTORY_LANG": "ko"}, False),
    ],
)
def test_locale_or_option_choose_the_language(
    arguments: list[str], environment: dict[str, str], is_korean: bool
) -> None:
    result = called(*arguments, **environment)
    assert result.returncode == 2
    problem, hint = result.stderr.splitlines()
    assert problem.startswith("오류: " if is_korean else "error: ")
    assert hint.startswith("힌트: " if is_korean else "hint: ")


STARTER = """
import subprocess, sys
from slm_factory.cli import help
help.use_language(["tool", "wizard", "--lang", sys.argv[1]])
subprocess.run([sys.executable, "-m", "slm_factory", "trace"])
"""


@pytest.mark.parametrize("named", ["ko", "en"])
def test_commands_that_a_command_starts_speak_its_language_under_any_locale(named: str) -> None:
    other = {"ko": "C", "en": "ko_KR.UTF-8"}[named]
    environment = {**os.environ, "LANG": other, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(
        [sys.executable, "-c", STARTER, named], capture_output=True, text=True, env=environment, check=True
    )
    assert result.stderr.startswith({"ko": "오류: ", "en": "error: "}[named])


def test_a_wrong_language_ends_in_two_lines(slm_factory: Command) -> None:
    result = slm_factory("--lang", "fr", "version")
    assert result.returncode == 2
    problem, hint = result.stderr.splitlines()
    assert "--lang" in problem and "'fr'" in problem and hint.endswith("slm-factory --help")


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["--lang", "ko", "run"], "ko"),
        (["run", "--lang=ko"], "ko"),
        (["--lang", "en", "tool", "review", "--lang", "ko"], "ko"),
        (["run"], ""),
        (["run", "--", "--lang", "ko"], ""),
        (["--lang"], ""),
    ],
)
def test_the_option_is_found_anywhere_on_the_line(arguments: list[str], language: str) -> None:
    assert help.named_language(arguments) == language


def test_help_of_every_command_is_korean_throughout() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", ALL_HELP],
        capture_output=True,
        text=True,
        env={**os.environ, "LANG": "ko_KR.UTF-8", "COLUMNS": "200"},
        check=True,
    ).stdout
    pages = re.split(r"^=+ ?(.*)$", shown, flags=re.M)[1:]
    named = dict(zip(pages[::2], pages[1::2], strict=True))
    assert len(named) == len(list(help.commands(typer.main.get_command(app))))
    for name, page in named.items():
        assert "사용법: " in page and "─ 옵션 ─" in page, name
        assert not re.search("Usage|Options|Commands|Arguments|default:|required|Example|Show this", page), (
            name
        )
        options = re.findall(r"^│ [* ]? *(?:--[\w-]+.*?|\w+) {2,}(.*)$", page, re.M)
        assert options and all(map(HANGUL.search, options)), (name, options)


def test_generated_documentation_stays_english() -> None:
    language.use("ko")
    command = typer.main.get_command(app)
    texts = [getattr(owner, name) for owner, name in help.places(command)]
    assert not [
        text for text in texts if HANGUL.search(text) and "소득세법" not in text
    ]  # which one example asks for


def test_a_stages_state_is_told_in_korean_and_kept_in_json(pipeline: Path) -> None:
    table = called("status", LANG="ko_KR.UTF-8").stdout
    assert "안 돌았음" in table and "never run" not in table
    assert '"never run"' in called("status", "--json", LANG="ko_KR.UTF-8").stdout


def test_reasons_of_dvc_are_told_in_the_language_of_the_reader() -> None:
    language.use("ko")
    assert status.reason("after first") == "first 다음에"
    assert status.reason("data/documents modified") == "data/documents 바뀜"
    assert status.reason("train.rank 8 -> 16") == "train.rank 8 -> 16"


def test_counts_and_profiles_are_told_in_the_language_of_the_reader() -> None:
    assert status.counted("kept_facts", 1200) == "1,200 kept facts"
    summaries = [profile.summary(file) for file in sorted((REPOSITORY / "profiles").glob("*.yaml"))]
    language.use("ko")
    assert status.counted("kept_facts", 1200) == "남긴 사실 1,200"
    assert status.counted("of_tomorrow", 3) == "of tomorrow 3"
    told = [language.pgettext(profile.SUMMARY, summary) for summary in summaries]
    assert all(map(HANGUL.search, told))


def test_a_cell_of_korean_that_just_fits_loses_no_word() -> None:
    """The first four words take 25 cells, and the blank behind them one more."""
    table = Table.grid(expand=True)
    table.add_row("복사하거나 설치를 고칠 때 씁니다.")
    screen = console(width=25)
    screen.begin_capture()
    screen.print(table)
    assert screen.end_capture().split() == ["복사하거나", "설치를", "고칠", "때", "씁니다."]
