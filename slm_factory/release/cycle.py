"""A version's way into service: registered, tagged, deployed, asked, served, and taken away when it is old.

Every step looks at what is there, not at what was noted, and does only what is missing: a cycle that was
killed anywhere goes on when it is started again. Users get another version at once, after it has answered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.metrics.answers import key_facts
from slm_factory.release import git, registry
from slm_factory.release.artefacts import artefacts, digest
from slm_factory.release.candidate import reasons, told
from slm_factory.release.registry import REGISTRY, Registry, Version
from slm_factory.release.settings import ReleaseSettings
from slm_factory.release.target import Target
from slm_factory.student.chat import question_messages
from slm_factory.student.modelfile import Modelfile

LOCK = Path("dvc.lock")
# What makes a version, apart from code, and what came of it; git ignores what DVC keeps.
CONTENT = tuple(map(Path, ("data", "prompts", "params.yaml", "dvc.lock", "metrics", "models")))


@dataclass
class Cycle:
    """The steps of one repository; `say` gets a line for each one that did something."""

    settings: ReleaseSettings
    target: Target
    say: Callable[[str], None]

    def register(self, version: Version) -> None:
        """Writes the judged candidate into the registry and commits it with all that made it."""
        known = registry.load()
        registry.save(known.with_version(version).judged_at(digest(LOCK)))
        self.commit()
        self.say(f"registered {version.name}: {told(version)}")

    def keep(self, version: Version) -> None:
        """Notes that the pipeline has made the version in service again: the same GGUF is no new version."""
        registry.save(registry.load().judged_at(digest(LOCK)))
        self.commit()
        self.say(f"the same model as {version.name}, byte for byte, which goes on serving")

    def commit(self) -> None:
        """Commits the registry with all that made its newest version, and tags that."""
        known = registry.load()
        git.commit(CONTENT, message(known, registry.parse(git.committed(REGISTRY))))
        self.tag(known)

    def tag(self, known: Registry) -> None:
        """Tags the newest version when it passed the gate, unless it is tagged."""
        newest = known.newest
        if newest and newest.verdict == "pass" and not git.is_tag(newest.name):
            git.tag(newest.name, git.commit_that_added(newest.name, REGISTRY), told(newest))

    def serve(self, version: Version) -> None:
        """Deploys a version, asks it, and gives it to users; the registry follows.

        Raises:
            UserError: it does not answer as it did when it was evaluated; the one in service stays.
        """
        if not self.target.serves(version.name):
            self.deploy(version)
            self.target.alias(version.name)
            self.say(f"serving {version.name} as {self.settings.name}")
        known = registry.load()
        if known.served != version.name:
            registry.save(known.serving(version.name))
        self.commit_registry()

    def roll_back(self, version: Version) -> None:
        """Serves an earlier version again, and withdraws those after it.

        Raises:
            UserError: it cannot be brought back, or does not answer; nothing has changed.
        """
        withdrawn = registry.load().rolled_back(version.name)
        self.deploy(version)
        registry.save(withdrawn)
        self.target.alias(version.name)
        self.commit_registry()
        self.say(f"serving {version.name} as {self.settings.name}; versions after it are withdrawn")

    def commit_registry(self) -> None:
        """Commits the registry alone, as far as it has changed."""
        git.commit([REGISTRY], message(registry.load(), registry.parse(git.committed(REGISTRY))))

    def deploy(self, version: Version) -> None:
        """Brings a version to the target, whole, and asks it smoke questions; users see nothing of it.

        Raises:
            UserError: it cannot be brought there, or does not answer.
        """
        with artefacts(version) as (gguf, rows):
            if self.target.put(version.name, gguf):
                self.say(f"deployed {version.name} to {self.settings.target}")
            self.smoke(version, gguf, rows)

    def smoke(self, version: Version, gguf: Path, rows: list[Row]) -> None:
        """Returns when the deployed version answers questions that it answered rightly when it was evaluated.

        Raises:
            UserError: it does not; it is taken away again.
        """
        system = Modelfile.read(gguf / "Modelfile").system
        right = [row for row in rows if is_right(row)]
        asked = sorted(right, key=lambda row: lot("smoke", row["question_id"]))
        asked = asked[: self.settings.smoke_questions]
        conversations = [question_messages(system, row["question"]) for row in asked]
        longest = max((row["tokens"] for row in asked), default=1)
        answers = self.target.answers(version.name, conversations, 2 * longest)  # quantised, it may say more
        found = sum(
            key_facts(row["reference"], row["question"], answer) == 1
            for row, answer in zip(asked, answers, strict=True)
        )
        if not asked or found < self.settings.smoke_share * len(asked):
            if not self.target.serves(version.name):
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
        served = registry.load().served
        kept = {*present[-self.settings.keep :], served}
        for name in present:
            if name not in kept and not self.target.serves(name):
                self.target.remove(name)
                self.say(f"removed {name} from {self.settings.target}; rollback brings it back")

    def finish(self, *, is_current: bool, is_deploying: bool) -> None:
        """Does what an earlier cycle that was killed left undone; `is_current`: no stage is stale.

        A version that was not committed before its documents changed again is undone: its tag could not say
        what made it.
        """
        known, committed = registry.load(), registry.parse(git.committed(REGISTRY))
        newest = known.newest
        if newest is None:
            return
        if not committed.knows(newest.name) and not is_current:
            registry.save(committed)
            self.say(f"undone {newest.name}: its documents changed before it was committed")
            return self.finish(is_current=is_current, is_deploying=is_deploying)
        if known != committed and is_current:
            self.commit()
            self.say(f"finished what was left of {newest.name}")
        elif known != committed:
            self.commit_registry()
        self.tag(known)
        if is_deploying:
            self.finish_serving(known, newest)

    def finish_serving(self, known: Registry, newest: Version) -> None:
        """Serves the newest version if that is still due, or the one in service where the target lost it."""
        is_next = newest.verdict == "pass" and newest.name > known.served and not newest.is_withdrawn
        if is_next:
            self.serve(newest)
        elif known.served and not self.target.serves(known.served):
            self.serve(known.find(known.served))
        self.prune()


def message(known: Registry, committed: Registry) -> str:
    """What a commit of the registry `known` says, after the registry `committed`."""
    newest = known.newest
    if newest and not committed.knows(newest.name):
        verb = "Register" if newest.verdict == "pass" else "Refuse"
        return f"{verb} {newest.name}\n\n{told(newest)}{reasons(newest)}"
    if known.served != committed.served:
        return f"{'Serve' if known.served > committed.served else 'Roll back to'} {known.served}"
    return f"Keep {known.served}"


def is_right(row: Row) -> bool:
    """Whether the tuned student gave all key facts of a recall question."""
    return row["contender"] == "tuned" and row["slice"] == "recall" and row["key_facts"] == 1
