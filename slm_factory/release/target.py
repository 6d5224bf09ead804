"""Where versions are served: what every such place can do, and the folder for embedded llama.cpp."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from slm_factory.core.files import replacing_folder
from slm_factory.release.settings import ReleaseSettings

Message = dict[str, str]

DEPLOYED = Path("deploy")


class Target(Protocol):
    """A place that serves versions side by side, one of them under the name that users ask for.

    `alias` is the only operation that users notice, and it takes effect at once or not at all.
    """

    def versions(self) -> list[str]:
        """Names of the versions that lie there, sorted."""

    def served(self) -> str:
        """The version that users get, "" for none."""

    def put(self, version: str, source: Path) -> None:
        """Brings the GGUF and Modelfile in the folder `source` there, whole or not at all."""

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

    def versions(self) -> list[str]:
        """Names of the versions that lie there, sorted."""
        return sorted(path.parent.name for path in self.root.glob("versions/v*/Modelfile"))

    def served(self) -> str:
        """The version that `current` points to, "" without one."""
        return Path(os.readlink(self.current)).name if self.current.is_symlink() else ""

    def put(self, version: str, source: Path) -> None:
        """Copies the GGUF that the Modelfile names, and the Modelfile."""
        from slm_factory.student.modelfile import named_gguf

        if self.place(version).exists():
            return
        with replacing_folder(self.place(version)) as beside:
            for file in (named_gguf(source), source / "Modelfile"):
                shutil.copy(file, beside)

    def answers(self, version: str, conversations: list[list[Message]], max_tokens: int) -> list[str]:
        """What llama.cpp answers with the version's GGUF, in a context as long as its Modelfile says."""
        from slm_factory.engine.llama import Llama
        from slm_factory.student.modelfile import context_tokens, named_gguf

        place = self.place(version)
        with Llama(named_gguf(place), context_tokens=context_tokens(place)) as llama:
            return llama.answer_all(conversations, max_tokens)

    def alias(self, version: str) -> None:
        """Points `current` at the version: a new link takes the old one's place by a rename."""
        beside = self.root / f".current.{os.getpid()}"
        beside.unlink(missing_ok=True)
        beside.symlink_to(Path("versions") / version)
        os.replace(beside, self.current)

    def remove(self, version: str) -> None:
        """Deletes the version's folder."""
        shutil.rmtree(self.place(version))


def load(settings: ReleaseSettings) -> Target:
    """The target that the settings name.

    Raises:
        UserError: its server does not answer.
    """
    if settings.target == "folder":
        return Folder()
    from slm_factory.release.ollama import Ollama

    return Ollama(settings.name, settings.server_quantization)
