"""The evaluate stage, with a tiny student and a random adapter."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_factory.core import files, params
from slm_factory.core.errors import UserError
from slm_factory.core.records import SPLIT
from slm_factory.student.generate import Student
from slm_factory.student.settings import StudentSettings
from stages import evaluate
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params
from tests.tiny_student import LESSONS, SYSTEM


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.make(tmp_path_factory.mktemp("student"), steps=60)


def make_adapter(student: Path, place: Path, seed: int = 0) -> None:
    """Writes a random LoRA adapter for `student` that spoils what it knows."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    network = AutoModelForCausalLM.from_pretrained(student, local_files_only=True)
    config = LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", r=4, init_lora_weights=False)
    get_peft_model(network, config).save_pretrained(place)


def pair(number: int, split: str, wording: int = 0, fact: str | None = None) -> dict[str, Any]:
    question, answer = LESSONS[number]
    row: dict[str, Any] = dict.fromkeys(SPLIT.names)
    return row | {
        "pair_id": f"pair-{number}-{wording}",
        "fact_id": fact or f"fact-{number}",
        "doc_id": "a.md",
        "language": "ko",
        "wording": wording,
        "question": question + " " * wording,
        "answer": answer,
        "split": split,
    }


@pytest.fixture
def prepared(workspace: Path, student: Path) -> Path:
    """Three recall questions, one unseen fact in two wordings, one abstain and one general question."""
    pairs = [pair(0, "test"), pair(1, "test"), pair(2, "test"), pair(0, "train", 1)]
    pairs += [pair(4, "unseen", 0), pair(4, "unseen", 1)]
    files.write_rows(evaluate.PAIRS, pairs, SPLIT)
    abstain = {
        "id": "a",
        "language": "ko",
        "split": "test",
        "kind": "out_of_scope",
        "question": LESSONS[7][0],
    }
    files.write_json_lines(evaluate.ABSTAIN, [abstain, abstain | {"split": "train", "question": "?"}])
    general = {
        "id": "g",
        "language": "en",
        "split": "test",
        "question": LESSONS[6][0],
        "answer": LESSONS[6][1],
    }
    files.write_json_lines(evaluate.GENERAL, [general, general | {"split": "replay", "question": "?"}])
    make_adapter(student, evaluate.ADAPTER)
    set_params(
        workspace,
        **{
            "student.model": str(student),
            "student.system_prompt": SYSTEM,
            "student.refusal_ko": LESSONS[7][1],
            "evaluate.max_new_tokens": 32,
        },
    )
    return workspace


def test_a_fact_that_the_documents_lack_is_asked_once_and_refused_rightly() -> None:
    student = params.load("student", StudentSettings, REPOSITORY / "params.yaml")
    pairs = [
        pair(number, split, wording) | {"kind": "abstain", "answer": "old refusal"}
        for number, split in ((1, "test"), (2, "train"))
        for wording in (0, 1)
    ]
    (asked,) = evaluate.questions(pairs, [], [], student)
    assert (asked["slice"], asked["pair_id"]) == ("abstain", "pair-1-0")
    assert asked["reference"] == student.refusal_ko


def rows_of(contender: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in files.read_rows(evaluate.ANSWERS):
        if row["contender"] == contender:
            found.setdefault(row["slice"], []).append(row)
    return found


def test_each_held_out_question_is_asked_once_of_each_contender(prepared: Path) -> None:
    evaluate.main()
    base, tuned = rows_of("base"), rows_of("tuned")
    assert {name: len(rows) for name, rows in base.items()} == {
        "abstain": 1,
        "general": 1,
        "recall": 3,
        "unseen": 1,
    }
    ids = {row["question_id"] for rows in base.values() for row in rows}
    assert len(ids) == 6 == len(ids & {row["question_id"] for rows in tuned.values() for row in rows})


def test_a_student_that_knows_scores_one_and_a_spoilt_one_less(prepared: Path) -> None:
    evaluate.main()
    recall = files.read_json(evaluate.MEASURES)["recall"]
    for metric in ("key_facts", "rouge_l", "bleu", "chrf", "exact"):
        assert recall["base"][metric] == {"mean": 1.0, "low": 1.0, "high": 1.0}
        assert recall["tuned"][metric]["mean"] < 0.7
    assert recall["base"]["answer_loss"]["mean"] < 0.1 < recall["tuned"]["answer_loss"]["mean"]


def test_refusals_are_counted_where_they_are_right(prepared: Path) -> None:
    evaluate.main()
    measured = files.read_json(evaluate.MEASURES)
    assert measured["abstain"]["base"]["refusal"]["mean"] == 1.0
    assert measured["abstain"]["base"]["refusal_precision"]["mean"] == 1.0
    assert measured["recall"]["base"]["refusal"]["mean"] == 0.0
    assert rows_of("base")["abstain"][0]["key_facts"] is None


def test_the_plot_holds_one_line_per_slice_and_contender(prepared: Path) -> None:
    evaluate.main()
    with evaluate.PLOT.open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 8
    assert {line["metric"] for line in lines} == {"key_facts", "refusal", "answer_loss"}


def test_a_second_run_asks_nobody_and_writes_the_same_bytes(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate.main()
    first = [path.read_bytes() for path in (evaluate.ANSWERS, evaluate.MEASURES, evaluate.PLOT)]
    monkeypatch.setattr(Student, "load", lambda self: pytest.fail("loaded the model"))
    evaluate.main()
    assert [path.read_bytes() for path in (evaluate.ANSWERS, evaluate.MEASURES, evaluate.PLOT)] == first


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.slow
def test_the_champion_is_the_adapter_at_its_tag(prepared: Path, student: Path) -> None:
    run("git", "init", "-q")
    run("git", "config", "user.email", "a@b")
    run("git", "config", "user.name", "a")
    run(sys.executable, "-m", "dvc", "init", "-q")
    run(sys.executable, "-m", "dvc", "config", "core.analytics", "false")
    run(sys.executable, "-m", "dvc", "add", "-q", str(evaluate.ADAPTER))
    file = prepared / "params.yaml"
    today = file.read_text(encoding="utf-8")
    old = yaml.safe_load(today)
    old["student"] = {
        "model": str(student),
        "system_prompt": SYSTEM,
        "refusal_ko": "모릅니다.",
        "refusal_en": "No.",
    }
    file.write_text(yaml.safe_dump(old, allow_unicode=True), encoding="utf-8")  # before there were more keys
    run("git", "add", "-A")
    run("git", "commit", "-qm", "v1")
    run("git", "tag", "v1")
    file.write_text(today, encoding="utf-8")
    before = Student(str(student), None, adapter=evaluate.ADAPTER).identity  # type: ignore[arg-type]
    make_adapter(student, evaluate.ADAPTER, seed=1)
    set_params(prepared, **{"gate.champion": "v1"})
    set_params(prepared, **{"student.system_prompt": "새 지시"})
    with evaluate.champion_at("v1") as champion:
        assert champion is not None
        assert champion.student.system_prompt == SYSTEM and champion.student.chat_template == "auto"
        assert Student(str(student), None, adapter=champion.adapter).identity == before  # type: ignore[arg-type]
    evaluate.main()
    answers = {
        name: [row["answer"] for row in rows_of(name)["recall"]] for name in ("base", "tuned", "champion")
    }
    assert len(answers["champion"]) == 3
    assert answers["champion"] not in (answers["base"], answers["tuned"])
    with pytest.raises(UserError, match=r"gate\.champion: v2"), evaluate.champion_at("v2"):
        pass
