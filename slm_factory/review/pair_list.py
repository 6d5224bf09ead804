"""The list of pairs: only the lines on the screen are ever made, so its length costs nothing."""

from typing import ClassVar

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from slm_factory.review.keys import with_jamo
from slm_factory.review.pairs import CONTESTED, STALE, STATES, Numbers, Pairs
from slm_factory.review.visible import one_line

SIGNS = dict(zip(STATES, " ✓✎✗", strict=True))
DROPPED = "-"
UP, DOWN = "↑", "↓"  # what a user thought of a pair from feedback
WIDE = 100  # columns from which on the document is shown too
DOCUMENT_CELLS = 24


class PairList(ScrollView, can_focus=True):
    """One line for each chosen pair: state, marks, score, question; the cursor is on one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"pair-list--{name}" for name in ("cursor", "document", *STATES, "dropped", "warning")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(with_jamo("up", "k"), "move(-1)", show=False),
        Binding(with_jamo("down", "j"), "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "go(0)", show=False),
        Binding("end", "go(-1)", show=False),
    ]
    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The pair under the cursor is another one, or was decided; of several in a row the last counts."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PairList.Moved)

    def __init__(self, pairs: Pairs) -> None:
        super().__init__()
        self.pairs = pairs
        self.numbers: Numbers = np.arange(len(pairs))
        self.ground = Style.null()

    @property
    def number(self) -> int | None:
        """The row of the table that the cursor is on; None in an empty list."""
        return int(self.numbers[self.cursor]) if len(self.numbers) else None

    def show(self, numbers: Numbers, number: int | None = None) -> None:
        """Lists these rows, with the cursor on `number` or the nearest that follows it.

        The caller draws: counts and pair belong to the same frame.
        """
        self.numbers = numbers
        self.virtual_size = Size(0, len(numbers))
        place = int(np.searchsorted(numbers, number)) if number is not None else 0
        self.set_reactive(PairList.cursor, min(place, max(len(numbers) - 1, 0)))
        self.scroll_to_cursor()

    def on_mount(self) -> None:
        self.virtual_size = Size(0, len(self.numbers))

    def watch_cursor(self, before: int, now: int) -> None:
        if before != now:
            self.post_message(self.Moved())

    def on_resize(self) -> None:
        self.scroll_to_cursor()

    def scroll_to_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def action_move(self, by: int) -> None:
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.go(self.cursor + by * max(self.size.height - 1, 1))

    def action_go(self, place: int) -> None:
        self.go(place if place >= 0 else len(self.numbers) - 1)

    def go(self, place: int) -> None:
        """Puts the cursor on a line, or on the first or last where there is no such line."""
        self.cursor = max(0, min(place, len(self.numbers) - 1))

    def on_click(self, event: object) -> None:
        offset = getattr(event, "y", 0)
        self.go(int(self.scroll_offset.y) + int(offset))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in `crop`; the widget's own style, which takes a while to find, is asked for once."""
        self.ground = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """The line at `y` of the widget."""
        place = int(self.scroll_offset.y) + y
        width = self.scrollable_content_region.width
        if place >= len(self.numbers):
            return Strip.blank(width, self.ground)
        base = self.style_of("cursor") if place == self.cursor else self.ground
        return Strip(self.segments(int(self.numbers[place]), width, base)).adjust_cell_length(width, base)

    def segments(self, number: int, width: int, base: Style) -> list[Segment]:
        """The parts of a line."""
        state = STATES[self.pairs.states[number]]
        sign, name = SIGNS[state], state
        if state == "undecided" and not self.pairs.value("is_kept", number):
            sign, name = DROPPED, "dropped"
            if self.pairs.is_from_feedback(number):
                sign = UP if self.pairs.feedback[number] > 0 else DOWN
        mark = self.pairs.marks[number]
        warning = "!" if mark & CONTESTED else "~" if mark & STALE else " "
        score = self.pairs.value("score", number)
        parts = [
            Segment(f" {sign}", base + self.style_of(name)),
            Segment(warning, base + self.style_of("warning")),
            Segment(f" {'-' if score is None else score} ", base),
        ]
        room = width - 6
        if width >= WIDE:
            room -= DOCUMENT_CELLS + 2
        parts.append(Segment(fitted(one_line(self.pairs.shown(number)[0]), room), base))
        if width >= WIDE:
            document = fitted(one_line(self.pairs.value("doc_id", number)), DOCUMENT_CELLS, keep_end=True)
            parts.append(Segment(f"  {document}", base + self.style_of("document")))
        return parts

    def style_of(self, name: str) -> Style:
        """A style of the sheet: colours and weight of one part, without a background but the cursor's."""
        return self.get_component_rich_style(f"pair-list--{name}", partial=name != "cursor")


def fitted(text: str, cells: int, keep_end: bool = False) -> str:
    """`text` in exactly `cells` columns; what is cut shows as an ellipsis, at the beginning if `keep_end`."""
    if cells <= 0:
        return ""
    text = text[-4 * cells :] if keep_end else text[: 4 * cells]
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    if keep_end:
        while cell_len(text) > cells - 1:
            text = text[1:]
        return set_cell_size("…" + text, cells)
    return set_cell_size(set_cell_size(text, cells - 1).rstrip() + "…", cells)
