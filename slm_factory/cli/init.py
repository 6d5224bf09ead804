"""`slm-factory init`: a complete repository of one's own."""

import contextlib
import logging
import shutil
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import slm_factory
from slm_factory.cli import repository, template
from slm_factory.cli.console import working
from slm_factory.core.errors import UserError
from slm_factory.language import _

Language = StrEnum("Language", ["ko", "en"])
LANGUAGES = {Language.ko: "korean", Language.en: "english"}  # the profile of each
WRITTEN_BY_PEOPLE = ("questions", "refine", "review")  # data/*.jsonl that begin empty
FALLBACK = ("-c", "user.name=slm-factory", "-c", "user.email=slm-factory@localhost")
DVC_CONFIG = """[core]
    analytics = false
    check_update = false
    remote = storage
['remote "storage"']
    url = ../../{name}-storage
"""
README = """# {name}

A small language model from the documents in `data/documents`, made with slm-factory {version}.

    slm-factory check      # is everything there that a run needs?
    slm-factory run --documents YOUR_DOCUMENTS   # copies them to data/documents; a gated, quantised model out
    slm-factory run        # after changes in data/documents; only what depends on them is done again
    slm-factory ask --question "..."

`make run` does the same in an environment of its own, `.venv`. Documents, tables and models are kept by DVC,
everything else by git: commit after a run, `dvc push` for what DVC keeps. Settings are in `params.yaml`;
`slm-factory profile` lists real teachers and students, `slm-factory --help` the other commands.
"""


def init(
    name: Annotated[Path, typer.Argument(help="Folder of the new repository; it must not exist yet.")],
    profiles: Annotated[
        list[str], typer.Option("--profile", help="See `slm-factory profile`; may be given several times.")
    ] = [],  # noqa: B006  typer reads the default, nothing writes it
    language: Annotated[
        Language, typer.Option(help="Of documents and users: system prompt and OCR.")
    ] = Language.ko,
    samples: Annotated[
        bool, typer.Option("--samples/--no-samples", help="Begin with twelve sample documents.")
    ] = False,
) -> None:
    """Make a new repository: pipeline, settings, prompts and seed student, in git and DVC, committed.

    It holds the code of the stages, so it goes on working as it is, whatever becomes of this slm-factory.
    Documents are kept by DVC, so large ones are welcome.

    Examples: slm-factory init incidents; slm-factory init tax --profile openai --profile gemma-3-12b;
    slm-factory init rules --language en --samples
    """
    from slm_factory.core import files

    root = name.absolute()
    require_place(root)
    with files.replacing_folder(root) as beside, working(_("making {name}").format(name=root.name)):
        template.copy(beside, with_samples=samples)
        with contextlib.chdir(beside):
            write_own_files(root.name)
            set_up_params([LANGUAGES[language], *profiles])
            start_history(root.name)
            count = len(repository.stages())
    told = _("with {samples} sample documents") if samples else _("without documents yet")
    program = absolute(repository.program())
    made = _("{name}: {count} stages, seed student, git and DVC, one commit; {documents}")
    print(made.format(name=name, count=count, documents=told.format(samples=len(template.SAMPLES))))
    fetch = "" if samples else " --documents YOUR_DOCUMENTS"
    print(_("next: {command}").format(command=f"cd {name} && {program} run{fetch}"))


def absolute(program: str) -> str:
    """How to call this program also from another folder."""
    return str(Path(program).absolute()) if Path(program).name != program else program


def require_place(root: Path) -> None:
    """Returns when a repository may be made at `root`.

    Raises:
        UserError: something is there, git is missing, or another git repository would hold it.
    """
    if root.exists() or root.is_symlink():
        raise UserError(f"error: {root} exists", "hint: choose another name; init never overwrites")
    if not shutil.which("git"):
        raise UserError("error: git is not on the PATH", "hint: install git")
    above = next(parent for parent in root.parents if parent.exists())
    if not above.is_dir():
        raise UserError(f"error: {above} is a file", "hint: choose another folder")
    found = git(above, "rev-parse", "--show-toplevel")
    if found.returncode != 0:
        return
    if git(above, "check-ignore", "--quiet", str(root)).returncode != 0:  # it would see a stranger's files
        outer = Path(found.stdout.strip())
        raise UserError(
            f"error: {root} would lie inside the git repository {outer}",
            f"hint: {repository.program()} init {outer.parent / root.name}",
        )


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A git command that has ended, well or not."""
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)


def write_own_files(name: str) -> None:
    """Writes what every project has of its own: README.md and the files that people fill, empty."""
    for stem in WRITTEN_BY_PEOPLE:
        Path("data", f"{stem}.jsonl").touch()
    text = README.format(name=name, version=slm_factory.__version__)
    Path("README.md").write_text(text, encoding="utf-8")


def set_up_params(profiles: list[str]) -> None:
    """Writes the profiles over params.yaml, in this order; no version is in service yet.

    Raises:
        UserError: there is no such profile.
    """
    from slm_factory.cli import profile
    from slm_factory.core import params

    profile.assign({"gate": {"champion": ""}}, params.PARAMS_FILE)
    for chosen in profiles:
        profile.apply(profile.profile_file(chosen))


def start_history(name: str) -> None:
    """Initialises git and DVC here, puts the documents under DVC, and commits everything.

    Raises:
        UserError: git refuses to commit; its words are told.
    """
    from dvc.repo import Repo

    from slm_factory.release.git import git as git_or_error

    logging.getLogger("dvc").setLevel(logging.WARNING)  # it would tell what to commit, which is done here
    git_or_error("init", "--quiet")
    git_or_error(
        "symbolic-ref", "HEAD", "refs/heads/main"
    )  # also before git 2.28, which has no --initial-branch
    with Repo.init() as repo:
        Path(repo.dvc_dir, "config").write_text(DVC_CONFIG.format(name=name), encoding="utf-8")
    with Repo() as repo:
        repo.add([str(template.DOCUMENTS)])
    git_or_error("add", "--all")
    is_known = git(Path(), "var", "GIT_COMMITTER_IDENT").returncode == 0
    identity = () if is_known else FALLBACK  # a fresh machine must not stop here
    git_or_error(
        *identity,
        "commit",
        "--quiet",
        "--message",
        f"Begin {name} with slm-factory {slm_factory.__version__}",
    )
