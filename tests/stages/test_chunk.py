"""chunk cuts by headings, articles and rows, and loses nothing."""

import json
import random
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.outline import find_code, find_tables, table_rows
from slm_factory.core.records import DOCUMENT
from slm_factory.core.tokens import estimate
from stages import chunk
from stages.chunk import LONGEST_ROW, Params, chunk_document
from tests.conftest import REPOSITORY, set_params

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


def cut(markdown: str, maximum: int = 1000, overlap: int = 0, **fields: Any) -> list[files.Row]:
    settings = Params(max_tokens=maximum, overlap_tokens=overlap)
    return chunk_document(document(markdown, **fields), settings)


def random_markdown(source: random.Random) -> str:
    """Headings, articles, lists, tables, code, footnotes and texts with and without spaces, in any order."""
    words = [
        "장애",
        "server",
        "등급은",
        "1.5초",
        "|",
        "끝났다.",
        "大韓",
        "[^1]",
        "[^2]",
        "a" * source.randint(1, 900),
    ]

    def sentence(count: int) -> str:
        return source.choice([" ", "", " "]).join(source.choices(words, k=count))

    def table() -> str:
        rows = [f"| {sentence(1)} | {sentence(source.randint(1, 9))} |" for _ in range(source.randint(0, 30))]
        return "\n".join([f"| a | {sentence(source.randint(1, 20))} |", "|---|---|", *rows])

    def code() -> str:
        lines = [sentence(source.randint(0, 20)) for _ in range(source.randint(1, 12))]
        return "\n".join(
            ["```", "# no heading", "| no | table |", "|---|---|", *lines, source.choice(["```", "", "```"])]
        )

    def items() -> str:
        return "\n".join(f"- {sentence(4)}\n  {sentence(3)}" for _ in range(source.randint(1, 20)))

    makers = [
        lambda: f"{'#' * source.randint(1, 6)} {sentence(2)}",
        lambda: f"제{source.randint(1, 30)}조(목적) {sentence(source.randint(1, 60))}",
        *(table, code, items),
        lambda: f"[^{source.randint(1, 3)}]: {sentence(source.randint(0, 20))}\n    {sentence(2)}",
        *[lambda: sentence(source.randint(0, 120))] * 2,
    ]
    blocks = [source.choice(makers)() for _ in range(source.randint(0, 12))]
    return source.choice(["", "\n"]) + source.choice(["\n", "\n\n", "\n\n\n"]).join(blocks)


RANDOM = [
    (seed, maximum, overlap)
    for seed in range(16)
    for maximum, overlap in ((100, 0), (100, 50), (250, 0), (250, 30), (1000, 100))
]


@pytest.mark.parametrize(("seed", "maximum", "overlap"), RANDOM)
def test_the_spans_are_the_whole_document_and_nothing_twice(seed: int, maximum: int, overlap: int) -> None:
    markdown = random_markdown(random.Random(seed))
    chunks = cut(markdown, maximum, overlap)
    assert bool(chunks) == bool(markdown)
    if not chunks:
        return
    assert chunks[0]["start"] == 0 and chunks[-1]["end"] == len(markdown)
    assert [row["index"] for row in chunks] == list(range(len(chunks)))
    assert len({row["chunk_id"] for row in chunks}) == len(chunks)
    for before, after in pairwise(chunks):
        assert before["start"] <= after["start"] <= before["end"] < after["end"]
        assert estimate(markdown[after["start"] : before["end"]]) <= overlap
    for row in chunks:
        assert markdown[row["start"] : row["end"]] in row["text"]


@pytest.mark.parametrize(("seed", "maximum", "overlap"), RANDOM)
def test_tables_are_cut_behind_rows_only_and_code_that_fits_never(
    seed: int, maximum: int, overlap: int
) -> None:
    markdown = random_markdown(random.Random(seed))
    code = find_code(markdown)
    chunks = cut(markdown, maximum, overlap)
    for row in chunks:
        span = markdown[row["start"] : row["end"]]
        before, _, _ = row["text"].partition(span)
        inside = [
            block
            for block in [*code, *find_tables(markdown, code)]
            if block.start < row["start"] < block.end or block.body == row["start"]
        ]
        if before:
            assert [before] == [block.opening for block in inside]
        for table in (block for block in inside if not block.closing):
            longest = max(estimate(markdown[slice(*lines)]) for lines in table_rows(markdown, table))
            assert markdown[row["start"] - 1] == "\n" or longest > LONGEST_ROW * maximum
    for block in code:
        if estimate(markdown[block.start : block.end]) <= maximum - overlap:
            assert any(row["start"] <= block.start and block.end <= row["end"] for row in chunks)


