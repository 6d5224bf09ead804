"""Collecting from a local server that follows the national law API."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.collect.law import MAX_FAILURES, Tally, collect, file_name
from slm_factory.collect.law_api import LawApi
from slm_factory.collect.law_kinds import KINDS, Item, Search
from slm_factory.collect.ledger import NAME
from slm_factory.core.errors import UserError
from slm_factory.parsers.law import parse
from tests.collect.fake_law_api import (
    BAD_KEY,
    KEY,
    NO_RECORD,
    NOT_GRANTED,
    Answer,
    Disturb,
    FakeLawApi,
    Ruling,
    Statute,
    serving,
)
from tests.parsers.builders import OPTIONS

STATUTES = Search("statute", "*", "", False, 2)
RULINGS = Search("ruling", "*", "", False, 100)


@pytest.fixture
def api() -> Iterator[FakeLawApi]:
    """A server with five statutes on three pages, and a ruling."""
    statutes = [Statute(f"00{n}", f"가상{n}세법", str(n)) for n in range(1, 6)]
    with serving(FakeLawApi(statutes=statutes, rulings=[Ruling("77")])) as server:
        yield server


def bring(api: FakeLawApi, folder: Path, *searches: Search, limit: int | None = None) -> Tally:
    client = LawApi(
        KEY, api.url, per_second=10_000, timeout_seconds=0.5, attempts=3, first_wait_seconds=0.001
    )
    with client:
        return collect(client, searches or (STATUTES,), folder, limit)


def counts(tally: Tally) -> tuple[int, int, int, int]:
    return tally.new, tally.changed, tally.unchanged, len(tally.failed)


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def once(answer: Answer, page: str = "lawService.do") -> Disturb:
    """Sends `answer` to the first request of a page."""
    sent: list[bool] = []

    def disturb(asked: dict[str, str], number: int) -> Answer | None:
        if asked["page name"] != page or sent:
            return None
        sent.append(True)
        return answer

    return disturb


def test_every_record_on_every_page_becomes_a_file_that_the_parser_reads(
    api: FakeLawApi, tmp_path: Path
) -> None:
    tally = bring(api, tmp_path, STATUTES, RULINGS)
    assert counts(tally) == (6, 0, 0, 0)
    names = [f"statute/가상{n}세법_00{n}.xml" for n in range(1, 6)]
    assert files_in(tmp_path) == [NAME, "ruling/2023구합12345_가상처분취소_77.xml", *names]
    assert parse((tmp_path / names[0]).read_bytes(), OPTIONS).title == "가상1세법"


def test_the_text_in_force_is_asked_for(api: FakeLawApi, tmp_path: Path) -> None:
    api.statutes = [Statute("001", serial="9", state="시행예정"), Statute("001", serial="8", date="20250101")]
    bring(api, tmp_path)
    (asked,) = api.served()
    assert (asked["target"], asked["MST"], asked["efYd"]) == ("eflaw", "8", "20250101")


def test_a_second_run_fetches_nothing(api: FakeLawApi, tmp_path: Path) -> None:
    bring(api, tmp_path)
    before, ledger = len(api.served()), (tmp_path / NAME).read_bytes()
    assert counts(bring(api, tmp_path)) == (0, 0, 5, 0)
    assert len(api.served()) == before
    assert (tmp_path / NAME).read_bytes() == ledger


@pytest.mark.parametrize("change", [{"date": "20250101"}, {"serial": "99"}])
def test_only_a_changed_record_is_fetched_again(
    api: FakeLawApi, tmp_path: Path, change: dict[str, str]
) -> None:
    bring(api, tmp_path)
    api.statutes[1] = Statute(**{"id": "002", "name": "가상2세법", "serial": "2", "text": "새 글.", **change})
    before = len(api.served())
    assert counts(bring(api, tmp_path)) == (0, 1, 4, 0)
    assert len(api.served()) == before + 1
    assert "새 글." in (tmp_path / "statute/가상2세법_002.xml").read_text()


def test_a_renamed_statute_leaves_no_second_file(api: FakeLawApi, tmp_path: Path) -> None:
    bring(api, tmp_path)
    api.statutes[0] = Statute("001", "새이름세법", "1", "20250101")
    bring(api, tmp_path)
    names = [name for name in files_in(tmp_path) if "_001" in name]
    assert names == ["statute/새이름세법_001.xml"]


def test_a_record_whose_file_is_gone_is_fetched_again(api: FakeLawApi, tmp_path: Path) -> None:
    bring(api, tmp_path)
    (tmp_path / "statute/가상3세법_003.xml").unlink()
    assert counts(bring(api, tmp_path)) == (1, 0, 4, 0)


def test_a_record_that_two_searches_find_is_fetched_once(api: FakeLawApi, tmp_path: Path) -> None:
    named = STATUTES._replace(query="가상1세법")
    assert counts(bring(api, tmp_path, named, STATUTES)) == (5, 0, 0, 0)
    assert len(api.served()) == 5


def test_the_limit_holds_for_each_search(api: FakeLawApi, tmp_path: Path) -> None:
    assert counts(bring(api, tmp_path, STATUTES, RULINGS, limit=3)) == (4, 0, 0, 0)


def test_older_records_are_left_out_whatever_the_server_lists(api: FakeLawApi, tmp_path: Path) -> None:
    api.statutes[4].date = "20250301"
    tally = bring(api, tmp_path, STATUTES._replace(since="2025-01-31"))
    assert counts(tally) == (1, 0, 0, 0)
    assert api.requests[0]["efYd"] == "20250131~29991231"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=429),
        Answer(status=429, headers={"Retry-After": "0"}),
        Answer(status=503),
        Answer("<법령><기본정보>"),
        Answer("<법령>" + "x" * 1000, cut=100),
        Answer(""),
        Answer("<html><body>잠시 후 다시</body></html>"),
    ],
)
def test_what_may_pass_is_asked_for_again(api: FakeLawApi, tmp_path: Path, answer: Answer) -> None:
    api.disturb = once(answer)
    assert counts(bring(api, tmp_path)) == (5, 0, 0, 0)
    assert len(api.served()) == 6


def test_a_list_that_fails_once_is_asked_for_again(api: FakeLawApi, tmp_path: Path) -> None:
    api.disturb = once(Answer("<LawSearch><law></law></LawSearch>"), "lawSearch.do")
    assert counts(bring(api, tmp_path)) == (5, 0, 0, 0)


def test_a_record_that_fails_is_named_and_tried_again_by_the_next_run(
    api: FakeLawApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.disturb = lambda asked, number: Answer(status=500) if asked.get("MST") == "3" else None
    tally = bring(api, tmp_path)
    assert counts(tally) == (4, 0, 0, 1)
    assert tally.failed[0] == {"kind": "statute", "id": "003", "name": "가상3세법", "reason": "HTTP 500"}
    assert "003 (가상3세법) failed: HTTP 500" in caplog.text
    api.disturb = lambda asked, number: None
    assert counts(bring(api, tmp_path)) == (1, 0, 4, 0)


def test_an_old_version_stays_where_the_new_one_fails(api: FakeLawApi, tmp_path: Path) -> None:
    bring(api, tmp_path)
    old = (tmp_path / "statute/가상1세법_001.xml").read_bytes()
    api.statutes[0] = Statute("001", "가상1세법", "1", "20250101")
    api.disturb = once(Answer(NO_RECORD))
    assert counts(bring(api, tmp_path)) == (0, 0, 4, 1)
    assert (tmp_path / "statute/가상1세법_001.xml").read_bytes() == old


def test_a_record_without_text_is_counted_and_not_asked_for_again(api: FakeLawApi, tmp_path: Path) -> None:
    api.disturb = once(Answer(NO_RECORD))
    assert bring(api, tmp_path, RULINGS).without_text == 1
    assert counts(bring(api, tmp_path, RULINGS)) == (0, 0, 1, 0)
    assert files_in(tmp_path) == [NAME]


def test_a_server_that_is_down_ends_the_run(api: FakeLawApi, tmp_path: Path) -> None:
    api.statutes = [Statute(f"{n:03}", serial=f"{n:03}") for n in range(30)]
    api.disturb = lambda asked, number: Answer(status=502) if "MST" in asked else None
    with pytest.raises(UserError, match=f"failed {MAX_FAILURES} times in a row"):
        bring(api, tmp_path)
    assert len(api.served()) == 3 * MAX_FAILURES


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(BAD_KEY), "does not accept the key"),
        (Answer(status=403), "does not accept the key"),
        (Answer(NOT_GRANTED), "was not granted this kind: 미신청된"),
        (Answer("<Law>일치하는 법령이 없습니다.</Law>"), "refuses the list of kind statute: 일치하는"),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:9/"}), "not at this address"),
        (Answer(status=500), "does not list kind statute: HTTP 500"),
        (Answer("<LawSearch><totalCnt>0</totalCnt></LawSearch>"), "no statute for"),
    ],
)
def test_error_answers_are_told_in_two_lines_without_the_key(
    api: FakeLawApi, tmp_path: Path, answer: Answer, words: str
) -> None:
    api.disturb = lambda asked, number: answer
    with pytest.raises(UserError, match=words) as error:
        bring(api, tmp_path)
    assert "\n" not in error.value.problem and error.value.hint
    assert KEY not in str(error.value)


def test_no_server_is_told_without_the_address(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no answer \(ConnectError\)") as error:
        bring(FakeLawApi(url="http://127.0.0.1:9/DRF"), tmp_path)
    assert KEY not in str(error.value)


def test_a_server_that_hangs_is_given_up(api: FakeLawApi, tmp_path: Path) -> None:
    api.disturb = once(Answer(api.statutes[0].record(), hold=True))
    assert counts(bring(api, tmp_path)) == (5, 0, 0, 0)
    assert len(api.served()) == 6


def test_the_key_is_in_no_file_and_no_log(
    api: FakeLawApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.disturb = once(Answer(f"<html>OC={KEY}</html>", status=500))
    bring(api, tmp_path)
    assert not [path for path in tmp_path.rglob("*.*") if path.is_file() and KEY in path.read_text()]
    assert KEY not in "".join(record.getMessage() for record in caplog.records if record.name != "httpcore")


def test_a_half_written_ledger_costs_one_record(api: FakeLawApi, tmp_path: Path) -> None:
    bring(api, tmp_path)
    ledger = tmp_path / NAME
    ledger.write_text(ledger.read_text()[:-20])
    assert counts(bring(api, tmp_path)) == (1, 0, 4, 0)
    assert [json.loads(line)["id"] for line in ledger.read_text().splitlines()] == [
        f"00{n}" for n in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../etc/passwd", "statute/etc_passwd_1.xml"),
        ("소득세법 시행령", "statute/소득세법_시행령_1.xml"),
        ("독점규제 및 공정거래(제\n3조) <개정>", "statute/독점규제_및_공정거래_제_3조_개정_1.xml"),
        ("", "statute/statute_1.xml"),
        ("가" * 300, f"statute/{'가' * 53}_1.xml"),
    ],
)
def test_file_names_are_safe_and_readable(name: str, file: str) -> None:
    assert file_name(Item("statute", "/1", "1", "", name, {})) == file


def test_every_kind_lists_what_it_needs_to_be_served() -> None:
    for kind in KINDS.values():
        assert kind.identity and kind.serial and kind.names and kind.dates
        assert {"ID", "MST"} & kind.serving.keys()
