"""Reads params.yaml into frozen models that forbid unknown keys."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from slm_factory.core.errors import UserError

PARAMS_FILE = Path("params.yaml")


class Settings(BaseModel):
    """Base of every section of params.yaml: frozen, unknown keys forbidden."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


SettingsType = TypeVar("SettingsType", bound=Settings)
ModelType = TypeVar("ModelType", bound=BaseModel)


def load(section: str, model: type[SettingsType], file: Path = PARAMS_FILE) -> SettingsType:
    """The section `section` of params.yaml as `model`.

    Raises:
        UserError: the file or section is missing, it is not YAML, or a key is unknown or has a wrong value.
    """
    values = read(file)
    if section not in values:
        raise UserError(
            f"error: {file} has no section '{section}'", f"hint: git checkout {file}, or add '{section}:'"
        )
    try:
        return model.model_validate(values[section] or {})
    except ValidationError as error:
        raise UserError(
            f"error: {file}: {describe(section, error)}", hint_for(section, model, error)
        ) from error


def read(file: Path = PARAMS_FILE) -> dict[str, dict[str, object]]:
    """params.yaml as nested dictionaries, unchecked.

    Raises:
        UserError: the file is missing or is not a YAML mapping.
    """
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"error: there is no {file} here", "hint: run this in the root of the repository"
        ) from error
    except yaml.YAMLError as error:
        first_line = str(error).replace("\n", " ")
        raise UserError(f"error: {file} is not valid YAML: {first_line}", f"hint: git diff {file}") from error
    if not isinstance(values, dict):
        raise UserError(f"error: {file} holds no sections", f"hint: git checkout {file}")
    return values


def load_lines(path: Path, model: type[ModelType]) -> list[ModelType]:
    """The lines of a JSON-lines file that people write, each as `model`; empty lines are skipped.

    Raises:
        UserError: the file is missing, or a line does not fit the model; it is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError as error:
        raise UserError(
            f"error: {path} does not exist", f"hint: git checkout {path}, or touch {path}"
        ) from error
    values = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values.append(model.model_validate_json(line))
        except ValidationError as error:
            raise UserError(
                f"error: {path}: {describe(f'line {number}', error)}", f"hint: mend line {number} of {path}"
            ) from error
    return values


def gravest(error: ValidationError) -> Any:
    """The problem to tell first: an unknown key, since a mistyped one also leaves another missing."""
    problems = error.errors()
    return next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])


def describe(section: str, error: ValidationError) -> str:
    """That problem in one line: `train.rnak: unknown key`."""
    first = gravest(error)
    key = ".".join([section, *map(str, first["loc"])])
    what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
    return f"{key}: {what}"


def hint_for(section: str, model: type[Settings], error: ValidationError) -> str:
    """For an unknown key the nearest known one, else the keys that exist."""
    import difflib

    first = gravest(error)
    known = sorted(model.model_fields)
    near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1) if first["loc"] else []
    if first["type"] == "extra_forbidden" and near:
        return f"hint: did you mean {section}.{near[0]}?"
    return f"hint: keys of {section}: {', '.join(known)}; each is explained in params.yaml"
