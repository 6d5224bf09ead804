"""The sample documents are what samples/make.py writes, and they do not contradict each other."""

import re
import runpy
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "samples" / "make.py"
DOCUMENTS = ROOT / "data" / "documents"
MAKE = runpy.run_path(str(SCRIPT))
SOURCES = [MAKE["read_source"](path) for path in sorted(MAKE["SOURCES"].glob("*.md"))]
DEFINITION = re.compile(
    r"(.+?)(?:이란|란|은|는) (.+?)(?:이다|을 말한다|를 말한다)\.|(?:An?|The) (.+?) is ((?:an?|the) .+)\."
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("first"))


def build(folder: Path) -> Path:
    subprocess.run([sys.executable, SCRIPT, folder], check=True, capture_output=True)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def facts(source: Any) -> Iterator[tuple[str, str, str, str]]:
    """The facts of a text as (kind, subject, attribute, value)."""
    heading = source.title
    for kind, rows in source.blocks:
        if kind == "heading":
            heading = rows[0][0]
        elif kind == "table":
            header, *body = MAKE["fill_joined"](rows)
            for subject, *values in body:
                for attribute, value in zip(header[1:], values, strict=True):
                    yield "table cell", subject, attribute, value
        elif kind == "bullets":
            for line in rows[0]:
                key, value = line.split(": ", 1)
                yield "key and value", heading, key, value
        elif kind == "steps":
            for number, line in enumerate(rows[0], start=1):
                yield "step", heading, str(number), line
        elif match := DEFINITION.fullmatch(rows[0][0]):
            yield "definition", match[1] or match[3], "definition", match[2] or match[4]


def test_two_builds_have_the_same_bytes(built: Path, tmp_path: Path) -> None:
    assert contents(built) == contents(build(tmp_path))


def test_the_committed_documents_are_the_built_ones(built: Path) -> None:
    if not DOCUMENTS.is_dir() or (ROOT / "data" / "documents.dvc").exists():
        pytest.skip("a user's own documents are in the place of the samples")
    committed = contents(DOCUMENTS)
    stale = [name for name, data in contents(built).items() if committed.get(name) != data]
    assert not stale, "run `python samples/make.py` and commit data/documents"


def test_every_format_is_there_twice(built: Path) -> None:
    formats = Counter(Path(name).suffix for name in contents(built))
    assert formats == dict.fromkeys([".pdf", ".hwpx", ".docx", ".html", ".md", ".txt"], 2)


def test_no_subject_has_two_values_for_an_attribute() -> None:
    values = defaultdict(list)
    for source in SOURCES:
        for _, subject, attribute, value in facts(source):
            values[subject, attribute].append(value)
    assert {key: found for key, found in values.items() if len(found) > 1} == {}


def test_the_samples_hold_170_to_230_facts_of_four_kinds() -> None:
    kinds = Counter(kind for source in SOURCES for kind, *_ in facts(source))
    assert 170 <= kinds.total() <= 230
    assert min(kinds[kind] for kind in ("table cell", "key and value", "definition", "step")) >= 25
