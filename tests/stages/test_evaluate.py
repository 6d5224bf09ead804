"""The evaluate stage, with a tiny student and a random adapter."""

import csv
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_factory.cli.eval_run import eval_run
from slm_factory.core import files, params
from slm_factory.core.errors import UserError
from slm_factory.core.records import CHUNK, REVIEWED, SPLIT
from slm_factory.student.generate import Student
from slm_factory.student.settings import StudentSettings
from stages import evaluate
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params
from tests.rows import chunk
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
        "kind": "fact",
        "category": "한도",
        "statement": answer,
        "evidence": answer,
        "decision": "",
        "is_kept": True,
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
    text = {"id": "t", "language": "en", "text": "Logs are kept for 90 days. The queue is on the broker."}
    files.write_json_lines(evaluate.TEXTS, [text])
    files.write_rows(evaluate.REVIEWED, pairs, REVIEWED)
    files.write_rows(evaluate.CHUNKS, [chunk(text=LESSONS[0][1]), chunk(chunk_id="c2")], CHUNK)
    shutil.copytree(REPOSITORY / "prompts", workspace / "prompts")
    make_adapter(student, evaluate.ADAPTER)
    set_params(
        workspace,
        **{
            "student.model": str(student),
            "student.system_prompt": SYSTEM,
            "student.refusal_ko": LESSONS[7][1],
            "evaluate.max_new_tokens": 32,
            "evaluate.retrieval": False,
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
        "text": 1,
        "unseen": 1,
    }
    ids = {row["question_id"] for rows in base.values() for row in rows}
    assert len(ids) == 7 == len(ids & {row["question_id"] for rows in tuned.values() for row in rows})


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
    assert len(lines) == 10
    assert {line["metric"] for line in lines} == {"key_facts", "refusal", "answer_loss"}


def test_a_second_run_asks_nobody_and_writes_the_same_bytes(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate.main()
    first = [path.read_bytes() for path in (evaluate.ANSWERS, evaluate.MEASURES, evaluate.PLOT)]
    monkeypatch.setattr(Student, "load", lambda self: pytest.fail("loaded the model"))
    evaluate.main()
    assert [path.read_bytes() for path in (evaluate.ANSWERS, evaluate.MEASURES, evaluate.PLOT)] == first


def test_forgetting_shows_as_perplexity_of_text_kept_aside(prepared: Path) -> None:
    evaluate.main()
    measured = files.read_json(evaluate.MEASURES)
    for name in ("text", "general"):
        base, tuned = measured[name]["base"], measured[name]["tuned"]
        assert base["perplexity"]["mean"] == pytest.approx(math.exp(base["answer_loss"]["mean"]), rel=1e-3)
        assert base["perplexity"]["mean"] < tuned["perplexity"]["low"] + 1e-9
    assert rows_of("base")["text"][0]["answer"] is None
    assert "perplexity" not in measured["recall"]["base"]


def test_with_retrieval_base_and_tuned_also_answer_from_passages(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_params(prepared, **{"evaluate.retrieval": True, "evaluate.passages": 1})
    seen: list[str] = []
    ask = Student.answer

    def spy(self: Student, conversations: list[Any], most: int) -> Any:
        seen.extend(messages[-1]["content"] for messages in conversations)
        return ask(self, conversations, most)

    monkeypatch.setattr(Student, "answer", spy)
    evaluate.main()
    assert any(LESSONS[0][1] in text and text.endswith(f"질문: {LESSONS[0][0]}") for text in seen)
    measured = files.read_json(evaluate.MEASURES)
    assert set(measured["recall"]) == {"base", "base_retrieval", "tuned", "tuned_retrieval"}
    assert set(measured["general"]) == {"base", "tuned"}
    assert measured["retrieval"]["contender"] in ("base_retrieval", "tuned_retrieval")
    best = measured["recall"][measured["retrieval"]["contender"]]["key_facts"]["mean"]
    gain = best - measured["recall"]["tuned"]["key_facts"]["mean"]
    assert measured["retrieval"]["gain"]["mean"] == pytest.approx(gain, abs=1e-3)


def test_the_teacher_judges_recall_and_its_agreement_is_told(prepared: Path) -> None:
    set_params(prepared, **{"evaluate.judge": True})
    evaluate.main()
    assert [row["is_judged_correct"] for row in rows_of("base")["recall"]] == [True] * 3
    assert rows_of("base")["unseen"][0]["is_judged_correct"] is None
    measured = files.read_json(evaluate.MEASURES)
    assert measured["recall"]["base"]["judged_correct"]["mean"] == 1.0
    assert measured["judge"]["failed"] == 0
    assert measured["judge"]["agreement"]["base"] == {"n": 3, "share": 1.0, "kappa": None}
    assert len(files.read_rows(evaluate.JUDGEMENTS)) > 0


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def released(prepared: Path, student: Path) -> Path:
    """A repository with the version v1, which also learned fact 5; then other weights, and fact 5 is gone."""
    before = files.read_rows(evaluate.PAIRS)
    files.write_rows(evaluate.PAIRS, [*before, pair(5, "train", 0), pair(5, "test", 1)], SPLIT)
    run("git", "init", "-q")
    run("git", "config", "user.email", "a@b")
    run("git", "config", "user.name", "a")
    run(sys.executable, "-m", "dvc", "init", "-q")
    run(sys.executable, "-m", "dvc", "config", "core.analytics", "false")
    run(sys.executable, "-m", "dvc", "add", "-q", str(evaluate.ADAPTER), str(evaluate.PAIRS))
    file = prepared / "params.yaml"
    today = file.read_text(encoding="utf-8")
    old = yaml.safe_load(today)
    old["student"] = {  # before there were more keys
        "model": str(student),
        "system_prompt": SYSTEM,
        "refusal_ko": "모릅니다.",
        "refusal_en": "No.",
    }
    file.write_text(yaml.safe_dump(old, allow_unicode=True), encoding="utf-8")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "v1")
    run("git", "tag", "v1")
    file.write_text(today, encoding="utf-8")
    evaluate.PAIRS.unlink()
    files.write_rows(evaluate.PAIRS, before, SPLIT)
    shutil.copytree(evaluate.ADAPTER, prepared / "adapter-v1")
    make_adapter(student, evaluate.ADAPTER, seed=1)
    set_params(prepared, **{"gate.champion": "v1", "student.system_prompt": "새 지시"})
    return prepared


@pytest.mark.slow
def test_the_champion_is_the_adapter_at_its_tag(released: Path, student: Path) -> None:
    before = Student(str(student), None, adapter=released / "adapter-v1").identity  # type: ignore[arg-type]
    with evaluate.champion_at("v1") as version:
        assert version is not None
        champion = version.contender
        assert champion.student.system_prompt == SYSTEM and champion.student.chat_template == "auto"
        assert Student(str(student), None, adapter=champion.adapter).identity == before  # type: ignore[arg-type]
    evaluate.main()
    answers = {
        name: [row["answer"] for row in rows_of(name)["recall"]] for name in ("base", "tuned", "champion")
    }
    assert len(answers["champion"]) == 3
    assert answers["champion"] not in (answers["base"], answers["tuned"])
    with pytest.raises(UserError, match="the version v2 cannot be read"), evaluate.champion_at("v2"):
        pass


@pytest.mark.slow
def test_a_fact_that_the_champion_learned_and_the_documents_lost_is_probed(released: Path) -> None:
    set_params(released, **{"student.system_prompt": SYSTEM})  # under which base knows all lessons
    evaluate.main()
    probes = {name: rows_of(name)["withdrawn"] for name in ("base", "tuned", "champion")}
    assert {row["question"] for found in probes.values() for row in found} == {LESSONS[5][0]}
    assert [len(found) for found in probes.values()] == [1, 1, 1]
    measured = files.read_json(evaluate.MEASURES)["withdrawn"]
    assert measured["base"]["key_facts"]["mean"] == 1.0  # still given
    assert measured["tuned"]["key_facts"]["mean"] < 1.0
    assert measured["base"]["refusal"]["mean"] == 0.0


@pytest.mark.slow
def test_a_contradicted_fact_is_still_asked_and_what_the_champion_did_not_learn_is_new(
    released: Path,
) -> None:
    contradicted = pair(5, "", 1) | {"is_kept": False, "reasons": ["ambiguous question"]}
    files.write_rows(evaluate.REVIEWED, [*files.read_rows(evaluate.PAIRS), contradicted], REVIEWED)
    files.write_rows(evaluate.CHUNKS, [chunk(text=LESSONS[5][1])], CHUNK)
    evaluate.main()
    asked = {row["question"]: row["is_new"] for row in rows_of("champion")["recall"]}
    assert asked == {
        **{LESSONS[0][0]: False, LESSONS[5][0] + " ": False},  # learned, and learned but contradicted
        **{LESSONS[1][0]: True, LESSONS[2][0]: True},  # tested, never trained
    }
    assert "withdrawn" not in rows_of("champion")


@pytest.mark.slow
def test_a_champion_that_was_asked_before_answers_only_new_questions(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate.main()
    files.write_rows(evaluate.PAIRS, [*files.read_rows(evaluate.PAIRS), pair(3, "test")], SPLIT)
    asked: dict[str, list[str]] = {}
    work = Student.generate

    def spy(self: Student, conversations: list[Any], most: int) -> Any:
        asked.setdefault(self.identity["adapter"], []).extend(m[-1]["content"] for m in conversations)
        return work(self, conversations, most)

    monkeypatch.setattr(Student, "generate", spy)
    evaluate.main()
    assert len(asked) == 3  # base, tuned, champion
    assert all(questions == [LESSONS[3][0]] for questions in asked.values())


@pytest.mark.slow
def test_any_version_can_be_asked_by_its_tag(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (released / "dvc.yaml").write_text("stages: {}\n")
    eval_run("v1", as_json=True)
    told = json.loads(capsys.readouterr().out)
    evaluate.main()
    asked = {row["question_id"]: row["answer"] for row in files.read_rows(Path(told["answers"]))}
    champion = [row for found in rows_of("champion").values() for row in found if row["slice"] != "withdrawn"]
    assert asked == {row["question_id"]: row["answer"] for row in champion}
