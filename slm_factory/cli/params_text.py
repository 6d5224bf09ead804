"""params.yaml as text that people read: its comments and its order survive every change."""

from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.files import replacing
from slm_factory.core.params import PARAMS_FILE


def load(text: str) -> Any:
    """The values of a params.yaml, with the comments that hang on its keys.

    Raises:
        UserError: it is no YAML.
    """
    from ruamel.yaml.error import YAMLError

    try:
        return round_trip().load(text)
    except YAMLError as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"error: {PARAMS_FILE} is not valid YAML: {said}", f"hint: git diff {PARAMS_FILE}"
        ) from error


def save(values: Any) -> None:
    """Writes values that came from `load` to params.yaml."""
    with replacing(PARAMS_FILE) as beside, beside.open("w", encoding="utf-8") as stream:
        round_trip().dump(values, stream)


def round_trip() -> Any:
    """The parser and writer that keeps comments and order, which PyYAML drops."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1000
    return yaml
