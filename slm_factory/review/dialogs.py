"""What the review screen asks: a choice, a line of text, yes or no, new words; and its help.

The first three are asked again and again: the app makes each once, and `of` gives it other words. To make,
style and lay out a new one took three times as long as a key may.
"""

from collections.abc import Callable
from typing import ClassVar, Self

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from slm_factory.language import _
from slm_factory.review import labels
from slm_factory.review.keys import KEYS, MOVING
from slm_factory.review.visible import one_line, typed, visible

MOST_OPTIONS = 500  # that a choice lists; the rest is found by typing
DIGITS = tuple("123456789")
ESCAPE = Binding("escape", "cancel", show=False)


def line(text: str, style: str = "") -> Text:
    """`text` as it is, on one line: never read as markup."""
    return Text(one_line(text), style, no_wrap=True, overflow="ellipsis")


def steady(field: Input) -> Input:
    """The field with a cursor that does not blink: nothing is sent over ssh while nobody types."""
    field.cursor_blink = False
    return field


class Ask(ModalScreen[str | None]):
    """A line of text; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [ESCAPE]

    heading, value = "", ""

    def of(self, title: str, value: str = "") -> Self:
        """The same dialog, asking for something else."""
        self.heading, self.value = title, value
        if self.is_mounted:
            self.fill()
        return self

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(classes="heading")
            yield steady(Input())
            yield Label(line(_("Enter takes it, Esc leaves")), classes="hint")

    def on_mount(self) -> None:
        self.fill()

    def fill(self) -> None:
        """Shows what is asked, with the value selected, so that typing replaces it."""
        self.query_one(".heading", Label).update(line(self.heading), layout=False)
        field = self.query_one(Input)
        field.value = typed(self.value)
        field.action_select_all()

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        self.dismiss(typed(event.value).strip())

    def action_cancel(self) -> None:
        self.dismiss(None)


class Choice(ModalScreen[str | None]):
    """One of several values, found by typing, by arrows or (`has_digits`) by its digit; None when left.

    `options` are (value, text shown, count or ""). With `is_open`, words that are none of them are taken too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.heading, self.has_digits, self.is_open = "", False, False
        self.options: list[tuple[str, str, str]] = []
        self.listed: list[tuple[str, str, str]] = []

    def of(
        self,
        title: str,
        options: list[tuple[str, str, str]],
        *,
        has_digits: bool = False,
        is_open: bool = False,
    ) -> Self:
        """The same dialog with another choice."""
        self.heading, self.options = title, options
        self.has_digits, self.is_open = has_digits, is_open
        if self.is_mounted:
            self.fill()
        return self

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(classes="heading")
            yield steady(Input())
            yield OptionList()
            yield Label(line(_("Enter takes it, Esc leaves")), classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.fill()

    def fill(self) -> None:
        """Shows what is asked, with all options."""
        keys = _("type to find")
        if self.has_digits:
            keys = _("a digit, or words of your own") if self.is_open else _("a digit, or type to find")
        self.query_one(".heading", Label).update(line(self.heading), layout=False)
        field = self.query_one(Input)
        field.placeholder = keys
        with field.prevent(Input.Changed):  # nobody has typed this
            field.value = ""
        self.narrow("")

    @on(Input.Changed)
    def search(self, event: Input.Changed) -> None:
        if self.has_digits and event.value in DIGITS:
            self.take(DIGITS.index(event.value))
        else:
            self.narrow(event.value)

    def narrow(self, words: str) -> None:
        """Lists the options that hold the words."""
        found = [one for one in self.options if words.casefold() in one[1].casefold()]
        self.listed = found[:MOST_OPTIONS]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self.prompt(*numbered)) for numbered in enumerate(self.listed, start=1)])
        if len(found) > MOST_OPTIONS:
            more = _("%d more: type to find them") % (len(found) - MOST_OPTIONS)
            options.add_option(Option(line(more, "dim"), disabled=True))
        if self.listed and not (self.is_open and words):
            options.highlighted = 0

    def prompt(self, number: int, option: tuple[str, str, str]) -> Text:
        """An option with its digit and its count."""
        digit = f"{number} " if self.has_digits and number <= len(DIGITS) else "  "
        shown = Text.assemble((digit, "dim"), one_line(option[1]), no_wrap=True, overflow="ellipsis")
        return shown.append(f"  {option[2]}", "dim") if option[2] else shown

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(Input.Submitted)
    def submit(self, event: Input.Submitted) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self.take(highlighted)
        elif self.is_open and event.value.strip():
            self.dismiss(typed(event.value).strip())

    @on(OptionList.OptionSelected)
    def click(self, event: OptionList.OptionSelected) -> None:
        self.take(event.option_index)

    def take(self, place: int) -> None:
        if place < len(self.listed):
            self.dismiss(self.listed[place][0])

    def action_cancel(self) -> None:
        self.dismiss(None)


