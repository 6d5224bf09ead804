"""`slm-factory run`: `dvc repro`, told in one or two lines a stage, and what came of it."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slm_factory.cli import completion, repository, summary
from slm_factory.cli.template import DOCUMENTS
from slm_factory.core.errors import UserError
from slm_factory.language import _
from slm_factory.language.sentences import sentence

if TYPE_CHECKING:
    from dvc.repo import Repo

QUANTIZE = "quantize"  # the last stage
WITH_STUDENT = ("train", "evaluate", "gate", "export", QUANTIZE)


def run(
    until: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE", autocompletion=completion.stage, help="Stop after this stage and what it needs."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="STAGE",
            autocompletion=completion.stage,
            help="Do this stage and all that follow again.",
        ),
    ] = None,
    documents: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="First make data/documents a copy of this folder, kept by DVC."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show everything that DVC says.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show warnings and errors only.")] = False,
) -> None:
    """Bring every stage up to date and show the result.

    Only what changed is done again, as by `dvc repro` (--until: `dvc repro STAGE`). Requests that a teacher
    failed to answer in an earlier run are asked again.

    Examples: slm-factory run; slm-factory run --documents ~/manuals; slm-factory run --until split;
    slm-factory run --from train
    """
    repository.require_root()
    for name in filter(None, (until, start)):
        repository.require_stage(name)
    if QUANTIZE in repository.stages():
        if until in (None, QUANTIZE):
            check_types()
        if until in (None, *WITH_STUDENT):
            check_student()
    # The stages call `python`: it has to be this one, whether or not its environment is active.
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
    if documents:
        from slm_factory.cli.documents import adopt

        adopt(documents.expanduser())
    require_documents()
    if quiet:
        os.environ["SLM_FACTORY_LOG"] = "WARNING"  # of the stages
    with repository.open_dvc() as repo, narrated(verbose=verbose, quiet=quiet):
        is_changed = reproduce(repo, until, start)
    if quiet:
        return
    if not is_changed:
        print(_("Everything is up to date."))
    if until is None:
        summary.show()


def check_types() -> None:
    """Nothing; a GGUF type that cannot be made ends here, not after hours of training.

    Raises:
        UserError: see `gguf.check_types`.
    """
    from slm_factory.core import params
    from slm_factory.student import gguf
    from stages.quantize import Params

    gguf.check_types(params.load(QUANTIZE, Params).types)


def check_student() -> None:
    """Nothing; a student whose folder is missing ends here, not after the teacher was paid.

    Raises:
        UserError: see `model.folder`. A student on the hub is fetched when it is trained.
    """
    from slm_factory.core import params
    from slm_factory.student import model
    from slm_factory.student.settings import StudentSettings

    name = params.load("student", StudentSettings).model
    if name.startswith(("models/", ".", "/")):
        model.folder(name)


def require_documents() -> None:
    """Returns unless the folder of documents is there and empty, as in a new project.

    Raises:
        UserError: it is.
    """
    if DOCUMENTS.is_dir() and not any(path.is_file() for path in DOCUMENTS.rglob("*")):
        raise UserError(
            f"error: {DOCUMENTS} holds no documents yet",
            f"hint: {repository.program()} run --documents YOUR_DOCUMENTS",
        )


def reproduce(repo: "Repo", until: str | None, start: str | None) -> bool:
    """Whether any stage ran; runs what is stale, or (with `start`) that stage and what follows in any case.

    Raises:
        typer.Exit: a stage ended with an error that it explained itself (code 2).
        KeyboardInterrupt: the user stopped a stage.
        UserError: a stage failed in another way.
    """
    from dvc.exceptions import ReproductionError

    try:
        if start is None:
            ran = [stage.addressing for stage in repo.reproduce(targets=until)]
            failed = [name for name in with_failed_requests() if name not in ran]
            again = [name for name in failed if until is None or name in needed_by(repo, until)]
            for name in again:  # up to date for DVC, not for the user
                repo.reproduce(targets=[name], single_item=True, force=True)
            if again:
                repo.reproduce(targets=until)
            return bool(ran or again)
        return bool(repo.reproduce(targets=stages_between(repo, start, until), single_item=True, force=True))
    except ReproductionError as error:
        cause = error.__cause__
        exit_code = re.search(r"exited with (-?\d+)$", str(cause))
        if exit_code is None:
            raise
        stage = str(error).removeprefix("failed to reproduce ").strip("'")
        raise ended(stage, int(exit_code.group(1))) from error


def ended(stage: str, code: int) -> BaseException:
    """What to raise when a stage's process ended with `code`, which is not 0.

    It is typer.Exit where the stage has written its own two lines, KeyboardInterrupt where the user stopped
    it, else a UserError.
    """
    if code == 2:
        return typer.Exit(2)
    if code in (130, -2):
        return KeyboardInterrupt()
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    memory = " (9 is often a lack of memory)" if code == -9 else ""
    return UserError(
        f"error: stage {stage} {how}{memory}; its own words stand above",
        f"hint: python -m stages.{stage} runs it alone; what is done is kept, so run goes on from there",
    )


def with_failed_requests() -> list[str]:
    """Names of the stages whose metrics tell of teacher requests without an answer, in order."""
    from slm_factory.core import files

    found = []
    for name in repository.stages():
        metrics = Path("metrics") / f"{name}.json"
        usage = files.read_json(metrics).get("teacher") if metrics.is_file() else None
        if usage and usage["failed"]:
            found.append(name)
    return found


def needed_by(repo: "Repo", name: str) -> set[str]:
    """The stage `name` and all that it needs."""
    import networkx as nx

    graph = repo.index.graph  # edges lead from a stage to those it needs
    node = next(stage for stage in graph if stage.addressing == name)
    return {stage.addressing for stage in (node, *nx.descendants(graph, node))}


def stages_between(repo: "Repo", start: str, until: str | None) -> list[str]:
    """Names of `start` and all stages that need it, in order; with `until`, only those that it needs.

    Raises:
        UserError: `until` does not need `start`.
    """
    import networkx as nx

    graph = repo.index.graph  # edges lead from a stage to those it needs
    nodes = {stage.addressing: stage for stage in graph}
    chosen = {nodes[start], *nx.ancestors(graph, nodes[start])}
    if until is not None:
        needed = needed_by(repo, until)
        chosen = {stage for stage in chosen if stage.addressing in needed}
    if not chosen:
        raise UserError(
            f"error: stage {until} does not follow {start}", "hint: dvc dag draws what follows what"
        )
    return [stage.addressing for stage in nx.dfs_postorder_nodes(graph) if stage in chosen]


@contextmanager
def narrated(*, verbose: bool, quiet: bool) -> Iterator[None]:
    """DVC's log as a line a stage, or only its warnings (`quiet`), or as DVC writes it (`verbose`)."""
    if verbose:
        yield
        return
    log = logging.getLogger("dvc")
    handlers, log.handlers = log.handlers, [Narrator(logging.WARNING if quiet else logging.INFO)]
    try:
        yield
    finally:
        log.handlers = handlers


