"""docs/reference is what the code says: every number has a meaning, every error that is explained exists."""

import ast
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import make_reference
from tests.conftest import REPOSITORY
from tests.test_docs import DOCS

PAGES = make_reference.pages()
MEANINGS: dict[str, dict[str, list[str]]] = yaml.safe_load(make_reference.METRICS.read_text(encoding="utf-8"))
SOURCES = [
    path for folder in ("slm_factory", "stages") for path in sorted((REPOSITORY / folder).rglob("*.py"))
]
COMPOSED = {"valid_kinds"}  # names that the code puts together
TROUBLES = ("troubleshooting.md", "troubleshooting.ko.md")


@pytest.mark.parametrize("name", PAGES)
def test_reference_page_is_what_the_code_says(name: str) -> None:
    written = (make_reference.REFERENCE / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "run `make docs`"


def test_no_reference_page_is_left_over() -> None:
    assert {page.name for page in make_reference.REFERENCE.iterdir()} == set(PAGES)


def numbers(value: Any, path: str = "") -> Iterator[str]:
    """The dotted names of what a metrics file says; an interval is one number, a rule goes by its name."""
    if isinstance(value, list) and value and "explanation" in value[0]:
        yield from (f"{path}.{rule['name']}" for rule in value)
    elif isinstance(value, dict) and value.keys() != {"mean", "low", "high"}:
        for name, inner in value.items():
            yield from numbers(inner, f"{path}.{name}" if path else name)
    else:
        yield path


def test_every_number_in_metrics_has_a_meaning() -> None:
    unexplained = []
    for file in sorted((REPOSITORY / "metrics").rglob("*.json")):
        name = file.relative_to(REPOSITORY / "metrics").with_suffix("").as_posix()
        known = [*MEANINGS[name], *(f"teacher.{key}" for key in MEANINGS["usage"]), "teacher.documents.*"]
        found = numbers(json.loads(file.read_text(encoding="utf-8")))
        unexplained += [
            f"{name}: {path}" for path in found if not any(fnmatchcase(path, pattern) for pattern in known)
        ]
    assert unexplained == []


def test_every_meaning_is_of_a_number_that_the_code_writes() -> None:
    text = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES).replace("is_", "")
    keys = {key for file in MEANINGS.values() for pattern in file for key in pattern.split(".")}
    named = {key.rstrip("*").rstrip("_").removeprefix("is_") for key in keys} - {"", *COMPOSED}
    assert {key for key in named if key not in text and key.replace("_", " ") not in text} == set()


@cache
def texts() -> list[re.Pattern[str]]:
    """Patterns of every text that the code can print; what differs from case to case matches anything."""
    found = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
                parts = [part for piece in re.split(r"\{[^{}]*\}", node.value) for part in (piece, None)][:-1]
            else:
                continue
            said = "".join(str(part) for part in parts if part)
            if len(said.removeprefix("error: ")) >= 10:  # less would match anything
                pattern = "".join(".+" if part is None else re.escape(str(part)) for part in parts)
                found.append(re.compile(pattern))
    return found


@pytest.mark.parametrize("name", TROUBLES)
def test_every_error_that_is_explained_exists(name: str) -> None:
    quoted = errors(DOCS / name)
    assert len(quoted) > 50
    assert [text for text in quoted if not any(known.fullmatch(text) for known in texts())] == []


def test_both_languages_explain_the_same_errors() -> None:
    english, korean = (errors(DOCS / name) for name in TROUBLES)
    assert english == korean


def errors(page: Path) -> list[str]:
    """The texts that are explained, each a heading of its own."""
    return re.findall(r"(?m)^### `(.+)`$", page.read_text(encoding="utf-8"))
