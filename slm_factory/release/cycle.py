"""A version's way into service: registered, tagged, deployed, asked, served, and taken away when it is old.

Every step looks at what is there, not at what was noted, and does only what is missing: a cycle that was
killed anywhere goes on when it is started again. Users get another version at once, after it has answered.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.metrics.answers import key_facts
from slm_factory.metrics.slices import GateSettings
from slm_factory.release import git, registry
from slm_factory.release.registry import REGISTRY, Version
from slm_factory.release.settings import ReleaseSettings
from slm_factory.release.target import Target
from slm_factory.student.chat import question_messages
from slm_factory.student.modelfile import Modelfile, named_gguf

LOCK = Path("dvc.lock")
GGUF = Path("models/gguf")
ANSWERS = Path("data/evaluate.parquet")
GATE, PARSE, CONVERT, EVALUATE = (
    Path(f"metrics/{name}.json") for name in ("gate", "parse", "convert", "evaluate")
)
MAX_NEW_TOKENS = 96  # of an answer to a smoke question

# What makes a version, apart from code: documents, decisions, prompts, parameters, and what came of them.
INPUTS = (Path("data"), Path("prompts"), Path("params.yaml"))
OUTPUTS = (LOCK, Path("metrics"), Path("models"))  # models that DVC keeps are ignored
CODE = (Path("slm_factory"), Path("stages"), Path("dvc.yaml"))


@dataclass
class Cycle:
    """The steps of one repository; `say` gets a line for each one that did something."""

    settings: ReleaseSettings
    target: Target
    say: Callable[[str], None]

    def register(self, gate: GateSettings) -> Version:
        """Writes the judged candidate into the registry and commits it with all that made it."""
        version = candidate(gate)
        known = registry.load()
        registry.save(known.with_version(version).judged_at(digest(LOCK)))
        self.commit(version)
        self.say(f"registered {version.name}: {told(version)}")
        return version

    def commit(self, version: Version) -> None:
        """Commits and tags a version, as far as that is not done."""
        verb = "Register" if version.verdict == "pass" else "Refuse"
        git.commit((*INPUTS, *OUTPUTS), f"{verb} {version.name}\n\n{told(version)}")
        if version.verdict == "pass":
            git.tag(version.name, git.commit_that_added(version.name, REGISTRY))

    def serve(self, version: Version) -> None:
        """Deploys a version, asks it, and gives it to users; the registry follows.

        Raises:
            UserError: it does not answer as it did when it was evaluated; the one in service stays.
        """
        with artefacts(version) as (gguf, rows):
            if version.name not in self.target.versions():
                self.target.put(version.name, gguf)
                self.say(f"deployed {version.name} to {self.settings.target}")
            self.smoke(version, gguf, rows)
        if self.target.served() != version.name:
            self.target.alias(version.name)
            self.say(f"serving {version.name} as {self.settings.name}")
        known = registry.load()
        if known.served != version.name:
            registry.save(known.serving(version.name))
        git.commit([REGISTRY], f"Serve {version.name}")

    def roll_back(self, version: Version) -> None:
        """Serves an earlier version again, and withdraws those after it.

        Raises:
            UserError: it cannot be brought back, or does not answer.
        """
        withdrawn = registry.load().rolled_back(version.name)
        with artefacts(version) as (gguf, rows):
            self.target.put(version.name, gguf)
            self.smoke(version, gguf, rows)
        registry.save(withdrawn)
        self.target.alias(version.name)
        git.commit([REGISTRY], f"Roll back to {version.name}")
        self.say(f"serving {version.name} as {self.settings.name}; versions after it are withdrawn")

    def smoke(self, version: Version, gguf: Path, rows: list[Row]) -> None:
        """Returns when the deployed version answers questions that it answered rightly when it was evaluated.

        Raises:
            UserError: it does not; it is taken away again.
        """
        system = Modelfile.read(gguf / "Modelfile").system
        right = [row for row in rows if is_right(row)]
        asked = sorted(right, key=lambda row: lot("smoke", row["question_id"]))[
            : self.settings.smoke_questions
        ]
        conversations = [question_messages(system, row["question"]) for row in asked]
        answers = self.target.answers(version.name, conversations, MAX_NEW_TOKENS)
        found = sum(
            key_facts(row["reference"], row["question"], answer) == 1
            for row, answer in zip(asked, answers, strict=True)
        )
        if not asked or found < self.settings.smoke_share * len(asked):
            self.target.remove(version.name)
            raise UserError(
                f"error: {version.name} answers only {found} of {len(asked)} smoke questions rightly",
                "hint: the version in service stays; slm-factory tool evolve tries again",
            )
        self.say(f"asked {version.name}: {found} of {len(asked)} smoke questions answered rightly")

    def prune(self) -> None:
        """Takes versions beyond `release.keep` out of the target, never the one in service.

        Their tags and their data in DVC stay, so that `rollback` can bring any of them back.
        """
        present = self.target.versions()
        kept = {*present[-self.settings.keep :], self.target.served(), registry.load().served}
        for name in present:
            if name not in kept:
                self.target.remove(name)
                self.say(f"removed {name} from {self.settings.target}")

    def finish(self, *, is_deploying: bool) -> None:
        """Does what an earlier cycle that was killed left undone."""
        known = registry.load()
        newest = known.newest
        if newest is None:
            return
        if git.changed([REGISTRY]) or (newest.verdict == "pass" and not is_tagged(newest)):
            self.commit(newest)
            self.say(f"finished what was left of {newest.name}")
        is_next = newest.verdict == "pass" and newest.name > known.served and not newest.is_withdrawn
        if is_deploying and is_next:
            self.serve(newest)
        elif is_deploying and known.served and self.target.served() != known.served:
            self.serve(known.find(known.served))


def candidate(gate: GateSettings) -> Version:
    """The version that the pipeline has just made, as its metrics tell it."""
    judged, measured = files.read_json(GATE), files.read_json(EVALUATE)
    headline = measured.get(gate.headline_slice, {}).get("tuned", {}).get(gate.headline_metric, {})
    return Version(
        name=datetime.now(UTC).strftime("v%Y%m%dT%H%M%SZ"),
        verdict=judged["verdict"],
        fell=[rule["name"] for rule in judged["rules"] if not rule["is_met"]],
        champion=gate.champion,
        documents=files.read_json(PARSE)["documents"],
        train_lines=files.read_json(CONVERT)["train"],
        headline=headline.get("mean"),
        gguf=digest(named_gguf(GGUF)) if judged["verdict"] == "pass" else "",
    )


def told(version: Version) -> str:
    """A version in one line."""
    headline = "not measured" if version.headline is None else f"{version.headline:.3f}"
    against = version.champion or "the base"
    fell = f", fell: {', '.join(version.fell)}" if version.fell else ""
    return (
        f"{version.documents} documents, {version.train_lines} training lines, headline {headline} "
        f"against {against}: {version.verdict}{fell}"
    )


@contextmanager
def artefacts(version: Version) -> Iterator[tuple[Path, list[Row]]]:
    """(folder with the version's GGUF and Modelfile, its evaluated answers): from here, or by DVC at its tag.

    Raises:
        UserError: DVC has them neither in its cache nor in the remote.
    """
    if (GGUF / "Modelfile").is_file() and digest(named_gguf(GGUF)) == version.gguf:
        yield GGUF, files.read_rows(ANSWERS)
        return
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        try:
            for path in (GGUF, ANSWERS):
                Repo.get(".", path.as_posix(), out=str(place / path.name), rev=version.name)
        except (DvcException, SCMError) as error:
            raise UserError(
                f"error: {version.name} cannot be brought back: {str(error).splitlines()[0]}",
                "hint: dvc fetch --all-tags brings what the remote has of earlier versions",
            ) from error
        yield place / GGUF.name, files.read_rows(place / ANSWERS.name)


def is_right(row: Row) -> bool:
    """Whether the tuned student gave all key facts of a recall question."""
    return row["contender"] == "tuned" and row["slice"] == "recall" and row["key_facts"] == 1


def is_tagged(version: Version) -> bool:
    """Whether git has the version's tag."""
    return bool(git.git("tag", "--list", version.name).strip())


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_committed_code() -> None:
    """Returns when the code is committed: a version has to be what its tag says.

    Raises:
        UserError: it is not; the files are named.
    """
    dirty: Sequence[str] = git.changed(CODE)
    if dirty:
        named = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
        raise UserError(f"error: not committed: {named}", "hint: git commit them, or git stash")
