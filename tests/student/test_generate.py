"""Answers of a student, batched and remembered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.core.store import Store
from slm_factory.student.generate import Student
from tests.tiny_student import LESSONS, conversation


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "answers.sqlite") as opened:
        yield opened


def test_answers_come_back_in_the_order_of_the_questions(taught: Path, store: Store) -> None:
    answers = Student(str(taught), store, batch_size=3).answer([conversation(q) for q, _ in LESSONS], 48)
    assert [answer["text"] for answer in answers] == [answer for _, answer in LESSONS]


def test_a_batch_answers_like_one_by_one(taught: Path, store: Store, tmp_path: Path) -> None:
    asked = [
        conversation(q)
        for q in (LESSONS[1][0], "백업은 언제?", "How long are logs and all other records kept here?")
    ]
    together = Student(str(taught), store).answer(asked, 24)
    with Store(tmp_path / "other.sqlite") as other:
        alone = Student(str(taught), other, batch_size=1).answer(asked, 24)
    assert together == alone
    assert len({answer["text"] for answer in together}) > 1


def test_tokens_are_counted_with_the_end_token_and_end_at_the_limit(taught: Path, store: Store) -> None:
    student = Student(str(taught), store)
    _, tokenizer = student.load()
    whole = student.answer([conversation(*LESSONS[0][:1])], 48)[0]
    assert whole["tokens"] == len(tokenizer(LESSONS[0][1])["input_ids"]) + 1
    assert student.answer([conversation(*LESSONS[0][:1])], 2)[0]["tokens"] == 2


def test_remembered_answers_need_no_model(
    taught: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [conversation(q) for q, _ in LESSONS[:2]]
    first = Student(str(taught), store).answer(asked, 8)
    loss = Student(str(taught), store).answer_loss([conversation(*LESSONS[0])])
    monkeypatch.setattr(Student, "load", lambda self: pytest.fail("loaded the model"))
    again = Student(str(taught), store)
    assert again.answer(asked, 8) == first
    assert again.answer_loss([conversation(*LESSONS[0])]) == loss


def test_an_adapter_is_another_student(taught: Path, store: Store, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}", encoding="utf-8")
    assert Student(str(taught), store, adapter=tmp_path).identity != Student(str(taught), store).identity


def test_the_loss_is_that_of_the_last_answer_alone(taught: Path, store: Store) -> None:
    import torch

    student = Student(str(taught), store)
    messages = [*conversation(*LESSONS[0]), *conversation("담당자는?", "모릅니다.")[1:]]
    losses = student.answer_loss([messages, conversation(*LESSONS[1])])
    network, tokenizer = student.load()
    ids = tokenizer(tokenizer.apply_chat_template(messages, tokenize=False).rstrip("\n"))["input_ids"]
    answer = len(tokenizer("모릅니다.<|im_end|>")["input_ids"])
    logits = network(torch.tensor([ids])).logits[0]
    expected = torch.nn.functional.cross_entropy(logits[-answer - 1 : -1], torch.tensor(ids[-answer:]))
    assert losses[0] == pytest.approx(expected.item(), abs=1e-4)
    assert losses[1] < 0.1 < losses[0]
