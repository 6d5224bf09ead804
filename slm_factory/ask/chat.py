"""A conversation of several turns with one or more models, at a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from slm_factory.ask.model import Answer, Model, TooLongError
from slm_factory.ask.show import Shown
from slm_factory.core.activity import FOLDER
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _, ngettext

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

COMMANDS = {
    "/help": N_("these commands"),
    "/clear": N_("forget what was said"),
    "/base": N_("the last question again, to the student before training"),
    "/quit": N_("leave, as Ctrl-D does"),
}
HISTORY = FOLDER / "questions.txt"  # of this repository; git does not see it


class Turn(NamedTuple):
    """A question, its answer, and the tokens that both took of the context."""

    question: str
    answer: str
    tokens: int


class Conversation:
    """What was said with one model, as far as it fits the context with room for another answer."""

    def __init__(self, model: Model, max_tokens: int) -> None:
        self.model = model
        self.max_tokens = max_tokens
        self.turns: list[Turn] = []
        self.used = 0  # tokens, with the system prompt

    def ask(self, question: str, show: Callable[[str], object]) -> tuple[Answer, int]:
        """(the answer, how many of the oldest turns were forgotten to make room for it).

        Raises:
            UserError: the question alone does not fit.
        """
        turns, used = self.turns[:], self.used
        context = self.model.source.context_tokens
        while self.turns and self.used > context - min(self.max_tokens, context // 2):
            self.forget()
        while True:
            try:
                answer = self.model.answer(self.messages(question), self.max_tokens, show)
                break
            except TooLongError:
                if not self.turns:
                    self.turns, self.used = turns, used
                    raise
                self.forget()
        forgotten = len(turns) - len(self.turns)
        used = answer.prompt_tokens + answer.tokens
        self.turns.append(Turn(question, answer.text, used - self.used))
        self.used = used
        return answer, forgotten

    def forget(self) -> None:
        """Drops the oldest turn."""
        self.used -= self.turns.pop(0).tokens

    def clear(self) -> None:
        """Drops every turn."""
        self.turns, self.used = [], 0

    def messages(self, question: str) -> list[dict[str, str]]:
        """The turns and a new question."""
        said = [
            {"role": role, "content": text}
            for turn in self.turns
            for role, text in (("user", turn.question), ("assistant", turn.answer))
        ]
        return [*said, {"role": "user", "content": question}]


def chat(models: list[Model], base: Callable[[], Model], max_tokens: int, shown: Shown) -> None:
    """Asks and answers at the terminal until the user leaves; `base` is opened when it is wanted first.

    An error or Ctrl-C ends an answer, not the conversation.
    """
    conversations = [Conversation(model, max_tokens) for model in models]
    session = prompt_session()
    last = ""
    shown.note(_("Ctrl-C stops an answer, Ctrl-D leaves, /help lists commands."))
    while (line := read(session)) not in (None, "/quit"):
        try:
            if line == "/help":
                shown.commands(COMMANDS)
            elif line == "/clear":
                for one in conversations:
                    one.clear()
                shown.note(_("Forgotten."))
            elif line == "/base" and last:
                with shown.loading():
                    before_training = Conversation(base(), max_tokens)
                turn([before_training], last, shown)
            elif line == "/base":
                shown.note(_("There is no question yet."))
            elif line and line.startswith("/"):
                shown.note(_("There is no command %s; /help lists them.") % line.split()[0])
            elif line:
                last = line
                turn(conversations, line, shown)
        except KeyboardInterrupt:
            shown.note("\n" + _("Stopped; this question is not remembered."))
        except UserError as error:
            shown.note(f"{error.problem}\n{error.hint}")


def read(session: "PromptSession[str]") -> str | None:
    """The next line, empty where Ctrl-C dropped it; None when the user leaves."""
    try:
        return session.prompt("> ").strip()
    except KeyboardInterrupt:
        return ""
    except EOFError:
        return None


def turn(conversations: list[Conversation], question: str, shown: Shown) -> None:
    """Shows the answers to one question.

    Raises:
        UserError: the question does not fit a context.
    """
    answers, forgotten = [], 0
    with shown.streaming(len(conversations)) as show:
        for conversation in conversations:
            answer, dropped = conversation.ask(question, show)
            answers.append(answer)
            forgotten = max(forgotten, dropped)
    shown.answers(answers, is_streamed=True)
    if forgotten:
        said = ngettext(
            "The context is full: the oldest turn was forgotten.",
            "The context is full: the oldest %d turns were forgotten.",
            forgotten,
        )
        shown.note(said % forgotten if "%" in said else said)


def prompt_session() -> "PromptSession[str]":
    """The line to write questions on, with those of earlier sessions; Tab completes commands."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory

    history: History = InMemoryHistory()
    if Path(".dvc").is_dir():
        HISTORY.parent.mkdir(parents=True, exist_ok=True)
        history = FileHistory(str(HISTORY))
    return PromptSession(
        history=history,
        completer=WordCompleter(list(COMMANDS), sentence=True),
        complete_while_typing=False,
        enable_history_search=True,
    )
