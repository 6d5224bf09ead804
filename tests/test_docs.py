"""Documentation says what is: generated pages are current, commands shown exist, links resolve."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from docs import make_reference
from slm_factory.cli.main import app
from tests.conftest import REPOSITORY

PAGES = sorted(
    page for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")] if page.is_file()
)
TEXTS = [page for page in PAGES if page.parent.name != "reference"]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
SHOWN = re.compile(r"^(?:\$ )?(?:\w+=\S+ )*(?:\.venv/bin/)?(slm-factory|make|dvc|python -m) (.+)$")


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def shown_commands(page: Path) -> list[tuple[str, list[str]]]:
    """(program, arguments) of every command in a page's code blocks and inline code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += re.findall(r"`([^`\n]+)`", text)
    found = []
    for line in lines:
        for part in re.split(r"&&|;", line.partition(" #")[0]):
            if match := SHOWN.match(part.strip()):
                found.append((match.group(1), shlex.split(match.group(2))))
    return found


@pytest.mark.parametrize("name", make_reference.pages())
def test_reference_page_is_what_the_code_says(name: str) -> None:
    written = (make_reference.REFERENCE / name).read_text(encoding="utf-8")
    assert written == make_reference.pages()[name], "run `make docs`"


def test_no_reference_page_is_left_over() -> None:
    assert {page.name for page in make_reference.REFERENCE.iterdir()} == set(make_reference.pages())


def find_command(words: list[str]) -> Any:
    """The command that the first of `words` name: `run`, or `tool collect law`."""
    command, *rest = words
    found = COMMANDS[command]
    while hasattr(found, "commands"):
        command, *rest = rest
        found = found.commands[command]
    return found


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_every_command_shown_exists(page: Path) -> None:
    texts = [(REPOSITORY / name).read_text() for name in ("Makefile", "development.mk")]
    targets = set(re.findall(r"^([a-z-]+):", "".join(texts), re.M))
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for program, arguments in shown_commands(page):
        words = [word for word in arguments if not word.startswith("-")]
        if program == "slm-factory" and words and words[0].isalpha():
            command = find_command(words)
            options = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in arguments if word.startswith("--")} <= options | {"--help"}, arguments
            for option in ("--until", "--from"):
                if option in arguments:
                    assert arguments[arguments.index(option) + 1] in stages, arguments
        elif program == "make":
            assert {word for word in words if "=" not in word} <= targets, arguments
        elif program == "dvc":
            assert words[0] in dvc_commands(), arguments
        elif program == "python -m" and arguments[0].startswith("stages."):
            name = arguments[0].removeprefix("stages.")
            assert name == "<name>" or name in stages, arguments


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_every_parameter_shown_exists(page: Path) -> None:
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    sections = "|".join(params)
    text = page.read_text(encoding="utf-8")
    for section, key in re.findall(rf"(?:-S |`)({sections})\.(\w+)[=`:]", text):
        assert key in params[section], f"{section}.{key}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_resolves(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_both_guides_show_the_same_commands() -> None:
    english, korean = (shown_commands(REPOSITORY / "docs" / name) for name in ("guide.md", "guide.ko.md"))
    assert english == korean


def test_third_party_names_every_dependency() -> None:
    text = (REPOSITORY / "THIRD_PARTY.md").read_text(encoding="utf-8")
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    names = set(re.findall(r'^  "([a-z][\w-]+?)(?:\[[\w,]+\])?(?:[<>=].*)?",', project, re.M | re.I))
    assert len(names) > 20
    missing = {name for name in names if name.lower() not in text and not name.startswith(("slm-", "types-"))}
    assert not missing


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dvc_commands() -> set[str]:
    """The subcommands of the installed DVC."""
    from dvc.cli.parser import get_main_parser

    parser = get_main_parser()
    return {name for action in parser._subparsers._group_actions for name in action.choices}
