"""The page in a headless browser: asked with the keyboard, in both languages, at a phone's width."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.serve.server import Limits
from slm_factory.serve.source import folder_source
from tests.browser import CONTRASTS, browser, opened
from tests.serve.conftest import Running, place, running
from tests.serve.test_page_api import write_chunks

__all__ = ["browser"]

pytest.importorskip("playwright.sync_api")

DARK_AND_LIGHT = ("dark", "light")


@pytest.fixture(scope="module")
def served(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A trained model and its base, and documents that speak of the queue."""
    pytest.importorskip("bm25s")
    folder = tmp_path_factory.mktemp("page")
    for name in ("tuned", "base"):
        place(folder / name, tiny)
    sources = {
        "latest": folder_source(folder / "tuned", "v20260101T000000Z"),
        "base": folder_source(folder / "base", ""),
    }
    table = "| Lighthouse | Servers |\n|---|---|\n| Mossgate | 24 \\| 7 |"
    texts = ["<b>The harbor team</b> owns the queue.", "Backups run at two.", f"As of May:\n{table}"]
    write_chunks(folder / "data", texts)
    with running(sources, folder / "data", Limits(slots=2, max_tokens=24)) as one:
        yield one


@pytest.fixture
def page(browser: Any, served: Running) -> Iterator[Any]:
    """The page in English, loaded; it must not stray to another place, nor log an error."""
    with loaded(browser, served.address) as shown:
        yield shown


@contextmanager
def loaded(browser: Any, address: str, **context: Any) -> Iterator[Any]:
    """The page at `address` when it can be used; that the server refuses a request is no fault of it."""
    with opened(browser, address, forgiven="status of 4", **context) as shown:
        shown.wait_for_selector("body[data-ready]")
        yield shown


def ask(page: Any, question: str) -> None:
    """Types a question and waits until answer and passages are there."""
    page.fill("#question", question)
    page.keyboard.press("Enter")
    page.wait_for_selector(".exchange:last-child .passages:not([hidden])")


def test_a_question_is_answered_with_speed_and_passages(page: Any, served: Running) -> None:
    ask(page, "Who owns the queue?")
    assert page.inner_text(".question") == "Who owns the queue?"
    assert len(page.inner_text(".answer .text")) > 5
    assert re.fullmatch(r"24 tokens · \d+ per second", page.inner_text(".speed"))
    assert page.inner_text(".passages summary") == "Passages of the documents: 1 manual-0.pdf"
    page.click(".passages summary")
    assert page.inner_text(".passages cite") == "manual-0.pdf · pages 1–2 · Rules"
    assert page.inner_text(".passages blockquote") == "<b>The harbor team</b> owns the queue."
    assert page.get_attribute(".answer .text", "aria-busy") == "false"
    assert page.text_content("#said").startswith("Answer: ")


def test_base_and_trained_stand_side_by_side(page: Any) -> None:
    page.check("#compare")
    ask(page, "Who owns the queue?")
    assert page.locator(".answer h3").all_inner_texts() == ["Before training", "Trained · v20260101T000000Z"]
    left, right = (answer.bounding_box() for answer in page.locator(".answer").all())
    assert left["y"] == right["y"] and left["x"] + left["width"] <= right["x"]


def test_a_thumb_is_kept_and_a_better_answer_too(page: Any, served: Running) -> None:
    file = served.data / "feedback.jsonl"
    file.unlink(missing_ok=True)
    ask(page, "Who owns the queue?")
    page.click(".thumb[value=down]")
    page.wait_for_selector(".thumb[value=down][aria-pressed=true]")
    page.keyboard.type("The harbor team.")
    page.click(".correction button")
    page.wait_for_selector(".correction", state="hidden")
    (row,) = files.read_json_lines(file)
    assert (row["rating"], row["question"], row["correction"], row["version"], row["chunk_ids"]) == (
        *("down", "Who owns the queue?", "The harbor team.", "v20260101T000000Z"),
        ["0" * 16],
    )
    assert row["answer"] == page.inner_text(".answer .text").strip()


def test_texts_are_never_markup(page: Any) -> None:
    ask(page, "<img src=x onerror=document.title='taken'><b>queue</b>")
    assert page.locator(".exchange img, .exchange b").count() == 0
    assert page.title() == "Ask the documents"


def test_a_table_of_a_document_is_one_and_the_words_of_the_answer_are_marked(page: Any) -> None:
    line = {"message": {"role": "assistant", "content": "Mossgate has the 24."}, "done": False}
    page.route("**/api/chat", lambda route: route.fulfill(body=json.dumps(line) + "\n"))
    ask(page, "How many servers does the lighthouse have?")
    page.click(".passages summary")
    rows = [row.all_inner_texts() for row in map(cells, page.locator(".passages tr").all())]
    assert rows == [["Lighthouse", "Servers"], ["Mossgate", "24 | 7"]]
    assert page.locator(".passages mark").all_inner_texts() == ["Mossgate", "24"]


def cells(row: Any) -> Any:
    return row.locator("th, td")