@pytest.mark.parametrize(("seed", "maximum", "overlap"), RANDOM)
def test_a_chunk_is_longer_than_allowed_only_for_one_row(seed: int, maximum: int, overlap: int) -> None:
    markdown = random_markdown(random.Random(seed))
    tables = find_tables(markdown, find_code(markdown))
    for row in cut(markdown, maximum, overlap):
        if estimate(row["text"].rstrip()) <= maximum:
            continue
        needs = [
            estimate(markdown[table.start : table.body]) + estimate(markdown[start:end])
            for table in tables
            for start, end in table_rows(markdown, table)
            if row["start"] <= start and end <= row["end"]
        ]
        assert maximum < max(needs, default=0) + 60  # the notes that the row cites
        assert estimate(row["text"]) <= (LONGEST_ROW + 1) * maximum


@pytest.mark.parametrize("seed", range(20))
def test_pages_are_those_of_the_first_and_last_character(seed: int) -> None:
    source = random.Random(seed)
    markdown = random_markdown(source)
    starts = sorted({0, *(source.randrange(len(markdown) + 1) for _ in range(5))})
    for row in cut(markdown, 100, 20, page_starts=starts):
        span = markdown[row["start"] : row["end"]].rstrip() or "-"
        pages = [sum(start <= row["start"] + offset for start in starts) for offset in (0, len(span) - 1)]
        assert [row["first_page"], row["last_page"]] == pages


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
    assert find_tables(markdown, find_code(markdown)) == []


def test_a_line_of_inline_code_opens_no_code() -> None:
    assert len(cut("```x``` 는 명령이다.\n\n# 가\n\n글\n")) == 2


def test_the_marks_that_close_a_heading_are_no_part_of_it() -> None:
    chunks = cut("# C#\n\n글\n\n# 가 ##\n\n글\n\n# ##\n\n글\n")
    assert [row["headings"] for row in chunks] == [["C#"], ["가"], ["##"]]


def test_a_long_line_with_a_heading_mark_is_no_heading() -> None:
    assert cut(f"# {'글 ' * 200}\n\n끝\n")[0]["headings"] == []


def test_a_cut_table_repeats_its_header_and_never_cuts_a_row() -> None:
    body = [f"| 시스템 {row} | {'팀 ' * 9}|" for row in range(12)]
    chunks = cut("앞 문장이다.\n\n" + HEADER + "\n".join(body) + "\n\n뒤 문장이다.\n", 100)
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


def test_a_row_that_no_teacher_could_read_is_cut_like_prose() -> None:
    row = f"| 가 | {'긴 글이다. ' * 200}|\n"
    chunks = cut(HEADER + "| 앞 | 줄 |\n" + row + "| 나 | 끝 |\n", 100)
    assert max(estimate(item["text"]) for item in chunks) <= 100
    assert chunks[-1]["text"].endswith("| 나 | 끝 |\n")
    assert all(item["text"].endswith("이다. ") for item in chunks[1:-1])


def test_a_header_that_would_fill_the_chunks_is_not_repeated() -> None:
    header = f"| {'긴 머리글 ' * 20}|\n|---|\n"
    chunks = cut(header + "| 나루 서버 열 대 |\n" * 30, 100)
    assert [header in item["text"] for item in chunks] == [True] + [False] * (len(chunks) - 1)


def test_code_that_fits_into_a_chunk_is_not_cut() -> None:
    code = "```yaml\n" + "key: value\n\n" * 15 + "```\n"
    chunks = cut("앞 문장이 여기 있다. " * 8 + "\n\n" + code + "\n" + "뒤 문장이 여기 있다. " * 8, 100)
    assert [code in item["text"] for item in chunks] == [False, True, False]


def test_code_that_has_to_be_cut_stays_code() -> None:
    lines = [f"key{number}: value{number}" for number in range(40)]
    chunks = cut("\n".join(["~~~yaml", *lines, "~~~", ""]), 100)
    assert len(chunks) > 2
    assert all(item["text"].startswith("~~~yaml\n") and item["text"].endswith("~~~\n") for item in chunks)
    assert [line for item in chunks for line in item["text"].split("\n") if line.startswith("key")] == lines


def test_an_outer_list_item_is_not_cut_where_the_list_can_be() -> None:
    items = [f"- 항목 {number}의 일\n    - 첫째 일을 한다.\n    - 둘째 일을 한다.\n" for number in range(9)]
    chunks = cut("".join(items), 100)
    assert len(chunks) > 1
    assert all(item["text"].startswith("- 항목") for item in chunks)


