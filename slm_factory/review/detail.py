"""The pair under the cursor: words, checks, marks, decision, and the source with its evidence marked."""

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from slm_factory.core.files import Row
from slm_factory.language import N_, _
from slm_factory.review import labels
from slm_factory.review.decisions import Applied, Decision
from slm_factory.review.feedback import TEACHER, Feedback
from slm_factory.review.keys import with_jamo
from slm_factory.review.sources import Source, spans
from slm_factory.review.visible import one_line, visible

PARTS = ("label", "strong", "evidence", "good", "problem", "quiet")
VERDICTS = {"approve": N_("approved"), "reject": N_("rejected"), "edit": N_("edited")}
LABEL_CELLS = 10
ABOVE_EVIDENCE = 2  # lines of the source that stay in sight above the evidence


class Detail(ScrollView, can_focus=True):
    """A text of any length, of which only the lines on the screen are drawn.

    With `most`, it is as high as its text, at least `least` lines, and at most that share of what is around
    it: what stands below would else begin at another line for every pair, after a layout of its own.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"detail--{name}" for name in PARTS}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(with_jamo("k"), "scroll_up", show=False),
        Binding(with_jamo("j"), "scroll_down", show=False),
    ]

    def __init__(self, id: str, least: int = 1, most: float = 0.0) -> None:
        super().__init__(id=id)
        self.least, self.most = least, most
        self.parts: list[tuple[str, str]] = []
        self.strips: list[Strip] = []
        self.evidence_line: int | None = None
        self.drawn_width = 0
        self.ground = Style.null()

    def show(self, parts: list[tuple[str, str]]) -> None:
        """Shows (text, part name) after each other, with the evidence in sight."""
        self.parts = parts
        self.draw()
        target = 0
        if self.evidence_line is not None and self.evidence_line >= self.size.height - 1:
            target = self.evidence_line - min(ABOVE_EVIDENCE, self.size.height // 3)
        self.scroll_to(y=target, animate=False, force=True)

    def draw(self) -> None:
        """Wraps the text to the width."""
        width = self.drawn_width = self.scrollable_content_region.width
        if width <= 0:
            return
        text = Text(no_wrap=False, overflow="fold", end="")
        for words, name in self.parts:
            text.append(words, self.style_of(name))
        options = self.app.console.options.update(width=width, height=None)
        lines = self.app.console.render_lines(text, options, style=self.rich_style, pad=True)
        self.strips = [Strip(line, width) for line in lines]
        self.evidence_line = next((n for n, line in enumerate(lines) if any(map(is_evidence, line))), None)
        self.virtual_size = Size(width, len(lines))
        if self.most and isinstance(self.parent, Widget):
            most = max(1, int(self.most * self.parent.size.height))
            self.styles.height = min(max(self.least, len(lines)), most)
        self.refresh()

    def style_of(self, name: str) -> Style:
        if not name:
            return Style.null()
        style = self.get_component_rich_style(f"detail--{name}", partial=True)
        return style + Style(meta={"evidence": True}) if name == "evidence" else style

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self.drawn_width:
            self.draw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.parts:
            self.draw()

    def render_line(self, y: int) -> Strip:
        """The line at `y` of the widget."""
        place = int(self.scroll_offset.y) + y
        if place >= len(self.strips):
            return Strip.blank(self.scrollable_content_region.width, self.ground)
        return self.strips[place]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in `crop`; the widget's own style, which takes a while to find, is asked for once."""
        self.ground = self.rich_style
        return super().render_lines(crop)


def is_evidence(segment: Segment) -> bool:
    return bool(segment.style and segment.style.meta.get("evidence"))


def describe(
    pair: Row, shown: tuple[str, str], applied: Applied | None, others: Iterable[Decision]
) -> list[tuple[str, str]]:
    """Question, answer, checks, marks and decision of a pair, as parts of a text."""
    question, answer = shown
    parts = [label(_("Question")), (one_line(question), "strong"), ("\n", "")]
    parts += [label(_("Answer")), (visible(answer), "strong"), ("\n", "")]
    for before, now in ((pair["question"], question), (pair["answer"], answer)):
        if before != now:
            parts += [label(_("Before")), (visible(before), "quiet"), ("\n", "")]
    parts += [*decided(applied, list(others)), *judged(pair)]
    return parts


