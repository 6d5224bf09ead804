"""One line of `slm-factory check`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; `fix` is empty when it is ok."""

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    fix: str = ""
