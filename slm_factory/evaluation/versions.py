"""A version of the student: its weights, the system prompt it was trained with, the pairs it learned."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.store import Store
from slm_factory.student.generate import Student
from slm_factory.student.settings import StudentSettings

ADAPTER = Path("models/adapter")
PAIRS = Path("data/split.parquet")


class Contender(NamedTuple):
    """Who answers: a student, with or without an adapter, asked as it was when it was trained."""

    name: str  # base, tuned, champion, or a version's tag
    student: StudentSettings
    adapter: Path | None

    def load(self, store: Store, batch_size: int) -> Student:
        """The contender, ready to answer."""
        return Student(
            self.student.model,
            store,
            adapter=self.adapter,
            batch_size=batch_size,
            revision=self.student.revision,
            chat_template=self.student.chat_template,
            trust_remote_code=self.student.trust_remote_code,
        )


class Version(NamedTuple):
    """A contender, and the rows of data/split.parquet of its time."""

    contender: Contender
    pairs: list[Row]


@contextmanager
def version_at(tag: str, name: str) -> Iterator[Version]:
    """The version at the git tag `tag`, read through DVC; the adapter is deleted when the block ends.

    Raises:
        UserError: git does not know the tag, or DVC lacks its adapter or its pairs.
    """
    from dvc.api import params_show
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    with tempfile.TemporaryDirectory() as folder:
        adapter, pairs = Path(folder) / "adapter", Path(folder) / "pairs.parquet"
        try:
            for source, place in ((ADAPTER, adapter), (PAIRS, pairs)):
                Repo.get(".", source.as_posix(), out=str(place), rev=tag)
            values = params_show(rev=tag)["student"]
        except (DvcException, SCMError) as error:
            raise UserError(
                f"error: the version {tag} cannot be read: {str(error).splitlines()[0]}",
                "hint: git tag lists the versions; dvc fetch --all-tags brings their models",
            ) from error
        known = {key: value for key, value in values.items() if key in StudentSettings.model_fields}
        contender = Contender(name, StudentSettings.model_validate(known), adapter)
        yield Version(contender, files.read_rows(pairs))
