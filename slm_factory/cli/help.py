"""Help and wrong calls in the language of the reader: typer's own words and those of every command.

typer looks its words up through gettext, so it is told where our catalogue lies. The texts of commands are
translated on the built command tree, once the language is known.
"""

import copy
import gettext
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from slm_factory import language
from slm_factory.cli.console import count_cells
from slm_factory.language import _

LANG = "--lang"
# What typer takes from gettext, or says of options that it adds.
WORDS = (
    *("Arguments", "Options", "Commands", "Usage: ", "Aborted!", "Aborted.", "Show this message and exit."),
    *("[default: {}]", "[env var: {}]", "[required]", "(dynamic)", "required", "default: {default}"),
)
# What typer says of a wrong call, in English whatever the locale.
SENTENCES = (
    "No such command {name}.",
    "No such command {name}. Did you mean {near}?",
    "No such option: {name}",
    "No such option: {name} (Possible options: {near})",
    "Missing command.",
    "Missing option {name}.",
    "Missing option {name}. {choices}",
    "Choose from:\n\t{choices}",
    "Missing argument {name}.",
    "Invalid value for {name}: {reason}",
    "Got unexpected extra argument(s) ({arguments})",
    "Option {name} requires an argument.",
    "Option {name} does not take a value.",
    "Value error, {value} is not one of {choices}.",
    "Input should be greater than or equal to {limit}",
    "Input should be less than or equal to {limit}",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
)
TEXTS = ("help", "epilog", "options_metavar", "subcommand_metavar")


def use_language(arguments: list[str]) -> None:
    """Chooses the language that `--lang` names anywhere on the command line, else that of the environment.

    It has to be known before typer reads the line, which may end in help.
    """
    named = named_language(arguments)
    if named in language.LANGUAGES:
        os.environ[language.VARIABLE] = named  # for programs that this one starts
    chosen = language.use()
    if os.environ.get(language.VARIABLE):
        os.environ["LANGUAGE"] = chosen  # for typer
    gettext.bindtextdomain(language.DOMAIN, str(language.CATALOGUES))
    gettext.textdomain(language.DOMAIN)


def named_language(arguments: list[str]) -> str:
    """The value of the last `--lang`, "" without one; what follows `--` is no option."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    found = ""
    for word, following in zip(own, [*own[1:], ""], strict=False):
        if word == LANG:
            found = following
        elif word.startswith(f"{LANG}="):
            found = word.partition("=")[2]
    return found


def commands(command: Any) -> Iterator[Any]:
    """The command and all below it."""
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from commands(inner)


def places(root: Any) -> Iterator[tuple[Any, str]]:
    """(object, attribute) of every text in the help of a command and those below it."""
    for command in commands(root):
        found = [(command, name) for name in TEXTS] + [(option, "help") for option in command.params]
        yield from ((owner, name) for owner, name in found if getattr(owner, name, None))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a help text, each on one line, as they are translated."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def offer_language(root: Any) -> None:
    """Lets `--lang` stand behind every command; those that have it already keep their own."""
    option = next(option for option in root.params if LANG in option.opts)
    option.process_value = partial(as_it_is, option.process_value)
    hidden = copy.copy(option)
    hidden.hidden = True
    for command in commands(root):
        if not any(LANG in option.opts for option in command.params):
            command.params.append(hidden)


def as_it_is(process_value: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    """The value of `--lang`; typer's `process_value`, which imports pydantic, only tells what is wrong."""
    return value if value in (None, *language.LANGUAGES) else process_value(context, value)


def translate(root: Any, context: Any) -> None:
    """Puts the help of a command, and of all below it, into the language of the program."""
    for owner, name in places(root):
        setattr(owner, name, "\n\n".join(map(_, paragraphs(getattr(owner, name)))))
    for command in commands(root):
        option = command.get_help_option(context)  # made when it is first asked for
        option.help = _(option.help)
        command.get_usage = partial(usage, command.get_usage)


def usage(get_usage: Callable[[Any], str], context: Any) -> str:
    """The line of usage, with which help begins; typer has its first word in English only."""
    count_cells()
    return get_usage(context).replace("Usage: ", _("Usage: "), 1)
