"""Answers of a student, batched and remembered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.core.store import Store
from slm_factory.student import decode, generate, model
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


def test_what_a_model_ships_for_sampling_leaves_its_answers_greedy(
    taught: Path, store: Store, tmp_path: Path
) -> None:
    import shutil

    from transformers import GenerationConfig

    place = shutil.copytree(taught, tmp_path / "shipped")
    GenerationConfig(
        do_sample=True,
        temperature=0.3,
        top_k=3,
        repetition_penalty=5.0,
        no_repeat_ngram_size=1,
        eos_token_id=2,
    ).save_pretrained(place)
    answers = Student(str(place), store).answer([conversation(question) for question, _ in LESSONS], 48)
    assert [answer["text"] for answer in answers] == [answer for _, answer in LESSONS]


def test_rows_that_end_early_leave_the_batch_and_change_nothing(
    taught: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [conversation(question) for question, _ in LESSONS]
    with Store(tmp_path / "alone.sqlite") as other:
        alone = Student(str(taught), other, batch_size=1).answer(asked, 48)
    monkeypatch.setattr(decode, "ROUND", 4)
    student = Student(str(taught), store)
    network, _ = student.load()
    rows: list[int] = []
    ask = network.generate
    monkeypatch.setattr(
        network, "generate", lambda **how: (rows.append(len(how["input_ids"])), ask(**how))[1]
    )
    assert student.answer(asked, 48) == alone
    assert rows[0] == len(LESSONS) and rows[-1] < len(LESSONS)
    assert rows == sorted(rows, reverse=True)


def test_an_adapter_is_merged_and_answers_like_one_that_is_not(
    taught: Path, store: Store, tmp_path: Path
) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_pretrained(taught, local_files_only=True)
    config = LoraConfig(task_type="CAUSAL_LM", target_modules="all-linear", r=4, init_lora_weights=False)
    get_peft_model(network, config).save_pretrained(tmp_path / "adapter")
    asked = [conversation(question) for question, _ in LESSONS]
    student = Student(str(taught), store, adapter=tmp_path / "adapter")
    merged, tokenizer = student.load()
    assert not any("lora" in name for name, _ in merged.named_modules())
    beside = model.load_model(taught, device="cpu", dtype=student.dtype, adapter=tmp_path / "adapter")
    with Store(tmp_path / "other.sqlite") as other:
        unmerged = Student(str(taught), other, adapter=tmp_path / "adapter")
        unmerged.loaded = beside, tokenizer
        assert student.answer(asked, 24) == unmerged.answer(asked, 24)


def test_a_window_of_attention_survives_rows_that_leave(store: Store, tmp_path: Path, taught: Path) -> None:
    """Gemma 3 keeps only the last tokens in most of its layers."""
    import shutil

    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(3)
    tokenizer = model.load_tokenizer(taught)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        num_hidden_layers=2,
        head_dim=16,
        sliding_window=12,
        eos_token_id=2,
        **sizes,
    )
    config.layer_types = ["sliding_attention", "full_attention"]
    network = Gemma3ForCausalLM(config)
    network.model.embed_tokens.weight.data[2] *= 3  # the end comes up now and then
    network.save_pretrained(tmp_path / "gemma")
    for file in taught.glob("*token*"):
        shutil.copy(file, tmp_path / "gemma")
    shutil.copy(taught / "chat_template.jinja", tmp_path / "gemma")
    asked = [conversation(question) for question, _ in LESSONS]
    together = Student(str(tmp_path / "gemma"), store).answer(asked, 40)
    with Store(tmp_path / "alone.sqlite") as other:
        assert Student(str(tmp_path / "gemma"), other, batch_size=1).answer(asked, 40) == together
    assert len({answer["tokens"] for answer in together}) > 1


def test_memory_bounds_the_batch(taught: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    student = Student(str(taught), store)
    network, _ = student.load()
    longest = max(sum(len(m["content"]) for m in conversation(question)) for question, _ in LESSONS)
    room = 2 * (longest + 8) * model.cache_bytes(network)
    monkeypatch.setattr(generate, "BATCH_BYTES", {student.device: room})
    sizes: list[int] = []
    work = student.generate
    monkeypatch.setattr(
        student, "generate", lambda batch, most: (sizes.append(len(batch)), work(batch, most))[1]
    )
    student.answer([conversation(question) for question, _ in LESSONS], 8)
    assert sizes[0] == 2 and sum(sizes) == len(LESSONS)


def test_the_loss_of_a_text_needs_no_question(taught: Path, store: Store) -> None:
    import torch

    student = Student(str(taught), store)
    network, tokenizer = student.load()
    text = "백업은 매일 02시에 합니다."
    losses = student.text_loss([text, "Logs are kept for 90 days, and then for ever."])
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    assert losses[0] == pytest.approx(network(ids, labels=ids).loss.item(), abs=1e-4)
