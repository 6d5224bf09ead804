"""`slm-factory tool cost`: what it says beforehand, beside what a run then takes from a server."""

import io
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli import check_cost, cost
from slm_factory.cli.forecast import Forecast, Load, Range, past_answers
from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, DOCUMENT, SPLIT, TEACHER_ANSWER, VALIDATED
from slm_factory.core.store import Store
from slm_factory.core.tokens import estimate
from stages import augment, dialogue, generate, score
from tests import rows
from tests.cli.conftest import Command
from tests.conftest import REPOSITORY, set_params
from tests.fake_openai import Response, serving

DOCUMENTS, CHUNKS, LINES = 4, 4, 9  # 16 chunks of 9 sentences, 4 of them facts for the server
STAGES = {"generate": generate, "score": score, "augment": augment, "dialogue": dialogue}


def respond(body: dict[str, Any], number: int) -> Response:
    """A model's answer of the shape asked for; tokens as a tokenizer 15% below our estimate counts them."""
    told = "\n".join(message["content"] for message in body["messages"])
    text = json.dumps(answer(told, json.dumps(body)), ensure_ascii=False)
    counted = (math.ceil(estimate(part) * 0.85) for part in (told, text))
    return Response(text=text, **dict(zip(("prompt_tokens", "completion_tokens"), counted, strict=True)))


def answer(told: str, body: str) -> dict[str, Any]:
    """Facts, marks, paraphrases or turns: which one, the request's JSON Schema tells."""
    if "faithfulness" in body:
        mark = {
            **dict.fromkeys(("faithfulness", "completeness", "usefulness"), 5),
            "reason": "수치와 이름이 맞습니다.",
        }
        return {"marks": [mark] * 5}
    if "evidence" in body:
        return {"facts": [fact(line) for line in told.splitlines() if line.startswith("설비 ")]}
    turn = {
        "question": "설비의 점검 주기와 압력을 알려 주시겠어요?",
        "answer": "설비의 점검 주기는 7일이고 압력은 3바입니다.",
    }
    return {"turns": [turn] * 3} if "turns" in body else {"wordings": [turn]}


def fact(line: str) -> dict[str, Any]:
    """The fact of one line in five questions and two answers."""
    subject = line.partition(":")[0]
    asks = (
        "은 무엇인가요?",
        "을 알려 주세요.",
        "이 어떻게 되나요?",
        "에 대해 말해 주세요.",
        "을 확인하고 싶습니다.",
    )
    said = {"audience": "expert", "questions": [f"{subject}의 점검 기준{ask}" for ask in asks]}
    said["answers"] = [
        f"{line} 이 기준에 따라 점검합니다.",
        f"{subject}의 점검 기준은 다음과 같습니다. {line}",
    ]
    return {
        "kind": "fact",
        "category": "",
        "statement": f"{subject}의 기준은 {line}",
        "evidence": line,
        "wordings": [said],
    }


def chunk(document: int, index: int) -> Row:
    """A chunk of prose in which every other sentence or so states a fact."""
    prose = "운전원은 교대할 때마다 계기를 살펴보고 이상이 있으면 곧바로 반장에게 알린 뒤 일지에 적어 둔다."
    lines = [
        f"설비 {document}-{index}-{n}: 점검 주기 {n + 2}일, 압력 {n + 3}바." if n % 2 else prose
        for n in range(LINES)
    ]
    place = {"chunk_id": f"c{document}-{index}", "doc_id": f"{document}.md", "index": index}
    return rows.chunk(**place, headings=["점검"], text="\n".join(lines), language="ko")


def set_up(workspace: Path, patch: pytest.MonkeyPatch) -> None:
    """Chunks that were never read, an openai teacher with a price, nothing remembered."""
    shutil.copytree(REPOSITORY / "prompts", workspace / "prompts")
    (workspace / "data").mkdir(exist_ok=True)
    for name in ("questions", "refine"):
        (workspace / f"data/{name}.jsonl").touch()
    table = [chunk(document, index) for document in range(DOCUMENTS) for index in range(CHUNKS)]
    write_chunks(table)
    files.write_json(generate.FINDINGS, {"documents_with_personal_data": []})
    set_params(workspace, **{"teacher.backend": "openai", "teacher.model": "m"})
    set_params(workspace, **{"teacher.price": {"input": 2.0, "output": 8.0}})
    patch.setenv("OPENAI_API_KEY", "key")
    patch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    patch.setattr(cost, "require_chunks", lambda: None)


def write_chunks(table: list[Row]) -> None:
    """Writes chunks and their documents."""
    files.write_rows(generate.CHUNKS, table, CHUNK)
    names = sorted({row["doc_id"] for row in table})
    documents = [rows.document(doc_id=name, language="ko") for name in names]
    files.write_rows(generate.DOCUMENTS, documents, DOCUMENT)