class Narrator(logging.Handler):
    """Writes DVC's log to stderr, between the stages' own lines: a line a stage, skipped ones together."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.descriptions = repository.stages()
        self.unchanged: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == "Stage '%s' didn't change, skipping":
            self.unchanged.append(str(record.args[0]))  # type: ignore[index]
        elif record.msg == "Running stage '%s':":
            name = str(record.args[0])  # type: ignore[index]
            self.write(f"{name}: {sentence(self.descriptions.get(name, ''))} ...", "2")
        elif record.msg == "Stage '%s' is cached - skipping run, checking out outputs":
            taken = _("taken from the cache, where it ran with these inputs")
            self.write(f"{record.args[0]}: {taken}")  # type: ignore[index]
        elif record.msg == "'%s' is empty.":
            pass  # data/review.jsonl is, until somebody decides
        elif record.levelno >= logging.WARNING and not record.exc_info:
            self.write(record.getMessage())

    def write(self, line: str, style: str = "0") -> None:
        """Writes a line, in an ANSI style on a terminal, and before it the stages skipped since the last."""
        skipped = (
            _("unchanged: {stages}").format(stages=", ".join(self.unchanged)) + "\n" if self.unchanged else ""
        )
        self.unchanged = []
        shown = f"\x1b[{style}m{line}\x1b[0m" if sys.stderr.isatty() else line
        sys.stderr.write(f"{skipped}{shown}\n")
        sys.stderr.flush()
