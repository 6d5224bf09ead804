"""chunk cuts by headings, articles and rows, and loses nothing."""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.records import DOCUMENT
from stages import chunk
from stages.chunk import Params, chunk_document, find_tables
from tests.conftest import set_params

HEADER = "| 시스템 | 담당 |\n|---|---|\n"


def document(markdown: str, **fields: Any) -> files.Row:
    row = {
        "doc_id": "a.md",
        "sha256": "",
        "format": "md",
        "title": "",
        "language": "ko",
        "date": "",
        "pages": 0,
    }
    return {**row, "markdown": markdown, "page_starts": [], "meta": "{}", "warnings": [], **fields}


def cut(markdown: str, maximum: int = 1500, overlap: int = 0, **fields: Any) -> list[files.Row]:
    settings = Params(max_characters=maximum, overlap_characters=overlap)
    return chunk_document(document(markdown, **fields), settings)


def random_markdown(source: random.Random) -> str:
    """Headings, articles, lists, tables, code and texts with and without spaces, in any order."""
    words = ["장애", "server", "등급은", "1.5초", "|", "끝났다.", "大韓", "a" * source.randint(1, 400)]

    def sentence(count: int) -> str:
        return source.choice([" ", "", " "]).join(source.choices(words, k=count))

    def block() -> str:
        kind = source.randrange(8)
        if kind == 0:
            return f"{'#' * source.randint(1, 6)} {sentence(2)}"
        if kind == 1:
            return f"제{source.randint(1, 30)}조(목적) {sentence(source.randint(1, 60))}"
        if kind == 2:
            rows = [
                f"| {sentence(1)} | {sentence(source.randint(1, 9))} |" for _ in range(source.randint(0, 30))
            ]
            return "\n".join(["| a | b |", "|---|---|", *rows])
        if kind == 3:
            return (
                "```\n# no heading\n\n| no | table |\n|---|---|\n"
                + sentence(20)
                + source.choice(["\n```", ""])
            )
        if kind == 4:
            return "\n".join(f"- {sentence(4)}: {sentence(3)}" for _ in range(source.randint(1, 20)))
        return sentence(source.randint(0, 120))

    return source.choice(["", "\n"]) + source.choice(["\n", "\n\n", "\n\n\n"]).join(
        block() for _ in range(source.randint(0, 12))
    )


