"""models/registry.yaml: every version that was made, with its verdict, and the one that is in service."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slm_factory.core.errors import UserError
from slm_factory.core.files import replacing

REGISTRY = Path("models/registry.yaml")
NAME = re.compile(r"^v\d{8}T\d{6}Z$")  # v20261121T143205Z: sorts by time; a tag for git and for Ollama
CLOCK = "v%Y%m%dT%H%M%SZ"

HEADER = (
    "# Written by slm-factory (tool evolve, rollback), oldest version first; each that passed is a git tag.\n"
)


class Version(BaseModel):
    """One candidate that the gate has judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME.pattern)
    verdict: Literal["pass", "fail"]
    fell: dict[str, str] = {}  # rules of the gate that were not met, with value and limit in words
    champion: str  # what it was compared with, "" for the base
    documents: int
    train_lines: int
    headline: float | None  # mean of the gate's headline metric; null when it was not measured
    refusal: float | None = None  # share of the abstain questions that it refused
    general: float | None = None  # nats per token on general chat
    gguf: str  # SHA-256 of the served GGUF, "" without one
    is_withdrawn: bool = False  # a rollback went behind it; it does not come back by itself

    @property
    def made(self) -> datetime:
        """When it was judged, in UTC."""
        return datetime.strptime(self.name, CLOCK).replace(tzinfo=UTC)


class Registry(BaseModel):
    """All versions, oldest first, the one in service ("" for none), and what was judged last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    served: str = ""
    judged: str = ""  # SHA-256 of dvc.lock when the gate's verdict was last acted on
    versions: list[Version] = []

    def find(self, name: str) -> Version:
        """The version `name`.

        Raises:
            UserError: there is none.
        """
        for version in self.versions:
            if version.name == name:
                return version
        passed = ", ".join(version.name for version in self.versions if version.verdict == "pass") or "none"
        raise UserError(
            f"error: there is no version {name}", f"hint: versions that passed the gate: {passed}"
        )

    @property
    def newest(self) -> Version | None:
        """The version made last."""
        return self.versions[-1] if self.versions else None

    @property
    def next_name(self) -> str:
        """The name of a version made now: the time in UTC, but always after the newest one's."""
        now = datetime.now(UTC)
        return max(now, self.newest.made + timedelta(seconds=1) if self.newest else now).strftime(CLOCK)

    def knows(self, name: str) -> bool:
        """Whether there is a version `name`."""
        return any(version.name == name for version in self.versions)

    def before(self, name: str) -> Version | None:
        """The last version before `name` that passed the gate and was not withdrawn."""
        older = [
            version
            for version in self.versions
            if version.name < name and version.verdict == "pass" and not version.is_withdrawn
        ]
        return older[-1] if older else None

    def with_version(self, version: Version) -> "Registry":
        """The registry with one version more."""
        return self.model_copy(update={"versions": [*self.versions, version]})

    def judged_at(self, lock: str) -> "Registry":
        """The registry with the verdict on that dvc.lock acted on."""
        return self.model_copy(update={"judged": lock})

    def serving(self, name: str) -> "Registry":
        """The registry with another version in service."""
        return self.model_copy(update={"served": name})

    def rolled_back(self, name: str) -> "Registry":
        """The registry with an older version in service, and those that passed after it withdrawn."""
        versions = [
            version.model_copy(update={"is_withdrawn": version.name > name and version.verdict == "pass"})
            for version in self.versions
        ]
        return self.model_copy(update={"served": name, "versions": versions})


def load(path: Path = REGISTRY) -> Registry:
    """The registry; an empty one where the file is missing.

    Raises:
        UserError: the file is not a registry.
    """
    return parse(path.read_text(encoding="utf-8"), path) if path.exists() else Registry()


def parse(text: str, path: Path = REGISTRY) -> Registry:
    """The registry whose YAML is `text`.

    Raises:
        UserError: it is none; `path` is named.
    """
    try:
        return Registry.model_validate(yaml.safe_load(text) or {})
    except (yaml.YAMLError, ValidationError) as error:
        problem = " ".join(str(error).split())[:200]
        raise UserError(
            f"error: {path} is not a registry: {problem}", f"hint: git checkout {path}"
        ) from error


def save(registry: Registry, path: Path = REGISTRY) -> None:
    """Writes the registry."""
    text = yaml.safe_dump(registry.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)
    with replacing(path) as beside:
        beside.write_text(HEADER + text, encoding="utf-8")
