"""The repository that a command works in: its stages, DVC in this process, and how the user called us."""

import difflib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slm_factory.core.errors import UserError

if TYPE_CHECKING:
    from dvc.repo import Repo

PIPELINE_FILE = Path("dvc.yaml")
SETTINGS_FILE = Path("params.yaml")  # as core.params has it, which imports what takes too long here


def require_root() -> None:
    """Returns when the current folder is the root of a repository, and its settings are text.

    Raises:
        UserError: it is not, the hint names the root where a parent folder is one; or they are not.
    """
    if PIPELINE_FILE.is_file():
        for file in (PIPELINE_FILE, SETTINGS_FILE):
            require_text(file)
        return
    here = Path.cwd()
    roots = [parent for parent in here.parents if (parent / PIPELINE_FILE).is_file()]
    hint = f"cd {roots[0]}" if roots else f"cd to one, or {program()} init NAME makes one"
    raise UserError(f"error: {here} is not the root of a repository (no {PIPELINE_FILE})", f"hint: {hint}")


def require_text(file: Path) -> None:
    """Returns when the file is missing or holds UTF-8.

    Raises:
        UserError: it holds something else, as editors of some Windows write it.
    """
    try:
        if file.is_file():
            file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"error: {file} is not UTF-8 text (byte {error.start})", f"hint: git checkout {file}"
        ) from error


def stages() -> dict[str, str]:
    """What each stage does, by name, in the order of dvc.yaml.

    Raises:
        UserError: dvc.yaml is broken.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML has it: ten times as fast
    try:
        pipeline = yaml.load(PIPELINE_FILE.read_text(encoding="utf-8"), loader)
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"error: {PIPELINE_FILE} is not valid YAML: {said}", "hint: git diff dvc.yaml"
        ) from error
    if not isinstance(pipeline, dict) or not isinstance(pipeline.get("stages"), dict):
        raise UserError(f"error: {PIPELINE_FILE} has no stages", f"hint: git checkout {PIPELINE_FILE}")
    return {name: stage.get("desc", "") for name, stage in pipeline["stages"].items()}


def require_stage(name: str) -> str:
    """`name`, when it is a stage.

    Raises:
        UserError: it is none; the hint names the nearest, or all.
    """
    names = list(stages())
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"stages are {', '.join(names)}"
    raise UserError(f"error: there is no stage '{name}'", f"hint: {hint}")


@contextmanager
def open_dvc() -> Iterator["Repo"]:
    """DVC's own view of the repository, in this process: a second interpreter would cost half a second.

    Raises:
        UserError: DVC cannot work here (no .dvc folder, dvc.yaml is wrong, another DVC is running).
    """
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.lock import LockError
    from dvc.repo import Repo

    require_root()
    try:
        with Repo() as repo:
            yield repo
    except NotDvcRepoError as error:
        raise UserError(
            f"error: {Path.cwd()} has a dvc.yaml but no .dvc folder", f"hint: {program()} check --fix"
        ) from error
    except LockError as error:
        raise UserError(
            "error: another DVC command is working in this repository",
            "hint: wait for it to end; if none is running, rm .dvc/tmp/lock .dvc/tmp/rwlock",
        ) from error
    except DvcException as error:
        causes = ": ".join(" ".join(str(cause).split()) for cause in chain_of(error))
        broken = re.search(r"'([^']+\.(?:yaml|lock|dvc))', YAML file structure is corrupted", causes)
        hint = f"git diff {broken[1]}" if broken else "dvc status says more; dvc doctor shows the set-up"
        raise UserError(f"error: {causes}", f"hint: {hint}") from error


def chain_of(error: BaseException) -> list[BaseException]:
    """`error` and what caused it, outermost first."""
    return [error, *(chain_of(error.__cause__) if error.__cause__ else [])]


def program() -> str:
    """How the user called this program, so that a command we print works when it is copied."""
    called = Path(os.path.abspath(sys.argv[0]))
    if called.name == "__main__.py":
        return "python -m slm_factory"
    found = shutil.which("slm-factory")
    if found and Path(os.path.abspath(found)) == called:
        return "slm-factory"
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)