class Confirm(ModalScreen[bool]):
    """Yes (y, Enter) or no (n, Esc)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,ㅛ,enter", "answer(True)", show=False),
        Binding("n,ㅜ,escape", "answer(False)", show=False),
    ]

    question = ""

    def of(self, question: str) -> Self:
        """The same dialog with another question."""
        self.question = question
        if self.is_mounted:
            self.fill()
        return self

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(classes="heading")
            yield Label(line(_("y or Enter: yes    n or Esc: no")), classes="hint")

    def on_mount(self) -> None:
        self.fill()

    def fill(self) -> None:
        self.query_one(".heading", Static).update(Text(visible(self.question)))

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Edit(ModalScreen[tuple[str, str] | None]):
    """New words for a pair; what the checks say against them is shown once before they are taken anyway."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "take", show=False, priority=True),
        Binding("tab", "app.focus_next", show=False, priority=True),
        ESCAPE,
    ]

    def __init__(self, words: tuple[str, str], evidence: str, check: Callable[[str, str], list[str]]) -> None:
        super().__init__()
        self.words, self.evidence, self.check = words, evidence, check
        self.warned: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        question, answer = map(typed, self.words)
        with Vertical(classes="box wide"):
            yield Label(line(_("Question")), classes="heading")
            yield TextArea(question, id="question", soft_wrap=True)
            yield Label(line(_("Answer")), classes="heading")
            yield TextArea(answer, id="answer", soft_wrap=True)
            yield Label(line(_("Evidence")), classes="heading")
            with VerticalScroll(can_focus=False):
                yield Static(Text(visible(self.evidence)))
            yield Static(id="problems")
            yield Label(line(_("Ctrl+S takes it, Tab changes the field, Esc leaves")), classes="hint")

    def on_mount(self) -> None:
        self.query_one("#problems").display = False
        answer = self.query_one("#answer", TextArea)
        answer.focus()
        answer.move_cursor(answer.document.end)

    def action_take(self) -> None:
        question, answer = (
            typed(self.query_one(f"#{name}", TextArea).text).strip() for name in ("question", "answer")
        )
        if not question or not answer:
            self.tell([_("Question and answer must not be empty")])
            return
        problems = self.check(question, answer)
        if problems and self.warned != (question, answer):
            self.warned = question, answer
            self.tell([*map(labels.problem, problems), _("Ctrl+S again takes it all the same")])
            return
        self.dismiss((question, answer))

    def tell(self, problems: list[str]) -> None:
        """Shows what is wrong."""
        shown = self.query_one("#problems", Static)
        shown.display = True
        shown.update(Text("\n".join(one_line(problem) for problem in problems)))

    def action_cancel(self) -> None:
        self.dismiss(None)


class Help(ModalScreen[None]):
    """All keys and signs."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,ㅂ,question_mark,enter", "close", show=False)]

    def compose(self) -> ComposeResult:
        signs = (
            ("✓ ✎ ✗", _("approved, edited, rejected")),
            ("-", _("dropped by the checks, nobody decided")),
            ("↑ ↓", _("a user's question, and whether the answer helped")),
            ("!", _("Reviewers disagree")),
            ("~", _("The source has changed since this was decided")),
        )
        keys = [(", ".join([key.shown, *key.keys[1:]]), _(key.label)) for key in KEYS]
        moving = [(keys_shown, _(label)) for keys_shown, label in MOVING]
        with Vertical(classes="box wide"):
            yield Label(line(_("Keys")), classes="heading")
            with VerticalScroll():
                for name, words in (*keys, *moving, *signs):
                    with Horizontal(classes="row"):
                        yield Label(line(name), classes="name")
                        yield Static(Text(words))
            yield Label(line(_("Esc closes")), classes="hint")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.dismiss(None)
