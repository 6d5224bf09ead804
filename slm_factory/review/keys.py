"""The keys of the review screen, in the order in which help lists them."""

from dataclasses import dataclass

from slm_factory.language import N_

# What a Korean keyboard (2-beolsik) types in Hangul mode where a Latin one types a letter.
JAMO = dict(zip("abcefgijklmnpqrstuvwxy", "ㅁㅠㅊㄷㄹㅎㅑㅓㅏㅣㅡㅜㅔㅂㄱㄴㅅㅕㅍㅈㅌㅛ", strict=True))


@dataclass(frozen=True)
class Key:
    """Keys, the action of the app that they start, and what it is called; `short` in the bar below."""

    keys: tuple[str, ...]
    action: str
    label: str
    short: str = ""
    cap: str = ""  # how the key is written, where that is not its name

    @property
    def shown(self) -> str:
        return self.cap or self.keys[0]


KEYS = (
    Key(("a",), "approve", N_("Approve the pair: it is trained on, whatever the checks said"), N_("approve")),
    Key(("r",), "reject", N_("Reject it, with a reason"), N_("reject")),
    Key(("e",), "edit", N_("Edit question and answer; the checks look at the new words"), N_("edit")),
    Key(("c",), "clear", N_("Take the decision back: undecided")),
    Key(("v",), "settle", N_("Choose between reviewers who disagree")),
    Key(("u",), "undo", N_("Undo"), N_("undo")),
    Key(("y", "ctrl+r"), "redo", N_("Redo what was undone")),
    Key(("n",), "next", N_("Go to the next undecided pair"), N_("next")),
    Key(("f",), "filter", N_("Filter by state, document, category, score, reason, ..."), N_("filter")),
    Key(("slash",), "search", N_("Search question, answer and evidence"), N_("search"), "/"),
    Key(("w",), "wordings", N_("Show all wordings of this fact; again: back")),
    Key(("x",), "everything", N_("Drop filter, search and sample")),
    Key(("g",), "jump", N_("Go to a line by number, or to a pair by its id")),
    Key(("s",), "sample", N_("Draw a sample and estimate how many pairs are wrong")),
    Key(("A",), "approve_all", N_("Approve all pairs that are listed")),
    Key(("R",), "reject_all", N_("Reject all pairs that are listed")),
    Key(("C",), "clear_all", N_("Take back the decisions on all pairs that are listed")),
    Key(("t",), "turn_theme", N_("Dark or light")),
    Key(("question_mark",), "help", N_("All keys"), N_("keys"), "?"),
    Key(("q", "ctrl+q", "ctrl+c"), "leave", N_("Leave; every decision is saved"), N_("quit")),
)
MOVING = (  # not actions of the app
    ("↑ ↓  j k", N_("Previous, next pair")),
    ("PgUp PgDn Home End", N_("Through the list, or the text that has the focus")),
    ("Tab", N_("From the list to the text and back")),
    ("[ ]", N_("Scroll the text")),
)


def with_jamo(*keys: str) -> str:
    """The keys as a binding, with those that a Korean keyboard types in their place."""
    return ",".join([*keys, *(JAMO[key] for key in keys if key in JAMO)])