@pytest.fixture
def repository(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a repository as `set_up` makes it."""
    set_up(workspace, monkeypatch)
    return workspace


@dataclass(frozen=True)
class Story:
    """What a run took; what the command says before, after, with one more chunk, and with other wordings."""

    before: dict[str, Any]
    asked_before: int
    used: dict[str, dict[str, Any]]
    after: dict[str, Any]
    with_more: dict[str, Any]
    reworded: dict[str, Any]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One run beside a server that counts."""
    folder = tmp_path_factory.mktemp("story")
    shutil.copy(REPOSITORY / "params.yaml", folder)
    with pytest.MonkeyPatch.context() as patch, serving(respond) as server:
        patch.chdir(folder)
        patch.setenv("SLM_FACTORY_CACHE", str(folder / "cache"))
        set_up(folder, patch)
        patch.setenv("OPENAI_BASE_URL", server.url)
        before, asked_before = estimated(), len(server.requests)
        used, after = run_all(), estimated()
        write_chunks([*files.read_rows(generate.CHUNKS), chunk(DOCUMENTS, 0)])
        with_more = estimated()
        set_params(folder, **{"generate.question_wordings": 4})
        yield Story(before, asked_before, used, after, with_more, estimated())


def estimated() -> dict[str, Any]:
    """What `tool cost --json` says."""
    with redirect_stdout(io.StringIO()) as shown:
        cost.cost(as_json=True)
    report: dict[str, Any] = json.loads(shown.getvalue())
    return report


def run_all() -> dict[str, dict[str, Any]]:
    """What the four stages take; checks and split between them let everything pass."""
    generate.main()
    pairs = files.read_rows(generate.PAIRS)
    kept = [{**pair, "is_kept": True, "reasons": [], "similarity": 1.0} for pair in pairs]
    files.write_rows(score.PAIRS, kept, VALIDATED)
    score.main()
    train = [
        {**row, "decision": "", "reviewer": "", "split": "test" if row["wording"] == 4 else "train"}
        for row in files.read_rows(score.SCORES)
    ]
    files.write_rows(augment.PAIRS, train, SPLIT)
    augment.main()
    dialogue.main()
    return {name: files.read_json(stage.METRICS)["teacher"] for name, stage in STAGES.items()}


def within(actual: float, bounds: list[float]) -> bool:
    return bounds[0] <= actual <= bounds[1]


def test_what_a_first_run_takes_lies_within_what_was_assumed(story: Story) -> None:
    told = story.before["stages"]
    assert story.asked_before == 0
    assert told["generate"]["new"] == [16, 16]
    for name, stage in story.used.items():
        assert within(stage["requests"], told[name]["new"]), (name, stage, told[name])
        assert within(stage["prompt_tokens"], told[name]["prompt_tokens"]), (name, stage, told[name])
        assert within(stage["completion_tokens"], told[name]["answer_tokens"]), (name, stage, told[name])
    money = sum(2 * stage["prompt_tokens"] + 8 * stage["completion_tokens"] for stage in story.used.values())
    low, high = told["total"]["money"]
    assert within(money / 1e6, [low, high])
    assert high < 6 * money / 1e6 and money / 1e6 < 2 * low  # how wide a guess may be


def test_a_run_that_is_done_costs_nothing_more_and_is_remembered(story: Story) -> None:
    told = story.after["stages"]
    assert told["total"]["new"] == [0, 0] and told["total"]["money"] == [0, 0]
    assert {name: told[name]["remembered"] for name in STAGES} == {
        name: story.used[name]["requests"] for name in STAGES
    }
    spent = sum(stage["prompt_tokens"] + stage["completion_tokens"] for stage in story.used.values())
    assert story.after["spent"]["tokens"] == spent


def test_one_new_chunk_costs_one_chunk_and_what_follows_from_it(story: Story) -> None:
    told = story.with_more["stages"]
    assert (told["generate"]["new"], told["generate"]["remembered"]) == ([1, 1], 16)
    assert within(4, told["score"]["new"]) and told["score"]["new"][1] <= 12
    assert told["score"]["remembered"] == 16 * 4


def test_chunks_that_are_read_anew_replace_the_rows_that_they_gave(story: Story) -> None:
    told = story.reworded["stages"]
    assert (told["generate"]["new"], told["generate"]["remembered"]) == ([17, 17], 0)
    assert [told[name]["remembered"] for name in ("score", "augment", "dialogue")] == [0, 0, 0]
    assert within(17 * 4, told["score"]["new"])


def test_after_a_sample_the_rest_is_forecast_from_its_answers_within_a_quarter(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(respond) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        set_params(repository, **{"generate.max_chunks": 8})
        generate.main()
        paid = files.read_json(generate.METRICS)["teacher"]
        set_params(repository, **{"generate.max_chunks": 0})
        told = estimated()["stages"]["generate"]
        generate.main()
    assert (told["new"], told["remembered"], told["basis"]) == ([8, 8], 8, "8 past answers")
    assert told["hours"] is not None
    total = files.read_json(generate.METRICS)["teacher"]
    for ours, theirs in (("prompt_tokens", "prompt_tokens"), ("answer_tokens", "completion_tokens")):
        new = total[theirs] - paid[theirs]
        low, high = told[ours]
        assert low <= new <= high and high < 1.3 * new and low > 0.75 * new


def test_what_training_took_is_told_beside_the_estimate(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {"training": None, "repository": str(repository), "student": "s", "device": "cpu", "processes": 1}
    measured = {"steps": 9, "tokens": 72_000, "seconds": 36.0, "peak_bytes": 1_400_000_000, "money": 0.5}
    with Store() as store:
        number = store.put_training({**run, **measured, "money": 0.1})
        store.put_training({**run, **measured, "training": number})
        store.put_training({**run, **measured})
        store.put_training({**run, **measured, "repository": "another"})
    told = estimated()["training"]
    assert (told["runs"], told["hours"], told["money"]) == (2, 0.02, 1.0)
    cost.cost()
    shown = capsys.readouterr().out
    assert "36 s, 2,000 tokens per second, 1.4 GB at the peak, 0.50 paid" in shown


def test_rules_take_no_tokens_and_switched_off_stages_nothing(repository: Path) -> None:
    set_params(
        repository, **{"teacher.backend": "builtin", "teacher.model": "rules", "augment.enabled": False}
    )
    told = estimated()["stages"]
    assert told["generate"]["new"] == [16, 16]
    assert told["total"]["prompt_tokens"] == told["total"]["answer_tokens"] == [0, 0]
    assert (told["augment"]["new"], told["augment"]["basis"]) == ([0, 0], "switched off")


def test_the_budget_is_judged_with_what_was_spent_before(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    low, high = estimated()["stages"]["total"]["money"]
    verdicts = []
    for limit in (high + 1, (low + high) / 2, low / 2):
        set_params(repository, **{"teacher.budget": {"money": limit, "tokens": 0}})
        verdicts.append(estimated()["budget"]["money"])
    assert verdicts == ["fits", "may pass", "passes"]
    cost.cost()
    shown = capsys.readouterr().out
    assert "generate" in shown and "teacher.budget.money" in shown and "Assumed: " in shown


def test_check_tells_the_total_and_warns_where_a_budget_may_be_passed(repository: Path) -> None:
    [before] = check_cost.findings()
    asked = str(estimated()["stages"]["total"]["new"][0])
    assert before.state == "ok" and before.text.startswith(asked)
    assert " tokens, " in before.text and " money" in before.text
    set_params(repository, **{"teacher.budget": {"money": 1e-9, "tokens": 0}})
    [after] = check_cost.findings()
    assert (after.state, "may pass teacher.budget.money" in after.text) == ("warn", True)


def test_chunks_of_other_documents_or_parameters_are_not_estimated_from(
    slm_factory: Command, pipeline: Path
) -> None:
    stage = "stages: {chunk: {cmd: python -V, deps: [input.txt], outs: [data/chunk.parquet]}}"
    (pipeline / "dvc.yaml").write_text(stage)
    (pipeline / "data").mkdir()
    (pipeline / "data/chunk.parquet").touch()
    result = slm_factory("tool", "cost")
    assert result.returncode == 2
    assert "is not that of the present documents and parameters" in result.stderr
    assert "run --until chunk" in result.stderr


def test_without_fresh_chunks_the_command_says_how_to_get_them(slm_factory: Command, pipeline: Path) -> None:
    result = slm_factory("tool", "cost")
    assert (result.returncode, result.stdout) == (2, "")
    problem, hint = result.stderr.splitlines()
    assert problem == "error: there is no data/chunk.parquet to estimate from"
    assert "run --until chunk" in hint


def test_answers_of_an_earlier_run_are_a_yardstick_where_prompts_have_changed(workspace: Path) -> None:
    file = Path("data/answers/generate.parquet")
    raw = json.dumps({"text": "", "usage": {"prompt_tokens": 9, "completion_tokens": 300}})
    files.write_rows(file, [{"request": str(n), "answer": raw} for n in range(6)], TEACHER_ANSWER)
    past = past_answers(file, Load(requests=2, answer=1200))
    assert (past.answer, past.answers) == (0.5, 6)
    files.write_rows(file, [{"request": "1", "answer": '{"value": 1}'}] * 9, TEACHER_ANSWER)
    assert past_answers(file, Load(requests=2, answer=1200)).answer is None


def test_ranges_are_short_to_read() -> None:
    assert cost.between([0, 0]) == "0"
    assert cost.between([950, 12_345]) == "950-12.3k"
    assert cost.between([1_200_000, 3_450_000]) == "1.2M-3.45M"
    assert cost.between([0.001, 0.352]) == "0.00-0.35"
    assert cost.between(None) == "?"
    assert Range(1, 2) + Range(3, 4) * (0.5, 2) == Range(2.5, 10)
    assert Forecast("score").seconds is None
