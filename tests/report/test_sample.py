"""Pairs to read: drawn by themselves, with the evidence where it stands."""

from slm_factory.report import sample
from tests import rows


def test_a_draw_is_stable_and_an_added_document_moves_little_of_it() -> None:
    ids = [f"p{n}" for n in range(1000)]
    first = sample.drawn(ids, 20)
    assert len(first) == 20
    assert sample.drawn(list(reversed(ids)), 20) == first
    assert len(first & sample.drawn([*ids, *(f"q{n}" for n in range(50))], 20)) >= 15
    assert sample.drawn(ids[:3], 20) == set(ids[:3])


def test_evidence_is_found_across_line_breaks_and_normal_forms() -> None:
    chunk = rows.chunk(text="## 가\n\n한계는\n7 bar 입니다. 끝", first_page=2, last_page=3)
    shown = sample.in_source(rows.pair(evidence="한계는 7bar 입니다."), chunk)
    assert (shown["before"], shown["marked"], shown["after"]) == ("## 가\n\n", "한계는\n7 bar 입니다.", " 끝")
    assert shown["pages"] == [2, 3]


def test_evidence_that_is_not_there_is_said() -> None:
    shown = sample.in_source(rows.pair(evidence="else"), rows.chunk())
    assert (shown["is_found"], shown["marked"], shown["after"]) == (False, "", "Alpha is 7 bar.")


def test_a_long_chunk_is_cut_around_the_evidence_and_shows_it() -> None:
    text = "a" * 2000 + "EVIDENCE" + "b" * 2000
    shown = sample.in_source(rows.pair(evidence="EVIDENCE"), rows.chunk(text=text))
    assert shown["before"] == "…" + "a" * sample.AROUND
    assert shown["after"] == "b" * sample.AROUND + "…"
