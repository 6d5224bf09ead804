"""The page: self-contained, escaped, bounded, readable without colours or a mouse."""

import re
from html.parser import HTMLParser
from typing import Any

from slm_factory.report import page, sample, usage
from slm_factory.report.distributions import histogram, lengths, marks
from slm_factory.report.funnel import step
from tests import rows

EVIL = "<script>alert('x')</script>&\"{{ 7 * 7 }}"
VOID = {"meta", "input", "rect", "wbr"}


def report(**changes: Any) -> dict[str, Any]:
    pairs = [rows.scored(**dict.fromkeys(("faithfulness", "completeness", "usefulness"), 4))]
    used = {"requests": 1, "failed": 0, "prompt_tokens": 9, "completion_tokens": 5, "seconds": 0.1}
    value: dict[str, Any] = {
        "funnel": [
            step("chunks", "chunks", 2),
            step("facts", "facts", 1, {"over the limit": 3}),
            step("training pairs", "pairs", 1, {}, 2),
        ],
        "warnings": [{"label": "uneven documents", "count": 2, "detail": "a.md 30, b.md 2"}],
        "distributions": {"kind": {"fact": 1}, "language": {"ko": 1}, "category": {"Limits": 1}},
        **{
            "lines": {"pair": 1},
            "lengths": lengths(pairs),
            "histogram": histogram(pairs),
            "marks": marks(pairs),
        },
        "review": {"approved": 1, "undecided": 0},
        "documents": [document("a.md", 1)],
        "silent": [silent("c2", "the teacher found no fact")],
        "test_questions": 0,
        "sample": [sample.in_source(rows.split(), rows.chunk(first_page=3, last_page=3))],
        "usage": usage.report({"generate": used, "score": None}, 1, 1),
    }
    return value | changes


def document(name: str, count: int) -> dict[str, Any]:
    numbers = ("chunks", "chunks_without_rows", "facts", "trained_facts", "tested_facts")
    return {"document": name, **dict.fromkeys((*numbers, "trained_and_tested_facts"), 1), "rows": count}


def silent(chunk_id: str, reason: str) -> dict[str, Any]:
    return {"chunk_id": chunk_id, "document": "a.md", "index": 0, "headings": ["H"], "reason": reason}


class Outline(HTMLParser):
    """Elements in order, and whether each is closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID or (tag == "rect" and not self.get_starttag_text().endswith("/>")):  # type: ignore[union-attr]
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_from_outside() -> None:
    html = page.render(report())
    elements = Outline(html).seen
    assert [name for name, _ in elements if name in ("script", "link", "img", "iframe")] == ["script"]
    assert "://" not in html and "url(" not in html and "@import" not in html
    identifiers = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    referred = [
        attributes[key]
        for _, attributes in elements
        for key in ("aria-labelledby", "for")
        if key in attributes
    ]
    referred += [
        attributes["href"][1:] for name, attributes in elements if name == "a" and attributes["href"]
    ]
    assert set(referred) <= set(identifiers)


def test_every_text_from_the_data_is_escaped() -> None:
    pair = rows.split(question=EVIL, answer=EVIL, evidence=EVIL, category=EVIL, doc_id=EVIL, kind=EVIL)
    value = report(
        sample=[sample.in_source(pair, rows.chunk(text=f"a {EVIL} b", headings=[EVIL]))],
        documents=[document(EVIL, 1)],
        silent=[{**silent("c", EVIL), "document": EVIL, "headings": [EVIL]}],
        warnings=[{"label": EVIL, "count": 1, "detail": EVIL}],
        distributions={"kind": {EVIL: 1}, "language": {"en": 1}, "category": {EVIL: 1}},
        lines={EVIL: 1},
    )
    html = page.render(value)
    Outline(html)
    assert html.count("<script") == 1 and "alert(&#39;x&#39;)" in html
    assert "{{ 7 * 7 }}" in html and "49" not in re.sub(r"#\w+|\d\.\d+", "", html.partition("<body>")[2])


def test_evidence_is_marked_in_its_chunk_with_headings_and_page() -> None:
    html = page.render(report())
    assert "<mark>Alpha is 7 bar.</mark>" in html
    assert "a.md › Limits" in html and "page 3" in html and "3쪽" in html


def test_long_tables_are_cut_and_say_so() -> None:
    many = [document(f"{n:06}.md", n) for n in range(20_000)]
    chunks = [silent(f"c{n}", "the teacher found no fact") for n in range(20_000)]
    html = page.render(report(documents=many, silent=chunks))
    assert len(html.encode()) < 2_000_000
    assert "and 19,800 more" in html
    assert "000000.md" in html and "019999.md" not in html  # those with the fewest rows first


def test_words_stand_in_both_languages_and_the_page_opens_in_that_of_the_data() -> None:
    html = page.render(report())
    assert '<html lang="ko">' in html and 'value="ko" checked' in html
    assert "데이터 보고서" in html and "Data report" in html
    english = page.render(report(distributions={"kind": {}, "language": {"en": 2, "ko": 1}, "category": {}}))
    assert '<html lang="en">' in english and 'value="en" checked' in english


def test_an_unknown_stage_is_unknown_and_not_zero() -> None:
    assert "unknown (older metrics)" in page.render(report())


def test_the_page_of_empty_data_is_a_page() -> None:
    empty = report(
        **{
            "distributions": {"kind": {}, "language": {}, "category": {}},
            "lines": {"pair": 0},
            "warnings": [],
        },
        **{
            "lengths": lengths([]),
            "histogram": [],
            "marks": marks([]),
            "documents": [],
            "silent": [],
            "sample": [],
        },
    )
    Outline(page.render(empty))
