"""bench/newcomer.py reads the commands that a reader of a README would type."""

from pathlib import Path

import pytest

from bench.newcomer import QUESTION, commands, filled_in, script

README = """# A project

    git clone ... project && cd project
    make run      # on the samples

## Your own documents

    git clone ... project && cd project
    make run DOCUMENTS=~/manuals      # yours

    .venv/bin/project ask --question 'Who # decides?'

That is all.
"""
LISTED = [
    "git clone ... project",
    "cd project",
    "make run DOCUMENTS=~/manuals",
    ".venv/bin/project ask --question 'Who # decides?'",
]


def test_commands_joined_by_and_count_each_and_comments_do_not() -> None:
    with pytest.raises(ValueError, match="no code block"):
        commands("    git clone ... project\n\nText\n")
    assert commands(README.replace("'Who # decides?'", "'Who?'"))[:3] == LISTED[:3]


def test_only_what_a_reader_has_to_fill_in_is_filled_in() -> None:
    clone, cd, run, ask = (filled_in(command, Path("/the manuals")) for command in LISTED)
    assert clone.startswith("git clone --quiet /") and clone.endswith(" project")
    assert (cd, run) == ("cd project", "make run DOCUMENTS='/the manuals'")
    assert ask == f".venv/bin/project ask --question '{QUESTION}'"


def test_a_lent_environment_is_never_installed_into() -> None:
    lines = script(LISTED, Path("/manuals"), Path("/lent")).splitlines()
    at = lines.index("cd project")
    assert lines[0] == "set -e" and "touch .venv/.installed" in lines[at + 1]
