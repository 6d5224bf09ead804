"""A version's way into service and back."""

import errno
import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from slm_factory.cli.ask import sources
from slm_factory.cli.evolve import BUSY
from slm_factory.core.errors import UserError
from slm_factory.release import conditions, git, registry, target
from slm_factory.release.settings import ReleaseSettings
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params
from tests.release.tiny_pipeline import assert_whole, choose, invoke, runs, shell

FOLDER = target.Folder()


def names() -> list[str]:
    return [version.name for version in registry.load().versions]


def evolve() -> str:
    """What a successful evolution prints."""
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 0, output
    return output


def test_the_first_version_is_registered_tagged_deployed_and_served(repository: Path) -> None:
    output = evolve()
    [name] = names()
    assert FOLDER.serves(name)
    assert "2 of 2 smoke questions" in output
    assert_whole(FOLDER)
    assert f"served: {name}" in shell("git show HEAD:models/registry.yaml")
    # The tag holds all that made the version: DVC brings its model back from there.
    assert "model-f16.gguf" in shell(f"dvc list . models/gguf --rev {name}")
    assert shell(f"git cat-file -t {name}") == "tag\n", "git push --follow-tags brings annotated tags only"


def test_nothing_changed_is_nothing_to_do(repository: Path) -> None:
    evolve()
    before = shell("git log --format=%H")
    assert "Nothing to do" in evolve()
    assert shell("git log --format=%H") == before and runs() == 1


def test_a_better_version_takes_over_from_the_champion_it_was_compared_with(repository: Path) -> None:
    evolve()
    choose("second")
    evolve()
    first, second = names()
    assert [version.champion for version in registry.load().versions] == ["", first]
    assert FOLDER.serves(second)
    assert FOLDER.versions() == [second], "keep is 1"
    assert_whole(FOLDER)


def test_a_refused_version_exits_3_says_what_fell_and_the_champion_goes_on_serving(repository: Path) -> None:
    evolve()
    choose("refused")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 3
    fell = "not_worse_than_champion_recall: recall against the champion: -0.120 (-0.200 to -0.030)"
    assert fell in output and fell in shell("git log -1 --format=%B"), "by how much, against which limit"
    assert FOLDER.serves(names()[0]) and registry.load().versions[-1].verdict == "fail"
    assert '"verdict": "fail"' in shell("git show HEAD:metrics/gate.json"), "its metrics are kept"
    assert_whole(FOLDER)
    assert "was refused" in evolve(), "the same refusal is not told twice"
    choose("second")  # the documents are where they were
    evolve()
    assert registry.load().newest.champion == names()[0]


def test_the_same_model_again_is_no_new_version(repository: Path) -> None:
    evolve()
    choose("refused")
    invoke("tool", "evolve", "--yes")
    choose("first")
    assert "byte for byte" in evolve()
    assert len(names()) == 2
    assert_whole(FOLDER)
    assert "Nothing to do" in evolve()


def test_rollback_brings_a_pruned_version_back_and_it_stays(repository: Path) -> None:
    evolve()
    choose("second")
    evolve()
    first, second = names()
    code, output = invoke("rollback")
    assert code == 0, output
    assert FOLDER.serves(first)
    assert_whole(FOLDER)
    evolve()
    assert FOLDER.serves(first), "a withdrawn version does not come back by itself"
    _, shown = invoke("history")
    assert "withdrawn" in shown and "in service" in shown
    assert invoke("rollback", second)[0] == 0, "but it does when it is asked for"
    assert FOLDER.serves(second) and not registry.load().find(second).is_withdrawn
    assert_whole(FOLDER)


def test_rollback_without_an_earlier_version_says_so(repository: Path) -> None:
    evolve()
    assert invoke("rollback")[0] == 2
    assert invoke("rollback", "v20250101T000000Z")[0] == 2


def test_ask_asks_the_version_in_service(repository: Path) -> None:
    evolve()
    choose("second")
    invoke("tool", "evolve", "--yes", "--no-deploy")
    with ExitStack() as stack:
        [(name, service)] = sources(True, False, [], [], stack).items()
    assert (name, service.system) == (names()[0], tiny_student.SYSTEM)
    assert service.file == (FOLDER.place(name) / "model-f16.gguf").resolve()


def test_history_tells_documents_rows_metrics_and_verdict(repository: Path) -> None:
    evolve()
    _, shown = invoke("history")
    [name] = names()
    assert all(word in shown for word in (name, "40", "0.900", "0.600", "base", "pass, in service"))
    [version] = json.loads(invoke("history", "--json")[1])["versions"]
    assert (version["documents"], version["train_lines"], version["refusal"]) == (3, 40, 0.6)


def test_versions_are_drawn_by_dvc(repository: Path) -> None:
    evolve()
    plots = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    pipeline = yaml.safe_load(Path("dvc.yaml").read_text())
    Path("dvc.yaml").write_text(yaml.safe_dump(pipeline | {"plots": plots}, sort_keys=False))
    drawn = json.loads(shell("dvc plots show --json versions/headline versions/refusal"))
    assert "errors" not in drawn
    for name, value in (("headline", 0.9), ("refusal", 0.6)):
        [point] = drawn["data"][f"versions/{name}"][0]["content"]["data"]["values"]
        assert (point["name"], point[name]) == (names()[0], value)


