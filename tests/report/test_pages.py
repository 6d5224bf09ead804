"""The pages in a headless browser: data report, `eval compare`, `tool compare-data`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli import compare_data, compare_page
from slm_factory.core.files import Row
from slm_factory.metrics.bootstrap import Interval
from slm_factory.metrics.comparison import Comparison
from slm_factory.report import page as data_report
from slm_factory.report import sample
from slm_factory.report.comparison import DataSet, compare
from slm_factory.report.funnel import step
from tests import rows
from tests.browser import CONTRASTS, browser, opened
from tests.report.test_page import document, report, silent

__all__ = ["browser"]

LONG = "운영/아주_긴_이름의_문서_" * 4 + "x" * 90 + ".hwpx"


def of_data() -> str:
    """A data report with everything in it: warnings, reasons, long names, evidence that is not found."""
    source = rows.chunk(text=f"{'y' * 300} Alpha is 7 bar.", doc_id=LONG, first_page=3, last_page=4)
    return data_report.render(
        report(
            funnel=[
                step("chunks", "chunks", 2),
                step("facts", "facts", 1, {"over the limit": 3, "number without evidence": 12}),
                step("pairs", "pairs", 9, {}, 2),
                step("training pairs", "pairs", 1234567, {"asks a held-out question": 7}),
            ],
            documents=[document(LONG, 1), document("a.md", 9)],
            silent=[silent("c2", "all pairs rejected: number without evidence")],
            sample=[
                sample.in_source(rows.split(pair_id="p1", doc_id=LONG), source),
                sample.in_source(rows.split(pair_id="p2", evidence="elsewhere"), source),
            ],
        )
    )


def answer(contender: str, number: int, **changes: Any) -> Row:
    """An answer to a recall question that is right where `number` is odd."""
    row = {"question_id": f"q{number}", "slice": "recall", "contender": contender, "doc_id": LONG}
    said = {"question": f"질문 {number}?", "reference": "Alpha is 7 bar.", "answer": "z" * 200}
    return row | said | {"key_facts": float(number % 2)} | changes


def of_answers() -> str:
    """The page of `eval compare` with all colours."""
    gains = [Interval(mean, mean - 0.1, mean + 0.1) for mean in (0.5, -0.5)]
    found = [Comparison(1234, 0.1, 0.6, gain, 900, 0, 334, 0.0001) for gain in gains]
    before = [answer("base", number) for number in range(4)]
    after = [answer("tuned", 0, key_facts=0.5), *(answer("tuned", n, key_facts=None) for n in (1, 2, 3))]
    tables = {"slice": {"recall": found[0]}, "category": {"제1장": found[1]}, "document": {LONG: found[0]}}
    return compare_page.render("base", "openai:a/very-long/name-of-a-model", tables, before, after)


def of_versions() -> str:
    """The page of `tool compare-data`, with a leak, a moved pair, and other documents."""
    sets = [
        DataSet(name, {doc_id: "1"}, {"p1": rows.split(doc_id=doc_id, split=split, category=LONG)})
        for name, doc_id, split in (("v1", LONG, "test"), ("workspace", "b.md", "train"))
    ]
    rejected = rows.split(pair_id="p2", is_kept=False, reasons=["number without evidence: 7"])
    sets[1].pairs["p2"] = rejected
    return compare_data.as_page(compare(*sets))


PAGES: dict[str, tuple[Callable[[], str], dict[str, str]]] = {
    "data": (of_data, {"ko": "데이터 보고서", "en": "Data report"}),
    "answers": (of_answers, {"ko": "측정 결과", "en": "Measured"}),
    "versions": (of_versions, {"ko": "데이터 두 판의 비교", "en": "Two versions of the data"}),
}


@pytest.fixture(params=PAGES)
def named(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, dict[str, str]]:
    """A page's name, its address, and a heading in both languages."""
    make, headings = PAGES[request.param]
    file = tmp_path / "page.html"
    file.write_text(make(), encoding="utf-8")
    return request.param, file.as_uri(), headings


@pytest.mark.parametrize(("locale", "language"), [("ko-KR", "ko"), ("fr-FR", "en")])
def test_it_opens_in_the_readers_language_and_switches_with_the_keyboard(
    browser: Any, named: tuple[str, str, dict[str, str]], locale: str, language: str
) -> None:
    _, address, headings = named
    other = {"ko": "en", "en": "ko"}[language]
    with opened(browser, address, locale=locale) as page:
        shown = page.inner_text("body")
        assert headings[language] in shown and headings[other] not in shown
        assert page.get_attribute("html", "lang") == language
        page.focus(f"#choose-{language}")
        page.keyboard.press("ArrowRight")
        shown = page.inner_text("body")
        assert headings[other] in shown and headings[language] not in shown
        assert page.get_attribute("html", "lang") == other


def test_it_can_be_read_and_switched_without_scripts(
    browser: Any, named: tuple[str, str, dict[str, str]]
) -> None:
    _, address, headings = named
    with opened(browser, address, java_script_enabled=False) as page:
        for language in ("en", "ko"):
            page.click(f"label[for=choose-{language}]")
            shown = page.inner_text("body")
            assert [heading in shown for heading in headings.values()] == [language == "ko", language == "en"]


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_nothing_is_cut_off_and_every_text_can_be_read(
    browser: Any, named: tuple[str, str, dict[str, str]], locale: str
) -> None:
    with opened(browser, named[1], locale=locale) as page:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(CONTRASTS) == []


def test_a_print_is_dark_on_light_and_has_no_buttons(
    browser: Any, named: tuple[str, str, dict[str, str]]
) -> None:
    with opened(browser, named[1], color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert not page.is_visible(".languages")
        assert page.evaluate(CONTRASTS) == []


def test_every_table_has_a_name_and_every_heading_of_one_a_direction(
    browser: Any, named: tuple[str, str, dict[str, str]]
) -> None:
    with opened(browser, named[1]) as page:
        assert page.locator("table").count() > 0
        assert page.locator("table:not(:has(caption)):not([aria-labelledby])").count() == 0
        assert page.locator("th:not([scope])").count() == 0
        assert page.locator("th:empty").count() == 0


def test_a_picture_has_its_numbers_as_text(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(of_data(), encoding="utf-8")
    with opened(browser, file.as_uri()) as page:
        picture = page.get_by_role("img", name="question: 27–27 characters, median 27")
        assert picture.count() == 1
        page.click("figure summary >> nth=0")
        assert page.inner_text("figure tbody >> nth=0").split() == ["20–29", "1"]


def test_an_answer_is_judged_by_a_sign_and_not_by_its_colour_alone(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(of_answers(), encoding="utf-8")
    with opened(browser, file.as_uri()) as page:
        signs = [text[0] for text in page.locator(".answers td").all_inner_texts()]
        assert sorted(signs) == sorted("✗◐✓·✗·✓·")
        assert page.locator(".legend > span").all_inner_texts() == [
            *("✓ right", "◐ partly", "✗ wrong", "· not judged")
        ]


def test_the_policy_lets_nothing_else_run(browser: Any, tmp_path: Path) -> None:
    html = of_data().replace("</main>", "<script>document.title = 'taken'</script></main>")
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.title() == "slm-factory: 데이터 보고서 · Data report"
    page.close()
