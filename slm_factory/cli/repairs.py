"""What `slm-factory check --fix` can mend: files that are missing, and keys that params.yaml lacks."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slm_factory.cli import params_text, template
from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.core.params import PARAMS_FILE

WRITTEN_BY_PEOPLE = tuple(Path("data", f"{name}.jsonl") for name in ("questions", "refine", "review"))
MAX_COMMITS = 100  # versions of params.yaml that are looked at for defaults


@dataclass(frozen=True)
class Repair:
    """A fault, and what mends it."""

    fault: str
    mend: Callable[[], object]


def repairs() -> Iterator[Repair]:
    """Every fault of this repository that can be mended without losing anything."""
    if not Path(".dvc").is_dir():
        yield Repair("there is no .dvc folder", start_dvc)
    if not template.DOCUMENTS.is_dir():
        yield Repair(
            f"there is no folder {template.DOCUMENTS}", partial(template.DOCUMENTS.mkdir, parents=True)
        )
    for file in WRITTEN_BY_PEOPLE:
        if not file.exists():
            yield Repair(f"there is no {file}", partial(write_empty, file))
    missing = missing_keys()
    if missing:
        yield Repair(f"{PARAMS_FILE} lacks {', '.join(missing)}", fill_params)


def start_dvc() -> None:
    """Makes the .dvc folder; without a cache, so outputs that DVC held have to be made or pulled again."""
    import logging

    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.WARNING)
    Repo.init(no_scm=not Path(".git").exists()).close()


def write_empty(file: Path) -> None:
    """Writes an empty file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def missing_keys() -> list[str]:
    """Dotted names of what params.yaml lacks: sections that dvc.yaml names, keys that the code requires."""
    from slm_factory.cli.check import settings_of

    present = params.read()
    found = [section for section in required_sections() if section not in present]
    for section, values in present.items():
        model = settings_of(section)
        if model is None:
            continue
        try:
            model.model_validate(values or {})
        except ValidationError as error:
            lacking = [problem["loc"] for problem in error.errors() if problem["type"] == "missing"]
            found += [".".join([section, *map(str, place)]) for place in lacking]
    return found


def required_sections() -> list[str]:
    """Sections of params.yaml that a stage of dvc.yaml depends on, sorted."""
    import yaml

    pipeline = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))
    named = [name for stage in pipeline["stages"].values() for name in stage.get("params", [])]
    return sorted({name.partition(".")[0] for name in named if isinstance(name, str)})


def fill_params() -> None:
    """Writes what params.yaml lacks into it, with its comments, as it stands in a version that fits the code.

    Raises:
        UserError: no such version is known.
    """
    values = params_text.load(PARAMS_FILE.read_text(encoding="utf-8"))
    defaults = next((text for text in versions() if fits(text)), None)
    if defaults is None:
        raise UserError(
            f"error: no earlier {PARAMS_FILE} has the missing keys",
            "hint: docs/reference/parameters.md of slm-factory explains each; add them by hand",
        )
    fill(values, params_text.load(defaults))
    params_text.save(values)


def fill(values: Any, defaults: Any) -> None:
    """Puts keys of `defaults` that `values` lacks into it, in their places and with their comments."""
    for place, (key, value) in enumerate(defaults.items()):
        if key not in values:
            values.insert(min(place, len(values)), key, value)
            if key in defaults.ca.items:
                values.ca.items[key] = defaults.ca.items[key]
        elif isinstance(value, dict) and isinstance(values[key], dict):
            fill(values[key], value)


def versions() -> Iterator[str]:
    """Texts of params.yaml that may fit the code: the installation's, then those in git, newest first."""
    packed = template.CODE / PARAMS_FILE if not template.PACKED.is_dir() else template.PACKED / PARAMS_FILE
    if packed.is_file():
        yield packed.read_text(encoding="utf-8")
    listed = git("log", "--all", f"--max-count={MAX_COMMITS}", "--format=%H", "--", str(PARAMS_FILE))
    for commit in listed.split():
        yield git("show", f"{commit}:./{PARAMS_FILE}")


def git(*arguments: str) -> str:
    """What a git command prints; nothing where it fails."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True).stdout
    except FileNotFoundError:
        return ""


def fits(text: str) -> bool:
    """Whether a params.yaml has every section and key that the code requires, and no other."""
    import yaml

    from slm_factory.cli.check import settings_of

    try:
        sections = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    if not isinstance(sections, dict) or not set(required_sections()) <= set(sections):
        return False
    for section, values in sections.items():
        model = settings_of(section)
        try:
            if model is None or not model.model_validate(values):
                return False
        except ValidationError:
            return False
    return True
