"""Killed anywhere, users keep a verified version, and the next evolve finishes or undoes what was begun."""

from pathlib import Path

from slm_factory.release import registry
from slm_factory.release.ollama import Ollama
from slm_factory.release.target import Folder, Target
from tests.ollama_store import StoringOllama
from tests.release import killing
from tests.release.tiny_pipeline import assert_whole, choose, runs


def finish(repository: Path, target: Target) -> None:
    """The next evolve ends well and leaves nothing half done."""
    code, output, _ = killing.run(repository, "tool", "evolve", "--yes")
    assert code == 0, output
    assert_whole(target)


def assert_served(target: Target) -> None:
    """Users have a version, and one that passed the gate."""
    serving = [version for version in registry.load().versions if target.serves(version.name)]
    assert serving and all(version.verdict == "pass" for version in serving)


def test_an_evolution_killed_at_any_step_is_finished_by_the_next(repository: Path) -> None:
    target = Folder()
    finish(repository, target)
    for step in range(100):
        choose("second" if step % 2 == 0 else "first")
        known, ran = registry.load(), runs()
        code, output, _ = killing.run(repository, "tool", "evolve", "--yes", kill_at=step)
        assert_served(target)
        if code == 0:
            break
        assert code == -9, output
        finish(repository, target)
        assert len(registry.load().versions) == len(known.versions) + 1, "one change is one version"
        assert target.serves(registry.load().versions[-1].name)
        assert runs() == ran + 1, "nothing was trained twice"
    assert step >= 15


def test_an_evolution_into_ollama_killed_again_and_again_while_it_recovers(
    repository: Path, ollama: StoringOllama
) -> None:
    target = Ollama("slm")
    finish(repository, target)
    changes, kills, code = 1, 0, 0
    for step in range(24):  # of whichever attempt, fresh or recovering
        if code == 0:  # else it goes on with the documents that it has begun with
            choose("second" if changes % 2 else "first")
            changes += 1
        code, output, _ = killing.run(repository, "tool", "evolve", "--yes", kill_at=step % 12)
        assert code in (0, -9), output
        kills += code == -9
        assert_served(target)
    finish(repository, target)
    assert (len(registry.load().versions), runs()) == (changes, changes), "nothing was trained twice"
    assert kills >= 15


def test_a_rollback_survives_a_kill_at_every_step(repository: Path) -> None:
    target = Folder()
    finish(repository, target)
    choose("second")
    finish(repository, target)
    first, second = (version.name for version in registry.load().versions)
    for step in range(100):
        wanted, present = (first, second) if registry.load().served == second else (second, first)
        code, output, _ = killing.run(repository, "rollback", wanted, kill_at=step)
        assert target.serves(first) or target.serves(second)
        if code == 0:
            break
        assert code == -9, output
        finish(repository, target)
        assert registry.load().served in (wanted, present)
    assert step >= 6
    assert runs() == 2
