"""The review screen: pairs beside their source, decided on with single keys, saved as they are decided."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.matching import loose
from slm_factory.language import N_, _, ngettext
from slm_factory.review import decisions, feedback, labels, sampling
from slm_factory.review.decisions import Decision, Kind
from slm_factory.review.detail import VERDICTS, Detail, describe, sourced, thought
from slm_factory.review.dialogs import Ask, Choice, Confirm, Edit, Help
from slm_factory.review.feedback import Feedback
from slm_factory.review.journal import Journal, Lines, Saved
from slm_factory.review.keys import KEYS, with_jamo
from slm_factory.review.pair_list import PairList
from slm_factory.review.pairs import EVERYTHING, FACETS, FEEDBACK, Filter, Numbers, Pairs
from slm_factory.review.sampling import Estimate, Sample
from slm_factory.review.sources import Sources
from slm_factory.review.visible import one_line

SAVE_AFTER_SECONDS = 0.3  # of the last decision: a burst of keys is one write
LOOK_EVERY_SECONDS = 1.0  # whether somebody else wrote the file (git pull, another screen)
BULK = 500  # pairs that are decided before the screen gets its turn
REASONS = (
    *(N_("wrong"), N_("outdated"), N_("not in the source"), N_("incomplete"), N_("unclear question")),
    *(N_("duplicate"), N_("of no use")),
)
FACET_NAMES = {
    **{"state": N_("state"), "checks": N_("checks"), "document": N_("document"), "category": N_("category")},
    **{"score": N_("score"), "reason": N_("reason"), "kind": N_("kind"), "language": N_("language")},
    "feedback": N_("feedback of users"),
}
VALUE_NAMES = {
    name: name
    for name in (
        *(N_("undecided"), N_("approved"), N_("edited"), N_("rejected"), N_("contested"), N_("stale")),
        *(N_("followed"), N_("kept"), N_("dropped"), N_("none"), N_("up"), N_("down"), N_("feedback")),
    )
}

COUNTED = ("undecided", "approved", "edited", "rejected", "contested", "stale", "feedback")  # above the list

Dialog = TypeVar("Dialog", Ask, Choice, Confirm)
Check = Callable[[Row, str, str], list[str]]  # pair, question, answer: what the rules say against them


class ReviewApp(App[None]):
    """Lists pairs and takes decisions on them."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (as Textual declares it)
        (0, "-narrow"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-low"),
        (30, "-tall"),
    ]
    SCREENS: ClassVar[dict[str, Callable[[], Screen[Any]]]] = {  # those that stay when they are left
        screen.__name__: screen for screen in (Ask, Choice, Confirm)
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(with_jamo(*key.keys), key.action, show=False) for key in KEYS),
        Binding("left_square_bracket", "scroll_text(-1)", show=False),
        Binding("right_square_bracket", "scroll_text(1)", show=False),
    ]

    def __init__(
        self,
        pairs: Pairs,
        journal: Journal,
        reviewer: str,
        check: Check,
        *,
        is_light: bool = False,
        chosen: Filter = EVERYTHING,
        sample: Sample | None = None,
        thumbs: Iterable[Feedback] = (),
        lots: tuple[int, int] = (5, 0),
    ) -> None:
        super().__init__()
        self.thumbs = feedback.by_question(thumbs)
        self.pairs, self.journal, self.reviewer, self.check = pairs, journal, reviewer, check
        self.theme = "textual-light" if is_light else "textual-dark"
        self.chosen, self.sample, self.lots = chosen, sample, lots
        self.before_wordings: tuple[Filter, int] | None = None
        self.sources: Sources | None = None
        self.saver: Timer | None = None
        self.is_saving = False
        self.trouble = ""  # why the last attempt to save failed

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        yield Static(id="filter")
        with Container(id="body"):
            yield PairList(self.pairs)
            with Container(id="pair"):
                yield Detail("words", least=5, most=0.6)
                yield Detail("source")
        yield Static(id="keys")

    def on_mount(self) -> None:
        self.pair_list = self.query_one(PairList)
        self.words = self.query_one("#words", Detail)
        self.source = self.query_one("#source", Detail)
        if self.sample:
            self.chosen = replace(self.chosen, sample=frozenset(self.sample.numbers.tolist()))
        self.show_keys()
        self.apply_filter()
        self.pair_list.focus()
        self.set_interval(LOOK_EVERY_SECONDS, self.look)
        self.read_sources()

    def dialog(self, kind: type[Dialog]) -> Dialog:
        """The one dialog of its kind."""
        return self.get_screen(kind.__name__, kind)

    # What is shown

    @work(thread=True)
    def read_sources(self) -> None:
        """Reads chunks and feedback while the first pairs can already be seen."""
        self.sources = Sources()
        self.call_from_thread(self.show_pair)
        # Not while a key waits: they take a moment, and Arrow's first talk to NumPy imports pandas.
        self.pairs.reasons, self.pairs.shared  # noqa: B018
        if self.thumbs:
            questions = self.pairs.columns["question"].to_pylist()
            self.pairs.feedback[:] = feedback.by_pair(questions, feedback.votes(self.thumbs))
            self.call_from_thread(self.pair_list.refresh)

    def show_keys(self) -> None:
        named = [Text.assemble((key.shown, "bold"), f" {_(key.short)}") for key in KEYS if key.short]
        bar = Text("  ").join(named)
        bar.no_wrap = True
        self.query_one("#keys", Static).update(bar)

    def show_title(self) -> None:
        counts = self.pairs.counts()
        parts = [
            ngettext("%s pair", "%s pairs", len(self.pairs)) % f"{len(self.pairs):,}",
            *(f"{_(name)} {counts[name]:,}" for name in COUNTED if counts.get(name) or name == "undecided"),
        ]
        title = _("Not saved: %s") % self.trouble if self.trouble else "  ".join(parts)
        self.query_one("#title", Static).update(Text(one_line(title)), layout=False)
        shown = self.query_one("#filter", Static)
        shown.update(Text(one_line(self.filter_line())), layout=False)
        shown.display = not self.chosen.is_empty

    def filter_line(self) -> str:
        """The filter in words, with how many pairs are listed, and what the sample says."""
        parts = [
            f"{_(FACET_NAMES[name])}: {value_name(name, value)}" for name, value in self.chosen.facets.items()
        ]
        parts += [f"/{self.chosen.words}"] if self.chosen.words else []
        parts += [_("one fact")] if self.chosen.fact_id else []
        parts.append(_("%s listed") % f"{len(self.pair_list.numbers):,}")
        if self.chosen.sample and self.sample:
            parts.insert(0, self.sample_line(sampling.error_rate(self.pairs, self.sample)))
        return "  ".join(parts)

    def sample_line(self, found: Estimate | None) -> str:
        if found is None:
            return _("sample: nobody looked yet")
        return _("sample: %(rate).1f%% wrong (95%%: %(low).1f-%(high).1f%%), %(seen)d of %(drawn)d seen") % {
            **{"rate": 100 * found.rate, "low": 100 * found.low, "high": 100 * found.high},
            **{"seen": found.looked_at, "drawn": found.drawn},
        }

    @on(PairList.Moved)
    def moved(self) -> None:
        """Shows cursor, counts and pair in one frame; one after the other they would take three."""
        with self.batch_update():
            self.pair_list.scroll_to_cursor()
            self.pair_list.refresh()
            self.show_title()
            self.show_pair()

    def show_pair(self) -> None:
        """Shows the pair under the cursor."""
        number = self.pair_list.number
        if number is None:
            nothing = (
                _("No pair fits; x drops the filter")
                if len(self.pairs)
                else _("There are no pairs yet: slm-factory run makes them")
            )
            self.words.show([(nothing, "quiet")])
            self.source.show([])
            return
        pair = self.pairs.row(number)
        applied = self.pairs.applied.get(pair["pair_id"])
        lines = self.journal.decisions.get(applied.decision.pair_id, ()) if applied else ()
        thumbs = self.thumbs.get(loose(pair["question"]), ()) if self.thumbs else ()
        self.words.show([*describe(pair, self.pairs.shown(number), applied, lines), *thought(thumbs)])
        if self.sources:
            self.source.show(sourced(pair, self.sources.find(pair["chunk_id"], pair["doc_id"])))

    def apply_filter(self, number: int | None = None) -> None:
        """Lists what the filter lets through, with the cursor where it was."""
        number = self.pair_list.number if number is None else number
        with self.batch_update():
            self.pair_list.show(self.pairs.select(self.chosen), number)
            self.moved()

    def refreshed(self, pair_ids: Iterable[str]) -> None:
        """Shows decisions that have changed."""
        self.pairs.decide_some(self.journal.decisions, pair_ids)
        self.pair_list.post_message(PairList.Moved())

    # Decisions

    def lines(self, number: int, decision: Kind, **words: str | None) -> tuple[str, Lines]:
        """The pair_id of a row, and the reviewer's new decision on it in the place of all others."""
        pair_id, question, answer, evidence = next(self.pairs.words([number]))
        known = self.journal.decisions.get(pair_id, ())
        if self.pairs.is_from_feedback(number):  # the line is all that the pipeline will know of it
            words = {**words, "chunk_id": self.pairs.value("chunk_id", number)}
            words |= {"question": words.get("question") or question, "answer": words.get("answer") or answer}
        made = Decision.model_validate(
            {
                **{"pair_id": pair_id, "decision": decision, "reviewer": self.reviewer, **words},
                "revision": 1 + max((line.revision for line in known), default=0),
                "wording": decisions.wording(question, answer),
                "source": decisions.source(evidence),
            }
        )
        return pair_id, (made,)

    def decide(self, decision: Kind, **words: str | None) -> None:
        """Decides on the pair under the cursor and goes to the next."""
        number = self.pair_list.number
        if number is not None:
            self.change(dict([self.lines(number, decision, **words)]))
            self.pair_list.action_move(1)

    def change(self, after: dict[str, Lines]) -> None:
        changed = self.journal.change(after)
        self.refreshed(changed)
        self.save_soon()

    def action_approve(self) -> None:
        self.decide("approve")

    def action_reject(self) -> None:
        if self.pair_list.number is not None:
            self.push_screen(self.reason_choice(_("Why is it rejected?")), self.reject)

    def reason_choice(self, title: str) -> Choice:
        reasons = [("", _("no reason"), ""), *((reason, _(reason), "") for reason in REASONS)]
        return self.dialog(Choice).of(title, reasons, has_digits=True, is_open=True)

    def reject(self, reason: str | None) -> None:
        if reason is not None:
            self.decide("reject", reason=reason)

    def action_edit(self) -> None:
        number = self.pair_list.number
        if number is None:
            return
        pair = self.pairs.row(number)
        screen = Edit(self.pairs.shown(number), pair["evidence"], partial(self.check, pair))
        self.push_screen(screen, partial(self.edited, pair))

    def edited(self, pair: Row, words: tuple[str, str] | None) -> None:
        """Takes new words; words as the teacher wrote them are an approval."""
        if words is None:
            return
        question, answer = (
            now if now != pair[name] else None
            for name, now in zip(("question", "answer"), words, strict=True)
        )
        if question is None and answer is None:
            self.decide("approve")
        else:
            self.decide("edit", question=question, answer=answer)

    def action_clear(self) -> None:
        number = self.pair_list.number
        if number is not None:
            self.change({self.decided_id(number): ()})

    def decided_id(self, number: int) -> str:
        """The pair_id under which the decision on a row stands in the file."""
        pair_id = self.pairs.value("pair_id", number)
        applied = self.pairs.applied.get(pair_id)
        return applied.decision.pair_id if applied else pair_id

    def action_settle(self) -> None:
        number = self.pair_list.number
        lines = self.journal.decisions.get(self.decided_id(number), ()) if number is not None else ()
        if len(lines) < 2:
            self.notify(_("Nobody disagrees on this pair"))
            return
        options = [(str(place), verdict(line), line.reviewer) for place, line in enumerate(lines)]
        self.push_screen(
            self.dialog(Choice).of(_("Which decision shall stand?"), options, has_digits=True),
            partial(self.settle, lines),
        )

    def settle(self, lines: Lines, place: str | None) -> None:
        if place is not None:
            line = lines[int(place)]
            self.decide(line.decision, question=line.question, answer=line.answer, reason=line.reason)

    def action_undo(self) -> None:
        self.turned(self.journal.undo(), _("Nothing to undo"))

    def action_redo(self) -> None:
        self.turned(self.journal.redo(), _("Nothing to redo"))

    def turned(self, changed: list[str], nothing: str) -> None:
        """Shows what undo or redo did, and where it was one pair, goes there."""
        if not changed:
            self.notify(nothing)
            return
        if len(changed) == 1:
            self.go_to(self.pairs.number_of(changed[0]))
        else:
            self.notify(ngettext("%d pair changed", "%d pairs changed", len(changed)) % len(changed))
        self.refreshed(changed)
        self.save_soon()

    # Many at once

    def action_approve_all(self) -> None:
        self.ask_all(N_("Approve"), "approve")

    def action_reject_all(self) -> None:
        title = _("Why are they rejected?")
        self.push_screen(self.reason_choice(title), self.reject_all)

    def reject_all(self, reason: str | None) -> None:
        if reason is not None:
            self.ask_all(N_("Reject"), "reject", reason)

    def action_clear_all(self) -> None:
        self.ask_all(N_("Take back the decisions on"), None)

    def ask_all(self, verb: str, decision: Kind | None, reason: str = "") -> None:
        """Asks once, with the number of pairs and of decisions that would be replaced."""
        numbers = self.pair_list.numbers
        if decision == "approve":  # what a user found wrong is approved one by one
            is_disliked = (self.pairs.marks[numbers] & FEEDBACK > 0) & (self.pairs.feedback[numbers] < 0)
            numbers = numbers[~is_disliked]
        if not len(numbers):
            return
        pairs = ngettext("%d pair", "%d pairs", len(numbers)) % len(numbers)
        decided = int((self.pairs.states[numbers] > 0).sum())
        question = f"{_(verb)}: {pairs}?"
        if decided:
            question += (
                "\n" + ngettext("%d decision is replaced.", "%d decisions are replaced.", decided) % decided
            )
        self.push_screen(
            self.dialog(Confirm).of(question), partial(self.answered_all, numbers, decision, reason)
        )

    def answered_all(
        self, numbers: Numbers, decision: Kind | None, reason: str, is_sure: bool | None
    ) -> None:
        if is_sure:
            self.decide_all(numbers, decision, reason)

    @work(exclusive=True, group="bulk")
    async def decide_all(self, numbers: Numbers, decision: Kind | None, reason: str) -> None:
        """Decides on all these rows as one change."""
        from asyncio import sleep

        after: dict[str, Lines] = {}
        for start in range(0, len(numbers), BULK):
            for number in map(int, numbers[start : start + BULK]):
                if decision is None:
                    after[self.decided_id(number)] = ()
                else:
                    after |= [self.lines(number, decision, reason=reason)]
            await sleep(0)
        changed = self.journal.change(after)
        for start in range(0, len(changed), BULK):
            self.pairs.decide_some(self.journal.decisions, changed[start : start + BULK])
            await sleep(0)
        self.refreshed([])
        self.notify(
            ngettext("%d pair changed; u undoes it", "%d pairs changed; u undoes it", len(changed))
            % len(changed)
        )
        self.save_soon()

    # Finding

    def action_filter(self) -> None:
        options = []
        for facet in FACETS:
            value = self.chosen.facets.get(facet)
            options.append((facet, _(FACET_NAMES[facet]), "" if value is None else value_name(facet, value)))
        self.push_screen(self.dialog(Choice).of(_("Filter by"), options, has_digits=True), self.filter_by)

    def filter_by(self, facet: str | None) -> None:
        if facet is None:
            return
        values = self.pairs.values(facet, self.chosen)
        options = [(f"={value}", value_name(facet, value), f"{count:,}") for value, count in values]
        options.insert(0, ("", _("any"), ""))
        self.push_screen(
            self.dialog(Choice).of(_(FACET_NAMES[facet]), options), partial(self.filter_value, facet)
        )

    def filter_value(self, facet: str, value: str | None) -> None:
        if value is not None:
            self.chosen = self.chosen.having(facet, value[1:] if value else None)
            self.apply_filter()

    def action_search(self) -> None:
        self.push_screen(
            self.dialog(Ask).of(_("Search question, answer and evidence"), self.chosen.words), self.search
        )

    def search(self, words: str | None) -> None:
        if words is not None:
            self.chosen = replace(self.chosen, words=words)
            self.apply_filter()

    def action_wordings(self) -> None:
        number = self.pair_list.number
        if self.before_wordings:
            (self.chosen, number), self.before_wordings = self.before_wordings, None
        elif number is not None:
            self.before_wordings = self.chosen, number
            self.chosen = Filter({}, fact_id=self.pairs.value("fact_id", number))
        self.apply_filter(number)

    def action_everything(self) -> None:
        self.chosen, self.sample, self.before_wordings = EVERYTHING, None, None
        self.apply_filter()

    def action_next(self) -> None:
        """Goes to the next undecided pair of the list, from its beginning after its end."""
        numbers, cursor = self.pair_list.numbers, self.pair_list.cursor
        open_places = np.flatnonzero(self.pairs.states[numbers] == 0)
        if len(open_places):
            after = open_places[open_places > cursor]
            self.pair_list.go(int(after[0] if len(after) else open_places[0]))
        else:
            self.notify(_("Every pair of this list is decided"))

    def action_jump(self) -> None:
        self.push_screen(self.dialog(Ask).of(_("Line, or the first characters of a pair_id")), self.jump)

    def jump(self, target: str | None) -> None:
        """Goes to a line of the list, or to a pair; drops the filter where it hides the pair."""
        if not target:
            return
        if target.isdecimal() and int(target) <= len(self.pair_list.numbers):
            self.pair_list.go(int(target) - 1)
        elif (number := self.pairs.number_of(target.lower())) is not None:
            self.go_to(number)
        else:
            self.notify(_("No line and no pair is called so"), severity="warning")

    def go_to(self, number: int | None) -> None:
        if number is None:
            return
        place = int(np.searchsorted(self.pair_list.numbers, number))
        if place < len(self.pair_list.numbers) and self.pair_list.numbers[place] == number:
            self.pair_list.go(place)
        else:
            self.chosen, self.before_wordings = EVERYTHING, None
            self.apply_filter(number)

    def action_sample(self) -> None:
        """Asks how many, and for the seed: two people who give the same numbers look at the same pairs."""
        title = _("Pairs of each document, and a seed (another seed, other pairs)")
        self.push_screen(self.dialog(Ask).of(title, " ".join(map(str, self.lots))), self.draw_sample)

    def draw_sample(self, lots: str | None) -> None:
        """Draws from what is listed, without what users asked: a sample tells of the teacher's pairs."""
        numbers = [int(part) for part in (lots or "").split() if part.isdecimal()]
        if not numbers or not numbers[0]:
            return
        self.lots = numbers[0], numbers[1] if len(numbers) > 1 else self.lots[1]
        listed = self.pair_list.numbers
        self.sample = sampling.of_pairs(self.pairs, listed[listed < self.pairs.scored], *self.lots)
        self.chosen = replace(self.chosen, sample=frozenset(self.sample.numbers.tolist()))
        self.apply_filter()

    # The file

    def save_soon(self) -> None:
        """Saves when no decision follows for a moment."""
        if self.saver:
            self.saver.stop()
        self.saver = self.set_timer(SAVE_AFTER_SECONDS, self.look)

    def look(self) -> None:
        """Reads what others wrote and saves what is new, on another thread."""
        if self.is_saving or (self.journal.is_saved and not self.journal.has_news()):
            return
        self.is_saving = True
        self.visit(self.journal.prepare())

    @work(thread=True, group="save")
    def visit(self, call: Callable[[], Saved]) -> None:
        try:
            saved = call()
        except (UserError, OSError) as error:
            self.call_from_thread(self.failed, problem(error))
        else:
            self.call_from_thread(self.settled, saved)

    def failed(self, trouble: str) -> None:
        """Tells once that the file cannot be read or written; `look` goes on trying."""
        self.is_saving = False
        if trouble != self.trouble:
            self.trouble = trouble
            self.notify(one_line(trouble), severity="error", markup=False)
            self.show_title()

    def settled(self, saved: Saved) -> None:
        """Shows what others wrote."""
        self.is_saving, was_trouble, self.trouble = False, self.trouble, ""
        changed = self.journal.settle(saved)
        if changed:
            self.pairs.decide(self.journal.decisions)  # a decision may have followed its words
            self.refreshed([])
            told = ngettext(
                "%d decision by others taken over", "%d decisions by others taken over", len(changed)
            )
            self.notify(told % len(changed))
        elif was_trouble:
            self.show_title()

    async def action_leave(self) -> None:
        """Saves and ends; where that fails, asks whether to leave the decisions in a file beside."""
        await self.workers.wait_for_complete([worker for worker in self.workers if worker.group == "save"])
        try:
            self.journal.save()
        except (UserError, OSError) as error:
            beside = unsaved(self.journal.path)
            question = _("%(problem)s\n\nLeave, and keep the decisions in %(file)s?")
            self.push_screen(
                self.dialog(Confirm).of(question % {"problem": problem(error), "file": beside}),
                partial(self.leave_with, beside),
            )
        else:
            self.exit()

    def leave_with(self, beside: Path, is_sure: bool | None) -> None:
        if is_sure:
            decisions.write(beside, self.journal.decisions)
            self.exit()

    # The rest

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_turn_theme(self) -> None:
        self.theme = "textual-dark" if self.theme == "textual-light" else "textual-light"
        self.call_after_refresh(self.show_pair)

    def action_scroll_text(self, by: int) -> None:
        self.source.scroll_relative(y=by * max(self.source.size.height // 2, 1), animate=False)


def value_name(facet: str, value: str) -> str:
    """A value as it is shown: our own words translated, those of the data as they are."""
    if facet in ("state", "checks", "feedback", "score") and value in VALUE_NAMES:
        return _(value)
    if facet in ("reason", "kind"):
        return labels.label(value)
    if facet == "language":
        return _(labels.LANGUAGES.get(value, value))
    return value or _("(empty)")


def verdict(line: Decision) -> str:
    """A decision in a line."""
    words = " / ".join(filter(None, (line.question, line.answer)))
    return ": ".join(filter(None, (_(VERDICTS[line.decision]), words, _(line.reason))))


def problem(error: Exception) -> str:
    """What went wrong, in one line."""
    return f"{error.problem} ({error.hint})" if isinstance(error, UserError) else str(error)


def unsaved(path: Path) -> Path:
    """Where decisions go that their file does not take: data/review.unsaved.jsonl."""
    return path.with_suffix(f".unsaved{path.suffix}")
