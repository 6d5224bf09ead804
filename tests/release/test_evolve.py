"""A version's way into service and back, killed anywhere."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slm_factory.cli.main import app
from slm_factory.release import cycle, git, registry, target
from tests.release.conftest import choose, shell


def invoke(*arguments: str) -> tuple[int, str]:
    """(exit code, output) of a command."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions get one name after the other, however fast they are made."""
    names = iter(f"v20260101T0000{second:02}Z" for second in range(60))
    made = cycle.candidate
    monkeypatch.setattr(cycle, "candidate", lambda gate: made(gate).model_copy(update={"name": next(names)}))


def served() -> str:
    return target.Folder().served()


def assert_whole() -> None:
    """Alias, registry, git and the target say the same, and nothing is left to commit."""
    known = registry.load()
    assert served() == known.served
    assert known.served in target.Folder().versions()
    assert known.find(known.served).verdict == "pass"
    assert shell("git status --porcelain") == ""
    for version in known.versions:
        assert cycle.is_tagged(version) == (version.verdict == "pass")


def test_the_first_version_is_registered_tagged_deployed_and_served(repository: Path) -> None:
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 0, output
    assert served() == "v20260101T000000Z"
    assert "3 of 3 smoke questions" in output
    assert_whole()
    assert "served: v20260101T000000Z" in shell("git show HEAD:models/registry.yaml")
    # The tag holds all that made the version: DVC brings its model back from there.
    assert "model.gguf" in shell("dvc list . models/gguf --rev v20260101T000000Z")


def test_nothing_changed_is_nothing_to_do(repository: Path) -> None:
    invoke("tool", "evolve", "--yes")
    before = shell("git log --format=%H")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 0 and "Nothing to do" in output
    assert shell("git log --format=%H") == before


def test_a_better_version_takes_over_with_the_champion_it_was_compared_with(repository: Path) -> None:
    invoke("tool", "evolve", "--yes")
    choose("second")
    assert invoke("tool", "evolve", "--yes")[0] == 0
    known = registry.load()
    assert [version.champion for version in known.versions] == ["", "v20260101T000000Z"]
    assert served() == "v20260101T000001Z"
    assert target.Folder().versions() == ["v20260101T000001Z"], "keep is 1"
    assert_whole()


def test_a_refused_version_exits_3_and_the_champion_goes_on_serving(repository: Path) -> None:
    invoke("tool", "evolve", "--yes")
    choose("refused")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 3
    assert "not_worse_than_champion_recall" in output
    assert served() == "v20260101T000000Z"
    assert registry.load().versions[-1].verdict == "fail"
    assert_whole()
    assert invoke("tool", "evolve", "--yes")[0] == 0, "the same refusal is not told twice"


def test_rollback_brings_a_pruned_version_back_and_it_stays(repository: Path) -> None:
    invoke("tool", "evolve", "--yes")
    choose("second")
    invoke("tool", "evolve", "--yes")
    code, output = invoke("rollback")
    assert code == 0, output
    assert served() == "v20260101T000000Z"
    assert_whole()
    assert invoke("tool", "evolve", "--yes")[0] == 0
    assert served() == "v20260101T000000Z", "a withdrawn version does not come back by itself"
    _, shown = invoke("history")
    assert "withdrawn" in shown and "in service" in shown


def test_rollback_without_an_earlier_version_says_so(repository: Path) -> None:
    invoke("tool", "evolve", "--yes")
    assert invoke("rollback")[0] == 2
    assert invoke("rollback", "v20250101T000000Z")[0] == 2


def test_a_version_that_does_not_answer_is_not_served(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("tool", "evolve", "--yes")
    choose("second")
    monkeypatch.setattr(target.Folder, "answers", lambda self, version, asked, most: ["..."] * len(asked))
    assert invoke("tool", "evolve", "--yes")[0] == 2
    assert served() == "v20260101T000000Z"
    monkeypatch.undo()


def test_no_deploy_registers_and_the_next_evolve_deploys(repository: Path) -> None:
    invoke("tool", "evolve", "--yes")
    choose("second")
    assert invoke("tool", "evolve", "--yes", "--no-deploy")[0] == 0
    assert served() == "v20260101T000000Z"
    assert invoke("tool", "evolve", "--yes")[0] == 0
    assert served() == "v20260101T000001Z"
    assert_whole()


def test_uncommitted_code_is_refused_before_any_work(repository: Path) -> None:
    (repository / "dvc.yaml").write_text((repository / "dvc.yaml").read_text() + "\n# changed\n")
    code, _ = invoke("tool", "evolve", "--yes")
    assert code == 2
    assert not Path("models/registry.yaml").exists()


def test_dry_run_changes_nothing(repository: Path) -> None:
    code, output = invoke("tool", "evolve", "--dry-run")
    assert code == 0 and "stale: quantize" in output
    assert shell("git status --porcelain") == ""


class Killed(BaseException):
    """The process ends here."""


def killed_at(number: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ends the program before the `number`-th call that changes anything outside; returns the calls made."""
    calls: list[str] = []

    def guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if len(calls) == number:
                raise Killed(name)
            calls.append(name)
            return function(*arguments, **options)

        return call

    for place, name in (
        (registry, "save"),
        (git, "git"),
        (os, "replace"),
        (target.Folder, "put"),
        (target.Folder, "alias"),
        (target.Folder, "remove"),
        (target.Folder, "answers"),
    ):
        monkeypatch.setattr(place, name, guarded(name, getattr(place, name)))
    return calls


def test_killed_anywhere_the_alias_serves_a_verified_version_and_the_next_evolve_finishes(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("tool", "evolve", "--yes")
    kills = 0
    for number in range(200):
        choose("second" if number % 2 == 0 else "first")
        before = len(registry.load().versions)
        with monkeypatch.context() as patch:
            calls = killed_at(number, patch)
            try:
                CliRunner().invoke(app, ["tool", "evolve", "--yes"], catch_exceptions=False)
            except Killed:
                kills += 1
        serving = registry.load().find(served())
        assert serving.verdict == "pass" and (repository / "deploy/current/model.gguf").is_file()
        if len(calls) < number:
            break
        code, output = invoke("tool", "evolve", "--yes")
        assert code == 0, output
        assert_whole()
        assert len(registry.load().versions) == before + 1, "one change of documents is one version"
    assert kills >= 30
