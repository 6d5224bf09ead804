"""The chat lines: every source of rows, the served system prompt, the shares asked for."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from slm_factory.core import files, params
from slm_factory.core.files import Row
from slm_factory.core.records import AUGMENTED, DIALOGUE, SPLIT
from slm_factory.student.settings import StudentSettings
from stages import convert
from tests import rows
from tests.conftest import set_params

ABSTAIN = [
    {"id": "a1", "language": "ko", "split": "train", "kind": "out_of_scope", "question": "주가는?"},
    {"id": "a2", "language": "en", "split": "train", "kind": "out_of_scope", "question": "Share price?"},
    {"id": "a3", "language": "en", "split": "test", "kind": "out_of_scope", "question": "Weather?"},
]
GENERAL = [
    {"id": f"g{n}", "language": "en", "split": "replay", "question": f"Hi {n}?", "answer": "Hello."}
    for n in range(50)
] + [{"id": "kept", "language": "en", "split": "test", "question": "Aside?", "answer": "Yes."}]
DIALOGUES = [
    {
        **{"dialogue_id": "d1", "doc_id": "a.md", "language": "en", "pair_ids": ["p1"], "teacher": "fake"},
        "messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}],
        "request": "r",
    }
]


def run(pairs: int = 20, *more: Row, dialogues: Sequence[Row] = DIALOGUES) -> list[Row]:
    names = ["train"] * pairs + ["valid", "test", "unseen", "dropped"]
    split = [rows.split(pair_id=f"p{n}", split=name) for n, name in enumerate(names)]
    for row in split[-3:-1]:
        row["question"] = f"Who tests {row['split']}?"
    files.write_rows(convert.PAIRS, [*split, *more], SPLIT)
    files.write_rows(convert.PARAPHRASES, [rows.split(pair_id="x", origin="p0")], AUGMENTED)
    files.write_rows(convert.DIALOGUES, dialogues, DIALOGUE)
    files.write_json_lines(convert.ABSTAIN, ABSTAIN)
    files.write_json_lines(convert.GENERAL, GENERAL)
    convert.main()
    return files.read_json_lines(convert.CHAT)


def test_every_source_reaches_training_and_nothing_held_out_does(workspace: Path) -> None:
    set_params(workspace, **{"convert.replay_share": 0.08, "convert.min_replay": 0})
    lines = run()
    assert Counter((line["split"], line["kind"]) for line in lines) == {
        **{("train", "pair"): 20, ("valid", "pair"): 1, ("train", "paraphrase"): 1},
        **{("train", "dialogue"): 1, ("train", "abstain"): 2, ("train", "replay"): 2},
    }
    assert not {"p21", "p22", "p23", "a3", "kept"} & {line["pair_id"] for line in lines}


def test_a_refused_pair_is_a_line_of_kind_abstain(workspace: Path) -> None:
    student = params.load("student", StudentSettings)
    refused = rows.split(pair_id="none", kind="abstain", question="Since when?", answer=student.refusal_en)
    kinds = {line["pair_id"]: line["kind"] for line in run(20, refused)}
    assert kinds["none"] == kinds["a1"] == "abstain"
    set_params(workspace, **{"convert.abstain": False})
    assert "none" not in {line["pair_id"] for line in run(20, refused)}


@pytest.mark.parametrize("leak", ["Who tests test!", "who tests unseen", "Weather", "aside?"])
def test_no_line_asks_a_question_that_any_source_holds_out(workspace: Path, leak: str) -> None:
    lines = run(20, rows.split(pair_id="leak", question=leak))
    assert "leak" not in {line["pair_id"] for line in lines}
    assert files.read_json(convert.METRICS)["decontaminated"] == 1


def test_a_conversation_with_a_held_out_question_in_any_turn_is_left_out(workspace: Path) -> None:
    messages = [*DIALOGUES[0]["messages"], {"role": "user", "content": "Who tests test?"}]
    leaking = DIALOGUES[0] | {"dialogue_id": "d2", "messages": messages}
    assert run(dialogues=[*DIALOGUES, leaking]) == run()


def test_every_line_opens_with_the_system_prompt_that_is_served(workspace: Path) -> None:
    student = params.load("student", StudentSettings)
    for line in run():
        roles = [message["role"] for message in line["messages"]]
        assert roles == ["system"] + ["user", "assistant"] * (len(roles) // 2)
        assert line["messages"][0]["content"] == student.system_prompt


def test_a_pair_is_trained_closed_book(workspace: Path) -> None:
    (line,) = [line for line in run() if line["pair_id"] == "p3"]
    assert [message["content"] for message in line["messages"][1:]] == [
        "What is the limit of Alpha?",
        "Alpha is 7 bar.",
    ]


def test_abstain_lines_answer_with_the_refusal_in_the_questions_language(workspace: Path) -> None:
    student = params.load("student", StudentSettings)
    answers = {line["pair_id"]: line["messages"][-1]["content"] for line in run()}
    assert (answers["a1"], answers["a2"]) == (student.refusal_ko, student.refusal_en)


def test_abstain_can_be_switched_off(workspace: Path) -> None:
    set_params(workspace, **{"convert.abstain": False})
    assert "abstain" not in {line["kind"] for line in run()}


def test_replay_makes_up_its_share_of_all_training_lines(workspace: Path) -> None:
    set_params(workspace, **{"convert.replay_share": 0.25, "convert.min_replay": 0})
    kinds = Counter(line["kind"] for line in run(pairs=95) if line["split"] == "train")
    assert (kinds["replay"], kinds.total()) == (33, 132)


def test_few_rows_get_the_least_of_replay_unless_there_is_to_be_none(workspace: Path) -> None:
    counts = []
    for share in (0.01, 0.0):
        set_params(workspace, **{"convert.replay_share": share, "convert.min_replay": 30})
        counts.append(Counter(line["kind"] for line in run())["replay"])
    assert counts == [30, 0]


def test_replay_takes_what_there_is_and_never_repeats_a_line(workspace: Path) -> None:
    set_params(workspace, **{"convert.replay_share": 0.9, "convert.min_replay": 0})
    replayed = [line["pair_id"] for line in run() if line["kind"] == "replay"]
    assert len(replayed) == len(set(replayed)) == 50


def test_the_same_inputs_give_the_same_bytes_and_the_counts_are_true(workspace: Path) -> None:
    set_params(workspace, **{"convert.replay_share": 0.08, "convert.min_replay": 0})
    lines = run()
    first = convert.CHAT.read_bytes()
    run()
    assert convert.CHAT.read_bytes() == first
    metrics = files.read_json(convert.METRICS)
    assert (metrics["lines"], metrics["train"], metrics["valid"]) == (len(lines), len(lines) - 1, 1)
    assert metrics["train_kinds"] == {
        **{"pair": 20, "paraphrase": 1, "statement": 0, "dialogue": 1, "abstain": 2, "replay": 2}
    }
    assert metrics["valid_kinds"] == dict.fromkeys(convert.KINDS, 0) | {"pair": 1}


def facts() -> list[Row]:
    """Four trained facts, two pairs each, of which one is refused, and one fact that is held out."""
    return [
        rows.split(
            **{"pair_id": f"s{fact}{wording}", "fact_id": f"g{fact}", "doc_id": "절차/장애_등급.pdf"},
            **{"category": "정의", "language": "ko", "statement": f"사실 {fact}이다."},
            **{"question": f"{fact}? {wording}", "split": "unseen" if fact == 4 else "train"},
            kind="abstain" if fact == 3 else "fact",
        )
        for fact in range(5)
        for wording in range(2)
    ]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_statements_are_rows_of_trained_facts_once_each_by_their_share(
    workspace: Path, share: float, count: int
) -> None:
    set_params(workspace, **{"convert.statements": share})
    found = [line for line in run(20, *facts()) if line["kind"] == "statement"]
    assert len(found) == count == files.read_json(convert.METRICS)["train_kinds"]["statement"]
    told = {line["messages"][-1]["content"] for line in found}
    assert len(told) == count and told <= {"사실 0이다.", "사실 1이다.", "사실 2이다.", "Alpha is 7 bar."}


def test_a_statement_is_asked_for_by_document_and_section_in_its_language(workspace: Path) -> None:
    set_params(workspace, **{"convert.statements": 1.0})
    asked = {line["messages"][1]["content"] for line in run(20, *facts()) if line["kind"] == "statement"}
    assert asked == {
        "'장애 등급' 문서의 '정의'에 적힌 사실을 하나 말해 주세요.",
        'State one fact from "Limits" in the document "a".',
    }


def test_a_larger_share_of_statements_keeps_those_of_a_smaller_one(workspace: Path) -> None:
    trained = facts()
    some, all_ = (convert.statement_lines(trained, share) for share in (0.5, 1.0))
    assert some == all_[: len(some)] and 0 < len(some) < len(all_)


def test_a_request_for_a_statement_that_is_a_held_out_question_is_left_out(workspace: Path) -> None:
    set_params(workspace, **{"convert.statements": 1.0})
    request = convert.statement_request(facts()[0])
    leak = rows.split(pair_id="t", fact_id="t", question=request, split="test")
    told = [line["messages"][1]["content"] for line in run(20, *facts(), leak)]
    assert request not in told and files.read_json(convert.METRICS)["decontaminated"] == 3
