"""Every key of the review screen does what help says, and nothing that a document holds is ever markup."""

import asyncio
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from slm_factory.core.files import Row
from slm_factory.review import decisions
from slm_factory.review.app import ReviewApp
from slm_factory.review.decisions import Decision, Decisions
from slm_factory.review.keys import JAMO, KEYS
from tests.review.sitting import give, made, make, open_screen, press, ready, sit, text, told

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def app() -> ReviewApp:
    make()
    return open_screen()


def kinds(app: ReviewApp) -> dict[str, str]:
    return {pair_id: decisions.standing(lines).decision for pair_id, lines in made(app).items()}


def listed(app: ReviewApp) -> list[int]:
    return [int(number) for number in app.pair_list.numbers]


def test_a_approves_and_goes_on(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a", "a")
        assert kinds(app) == {"a0": "approve", "a1": "approve"} and app.pair_list.cursor == 2
        (line,) = made(app)["a0"]
        assert (line.reviewer, line.revision) == ("kim", 1) and line.wording and line.source

    sit(app, steps)


def test_r_rejects_with_a_listed_reason_own_words_or_none(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(
            pilot, "r", "3", "r", "값이 옛것", "enter", "r", "enter", "r", "down", "enter", "r", "escape"
        )
        reasons = {pair_id: lines[0].reason for pair_id, lines in made(app).items()}
        assert reasons == {"a0": "outdated", "a1": "값이 옛것", "a2": "", "a3": "wrong"}

    sit(app, steps)


def test_e_edits_and_an_edit_back_to_the_old_words_is_an_approval(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "e", "!", "ctrl+s", "e", "ctrl+s", "e", "!", "escape")
        first = made(app)["a0"][0]
        assert (first.decision, first.question, first.answer) == (
            *("edit", None),
            "알파 펌프의 한계 압력은 7 bar입니다.!",
        )
        assert kinds(app) == {"a0": "edit", "a1": "approve"}
        await press(pilot, "home", "e", "tab", "?", "ctrl+s")
        assert made(app)["a0"][0].question == "?알파 펌프의 한계 압력은 얼마인가요?"

    sit(app, steps)


def test_an_edit_that_the_checks_doubt_is_shown_once_and_then_taken() -> None:
    def check(pair: Row, question: str, answer: str) -> list[str]:
        return ["[red]number without evidence: 8"] if "8" in answer else []

    make()
    app = open_screen(check)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "e", "8", "ctrl+s")
        assert "[red]number without evidence: 8" in text(app) and not made(app)
        await press(pilot, "8", "ctrl+s")  # other words are checked anew
        assert not made(app)
        await press(pilot, "ctrl+s")
        assert (made(app)["a0"][0].answer or "").endswith("88")

    sit(app, steps)


def test_an_edit_may_not_be_empty(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "e")
        app.screen.query_one("#answer", TextArea).text = " \n"
        await press(pilot, "ctrl+s")
        assert "must not be empty" in text(app) and not made(app)

    sit(app, steps)


def test_c_takes_a_decision_back_and_u_and_y_walk(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a", "up", "c")
        assert kinds(app) == {}
        await press(pilot, "u")
        assert kinds(app) == {"a0": "approve"}
        await press(pilot, "u", "u")
        assert kinds(app) == {}
        await press(pilot, "y", "ctrl+r", "y")
        assert kinds(app) == {} and "Nothing to redo" in told(app)

    sit(app, steps)


def test_undo_goes_to_the_pair_even_where_the_filter_hides_it(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a", "slash", "Beta", "enter")
        assert listed(app) == [4, 5, 6]
        await press(pilot, "u")
        assert app.pair_list.number == 0 and kinds(app) == {}

    sit(app, steps)


def test_a_new_decision_replaces_all_lines_and_carries_a_higher_revision() -> None:
    make(
        Decision(pair_id="a0", decision="reject", reviewer="lee", revision=4, reason="wrong"),
        Decision(pair_id="a0", decision="edit", answer="8", reviewer="park", revision=2),
    )
    app = open_screen()

    async def steps(pilot: Pilot[None]) -> None:
        assert "Reviewers disagree" in text(app) and "by lee: wrong" in text(app) and "by park" in text(app)
        await press(pilot, "v", "2")
        (line,) = made(app)["a0"]
        assert (line.decision, line.answer, line.reviewer, line.revision) == ("edit", "8", "kim", 5)
        await press(pilot, "v")
        assert "Nobody disagrees" in told(app)

    sit(app, steps)


def test_n_finds_the_next_undecided_pair_and_begins_again(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "down", "a", "a", "up", "up", "n")
        assert app.pair_list.cursor == 3
        await press(pilot, "end", "n")
        assert app.pair_list.cursor == 0
        await press(pilot, "A", "y", "n")
        assert "Every pair of this list is decided" in told(app)

    sit(app, steps)


def test_f_filters_by_a_facet_and_x_drops_it(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "f", "2", "dropped", "enter")
        assert listed(app) == [3] and "checks: dropped" in text(app)
        await press(pilot, "f", "docu", "enter", "down", "enter")
        assert dict(app.chosen.facets) == {"checks": "dropped", "document": "설비/펌프.pdf"}
        await press(pilot, "f", "2", "enter")  # any
        assert listed(app) == [0, 1, 2, 3]
        await press(pilot, "x")
        assert listed(app) == list(range(7)) and app.chosen.is_empty

    sit(app, steps)


def test_a_filter_without_pairs_says_so_and_keys_do_nothing(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "slash", "nowhere", "enter")
        assert "No pair fits" in text(app)
        await press(pilot, "a", "r", "e", "c", "v", "A", "C", "w", "n", "down", "end", "pagedown")
        assert made(app) == {}

    sit(app, steps)


def test_w_shows_all_wordings_of_the_fact_and_goes_back(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "slash", "31일", "enter")
        assert listed(app) == [3]
        await press(pilot, "w")
        assert listed(app) == [2, 3]
        await press(pilot, "w")
        assert listed(app) == [3] and app.chosen.words == "31일"

    sit(app, steps)


def test_g_jumps_to_lines_and_pairs(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "g", "3", "enter")
        assert app.pair_list.cursor == 2
        await press(pilot, "slash", "Beta", "enter", "g", "A1", "enter")
        assert app.pair_list.number == 1 and app.chosen.is_empty
        await press(pilot, "g", "99", "enter")
        assert "No line and no pair" in told(app)

    sit(app, steps)


def test_bulk_keys_ask_and_are_one_step_of_undo(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a", "slash", "Beta", "enter", "A", "n")
        assert kinds(app) == {"a0": "approve"}
        await press(pilot, "A", "enter")
        assert kinds(app) == dict.fromkeys(("a0", "a4", "a5", "a6"), "approve")
        await press(pilot, "R", "4")
        assert "Reject: 3 pairs?" in text(app) and "3 decisions are replaced" in text(app)
        await press(pilot, "y")
        assert made(app)["a5"][0].reason == "not in the source" and kinds(app)["a0"] == "approve"
        await press(pilot, "u")
        assert kinds(app) == dict.fromkeys(("a0", "a4", "a5", "a6"), "approve")
        await press(pilot, "C", "y")
        assert kinds(app) == {"a0": "approve"}

    sit(app, steps)


def test_s_draws_a_sample_and_estimates_as_decisions_come(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "s", *["backspace"] * 3, "2 0", "enter")
        assert len(listed(app)) == 4 and "nobody looked yet" in text(app)
        await press(pilot, "a", "r", "1", "a", "a")
        assert "2 of 4" not in text(app) and "4 of 4 seen" in text(app)
        await press(pilot, "x")
        assert len(listed(app)) == 7 and app.sample is None

    sit(app, steps)


def test_a_sample_is_of_the_seed_that_was_asked_for_and_never_of_feedback() -> None:
    make()
    give({"question": "압력 한계는요?", "answer": "7 bar입니다.", "rating": "up"})
    app = open_screen()

    async def steps(pilot: Pilot[None]) -> None:
        drawn = []
        for seed in range(8):
            app.action_everything()
            app.draw_sample(f"1 {seed}")
            drawn.append(tuple(listed(app)))
        assert len(set(drawn)) > 1 and max(max(numbers) for numbers in drawn) < app.pairs.scored
        await press(pilot, "x", "s")
        assert app.screen.query_one(Input).value == "1 7"

    sit(app, steps)


def test_the_list_moves_by_every_key(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        for key, place in (
            *(("j", 1), ("down", 2), ("k", 1), ("up", 0), ("up", 0), ("end", 6), ("down", 6), ("home", 0)),
            *(("pagedown", 6), ("pageup", 0)),
        ):
            await press(pilot, key)
            assert app.pair_list.cursor == place, key

    sit(app, steps)


def test_tab_and_brackets_reach_the_text(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "right_square_bracket")
        assert app.source.scroll_offset.y > 0
        await press(pilot, "left_square_bracket")
        assert app.source.scroll_offset.y == 0
        await press(pilot, "tab", "tab", "j")
        assert app.focused is app.source and app.source.scroll_offset.y == 1 and app.pair_list.cursor == 0

    sit(app, steps, size=(40, 18))


def test_keys_work_while_the_keyboard_types_hangul(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, JAMO["a"], JAMO["j"], JAMO["r"], "1")
        assert kinds(app) == {"a0": "approve", "a2": "reject"}

    sit(app, steps)


def test_t_turns_dark_into_light(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "t")
        assert app.theme == "textual-light"
        await press(pilot, "t")
        assert app.theme == "textual-dark"

    sit(app, steps)


def test_help_names_every_key(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "question_mark")
        shown = text(app)
        for key in KEYS:
            assert key.label in shown and key.shown in shown
        await press(pilot, "escape")
        assert len(app.screen_stack) == 1

    sit(app, steps, size=(120, 50))


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q", JAMO["q"]])
def test_leaving_saves(app: ReviewApp, key: str) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a", key)

    sit(app, steps)
    assert not app.is_running and decisions.read(decisions.DECISIONS) == made(app) != {}


def test_leaving_while_it_saves_waits_for_that(app: ReviewApp, monkeypatch: pytest.MonkeyPatch) -> None:
    written, may_write = decisions.write, threading.Event()

    def write(path: Path, lines: Decisions) -> None:
        may_write.wait(5)
        written(path, lines)

    monkeypatch.setattr(decisions, "write", write)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("a")
        app.look()
        leaving = asyncio.create_task(app.action_leave())
        await asyncio.sleep(0)
        assert not leaving.done()
        may_write.set()
        await leaving

    sit(app, steps)
    assert not app.is_running and decisions.read(decisions.DECISIONS) == made(app) != {}


def test_a_decision_is_saved_without_leaving(app: ReviewApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm_factory.review.app.SAVE_AFTER_SECONDS", 0.01)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a")
        await pilot.pause(0.1)
        await press(pilot)
        assert decisions.read(decisions.DECISIONS) == made(app) != {}

    sit(app, steps)


def test_what_others_write_while_the_screen_is_open_comes_in(
    app: ReviewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SAVE_AFTER_SECONDS", "LOOK_EVERY_SECONDS"):  # the test looks by itself
        monkeypatch.setattr(f"slm_factory.review.app.{name}", 60)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a")
        theirs = [
            Decision(pair_id=name, decision="reject", reviewer="lee", revision=1) for name in ("a0", "a5")
        ]
        decisions.write(decisions.DECISIONS, decisions.latest(theirs))
        app.look()
        await press(pilot)
        assert kinds(app) == {"a0": "reject", "a5": "reject"} and len(made(app)["a0"]) == 2
        assert "contested 1" in text(app) and "2 decisions by others" in told(app)

    sit(app, steps)


def test_a_broken_file_is_told_kept_and_its_decisions_go_beside(app: ReviewApp) -> None:
    broken = "<<<<<<< HEAD [bold]\n"

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "a")
        decisions.DECISIONS.write_text(broken)
        app.look()
        await press(pilot)
        assert "Not saved: error: data/review.jsonl: line 1" in text(app)
        await press(pilot, "q", "n")
        assert app.is_running
        await press(pilot, "q", "y")

    sit(app, steps)
    assert decisions.DECISIONS.read_text() == broken
    assert decisions.read(Path("data/review.unsaved.jsonl")) == made(app)


def test_markup_and_escape_sequences_are_shown_as_they_are(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        assert "[bold red]굵게[/]" in text(app)  # in the chunk
        await press(pilot, "g", "5", "enter")
        shown = text(app)
        assert (
            "What is the [bold]limit[/bold] of ␛[31mBeta?" in shown and "9 bar␇ [link=x]here[/link]" in shown
        )
        await press(pilot, "e")
        assert (
            app.screen.query_one("#question", TextArea).text == "What is the [bold]limit[/bold] of [31mBeta?"
        )
        await press(pilot, "escape", "r", "[/red] $x", "enter", "up", "slash", "[bold", "enter")
        shown = text(app)
        assert "by kim: [/red] $x" in shown and "/[bold" in shown and listed(app) == [4]
        for strip in app.screen._compositor.render_strips():
            assert not any(ord(letter) < 32 for segment in strip for letter in segment.text)

    sit(app, steps)


def test_a_search_begins_with_what_was_searched(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "slash", "Beta", "enter", "slash")
        assert app.screen.query_one(Input).value == "Beta"
        await press(pilot, "escape")
        assert listed(app) == [4, 5, 6]

    sit(app, steps)


def test_a_dialog_that_comes_again_has_forgotten_what_was_typed(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "r", "값", "escape", "f")
        assert "Why is it rejected?" not in text(app) and "Filter by" in text(app)
        assert app.screen.query_one(Input).value == "" and app.screen.query_one(OptionList).option_count == 9
        await press(pilot, "2")  # the list of values is the same dialog
        assert "dropped" in text(app) and app.screen.query_one(OptionList).highlighted == 0
        await press(pilot, "escape", "slash", "Beta", "escape", "g")
        assert "characters of a pair_id" in text(app) and app.screen.query_one(Input).value == ""
        await press(pilot, "escape", "A")
        assert "Approve: 7 pairs?" in text(app)
        await press(pilot, "n", "a", "A")
        assert "1 decision is replaced." in text(app)

    sit(app, steps)


def test_a_key_that_comes_before_its_dialog_is_drawn_is_not_lost(app: ReviewApp) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "r", "escape")
        for key in "r3r2":
            app.simulate_key(key)
            await pilot.pause(0 if key == "r" else None)
        await ready(pilot)
        assert [made(app)[name][0].reason for name in ("a0", "a1")] == ["outdated", "wrong"]

    sit(app, steps)


def test_stale_and_followed_decisions_say_so() -> None:
    words = decisions.wording("Who watches Beta?", "The night shift.")
    make(
        Decision(pair_id="a0", decision="approve", source="0" * 16),
        Decision(pair_id="gone", decision="approve", wording=words),
    )
    app = open_screen()

    async def steps(pilot: Pilot[None]) -> None:
        assert "The source has changed since this was decided" in text(app)
        await press(pilot, "g", "6", "enter")
        assert "another id" in text(app)
        await press(pilot, "c")  # takes back the line under its old id
        assert kinds(app) == {"a0": "approve"}

    sit(app, steps)


def test_feedback_of_users_is_a_facet() -> None:
    make()
    give({"question": "who watches beta", "answer": "", "rating": "down", "chunk_ids": []})
    app = open_screen()

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "f", "9", "down", "enter")
        assert listed(app) == [5] and "feedback of users: down" in text(app)

    sit(app, steps)


def test_feedback_comes_as_pairs_that_are_decided_on_with_all_that_the_pipeline_needs() -> None:
    make()
    give(
        {"question": "얼마마다 점검해요?", "answer": "매일요.", "rating": "down", "correction": "30일마다요."}
    )
    give({"question": "압력 한계는요?", "answer": "7 bar입니다.", "rating": "up"})
    app = open_screen()

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "f", "1", "feedback", "enter")
        assert sorted(app.pairs.shown(number)[1] for number in listed(app)) == ["30일마다요.", "7 bar입니다."]
        assert "feedback 2" in text(app) and "↑" in text(app) and "↓" in text(app)
        await press(pilot, "A", "y")
        assert len(made(app)) == 1  # what a user found wrong is not approved with all others
        await press(pilot, "slash", "압력 한계", "enter")
        assert "helpful: 7 bar입니다." in text(app)
        await press(pilot, "e", "!", "ctrl+s")
        ((line,),) = made(app).values()
        assert (line.decision, line.chunk_id, line.question) == ("edit", "c1", "압력 한계는요?")
        await press(pilot, "slash", "얼마마다", "enter", "a")
        assert {line.answer for (line,) in made(app).values()} == {"7 bar입니다.!", "30일마다요."}
        await press(pilot, "q")

    sit(app, steps)
    again = open_screen()
    assert {again.pairs.shown(number)[1] for number in (7, 8)} == {"7 bar입니다.!", "30일마다요."}
