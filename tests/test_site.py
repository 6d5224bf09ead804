"""The documentation as a site: complete, in both languages, without a network, and as GitHub shows it."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from lxml import html

from tests.conftest import REPOSITORY
from tests.test_docs import DOCS, PAGES, english_of, name_of, tokens_of

SOURCES = [page for page in PAGES if page.is_relative_to(DOCS)]
# As Markdown's tokens name them, and as HTML does.
ELEMENTS = {
    "heading_open": "h1|h2|h3",
    "list_item_open": "li",
    "tr_open": "tr",
    "fence": "pre",
    "code_block": "pre",
    "blockquote_open": "blockquote",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make site` does, but elsewhere."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return place


def page_of(site: Path, source: Path, language: str) -> Path:
    """The file of the site that shows a page."""
    path = english_of(source) if source.name.endswith(".ko.md") else source
    return site / language / path.relative_to(DOCS).with_suffix(".html")


def test_every_page_is_there_in_both_languages(site: Path) -> None:
    assert [
        page for page in SOURCES for language in ("", "ko") if not page_of(site, page, language).is_file()
    ] == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|img|iframe)[^>]* src=[\"']?(?:https?:)?//[^>]*", text) == [], page
        assert re.findall(r"<link[^>]* href=[\"']?(?:https?:)?//[^>]*", text) == [], page


def navigation(page: Path) -> dict[str, str]:
    """Address -> name of every link in the site's navigation."""
    links = html.parse(str(page)).xpath("//nav[@data-md-level='0']//a[@href]")
    return {link.get("href"): " ".join(link.text_content().split()) for link in links}


def test_every_page_is_in_the_navigation(site: Path) -> None:
    shown = {page_of(site, page, "").relative_to(site).as_posix() for page in SOURCES}
    assert shown <= {address.removeprefix("./") for address in navigation(site / "index.html")}


def test_the_korean_site_is_navigated_in_korean(site: Path) -> None:
    names = set(navigation(site / "ko" / "index.html").values())
    assert {name for name in names if not re.search("[가-힣]", name)} <= {"", "slm-factory"}


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_the_site_reads_a_page_as_github_does(site: Path, source: Path) -> None:
    """Python-Markdown wants four spaces where GitHub is content with three, and a line before a list."""
    language = "ko" if source.name.endswith(".ko.md") else ""
    tokens = tokens_of(source.read_text(encoding="utf-8"))
    github = Counter(ELEMENTS[token.type] for token in tokens if token.type in ELEMENTS)
    article = html.parse(str(page_of(site, source, language))).find(".//article")
    assert article is not None
    ours = {names: sum(1 for name in names.split("|") for _ in article.iter(name)) for names in github}
    assert ours == github