def test_a_version_that_does_not_answer_is_not_served(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evolve()
    choose("second")
    with monkeypatch.context() as patch:
        patch.setattr(target.Folder, "answers", lambda self, version, asked, most: ["..."] * len(asked))
        code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and "answers only 0 of 2" in output
    assert FOLDER.serves(names()[0]) and FOLDER.versions() == names()[:1]
    evolve()
    assert FOLDER.serves(names()[1]) and runs() == 2, "the next evolve tries again, without training"


def test_a_full_disk_loses_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evolve()
    choose("second")

    def copy(source: Path, place: Path) -> None:
        shutil.copyfile(source, place / source.name)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place / source.name))

    with monkeypatch.context() as patch:
        patch.setattr(target.shutil, "copy", copy)
        code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and "no space left" in output and "hint:" in output
    assert (
        FOLDER.serves(names()[0]) and [path.name for path in Path("deploy/versions").iterdir()] == names()[:1]
    )
    evolve()
    assert_whole(FOLDER)
    assert FOLDER.serves(names()[1]) and runs() == 2


def test_what_was_damaged_in_the_folder_is_copied_again(repository: Path) -> None:
    evolve()
    [name] = names()
    (FOLDER.place(name) / "model-f16.gguf").write_bytes(b"damaged")
    assert FOLDER.put(name, Path("models/gguf"))
    assert FOLDER.place(name).joinpath("model-f16.gguf").stat().st_size > 1000
    assert not FOLDER.put(name, Path("models/gguf"))


def test_no_deploy_registers_and_the_next_evolve_deploys(repository: Path) -> None:
    evolve()
    choose("second")
    assert invoke("tool", "evolve", "--yes", "--no-deploy")[0] == 0
    first, second = names()
    assert FOLDER.serves(first)
    evolve()
    assert FOLDER.serves(second) and runs() == 2
    assert_whole(FOLDER)


def test_documents_that_change_before_the_commit_undo_the_registration(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evolve()
    choose("second")
    with monkeypatch.context() as patch:
        patch.setattr(git, "commit", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            invoke("tool", "evolve", "--yes")
    lost = names()[1]
    choose("refused")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 3 and f"undone {lost}" in output
    assert [version.verdict for version in registry.load().versions] == ["pass", "fail"]
    assert_whole(FOLDER)


def test_dry_run_changes_nothing(repository: Path) -> None:
    code, output = invoke("tool", "evolve", "--dry-run")
    assert code == 0 and "stale: quantize" in output
    assert shell("git status --porcelain") == "" and not Path("cache/ran").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo '# changed' >> dvc.yaml", "not committed: dvc.yaml"),
        ("git checkout -q --detach", "HEAD is detached"),
        ("git config user.useConfigOnly true", "does not know who commits"),
        ("git rev-parse HEAD > .git/MERGE_HEAD", "merge is not finished"),
    ],
)
def test_what_would_spoil_the_commit_is_refused_before_any_work(
    repository: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: str
) -> None:
    shell(command)
    if "useConfigOnly" in command:
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.delenv(f"GIT_{who}_NAME")
            monkeypatch.delenv(f"GIT_{who}_EMAIL")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and words in output
    assert not Path("cache/ran").exists() and not registry.REGISTRY.exists()


def test_params_have_exactly_the_keys_of_the_release() -> None:
    section = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))["release"]
    assert set(ReleaseSettings(**section).model_dump()) == set(section)


def test_a_type_for_the_server_to_quantise_has_to_be_made(repository: Path) -> None:
    set_params(repository, **{"release.server_quantization": "q4_K_M", "quantize.types": ["q8_0"]})
    settings = yaml.safe_load(Path("params.yaml").read_text())["release"]
    conditions.require_quantizable(ReleaseSettings(**settings))  # the folder does not ask for it
    with pytest.raises(UserError, match=r"(?s)lacks f16.*add f16 to quantize.types"):
        conditions.require_quantizable(ReleaseSettings(**{**settings, "target": "ollama"}))


def test_a_second_evolve_at_the_same_time_is_sent_away(repository: Path) -> None:
    with FileLock(BUSY):
        code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and "another evolve or rollback" in output


def test_a_lost_tag_of_the_champion_is_set_again(repository: Path) -> None:
    evolve()
    [name] = names()
    before = shell(f"git rev-parse {name}^{{}}")
    shell(f"git tag -d {name}")
    choose("second")
    evolve()
    assert shell(f"git rev-parse {name}^{{}}") == before


def test_a_clone_without_its_data_is_told_to_pull(repository: Path) -> None:
    evolve()
    shutil.rmtree("models/gguf")
    choose("second")
    evolve()  # the cache has it
    shutil.rmtree("models/gguf")
    shutil.rmtree(".dvc/cache")
    choose("first")
    code, output = invoke("tool", "evolve", "--yes")
    assert code == 2 and "dvc pull" in output and "models/gguf" in output
    assert runs() == 2