def label(word: str) -> tuple[str, str]:
    """What stands before a value, in a column of its own."""
    return set_cell_size(word, LABEL_CELLS), "label"


def decided(applied: Applied | None, lines: list[Decision]) -> list[tuple[str, str]]:
    """What people decided, with what is doubtful about it."""
    if applied is None:
        return []
    parts: list[tuple[str, str]] = []
    if applied.is_contested:
        parts.append(("! " + _("Reviewers disagree; decide again, or v chooses") + "\n", "problem"))
    if applied.is_stale:
        parts.append(("~ " + _("The source has changed since this was decided") + "\n", "problem"))
    if applied.has_followed:
        followed = _("Decided when the pair had another id; its words are the same")
        parts.append((followed + "\n", "quiet"))
    for line in lines or [applied.decision]:
        parts.append(label(_("Decision")))
        style = "problem" if line.decision == "reject" else "good"
        parts.append((_(VERDICTS[line.decision]), style))
        parts.append((" " + _("by %s") % one_line(line.reviewer) if line.reviewer else "", ""))
        parts.append((f": {one_line(_(line.reason))}" if line.reason else "", ""))
        if line.decision == "edit" and len(lines) > 1:
            parts.append((f"  {one_line(' / '.join(filter(None, (line.question, line.answer))))}", "quiet"))
        parts.append(("\n", ""))
    return parts


def judged(pair: Row) -> list[tuple[str, str]]:
    """What checks and teacher said, on a line each."""
    parts: list[tuple[str, str]] = []
    if not pair["is_kept"] and pair["teacher"] != TEACHER:
        parts += [
            label(_("Dropped")),
            (one_line("; ".join(map(labels.problem, pair["reasons"]))), "problem"),
            ("\n", ""),
        ]
    if pair["score"] is not None:
        names = ("faithfulness", "completeness", "usefulness")
        marks = ", ".join(f"{labels.label(name)} {pair[name]}" for name in names)
        parts += [label(_("Marks")), (f"{marks}\n", "")]
        if pair["score_reason"]:
            parts += [
                label(""),
                (f"{one_line(labels.judgement(pair['score_reason'], pair['teacher']))}\n", "quiet"),
            ]
    return parts


def thought(thumbs: Iterable[Feedback]) -> list[tuple[str, str]]:
    """What users thought of the served model's answers to the question, on a line each."""
    parts: list[tuple[str, str]] = []
    for thumb in thumbs:
        is_up = thumb.rating == "up"
        parts += [
            label(_("Feedback")),
            (_("helpful") if is_up else _("not helpful"), "good" if is_up else "problem"),
        ]
        parts += [(f": {one_line(thumb.answer)}\n", "quiet")]
        if thumb.correction:
            parts += [label(""), (_("better: %s") % one_line(thumb.correction) + "\n", "")]
    return parts


def sourced(pair: Row, source: Source | None) -> list[tuple[str, str]]:
    """Document, page, headings and the chunk with its evidence marked."""
    place = one_line(pair["doc_id"])
    if source is None:
        return [
            label(_("Source")),
            (f"{place}\n", ""),
            (_("The chunk is not in data/chunk.parquet") + "\n", "quiet"),
            (visible(pair["evidence"]), "evidence"),
        ]
    first, last = source.pages
    if first:
        place += " · " + (_("page %s") % (first if first == last else f"{first}-{last}"))
    if source.title:
        place = f"{one_line(source.title)} · {place}"
    parts = [label(_("Source")), (f"{place}\n", "")]
    if source.headings:
        parts += [label(""), (f"{one_line(' > '.join(source.headings))}\n", "quiet")]
    return [*parts, *marked(pair["evidence"], source.text)]


def marked(evidence: str, text: str) -> list[tuple[str, str]]:
    """The text of a chunk with the evidence as parts of its own; the evidence first where it is not found."""
    text = text.rstrip()
    found = spans(evidence, text)
    shown = visible(text)
    if not found:
        missing = _("The evidence does not stand in this text to the letter:")
        return [(f"{missing}\n", "problem"), (visible(evidence), "evidence"), ("\n\n", ""), (shown, "")]
    parts, position = [], 0
    for start, end in found:
        parts += [(shown[position:start], ""), (shown[start:end], "evidence")]
        position = end
    return [*parts, (shown[position:], "")]
