"""The stories of docs/stories with a student that learns in seconds; stages, commands and servers are real.

A training costs most of a minute of CPU, so only one is made here: the incident story is executed until the
first version is in service and reviewed (tests/test_story.py has better, refused and withdrawn ones), and of
the tax-law story what trains nothing. `make stories` executes all three whole, with the seed student; the
story of the company rules trains from its first block on, so nothing but that does.
"""

import contextlib
import re
import shutil
from pathlib import Path

import psutil
import pytest

from docs.stories.page import Page
from docs.stories.run import Mismatch, Shell, environment, main, run
from slm_factory.cli import template
from tests import tiny_clone
from tests.conftest import REPOSITORY

STORIES = REPOSITORY / "docs/stories"
SAMPLES = REPOSITORY / "samples/stories"
NAMES = ("incident", "tax-law", "company-rules")
TRAINS_ONCE = (
    "From a folder of documents to an answer",
    "Into service",
    "A few pairs are read",
)
TRAINS_NOTHING = (
    "The law is fetched",
    "Experts and everybody else",
    "What it will cost",
    "Gemma 3 12B on a rented GPU",
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository from which `init` makes projects with a tiny student, and the stories' documents."""
    root = tmp_path_factory.mktemp("clone") / "slm-factory"
    root.mkdir()
    texts = [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.rglob("*")) if file.is_file()]
    tiny_clone.make(root, texts, vocabulary=1500)
    for name in template.FILES:
        if not (root / name).exists():
            template.place(REPOSITORY / name, root / name)
    shutil.copytree(REPOSITORY / "profiles", root / "profiles")
    shutil.copytree(SAMPLES, root / "samples/stories")
    return root


@pytest.mark.slow
@pytest.mark.parametrize(("name", "titles"), [("incident", TRAINS_ONCE), ("tax-law", TRAINS_NOTHING)])
def test_these_sections_are_as_their_page_shows(
    name: str, titles: tuple[str, ...], clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # more only get in a tiny student's way
    page, home = tmp_path / f"{name}.md", tmp_path / "home"
    page.write_text(sections(STORIES / page.name, titles), encoding="utf-8")
    home.mkdir()
    run(page, home, clone=clone, has_its_student=False)


def sections(page: Path, titles: tuple[str, ...]) -> str:
    """The sections of a page that have these titles, in the order of the page.

    Raises:
        KeyError: it has no section of that title.
    """
    parts = re.split(r"^## (.*)\n", page.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return "".join(found[title] for title in titles)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_show_the_same_blocks(name: str) -> None:
    english, korean = (
        re.findall(r"^```.*?^```", (STORIES / f"{name}{suffix}").read_text(encoding="utf-8"), re.M | re.S)
        for suffix in (".md", ".ko.md")
    )
    assert english == korean and len(english) > 5


def told(tmp_path: Path, page: str, *, has_its_student: bool = True) -> None:
    """Executes a page with this text in an empty home."""
    home = tmp_path / "home"
    home.mkdir(parents=True)
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    run(tmp_path / "page.md", home, has_its_student=has_its_student)


def test_a_page_is_one_shell_in_an_empty_home(tmp_path: Path) -> None:
    told(
        tmp_path,
        "```console\n$ mkdir a && cd a && export B='b  c'\n$ basename $PWD; echo $B\na\nb c\n$ ls ~\na\n"
        "slm-factory\n```\ntext\n```sh\nnot-run\n```\n```console\n$ cat <<END\n> 하나\n> END\n하나\n"
        "$ cat\n$ false\n$ echo $?\n1\n```\n",
    )


def test_another_output_than_shown_fails_with_the_difference(tmp_path: Path) -> None:
    with pytest.raises(Mismatch, match=r"(?s)page\.md:4: echo three.*-two.*\+three"):
        told(tmp_path, "text\n\n```console\n$ echo three\ntwo\n```\n")


def test_output_that_is_not_shown_fails(tmp_path: Path) -> None:
    with pytest.raises(Mismatch, match="more"):
        told(tmp_path, "```console\n$ echo more\n```\n")


def test_a_command_that_fails_ends_the_page(tmp_path: Path) -> None:
    with pytest.raises(Mismatch, match="ended with 3"):
        told(tmp_path, "```console\n$ (exit 3)\n$ echo next\nnext\n```\n")


def test_a_page_goes_on_after_a_difference_and_tells_all_of_them(tmp_path: Path) -> None:
    with pytest.raises(Mismatch, match=r"(?s)page\.md:2: echo 1.*page\.md:7: echo 3"):
        told(tmp_path, "```console\n$ echo 1\n2\n$ touch ~/on\n$ ls ~/on | wc -l\n1\n$ echo 3\n4\n```\n")


def test_a_model_may_say_something_else_with_another_student_only(tmp_path: Path) -> None:
    page = "```console student\n$ echo 42분\n25분\n```\n"
    told(tmp_path / "a", page, has_its_student=False)
    with pytest.raises(Mismatch):
        told(tmp_path / "b", page)


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("a ... c", "a b c", True),
        ("a ... c", "a b\nc", False),
        ("...\nc", "a\nb\nc", True),
        ("...\nc", "c", True),
        ("recall  0.90 (0.85-0.95)", "recall   0.87 (0.80-0.94)", True),
        ("recall  0.90 (0.85-0.95)", "recall   0.50 (0.40-0.60)", False),
        ("40 pairs", "41 pairs", False),
        ("made 2026-01-01 00:00", "made 2026-11-21 16:32", True),
    ],
)
def test_what_may_differ(shown: str, printed: str, is_same: bool) -> None:
    assert Page("1", has_its_student=True).compare(shown, printed) is is_same


def test_a_version_of_the_page_is_the_same_version_throughout() -> None:
    page = Page("1", has_its_student=True)
    first, other = "v20261121T163256Z", "v20261121T164046Z"
    assert page.compare("serving v20260101T000001Z", f"serving {first}")
    assert page.here("metrics diff v20260101T000001Z") == f"metrics diff {first}"
    assert page.compare("listens on 11435", "listens on 1") and page.here("--port 11435") == "--port 1"
    assert not page.compare("serving v20260101T000001Z", f"serving {other}")
    assert page.compare("v20260101T000002Z, not v20260101T000001Z", f"{other}, not {first}")


def test_a_page_leaves_nothing_running(tmp_path: Path) -> None:
    with Shell(tmp_path, environment(tmp_path, REPOSITORY)) as shell:
        number = int(shell.type("sleep 60 & echo $!"))
        assert psutil.pid_exists(number)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(number).wait(timeout=5)
    assert not psutil.pid_exists(number)


def test_all_pages_are_run_and_one_that_differs_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [tmp_path / "wrong.md", tmp_path / "right.md"]
    for page, shown in zip(pages, ("no", "yes"), strict=True):
        page.write_text(f"```console\n$ echo yes | tee ~/told\n{shown}\n```\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["run", *map(str, pages), "--home", str(tmp_path / "homes")])
    assert main() == 1
    assert (tmp_path / "homes/right/told").read_text() == "yes\n"
    assert f"{pages[1]}: all is as shown" in capsys.readouterr().out
