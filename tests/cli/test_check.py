"""`slm-factory check`: what is missing is named with its fix, and the exit code says if anything fails."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from slm_factory.cli import check as checking
from slm_factory.cli.check import Finding, check
from slm_factory.core.errors import UserError
from tests.conftest import REPOSITORY, set_params
from tests.fake_openai import Response, serving


@pytest.fixture
def ready(workspace: Path) -> Path:
    """A workspace in which everything is there."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    (workspace / ".dvc").mkdir()
    shutil.copytree(REPOSITORY / "prompts", workspace / "prompts")
    (workspace / "data/documents").mkdir(parents=True)
    (workspace / "data/documents/backup.md").write_text("# Backup\n\nRetention is 30 days.\n")
    for name in ("questions", "refine", "review"):
        (workspace / f"data/{name}.jsonl").touch()
    shutil.copytree(REPOSITORY / "models/seed", workspace / "models/seed")
    (workspace / "models/seed/model.safetensors").write_bytes(bytes(2_000_000))
    return workspace


def states(findings: list[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def test_a_ready_repository_passes(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert any("1 of 1 readable: 1 md" in line for line in lines)
    assert any("models/seed (2 MB)" in line for line in lines)
    assert any("speaks chatml; can be written as f16, q8_0" in line for line in lines)


def test_json_holds_every_finding_and_failure_is_exit_code_2(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "models/seed/model.safetensors").unlink()
    with pytest.raises(typer.Exit) as exit_:
        check(as_json=True)
    assert exit_.value.exit_code == 2
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["name"] for finding in findings if finding["state"] == "fail"] == ["student"]
    assert {finding["name"] for finding in findings} == set(checking.CHECKS)


def test_an_unknown_key_fails_with_the_nearest(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_params(ready, **{"train.rnak": 3})
    with pytest.raises(typer.Exit):
        check(as_json=True)
    failed = [f for f in json.loads(capsys.readouterr().out)["findings"] if f["state"] == "fail"]
    assert [(finding["name"], finding["fix"]) for finding in failed] == [
        ("params", "did you mean train.rank?")
    ]


def test_an_unknown_section_fails(ready: Path) -> None:
    with (ready / "params.yaml").open("a") as file:
        file.write("\nchnk:\n  max_tokens: 3\n")
    assert [finding.text for finding in checking.check_params()] == [
        "params.yaml: nothing reads the section 'chnk'"
    ]


def test_no_documents_fail_and_an_unreadable_one_warns(ready: Path) -> None:
    (ready / "data/documents/empty.pdf").write_bytes(b"")
    (ready / "data/documents/old.hwp").write_bytes(b"\xd0\xcf\x11\xe0")
    findings = list(checking.check_documents())
    assert states(findings) == ["warn", "warn", "ok"]
    assert findings[0].text.startswith("empty.pdf will be skipped")
    for file in (ready / "data/documents").iterdir():
        file.unlink()
    assert states(list(checking.check_documents())) == ["fail"]


def test_a_teacher_that_refuses_the_key_fails_with_what_to_set(
    ready: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_params(ready, **{"teacher.backend": "openai", "teacher.model": "m"})
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    with serving(lambda body, number: Response(status=401)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(typer.Exit):
            check(as_json=False)
    output = capsys.readouterr().out
    assert "refuses the key" in output and "OPENAI_API_KEY" in output
    assert "secret-key" not in output
    assert len(server.requests) == 1


def test_a_student_of_a_hub_is_only_a_warning(ready: Path) -> None:
    set_params(ready, **{"student.model": "owner/model"})
    unpinned, absent = checking.check_student()
    assert unpinned.state == absent.state == "warn" and "student.revision" in unpinned.fix
    set_params(ready, **{"student.revision": "0123abc"})
    assert states(list(checking.check_student())) == ["warn"]


@pytest.mark.parametrize("student", ["models/seed", "owner/model"])
def test_a_gguf_type_that_cannot_be_made_is_told_before_training(ready: Path, student: str) -> None:
    set_params(ready, **{"quantize.types": ["f16", "q9_9"], "student.model": student})
    with pytest.raises(UserError, match="q9_9 cannot be made"):
        list(checking.check_student())


def test_code_that_would_be_run_is_told(ready: Path) -> None:
    set_params(ready, **{"student.trust_remote_code": True})
    assert states(list(checking.check_student())) == ["warn", "ok", "ok"]


def test_a_missing_extra_names_the_command_that_installs_it(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking.importlib.util, "find_spec", lambda package: None)
    findings = list(checking.check_packages())
    assert states(findings) == ["fail", "fail", "warn", "warn"]
    assert findings[0].fix == 'pip install -c constraints.txt -e ".[train]"'


def test_a_nearly_full_disk_fails(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = checking.shutil.disk_usage(".")
    monkeypatch.setattr(checking.shutil, "disk_usage", lambda path: usage._replace(free=10**8))
    assert states(list(checking.check_disk())) == ["fail"]


FACT = {
    "kind": "fact",
    "category": "",
    "statement": "Backups are kept for 30 days.",
    "evidence": "Retention: 30 days",
    "wordings": [{"audience": "expert", "questions": ["How long?"], "answers": ["30 days."]}],
}


def said(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), prompt_tokens=900)  # as many as the prompt has


def answering(facts: list[dict[str, Any]]) -> Callable[[dict[str, Any], int], Response]:
    return lambda body, number: said({"facts": facts})


def use_openai(ready: Path, monkeypatch: pytest.MonkeyPatch, url: str, **changes: Any) -> None:
    set_params(ready, **{"teacher.backend": "openai", "teacher.model": "qwen3-8b", **changes})
    monkeypatch.setenv("OPENAI_BASE_URL", url)


def test_a_teacher_is_asked_one_real_question_and_timed(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering([FACT])) as server:
        use_openai(ready, monkeypatch, server.url)
        [finding] = checking.check_teacher()
    assert finding.state == "ok"
    assert re.fullmatch(r"openai/qwen3-8b answers in \d+\.\d s \([\d,]+ tokens per second\)", finding.text)
    assert len(server.requests) == 1


def test_a_teacher_that_finds_nothing_is_a_warning(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering([])) as server:
        use_openai(ready, monkeypatch, server.url)
        assert states(list(checking.check_teacher())) == ["warn"]


def test_a_busy_teacher_fails_at_once(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda body, number: Response(status=429)) as server:
        use_openai(ready, monkeypatch, server.url)
        [finding] = checking.check_teacher()
    assert finding.state == "fail" and "overloaded" in finding.text
    assert len(server.requests) == 1


def test_a_scorer_of_its_own_is_asked_too(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = {"faithfulness": 5, "completeness": 5, "usefulness": 5, "reason": "right"}

    def respond(body: dict[str, Any], number: int) -> Response:
        return said({"marks": [mark]} if body["model"] == "judge" else {"facts": [FACT]})

    with serving(respond) as server:
        use_openai(ready, monkeypatch, server.url, **{"score.model": "judge"})
        findings = list(checking.check_teacher())
    assert [(finding.name, finding.state) for finding in findings] == [("teacher", "ok"), ("scorer", "ok")]


def test_a_context_without_room_for_a_whole_chunk_is_a_warning(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answering([FACT])) as server:
        use_openai(ready, monkeypatch, server.url, **{"teacher.context_tokens": 6500})
        findings = list(checking.check_teacher())
    assert states(findings) == ["warn", "ok"]
    assert "chunk.max_tokens (1,000)" in findings[0].text


def test_personal_data_that_would_leave_the_house_is_a_warning(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ready / "metrics").mkdir()
    counted = {"personal_data": {"email": 2, "phone_number": 1}, "documents_with_personal_data": []}
    (ready / "metrics/parse.json").write_text(json.dumps(counted))
    monkeypatch.setattr("slm_factory.teachers.openai_client.is_remote", lambda address: True)
    with serving(answering([FACT])) as server:
        use_openai(ready, monkeypatch, server.url)
        findings = list(checking.check_teacher())
        assert states(findings) == ["warn", "ok"]
        assert "2 email, 1 phone_number" in findings[0].text and "mask" in findings[0].fix
        set_params(ready, **{"parse.redact": "mask"})
        assert states(list(checking.check_teacher())) == ["ok"]
