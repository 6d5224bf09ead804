"""The model card and the card of a refused candidate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from slm_factory.report.card import Asking, Base, Made, model_card, refusal_card, table
from tests import rows


def measured(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}


@pytest.fixture
def made() -> Made:
    """Two documents, three trained pairs of two facts, a tuned student that beats its base."""
    pairs = [
        rows.split(language="ko", doc_id="절차/복구.hwpx", fact_id="f1", teacher="openai/big"),
        rows.split(language="ko", doc_id="절차/복구.hwpx", fact_id="f1", teacher="openai/big"),
        rows.split(language="en", doc_id="a|b.md", fact_id="f2", teacher="builtin"),
        rows.split(language="en", doc_id="a|b.md", fact_id="f3", teacher="never", split="unseen"),
    ]
    recall = {
        name: {"n": 150, "key_facts": measured(mean)} for name, mean in (("base", 0.04), ("tuned", 0.9))
    }
    recall["tuned"]["refusal"] = measured(0.03)
    abstain = {"tuned": {"n": 30, "refusal": measured(0.63)}, "base": {"n": 30, "refusal": measured(0.0)}}
    return Made(
        base=Base(
            name="owner/name-1b",
            version="0123abc",
            is_folder=False,
            architecture="Qwen3ForCausalLM",
            parameters=1_234_567,
            card={"license": "other", "license_name": "gemma", "license_link": "https://example.com/terms"},
        ),
        asking=Asking(
            form="chatml",
            system_prompt="짧게\n답합니다.",
            prompt="<|im_start|>user\n...?<|im_end|>",
            end="<|im_end|>",
            refusals=("모릅니다.", "Not said."),
        ),
        dtype="float16",
        documents=[
            rows.document(doc_id="a|b.md", date="2024-01-02"),
            rows.document(doc_id="절차/복구.hwpx", format="hwpx", language="ko", date="2025-03-04"),
        ],
        pairs=pairs,
        mix={"train": 1053, "train_kinds": {"pair": 1000, "abstain": 53, "statement": 0}},
        training={"steps": 330, "epochs": 10.0, "best_valid_loss": None, "too_long_kinds": {}},
        adapter={
            "r": 32,
            "lora_alpha": 64,
            "lora_dropout": 0.0,
            "target_modules": ["v", "q"],
            "use_dora": True,
        },
        evaluation={
            "recall": recall,
            "abstain": abstain,
            "retrieval": {"contender": "base_retrieval", "gain": measured(0.1), "is_better": False},
            "judge": {"agreement": {}, "failed": 0},
        },
        gate={
            "verdict": "pass",
            "rules": [{"name": "reaches_minimum", "is_met": True, "explanation": "0.9, 0.5 needed"}],
        },
    )


def test_the_front_matter_is_read_by_the_hub_with_base_licence_languages_and_results(made: Made) -> None:
    data = ModelCard(model_card(made)).data
    assert (data.base_model, data.license, data.license_name) == ("owner/name-1b", "other", "gemma")
    assert data.license_link == "https://example.com/terms"
    assert data.language == ["en", "ko"]
    assert (data.library_name, data.pipeline_tag) == ("transformers", "text-generation")
    found = {result.dataset_name: (result.metric_type, result.metric_value) for result in data.eval_results}
    assert found == {"recall": ("key_facts", 0.9), "abstain": ("refusal", 0.63)}


def test_a_base_in_a_folder_is_not_taken_for_a_model_on_the_hub(made: Made) -> None:
    text = model_card(replace(made, base=replace(made.base, name="models/mine", is_folder=True, card={})))
    assert ModelCard(text).data.base_model is None
    assert "derive from `models/mine`, which is under a licence that its folder does not state" in text


def test_it_tells_documents_facts_pairs_kinds_languages_and_teachers(made: Made) -> None:
    text = model_card(made)
    assert "2 documents (1 hwpx, 1 md) gave 2 facts,\nasked in 3 question-answer pairs (2 ko, 1 en)" in text
    assert (
        "`builtin`, `openai/big` wrote" in text
        and "never" not in text.split("## Training")[0].split("wrote")[0]
    )
    assert "Trained on 1,053 conversations: 1,000 pair, 53 abstain." in text
    assert "| 절차/복구.hwpx | hwpx | ko | 2025-03-04 | 1 | 2 |" in text
    assert "| a\\|b.md | md | en | 2024-01-02 | 1 | 1 |" in text


def test_it_tells_how_the_student_was_trained_and_from_which_weights(made: Made) -> None:
    text = model_card(made)
    assert "| base model | owner/name-1b (Qwen3ForCausalLM, 1,234,567 parameters) |" in text
    assert "| version of the base | 0123abc |" in text
    assert "| method | DoRA |" in text and "| rank, alpha, dropout | 32, 64, 0.0 |" in text
    assert "| tuned layers | q, v |" in text and "| steps | 330 |" in text


def test_what_was_not_measured_or_not_used_has_no_line(made: Made) -> None:
    card = model_card(made)
    assert "best valid loss" not in card and "too long kinds" not in card
    assert "1,000 pair, 53 abstain." in card and "statement" not in card


def test_every_slice_stands_with_its_intervals_and_nothing_that_is_no_slice(made: Made) -> None:
    text = model_card(made)
    assert "| recall | key_facts | 150 | 0.040 (0.020-0.060) | 0.900 (0.880-0.920) |" in text
    assert "| recall | refusal | 150 | - | 0.030 (0.010-0.050) |" in text
    assert "| reaches_minimum | met | 0.9, 0.5 needed |" in text
    assert "retrieval" not in text


def test_limits_are_said_in_words_with_what_was_measured_and_no_more(made: Made) -> None:
    text = model_card(made)
    limits = text.partition("## Limits")[2]
    assert "it gave 10% wrongly" in limits and "refused 3% of the questions" in limits
    assert "To 37% of the questions that the documents do not answer" in limits
    assert "guessed" not in limits and "perplexity" not in limits  # neither unseen nor text was measured
    assert "newest dated document is of 2025-03-04" in limits
    assert "핵심 사실의 90%를 맞혔고(95% 신뢰 구간 88%~92%), 학습 전 모델은 4%였습니다." in text


def test_it_says_plainly_when_retrieval_serves_better(made: Made) -> None:
    found = {"contender": "base_retrieval", "gain": measured(0.125), "is_better": True}
    text = model_card(replace(made, evaluation=made.evaluation | {"retrieval": found}))
    assert "- base with retrieval, which is given passages that a search finds, answers better: +0.12" in text


def test_it_says_how_to_ask(made: Made) -> None:
    text = model_card(made)
    assert "> 짧게\n> 답합니다.\n" in text
    assert "of the form `chatml`" in text and "```text\n<|im_start|>user\n...?<|im_end|>\n```" in text


def test_a_refused_candidate_says_so_first_with_every_broken_rule_and_the_numbers(made: Made) -> None:
    rules: list[dict[str, Any]] = [
        {"name": "better_than_base", "is_met": False, "explanation": "0.1 lower"},
        {"name": "enough_questions", "is_met": True, "explanation": "150"},
    ]
    text = refusal_card(replace(made, gate={"verdict": "fail", "rules": rules}))
    assert text.startswith("# REFUSED\n")
    why = text.partition("## Data")[0]
    assert "- better_than_base: 0.1 lower" in why and "enough_questions" not in why
    assert "| better_than_base | NOT MET | 0.1 lower |" in text and "| recall | key_facts |" in text
    assert "## Asking it" not in text and "## Licence" not in text


def test_the_card_ends_a_long_list_of_documents_with_their_number(made: Made) -> None:
    many = [rows.document(doc_id=f"{number:03}.md") for number in range(203)]
    text = model_card(replace(made, documents=many, pairs=made.pairs[2:]))
    assert "| 199.md |" in text and "| 200.md |" not in text and "... and 3 more documents." in text


def test_a_cell_stays_one_cell(tmp_path: Path) -> None:
    assert table(["a"], [["x|y\nz"]]).splitlines() == ["| a |", "| --- |", "| x\\|y z |"]
