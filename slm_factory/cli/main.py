"""The `slm-factory` command: its subcommands, and the one place where errors become two lines and a code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from slm_factory.cli import help
from slm_factory.cli.ask import ask
from slm_factory.cli.check import check
from slm_factory.cli.clean import clean
from slm_factory.cli.collect import app as collect
from slm_factory.cli.compare_data import compare_data
from slm_factory.cli.cost import cost
from slm_factory.cli.dashboard import dashboard
from slm_factory.cli.dataset import dataset
from slm_factory.cli.eval_compare import eval_compare
from slm_factory.cli.eval_run import eval_run
from slm_factory.cli.evolve import evolve
from slm_factory.cli.export import export
from slm_factory.cli.gguf import gguf
from slm_factory.cli.history import history
from slm_factory.cli.init import init
from slm_factory.cli.profile import profile
from slm_factory.cli.refine import refine
from slm_factory.cli.repository import program
from slm_factory.cli.review import review
from slm_factory.cli.rollback import rollback
from slm_factory.cli.run import run
from slm_factory.cli.serve import serve
from slm_factory.cli.stage_tools import convert, dialogue
from slm_factory.cli.status import status
from slm_factory.cli.trace import trace
from slm_factory.cli.train import train
from slm_factory.cli.update import update
from slm_factory.cli.version import version
from slm_factory.cli.wizard import wizard
from slm_factory.core.errors import UserError, disk_error, report
from slm_factory.language import _
from slm_factory.language.sentences import told

INTERRUPTED = 130  # as shells have it: 128 + SIGINT


class Commands(TyperGroup):
    """All subcommands; what a user can fix ends in two lines on stderr, a bug keeps its traceback."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> typer.Context:
        help.use_language(args)
        with explained(self.name or ""):
            return super().make_context(info_name, args, parent, **extra)  # type: ignore[return-value]

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        help.offer_language(self)
        help.translate(self, ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        with explained(ctx.command_path):
            return super().invoke(ctx)


@contextmanager
def explained(command_path: str) -> Iterator[None]:
    """Ends what a user can fix, or has stopped, in its lines on stderr and its exit code.

    Raises:
        typer.Exit: in place of any such error.
    """
    try:
        yield
    except UserError as error:
        raise typer.Exit(tell(error)) from error
    except KeyboardInterrupt as error:
        if said := str(error):  # how far it came
            sys.stderr.write(_("interrupted: {said}").format(said=told(said)) + "\n")
        else:
            sys.stderr.write(_("interrupted: the same command goes on where it stopped") + "\n")
        raise typer.Exit(INTERRUPTED) from error
    except typer.TyperException as error:  # a wrong command, option or value
        if not (said := error.format_message()):
            raise  # help was asked for by giving no command
        path = getattr(getattr(error, "ctx", None), "command_path", command_path)
        hint = f"hint: {' '.join([program(), *path.split()[1:]])} --help"
        raise typer.Exit(tell(UserError(f"error: {said}", hint))) from error
    except OSError as error:
        known = disk_error(error)
        if known is None:
            raise
        raise typer.Exit(tell(known)) from error


def tell(error: UserError) -> int:
    """Writes an error's two lines to stderr in the language of the program; returns the exit code."""
    return report(UserError(told(error.problem), told(error.hint)))


app = typer.Typer(
    cls=Commands,
    help="Domain documents in, a gated and quantised small language model out.",
    epilog=(
        "Exit codes: 0 done; 1 you said no, or a bug (its traceback is shown); 2 something you can fix "
        "(two lines say what and how); 3 the gate refused (tool evolve); 130 interrupted."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a bug keeps Python's own traceback, without the values of variables
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def slm_factory(
    lang: Annotated[
        Literal["ko", "en"] | None,
        typer.Option(expose_value=False, help="Language of texts; by default that of the locale."),
    ] = None,
) -> None:
    """What stands before a subcommand; the language is chosen before typer reads the line."""


for command in (
    init,
    check,
    run,
    train,
    export,
    status,
    profile,
    ask,
    serve,
    trace,
    history,
    rollback,
    clean,
    version,
):
    app.command()(command)
evaluation = typer.Typer(help="Models on the held-out questions.", no_args_is_help=True)
evaluation.command("run")(eval_run)
evaluation.command("compare")(eval_compare)
app.add_typer(evaluation, name="eval")
tool = typer.Typer(help="Tools beside the pipeline.", no_args_is_help=True)
tool.add_typer(collect, name="collect")
for command in (wizard, dashboard, update, evolve, review, refine, dataset, cost, convert, dialogue, gguf):
    tool.command()(command)
tool.command("compare-data")(compare_data)
app.add_typer(tool, name="tool")


if __name__ == "__main__":
    app()