def test_an_answer_that_breaks_off_says_so_and_gives_the_question_back(page: Any) -> None:
    line = {"message": {"role": "assistant", "content": "The harbor"}, "done": False}
    body = f'{json.dumps(line)}\n{{"error": "the process that wrote this answer died; ask again"}}\n'
    page.route("**/api/chat", lambda route: route.fulfill(body=body))
    page.fill("#question", "Who owns the queue?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".text.wrong")
    assert page.inner_text(".answer .text") == "The harbor\nThe answer broke off. Ask again."
    assert page.input_value("#question") == "Who owns the queue?"
    assert page.text_content("#said").endswith("Ask again.") and page.locator(".thumb:visible").count() == 0


def test_a_question_that_is_too_long_is_told_in_words(page: Any) -> None:
    page.fill("#question", "긴 질문 " * 1000)
    page.keyboard.press("Enter")
    page.wait_for_selector(".text.wrong")
    assert page.inner_text(".answer .text") == "The question is too long for the model."


def test_everything_has_a_role_and_a_name(page: Any) -> None:
    ask(page, "Who owns the queue?")
    for role, name in (
        *(("heading", "Ask the documents"), ("group", "Language"), ("textbox", "Your question")),
        *(("button", "Ask"), ("button", "New conversation"), ("checkbox", "Compare with base model")),
        *(("heading", "Who owns the queue?"), ("button", "Good answer"), ("button", "Bad answer")),
    ):
        assert page.get_by_role(role, name=name, exact=True).count() == 1, name
    assert page.get_by_role("status").count() == 2


def test_nothing_moves_for_who_wants_it_still(page: Any) -> None:
    moves = """() => {
      const answer = document.getElementById("answer").content.cloneNode(true);
      document.getElementById("talk").replaceChildren(answer);
      return getComputedStyle(document.querySelector(".text"), "::after").animationName;
    }"""
    assert page.evaluate(moves) == "blink"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moves) == "none"


def test_the_keyboard_reaches_everything_in_reading_order(page: Any) -> None:
    page.keyboard.type("Who owns")  # the question has the focus from the start
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("the queue?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".passages:not([hidden])")
    assert page.inner_text(".question") == "Who owns\nthe queue?"
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("(({value, id, tagName}) => value || id || tagName)(document.activeElement)")
        )
    reached = names[names.index("ko") :]
    wanted = ["ko", "en", "up", "down", "SUMMARY", "question", "send"]
    assert [name for name in reached if name in wanted][: len(wanted)] == wanted


def test_escape_stops_an_answer(page: Any, served: Running) -> None:
    page.route("**/api/chat", lambda route: None)  # a server that takes its time
    page.fill("#question", "Who owns the queue?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#stop:not([hidden])")
    page.keyboard.press("Escape")
    page.wait_for_selector("#send:not([hidden])")
    assert page.inner_text(".speed") == "stopped"


@pytest.mark.parametrize(
    ("locale", "title"),
    [("ko-KR", "문서에 묻기"), ("en-GB", "Ask the documents"), ("fr-FR", "Ask the documents")],
)
def test_the_language_is_the_browsers_and_can_be_changed(
    browser: Any, served: Running, locale: str, title: str
) -> None:
    with loaded(browser, served.address, locale=locale) as page:
        assert (page.title(), page.inner_text("h1")) == (title, title)
        ask(page, "Who owns the queue?")
        page.click("#languages [value=ko]")
        page.wait_for_selector("html[lang=ko]")
        assert page.inner_text(".speed").startswith("24토큰") and page.inner_text("#send") == "묻기"
        assert page.get_attribute(".thumb", "aria-label") == "좋은 답"
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.inner_text("h1") == "문서에 묻기"  # it is remembered


@pytest.mark.parametrize("scheme", DARK_AND_LIGHT)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_cut_off_and_every_text_can_be_read(
    browser: Any, served: Running, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 700}
    size_and_scheme = {"viewport": size, "color_scheme": scheme}
    with loaded(browser, served.address, locale="ko-KR", **size_and_scheme) as page:
        page.check("#compare")
        ask(page, "queue " * 30 + "x" * 200)
        page.click(".passages summary")
        page.click(".thumb[value=down] >> nth=0")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRASTS) == []


def test_a_server_with_a_key_asks_for_it(browser: Any, tiny: Path, tmp_path: Path) -> None:
    place(tmp_path / "gguf", tiny)
    source = folder_source(tmp_path / "gguf", "")
    from playwright.sync_api import expect

    key = "correct horse battery staple"
    with running({"latest": source}, tmp_path / "data", Limits(max_tokens=4), keys=(key,)) as guarded:
        context = browser.new_context(locale="en-US")
        page = context.new_page()
        page.goto(guarded.address)
        page.wait_for_selector("dialog[open]")
        page.keyboard.type("a wrong key of some length")
        page.keyboard.press("Enter")
        expect(page.locator("#key")).to_have_value("")
        page.keyboard.type(key)
        page.keyboard.press("Enter")
        page.wait_for_selector("body[data-ready]")
        assert page.inner_text("#model") == "slm"
        context.close()
