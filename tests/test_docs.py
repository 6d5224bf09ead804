"""Documentation says what is: every command, key, file, link and example on its pages is real."""

import functools
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from slm_factory.cli.main import app
from slm_factory.metrics import answers
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = sorted(page for page in [*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")] if page.is_file())
KOREAN = sorted(DOCS.rglob("*.ko.md"))
GROUP: Any = typer.main.get_command(app)
SHOWN = re.compile(r"^(?:\$ )?(?:\w+=\S+ )*(?:\.venv/bin/)?(slm-factory|make|dvc|python -m) (.+)$")
MARKDOWN = MarkdownIt().enable("table")
# Folders whose files are named in prose, and names that stand for files the reader writes.
FILE = re.compile(r"`((?:slm_factory|stages|tests|docs|prompts|profiles|bench|samples|seed)/[\w./-]+)`")
INVENTED = ("NAME", "subtitles", "contract")


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def english_of(page: Path) -> Path:
    return page.with_name(page.name.removesuffix(".ko.md") + ".md")


def text_of(page: Path) -> str:
    """The page's text; of a table that maps older systems to this one only what is ours."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"(?m)^\|[^|]*\|", "|", text) if page.name.startswith("migration") else text


@functools.cache
def tokens_of(text: str) -> list[Token]:
    """All tokens of a Markdown text, those inside lines too, as GitHub reads it."""
    return [inner for token in MARKDOWN.parse(text) for inner in (token, *(token.children or []))]


def blocks_of(page: Path) -> list[str]:
    """The text of each code block."""
    return [token.content for token in tokens_of(text_of(page)) if token.type in ("fence", "code_block")]


def shown_commands(page: Path) -> list[tuple[str, list[str]]]:
    """(program, arguments) of every command in a page's code blocks and inline code."""
    lines = [line for block in blocks_of(page) for line in block.splitlines()]
    lines += [token.content for token in tokens_of(text_of(page)) if token.type == "code_inline"]
    found = []
    for line in lines:
        for part in re.split(r"&&|;", line.partition(" #")[0]):
            if match := SHOWN.match(part.strip()):
                found.append((match.group(1), shlex.split(match.group(2))))
    return found


def find_command(words: list[str]) -> Any:
    """The command that the first of `words` name: `run`, or `tool collect law`."""
    found = GROUP
    for word in words:
        if not hasattr(found, "commands"):
            break
        assert word in found.commands, words
        found = found.commands[word]
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_shown_exists(page: Path) -> None:
    makefiles = [(REPOSITORY / name).read_text(encoding="utf-8") for name in ("Makefile", "development.mk")]
    targets = set(re.findall(r"^([a-z-]+):", "".join(makefiles), re.M))
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for program, arguments in shown_commands(page):
        if arguments[:1] == ["--lang"]:  # the group's own, which may stand first
            arguments = arguments[2:]
        words = [word for word in arguments if not word.startswith("-")]
        if program == "slm-factory" and words and words[0].isalpha():
            command = find_command(words)
            options = {option for part in (command, GROUP) for given in part.params for option in given.opts}
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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_parameter_shown_exists(page: Path) -> None:
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    sections = "|".join(params)
    for section, key in re.findall(rf"(?:-S |`)({sections})\.(\w+)[=`:]", text_of(page)):
        assert key in params[section], f"{section}.{key}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = FILE.findall(text_of(page))
    missing = [path for path in named if not any(word in path for word in INVENTED)]
    assert [path for path in missing if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_image_resolves(page: Path) -> None:
    tokens = tokens_of(page.read_text(encoding="utf-8"))
    targets = [str(token.attrs.get("href") or token.attrs.get("src") or "") for token in tokens]
    targets += re.findall(r"<img[^>]* src=\"([^\"]+)", page.read_text(encoding="utf-8"))
    for target in targets:
        if not target or re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@functools.cache
def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings, as links percent-encode them."""
    tokens = tokens_of(page.read_text(encoding="utf-8"))
    titles = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    plain = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    return {MARKDOWN.normalizeLink(anchor) for anchor in plain}


@pytest.mark.parametrize("page", KOREAN, ids=name_of)
def test_both_languages_show_the_same_commands(page: Path) -> None:
    def shape(page: Path) -> list[tuple[str, list[str]]]:
        """The commands, a text in an argument left out: a question is asked in the page's language."""
        return [
            (program, [word if word.isascii() and " " not in word else "..." for word in words])
            for program, words in shown_commands(page)
        ]

    assert shape(page) == shape(english_of(page))


def test_third_party_names_every_dependency() -> None:
    text = (REPOSITORY / "THIRD_PARTY.md").read_text(encoding="utf-8")
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    names = set(re.findall(r'^  "([a-z][\w-]+?)(?:\[[\w,]+\])?(?:[<>=].*)?",', project, re.M | re.I))
    assert len(names) > 20
    missing = {name for name in names if name.lower() not in text and not name.startswith(("slm-", "types-"))}
    assert not missing


def test_the_examples_of_extending_work() -> None:
    parser, metric = (
        block for block in blocks_of(DOCS / "extending.md") if "import re" in block or "def con" in block
    )
    names: dict[str, Any] = {}
    exec(parser, names)
    spoken = "WEBVTT\n\n1\n00:01.000 --> 00:02.500\n회의를 시작합니다.\n"
    assert names["parse"](spoken.encode(), None).markdown == "회의를 시작합니다."
    with pytest.raises(names["Refused"]):
        names["parse"](b"no cue", None)
    exec(metric, names | {"compact": answers.compact}, names)
    assert names["contains"]("4 시간", "복구에는 4시간이 걸립니다.") == 1.0
    assert names["contains"]("4시간", "복구에는 5시간이 걸립니다.") == 0.0


@functools.cache
def dvc_commands() -> set[str]:
    """The subcommands of the installed DVC."""
    from dvc.cli.parser import get_main_parser

    parser = get_main_parser()
    return {name for action in parser._subparsers._group_actions for name in action.choices}
