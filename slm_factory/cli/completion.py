"""What the shell offers for a value, read from files alone: a key press must not wait for DVC.

Outside a repository nothing is offered, and nothing is said: a shell shows what a completion writes.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

DOCUMENTS = Path("data/documents")
REGISTRY = Path("models/registry.yaml")  # as release.registry has it, which imports what takes too long here
CONTENDERS = ("base", "tuned", "champion")


def stage(incomplete: str) -> list[tuple[str, str]]:
    """Stages that begin so, with what they do."""
    from slm_factory.cli import repository
    from slm_factory.core.errors import UserError

    try:
        found = repository.stages()
    except (OSError, UserError):
        return []
    return [(name, told) for name, told in found.items() if name.startswith(incomplete)]


def profile(incomplete: str) -> list[tuple[str, str]]:
    """Profiles that begin so, with what they are."""
    from slm_factory.cli.profile import PROFILES, summary

    return [
        (file.stem, summary(file))
        for file in sorted(PROFILES.glob("*.yaml"))
        if file.stem.startswith(incomplete)
    ]


def version(incomplete: str) -> list[str]:
    """Versions that passed the gate and begin so, newest first."""
    return beginning(passed(), incomplete)


def contender(incomplete: str) -> list[str]:
    """Models that eval knows by name and that begin so."""
    return beginning((*CONTENDERS, *passed()), incomplete)


def document(incomplete: str) -> list[str]:
    """Documents whose path below data/documents begins so."""
    return beginning(sorted(documents()), incomplete)


def beginning(names: Iterable[str], start: str) -> list[str]:
    """Those of the names that begin with `start`."""
    return [name for name in names if name.startswith(start)]


def passed() -> list[str]:
    """Names of the versions that passed the gate, newest first."""
    import yaml

    with contextlib.suppress(OSError, yaml.YAMLError, KeyError, TypeError):
        known = yaml.safe_load(REGISTRY.read_text(encoding="utf-8"))["versions"]
        return [row["name"] for row in reversed(known) if row["verdict"] == "pass"]
    return []


def documents() -> Iterator[str]:
    """Paths of the files below data/documents, hidden ones left out."""
    for folder, inner, names in os.walk(DOCUMENTS):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield (Path(folder) / name).relative_to(DOCUMENTS).as_posix()
