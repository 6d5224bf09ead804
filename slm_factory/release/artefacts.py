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
    if (GGUF / "Modelfile").is_file() and digest(named_gguf(GGUF)) == version.gguf:
        yield GGUF, files.read_rows(ANSWERS)
        return
    shutil.rmtree(FETCHED, ignore_errors=True)  # of one that was killed
    try:
        fetch(version)
        yield FETCHED / GGUF.name, files.read_rows(FETCHED / ANSWERS.name)
    finally:
        shutil.rmtree(FETCHED, ignore_errors=True)


def fetch(version: Version) -> None:
    """Brings a version's files by DVC into FETCHED.

    Raises:
        UserError: see `artefacts`.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    FETCHED.mkdir(parents=True)
    try:
        for path in (GGUF, ANSWERS):
            Repo.get(".", path.as_posix(), out=str(FETCHED / path.name), rev=version.name)
    except (DvcException, SCMError) as error:
        raise UserError(
            f"error: {version.name} cannot be brought back: {str(error).splitlines()[0]}",
            "hint: git fetch --tags brings its tag, dvc fetch --all-tags what the remote has of it",
        ) from error
    if digest(named_gguf(FETCHED / GGUF.name)) != version.gguf:
        raise UserError(
            f"error: the GGUF at the tag {version.name} is not the one that was registered",
            f"hint: git show {version.name} and models/registry.yaml tell which; the tag may have been moved",
        )


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