@pytest.mark.parametrize("seed", range(150))
def test_the_spans_are_the_whole_document_and_nothing_twice(seed: int) -> None:
    source = random.Random(seed)
    markdown, maximum = random_markdown(source), source.choice([100, 150, 400, 1500])
    overlap = source.choice([0, 0, 20, maximum // 2])
    chunks = cut(markdown, maximum, overlap)
    assert bool(chunks) == bool(markdown)
    if not chunks:
        return
    assert chunks[0]["start"] == 0 and chunks[-1]["end"] == len(markdown)
    assert [row["index"] for row in chunks] == list(range(len(chunks)))
    assert len({row["chunk_id"] for row in chunks}) == len(chunks)
    for before, after in pairwise(chunks):
        assert before["end"] - overlap <= after["start"] <= before["end"] < after["end"]
    for row in chunks:
        assert row["text"].endswith(markdown[row["start"] : row["end"]])
        prefix = row["text"][: len(row["text"]) - (row["end"] - row["start"])]
        inside = [table for table in find_tables(markdown) if table.start < row["start"] < table.end]
        assert prefix == (markdown[inside[0].start : inside[0].body] if inside else "")
        if inside:
            assert row["start"] > inside[0].body and markdown[row["start"] - 1] == "\n"


@pytest.mark.parametrize("seed", range(150, 200))
def test_no_chunk_is_longer_than_allowed_where_no_row_is(seed: int) -> None:
    source = random.Random(seed)
    blocks = [
        " ".join(source.choices(["장애가", "났다.", "한다"], k=source.randint(1, 300))) for _ in range(8)
    ]
    table = HEADER + "".join(f"| 나루 {row} | 팀 |\n" for row in range(40))
    chunks = cut("\n\n".join([*blocks, table]), 200, 30)
    assert max(len(row["text"].rstrip()) for row in chunks) <= 200


def test_chunks_follow_headings_and_know_their_path() -> None:
    chunks = cut("# 문서\n\n앞\n\n## 가\n\n### 나\n\n글\n\n## 다\n\n끝\n")
    assert [(row["headings"], row["text"]) for row in chunks] == [
        (["문서"], "# 문서\n\n앞\n\n"),
        (["문서", "가", "나"], "## 가\n\n### 나\n\n글\n\n"),
        (["문서", "다"], "## 다\n\n끝\n"),
    ]


def test_articles_without_heading_marks_are_sections() -> None:
    articles = [
        "제1조(목적) 이 약관은 정한다.",
        "제2조의2(뜻) 뜻은 같다.\n제3조에 따른다.",
        "제3조 그 밖의 일\n글\n",
    ]
    chunks = cut("\n\n".join(["# 약관", *articles]))
    assert [row["headings"] for row in chunks] == [
        ["약관", "제1조(목적)"],
        ["약관", "제2조의2(뜻)"],
        ["약관", "제3조 그 밖의 일"],
    ]


def test_marks_inside_code_are_neither_headings_nor_tables() -> None:
    markdown = "# 가\n\n```\n# 나\n\n| a |\n|---|\n| b |\n```\n\n끝\n"
    assert len(cut(markdown)) == 1
    assert find_tables(markdown) == []


def test_a_cut_table_repeats_its_header_and_never_cuts_a_row() -> None:
    body = [f"| 시스템 {row} | {'팀 ' * 9}|" for row in range(12)]
    chunks = cut("앞 문장이다.\n\n" + HEADER + "\n".join(body) + "\n\n뒤 문장이다.\n", 160)
    assert len(chunks) == 3
    assert all(HEADER in row["text"] for row in chunks if "| 시스템 " in row["text"])
    lines = [line for row in chunks for line in row["text"].split("\n") if line.startswith("| 시스템 ")]
    assert [line for line in lines if line not in HEADER] == body


def test_a_row_longer_than_a_chunk_stays_whole() -> None:
    row = f"| 가 | {'긴 글 ' * 100}|\n"
    assert [item["text"] for item in cut(HEADER + row + "| 나 | 끝 |\n", 100)] == [
        HEADER + row,
        HEADER + "| 나 | 끝 |\n",
    ]


def test_long_text_is_cut_between_sentences_and_neighbours_share_the_overlap() -> None:
    markdown = "".join(f"문장 {number}번이 여기서 끝난다. " for number in range(40))
    chunks = cut(markdown, 120, 25)
    for before, after in pairwise(chunks):
        assert before["text"].endswith("끝난다. ")
        assert 0 < before["end"] - after["start"] <= 25
        assert markdown[after["start"] - 1] == " "


def test_pages_come_from_page_starts() -> None:
    markdown = "# 가\n\n첫 쪽\n\n# 나\n\n둘째 쪽\n\n셋째 쪽\n"
    starts = [0, markdown.index("# 나"), markdown.index("셋째")]
    chunks = cut(markdown, page_starts=starts, pages=3)
    assert [(row["first_page"], row["last_page"]) for row in chunks] == [(1, 1), (2, 3)]
    assert [(row["first_page"], row["last_page"]) for row in cut(markdown)] == [(0, 0), (0, 0)]


def test_an_edited_section_leaves_the_other_identifiers_alone() -> None:
    before = cut("# 문서\n\n앞\n\n## 가\n\n글\n\n## 나\n\n글\n\n## 나\n\n글\n\n")
    after = cut("# 문서\n\n앞\n\n## 가\n\n고친 글\n\n또\n\n## 나\n\n글\n\n## 나\n\n글\n\n")
    assert [a["chunk_id"] == b["chunk_id"] for a, b in zip(before, after, strict=True)] == [
        True,
        False,
        True,
        True,
    ]


def test_a_chunk_has_the_language_of_its_text() -> None:
    chunks = cut("# 가\n\n한글로 적는다.\n\n# English\n\nThis part is in English.\n\n# 12\n\n34\n")
    assert [row["language"] for row in chunks] == ["ko", "en", "ko"]


def test_the_stage_writes_sorted_rows_and_counts(workspace: Path) -> None:
    documents = [
        document("# 나\n\n글\n", doc_id="b.md"),
        document("# 가\n\n글\n\n# 다\n\n글\n", doc_id="a.md"),
    ]
    files.write_rows(chunk.DOCUMENTS, documents, DOCUMENT)
    chunk.main()
    rows = files.read_rows(chunk.ROWS)
    assert [(row["doc_id"], row["index"]) for row in rows] == [("a.md", 0), ("a.md", 1), ("b.md", 0)]
    assert json.loads(chunk.METRICS.read_text(encoding="utf-8")) == {
        "chunks": 3,
        "mean_characters": 7.3,
        "max_characters": 8,
        "documents": {"a.md": 2, "b.md": 1},
    }


def test_too_much_overlap_is_the_users_error(workspace: Path) -> None:
    set_params(workspace, **{"chunk.max_characters": 100, "chunk.overlap_characters": 51})
    with pytest.raises(UserError, match="at most half"):
        chunk.main()
