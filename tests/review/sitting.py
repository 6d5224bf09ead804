"""A review screen over a few pairs, driven by keys."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from slm_factory import language
from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, DOCUMENT, SCORED
from slm_factory.review import decisions, feedback
from slm_factory.review.app import Check, ReviewApp
from slm_factory.review.decisions import Decision, Decisions
from slm_factory.review.journal import Journal
from slm_factory.review.pairs import Pairs
from slm_factory.serve import feedback as served
from tests import rows

PAIRS = Path("data/score.parquet")
CHUNK_TEXT = (
    "## 압력\n\n알파 펌프의 한계 압력은 7 bar이다. 이 값을 넘으면 밸브가 닫힌다.\n\n"
    "- 점검 주기: 30일\n- 담당: 설비팀 [bold red]굵게[/]\n- 기록: 운영 일지\n"
)
Steps = Callable[[Pilot[None]], Awaitable[None]]


def table() -> list[Row]:
    """Seven pairs of two documents; one was dropped by the checks."""
    source = {"doc_id": "설비/펌프.pdf", "chunk_id": "c1", "category": "압력", "language": "ko"}
    limit = {"evidence": "알파 펌프의 한계 압력은 7 bar이다.", "fact_id": "limit", **source}
    period = {"evidence": "- 점검 주기: 30일", "fact_id": "period", **source}
    texts = (
        ("알파 펌프의 한계 압력은 얼마인가요?", "알파 펌프의 한계 압력은 7 bar입니다.", limit),
        ("알파 펌프는 몇 bar까지 견디나요?", "7 bar까지입니다.", limit),
        ("알파 펌프는 얼마나 자주 점검하나요?", "30일마다 점검합니다.", period),
        ("점검 주기가 어떻게 되나요?", "31일입니다.", period),
        ("What is the [bold]limit[/bold] of \x1b[31mBeta?", "9 bar\x07 [link=x]here[/link]", {}),
        ("Who watches Beta?", "The night shift.", {}),
        ("When is Beta checked?", "Every 30 days.", {}),
    )
    pairs = [
        rows.scored(pair_id=f"a{number}", question=question, answer=answer) | more
        for number, (question, answer, more) in enumerate(texts)
    ]
    pairs[3] |= {"is_kept": False, "reasons": ["number without evidence: 31"], "score": None}
    pairs[5] |= {"score": 3, "score_reason": "the evidence does not name the shift"}
    return pairs


def make(*lines: Decision) -> None:
    """Writes the tables and the decisions below the current folder."""
    files.write_rows(PAIRS, table(), SCORED)
    chunk = rows.chunk(
        **{"doc_id": "설비/펌프.pdf", "headings": ["설비", "압력"], "text": CHUNK_TEXT},
        first_page=3,
        last_page=4,
    )
    files.write_rows(Path("data/chunk.parquet"), [chunk], CHUNK)
    document = rows.document(doc_id="설비/펌프.pdf", title="펌프 설명서")
    files.write_rows(Path("data/parse.parquet"), [document], DOCUMENT)
    decisions.write(decisions.DECISIONS, decisions.latest(lines))


def give(thumb: dict[str, Any]) -> None:
    """Keeps a thumb as the server does; the passage of `make` was shown with the answer."""
    served.save(served.Feedback.model_validate({"chunk_ids": ["c1"]} | thumb))


def no_problems(pair: Row, question: str, answer: str) -> list[str]:
    """A check that finds nothing."""
    return []


def open_screen(check: Check = no_problems, lang: str = "en", is_light: bool = False) -> ReviewApp:
    """The screen over what `make` wrote, as reviewer kim."""
    language.use(lang)
    journal, thumbs = Journal(decisions.DECISIONS), feedback.read()
    chunks = feedback.read_chunks(Path("data/chunk.parquet"), feedback.chunk_ids(thumbs, journal.decisions))
    pairs = Pairs.read(PAIRS, feedback.pairs(thumbs, journal.decisions, chunks))
    pairs.decide(journal.decisions)
    return ReviewApp(pairs, journal, "kim", check, is_light=is_light, thumbs=thumbs)


def sit(app: ReviewApp, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    """Runs `steps` on the screen, and leaves it."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await ready(pilot)
            await steps(pilot)

    asyncio.run(run())


async def ready(pilot: Pilot[None]) -> None:
    """Returns when the sources are read and nothing is left to draw."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Presses keys; a key of several letters that is no name, like `7 bar`, is typed letter by letter."""
    for key in keys:
        is_name = len(key) == 1 or "+" in key or key in NAMES
        for one in [key] if is_name else list(key):
            await pilot.press("space" if one == " " else one)
    await ready(pilot)


NAMES = {
    *("enter", "escape", "down", "up", "home", "end", "pagedown", "pageup", "tab", "slash", "question_mark"),
    *("left_square_bracket", "right_square_bracket", "backspace"),
}


def made(app: ReviewApp) -> Decisions:
    return app.journal.decisions


def told(app: ReviewApp) -> str:
    """What the screen said last in passing."""
    return [note.message for note in app._notifications][-1]


def text(app: ReviewApp) -> str:
    """The screen as plain text, one line per row."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"
