"""The files of a version that serving needs: GGUF and Modelfile, and what it answered when evaluated."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.release.registry import Version
from slm_factory.student.modelfile import named_gguf

GGUF = Path("models/gguf")
ANSWERS = Path("data/evaluate.parquet")
FETCHED = Path(".dvc/tmp/slm-factory-version")  # on the disk of DVC's cache; one at a time, under the lock


@contextmanager
def artefacts(version: Version) -> Iterator[tuple[Path, list[Row]]]:
    """(folder with the version's GGUF and Modelfile, its evaluated answers): from here, or by DVC at its tag.

    Raises:
        UserError: DVC has them neither in its cache nor in the remote, or has another GGUF.
    """
    if is_here(version):
        yield GGUF, files.read_rows(ANSWERS)
        return
    shutil.rmtree(FETCHED, ignore_errors=True)  # of one that was killed
    try:
        fetch(version)
        yield FETCHED / GGUF.name, files.read_rows(FETCHED / ANSWERS.name)
    finally:
        shutil.rmtree(FETCHED, ignore_errors=True)


def is_here(version: Version) -> bool:
    """Whether the pipeline's own GGUF is that of the version."""
    return (GGUF / "Modelfile").is_file() and digest(named_gguf(GGUF)) == version.gguf


def fetch(version: Version, into: Path = FETCHED, paths: tuple[Path, ...] = (GGUF, ANSWERS)) -> None:
    """Brings a version's files by DVC into a folder.

    Raises:
        UserError: see `artefacts`.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    into.mkdir(parents=True, exist_ok=True)
    try:
        for path in paths:
            Repo.get(".", path.as_posix(), out=str(into / path.name), rev=version.name)
    except (DvcException, SCMError) as error:
        raise UserError(
            f"error: {version.name} cannot be brought back: {str(error).splitlines()[0]}",
            "hint: git fetch --tags brings its tag, dvc fetch --all-tags what the remote has of it",
        ) from error
    if digest(named_gguf(into / GGUF.name)) != version.gguf:
        raise UserError(
            f"error: the GGUF at the tag {version.name} is not the one that was registered",
            f"hint: git show {version.name} and models/registry.yaml tell which; the tag may have been moved",
        )


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
