"""`slm-factory profile`: lists the profiles, or writes one over params.yaml, comments kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import completion, repository
from slm_factory.core.errors import UserError
from slm_factory.language import pgettext

PROFILES = Path("profiles")
SUMMARY = "profile"  # gettext's msgctxt of what the profiles that come with it say


def profile(
    name: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.profile, help="One of profiles/, without .yaml; none lists them."
        ),
    ] = None,
) -> None:
    """Switch teacher or student: write the keys of profiles/NAME.yaml over params.yaml.

    Several may follow each other, one for the teacher and one for the student. `git checkout params.yaml`
    takes them back.

    Examples: slm-factory profile; slm-factory profile ollama-qwen3-8b
    """
    repository.require_root()
    if name is None:
        for file in sorted(PROFILES.glob("*.yaml")):
            print(f"{file.stem:<16}{pgettext(SUMMARY, summary(file))}")
        return
    for key, before, after in apply(profile_file(name)):
        print(f"{key}: {before} -> {after}")


def summary(file: Path) -> str:
    """The first sentence of the comment that a profile begins with."""
    text = file.read_text(encoding="utf-8")
    lines = [
        line.removeprefix("#").strip() for line in text.split("\n\n")[0].splitlines() if line.startswith("#")
    ]
    return " ".join(lines).split(". ")[0].rstrip(".")


def profile_file(name: str) -> Path:
    """The file of a profile.

    Raises:
        UserError: there is none of this name.
    """
    file = PROFILES / f"{name}.yaml"
    if file.is_file():
        return file
    names = ", ".join(sorted(file.stem for file in PROFILES.glob("*.yaml")))
    raise UserError(f"error: there is no profile '{name}'", f"hint: profiles are {names}")


def apply(file: Path) -> list[tuple[str, Any, Any]]:
    """Writes a profile over params.yaml, all or nothing; returns (key, before, after) of what changed.

    Raises:
        UserError: the profile names a key that params.yaml does not have.
    """
    from slm_factory.core import params

    return assign(params.read(file), file)


def assign(sections: dict[str, dict[str, Any]], source: Path) -> list[tuple[str, Any, Any]]:
    """Writes values of `source` over params.yaml, comments kept; returns (key, before, after) of changes.

    Raises:
        UserError: params.yaml does not have one of the keys.
    """
    from slm_factory.cli import params_text
    from slm_factory.core.params import PARAMS_FILE

    values = params_text.load(PARAMS_FILE.read_text(encoding="utf-8"))
    changes = list(overlay(values, sections, source))
    if changes:
        params_text.save(values)
    return changes


def overlay(
    values: Any, changes: dict[str, Any], file: Path, path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Puts `changes` into `values`, key by key; yields (key, before, after) of each that differs.

    A mapping is changed in place, never replaced: its comments hang on its keys.

    Raises:
        UserError: `values` lacks a key.
    """
    for key, after in changes.items():
        name = f"{path}.{key}".lstrip(".")
        if key not in values:
            raise UserError(
                f"error: {file} sets {name}, which params.yaml does not have", f"hint: mend {file}"
            )
        before = values[key]
        if isinstance(before, dict) and isinstance(after, dict):
            yield from overlay(before, after, file, name)
        elif before != after:
            values[key] = after
            yield name, before, after
