"""Where versions are served: what every such place can do, and the folder for embedded llama.cpp."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from slm_factory.core.errors import UserError
from slm_factory.core.files import replacing_folder
from slm_factory.release.artefacts import digest
from slm_factory.release.settings import ReleaseSettings
from slm_factory.student.modelfile import context_tokens, named_gguf

Message = dict[str, str]

DEPLOYED = Path("deploy")


class Target(Protocol):
    """A place that serves versions side by side, one of them under the name that users ask for.

    `alias` is the only operation that users notice, and it takes effect at once or not at all.
    """

    def check(self) -> None:
        """Returns when the name that users ask for is free, or ours."""

    def versions(self) -> list[str]:
        """Names of the versions that lie there, sorted."""

    def serves(self, version: str) -> bool:
        """Whether users get that version."""

    def put(self, version: str, source: Path) -> bool:
        """Brings the version in the folder `source` there, whole or not at all, and verifies it.

        Returns False when it was there already.
        """

    def answers(self, version: str, conversations: list[list[Message]], max_tokens: int) -> list[str]:
        """What a version that lies there answers, greedily."""

    def alias(self, version: str) -> None:
        """Gives users that version."""

    def remove(self, version: str) -> None:
        """Removes a version that is not served."""


class Folder:
    """Versions as folders, and `current`, a symbolic link to one of them that a rename replaces."""

    def __init__(self, root: Path = DEPLOYED) -> None:
        self.root = root
        self.current = root / "current"

    def place(self, version: str) -> Path:
        """The folder of a version."""
        return self.root / "versions" / version

    def check(self) -> None:
        """Returns unless `current` is something else than our link.

        Raises:
            UserError: it is.
        """
        if self.current.exists() and not self.current.is_symlink():
            raise UserError(
                f"error: {self.current} is no link to a version", f"hint: mv {self.current} elsewhere"
            )

    def versions(self) -> list[str]:
        """Names of the versions that lie there, sorted."""
        return sorted(path.parent.name for path in self.root.glob("versions/v*/Modelfile"))

    def serves(self, version: str) -> bool:
        """Whether `current` points to the version, and it is there."""
        return self.served() == version and (self.place(version) / "Modelfile").is_file()

    def served(self) -> str:
        """The version that `current` points to, "" without one."""
        return Path(os.readlink(self.current)).name if self.current.is_symlink() else ""

    def put(self, version: str, source: Path) -> bool:
        """Copies the GGUF that the Modelfile names, and the Modelfile, unless the same bytes lie there.

        Raises:
            UserError: what was written reads back as something else.
            OSError: the disk is full; nothing is left behind.
        """
        place = self.place(version)
        if holds(place, source):
            return False
        self.sweep()
        with replacing_folder(place) as beside:
            for file in (named_gguf(source), source / "Modelfile"):
                shutil.copy(file, beside)
            if not holds(beside, source):
                raise UserError(
                    f"error: the copy of {version} in {self.root} differs from its original",
                    "hint: check the disk; slm-factory tool evolve copies it again",
                )
        return True

    def answers(self, version: str, conversations: list[list[Message]], max_tokens: int) -> list[str]:
        """What llama.cpp answers with the version's GGUF, in a context as long as its Modelfile says."""
        from slm_factory.engine.llama import Llama

        place = self.place(version)
        with Llama(named_gguf(place), context_tokens=context_tokens(place)) as llama:
            return llama.answer_all(conversations, max_tokens)

    def alias(self, version: str) -> None:
        """Points `current` at the version: a new link takes the old one's place by a rename."""
        beside = self.root / ".current.partial"
        beside.unlink(missing_ok=True)  # of one that was killed
        beside.symlink_to(Path("versions") / version)
        os.replace(beside, self.current)

    def remove(self, version: str) -> None:
        """Deletes the version's folder: first out of sight, so that half of one is no version."""
        self.sweep()
        os.replace(self.place(version), self.place(f".{version}.removed"))
        self.sweep()

    def sweep(self) -> None:
        """Deletes what a copy or a removal that was killed left behind."""
        for folder in self.root.glob("versions/.v*"):
            shutil.rmtree(folder)


def holds(place: Path, source: Path) -> bool:
    """Whether the folder `place` has the GGUF and Modelfile of the folder `source`, byte for byte."""
    names = ("Modelfile", named_gguf(source).name)
    return all((place / name).is_file() and digest(place / name) == digest(source / name) for name in names)


def load(settings: ReleaseSettings) -> Target:
    """The target that the settings name.

    Raises:
        UserError: its server does not answer, or its name is taken.
    """
    target: Target
    if settings.target == "folder":
        target = Folder()
    else:
        from slm_factory.release.ollama import Ollama

        target = Ollama(settings.name, settings.server_quantization)
    target.check()
    return target