def test_a_chunk_has_the_footnotes_that_it_cites() -> None:
    notes = "[^1]: 첫째 뜻이다.\n\n[^b]: 둘째 뜻은\n    두 줄이다.\n"
    chunks = cut(f"# 가\n\n말[^1]과 말[^b]과 말[^1]과 `[^c]`.\n\n# 나\n\n말[^b]\n\n{notes}")
    assert [(item["headings"], item["text"]) for item in chunks] == [
        (["가"], "# 가\n\n말[^1]과 말[^b]과 말[^1]과 `[^c]`.\n\n" + notes.replace("\n\n", "\n")),
        (["나"], "# 나\n\n말[^b]\n\n[^b]: 둘째 뜻은\n    두 줄이다.\n"),
        ([], notes),
    ]


def test_footnotes_that_only_the_last_section_cites_stay_there_and_long_ones_where_they_are() -> None:
    last = "# 나\n\n말[^1]\n\n[^1]: 뜻이다.\n"
    assert [item["text"] for item in cut("# 가\n\n글\n\n" + last)] == ["# 가\n\n글\n\n", last]
    long = f"[^1]: {'긴 뜻이다. ' * 10}\n"
    assert [item["text"] for item in cut("# 가\n\n말[^1]\n\n# 나\n\n글\n\n" + long, 100)] == [
        "# 가\n\n말[^1]\n\n",
        "# 나\n\n글\n\n",
        long,
    ]


def test_long_text_is_cut_between_sentences_and_neighbours_share_the_overlap() -> None:
    markdown = "".join(f"문장 {number}번이 여기서 끝난다. " for number in range(40))
    chunks = cut(markdown, 120, 25)
    for before, after in pairwise(chunks):
        assert before["text"].endswith("끝난다. ")
        assert 0 < estimate(markdown[after["start"] : before["end"]]) <= 25
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


def test_the_stage_writes_the_chunks_of_all_documents_and_counts(workspace: Path) -> None:
    documents = [
        document("# 가\n\n글\n\n# 다\n\n글\n", doc_id="a.md"),
        document("# 나\n\n글\n", doc_id="b.md"),
    ]
    files.write_rows(chunk.DOCUMENTS, documents, DOCUMENT)
    chunk.main()
    rows = files.read_rows(chunk.ROWS)
    assert [(row["doc_id"], row["index"]) for row in rows] == [("a.md", 0), ("a.md", 1), ("b.md", 0)]
    assert json.loads(chunk.METRICS.read_text(encoding="utf-8")) == {
        "chunks": 3,
        "mean_characters": 7.3,
        "mean_tokens": 4.3,
        "max_tokens": 5,
        "limit_tokens": 1000,
        "documents": {"a.md": 2, "b.md": 1},
    }


def test_no_documents_is_the_users_error(workspace: Path) -> None:
    files.write_rows(chunk.DOCUMENTS, [], DOCUMENT)
    with pytest.raises(UserError, match="holds no documents"):
        chunk.main()


def test_too_much_overlap_is_the_users_error(workspace: Path) -> None:
    set_params(workspace, **{"chunk.max_tokens": 100, "chunk.overlap_tokens": 51})
    with pytest.raises(UserError, match="at most half"):
        chunk.main()


def test_chunks_fit_the_teachers_room_however_long_their_rows(workspace: Path) -> None:
    source = random.Random(7)
    for _ in range(100):
        markdown = random_markdown(source)
        room = source.choice([200, 400, 1500])
        settings = chunk.fitted(Params(max_tokens=1000, overlap_tokens=100), room)
        longest = max(
            (estimate(row["text"]) for row in chunk_document(document(markdown), settings, room)), default=0
        )
        assert longest <= room + 5  # the parts are estimated apart


def test_a_small_context_makes_small_chunks_and_says_so(workspace: Path) -> None:
    shutil.copytree(REPOSITORY / "prompts", workspace / "prompts")
    files.write_rows(chunk.DOCUMENTS, [document("가나다라 마바사아. " * 400)], DOCUMENT)
    counts = {}
    for context in (4096, 8192):
        set_params(
            workspace,
            **{"teacher.backend": "ollama", "teacher.context_tokens": context, "teacher.max_tokens": 1500},
        )
        chunk.main()
        metrics = json.loads(chunk.METRICS.read_text(encoding="utf-8"))
        assert metrics["max_tokens"] <= metrics["limit_tokens"]
        counts[metrics["limit_tokens"]] = metrics["chunks"]
    small, large = sorted(counts)
    assert small < large == 1000
    assert counts[small] > counts[large]
