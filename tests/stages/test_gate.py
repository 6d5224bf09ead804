"""The gate stage."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slm_factory.core import files
from slm_factory.core.records import ANSWER
from slm_factory.metrics.champion import champion_rules
from stages import gate
from tests.conftest import set_params


def answers(contender: str, slice_name: str, **metrics: list[float | None]) -> list[dict[str, Any]]:
    """One row per value; the metrics not named are 0."""
    count = len(next(iter(metrics.values())))
    numbers = ("key_facts", "rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "exact", "answer_loss")
    return [
        {name: "" for name in ("pair_id", "doc_id", "language", "question", "reference", "answer")}
        | dict.fromkeys(numbers, 0.0)
        | {
            "question_id": f"{slice_name}-{row:03}",
            "slice": slice_name,
            "contender": contender,
            "is_refusal": False,
            "is_new": False,
            "tokens": 1,
        }
        | {name: values[row] for name, values in metrics.items()}
        for row in range(count)
    ]


def good_rows() -> list[dict[str, Any]]:
    return [
        *answers("base", "recall", key_facts=[0.0] * 50),
        *answers("tuned", "recall", key_facts=[1.0] * 45 + [0.0] * 5),
        *answers("base", "general", answer_loss=[2.0] * 20),
        *answers("tuned", "general", answer_loss=[2.1] * 20),
    ]


def judge(workspace: Path, rows: list[dict[str, Any]]) -> tuple[str, dict[str, dict[str, Any]]]:
    """(verdict, rules by name) of the stage on `rows`."""
    files.write_rows(gate.ANSWERS, rows, ANSWER)
    gate.main()
    verdict = files.read_json(gate.VERDICT)
    return verdict["verdict"], {rule["name"]: rule for rule in verdict["rules"]}


def unmet(rules: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, rule in rules.items() if not rule["is_met"]]


def test_a_clear_gain_passes_every_rule(workspace: Path) -> None:
    verdict, rules = judge(workspace, good_rows())
    assert verdict == "pass"
    assert rules["reaches_minimum"]["value"] == 0.9
    assert 0 < rules["better_than_base"]["low"] < 0.9 < rules["better_than_base"]["high"]
    assert rules["forgets_little"]["value"] == pytest.approx(0.1)


def test_equality_on_zeros_is_no_pass_even_without_a_minimum(workspace: Path) -> None:
    set_params(workspace, **{"gate.min_headline": 0.0})
    rows = [
        *answers("base", "recall", key_facts=[0.0] * 50),
        *answers("tuned", "recall", key_facts=[0.0] * 50),
        *good_rows()[100:],
    ]
    verdict, rules = judge(workspace, rows)
    assert verdict == "fail" and unmet(rules) == ["better_than_base"]


def test_no_questions_fail_with_an_explanation(workspace: Path) -> None:
    verdict, rules = judge(workspace, [])
    assert verdict == "fail" and unmet(rules) == list(rules)
    assert all("no questions to judge by" in rule["explanation"] for rule in rules.values())


def test_few_questions_prove_nothing(workspace: Path) -> None:
    rows = [row for row in good_rows() if row["slice"] == "general" or row["question_id"] < "recall-005"]
    verdict, rules = judge(workspace, rows)
    assert verdict == "fail" and unmet(rules) == ["enough_questions"]


def test_forgetting_beyond_the_limit_fails(workspace: Path) -> None:
    rows = [*good_rows()[:120], *answers("tuned", "general", answer_loss=[2.6] * 20)]
    assert unmet(judge(workspace, rows)[1]) == ["forgets_little"]


# Equality with the champion is enough here, and no refusals are asked for.
AGAINST_V1 = {"gate.champion": "v1", "gate.min_refusal": 0.0, "gate.require_gain": False}


def with_champion(recall: list[float | None], refusals: list[bool]) -> list[dict[str, Any]]:
    return [
        *good_rows(),
        *answers("champion", "recall", key_facts=recall),
        *answers("tuned", "abstain", is_refusal=[False] * 40),
        *answers("champion", "abstain", is_refusal=refusals),
    ]


def test_a_slice_that_falls_behind_the_champion_fails_by_name(workspace: Path) -> None:
    set_params(workspace, **AGAINST_V1)
    verdict, rules = judge(workspace, with_champion([1.0] * 45 + [0.0] * 5, [True] * 30 + [False] * 10))
    assert verdict == "fail" and unmet(rules) == ["not_worse_than_champion_abstain"]


def test_the_champions_equal_passes(workspace: Path) -> None:
    set_params(workspace, **AGAINST_V1)
    assert judge(workspace, with_champion([1.0] * 45 + [0.0] * 5, [False] * 40))[0] == "pass"


def test_the_champion_is_compared_on_the_same_questions_only(workspace: Path) -> None:
    """The champion failed where facts are null now; those questions must not count for either."""
    set_params(workspace, **{"gate.champion": "v1"})
    rows = with_champion([None] * 45 + [1.0] * 5, [False] * 40)
    _, rules = judge(workspace, rows)
    assert rules["not_worse_than_champion_recall"]["value"] == -1.0


def test_a_student_that_is_no_better_seldom_passes_as_better(workspace: Path) -> None:
    """Two-sided 95%: about 2.5% of equal students lie wholly above zero; 200 trials bound it loosely."""
    settings = gate.params.load("gate", gate.GateSettings).model_copy(
        update={"resamples": 500, "min_headline": 0.0}
    )
    generator = np.random.default_rng(0)
    passed = 0
    for _ in range(200):
        draws = (generator.random((2, 100)) < 0.5).astype(float).tolist()
        rows = [
            *answers("base", "recall", key_facts=draws[0]),
            *answers("tuned", "recall", key_facts=draws[1]),
        ]
        rules = {rule["name"]: rule for rule in gate.judge(rows, settings)["rules"]}
        passed += rules["better_than_base"]["is_met"]
    assert passed <= 12


def in_folder(rows: list[dict[str, Any]], folder: str, questions: str) -> list[dict[str, Any]]:
    """The rows with documents in `folder`, and question ids of their own."""
    return [
        row | {"doc_id": f"{folder}/a.md", "question_id": f"{questions}-{row['question_id']}"} for row in rows
    ]


def two_folders(tuned_in_b: list[float | None]) -> list[dict[str, Any]]:
    """Folder a where the candidate gains, folder b where it has `tuned_in_b` and the champion is right."""
    size = len(tuned_in_b)
    in_a = [
        *answers("base", "recall", key_facts=[0.0] * 80),
        *answers("tuned", "recall", key_facts=[1.0] * 80),
        *answers("champion", "recall", key_facts=[0.0] * 40 + [1.0] * 40),
    ]
    in_b = [
        *answers("base", "recall", key_facts=[0.0] * size),
        *answers("tuned", "recall", key_facts=tuned_in_b),
        *answers("champion", "recall", key_facts=[1.0] * size),
    ]
    return [*in_folder(in_a, "a", "a"), *in_folder(in_b, "b", "b"), *good_rows()[100:]]


def test_a_folder_that_falls_is_named_though_the_slice_gains(workspace: Path) -> None:
    set_params(workspace, **AGAINST_V1)
    verdict, rules = judge(workspace, two_folders([0.0] * 20))
    assert verdict == "fail" and unmet(rules) == ["not_worse_than_champion_recall in b"]
    assert rules["not_worse_than_champion_recall"]["value"] > 0


def test_a_folder_with_too_few_questions_is_not_judged_alone(workspace: Path) -> None:
    set_params(workspace, **AGAINST_V1)
    verdict, rules = judge(workspace, two_folders([0.0] * 9))
    assert verdict == "pass" and not [name for name in rules if name.endswith(" in b")]


def test_many_comparisons_do_not_refuse_an_equal_student_more_often(workspace: Path) -> None:
    """Thirty folders compared at 95% each would refuse half of all equal students; together they hold 95%."""
    settings = gate.params.load("gate", gate.GateSettings).model_copy(
        update={"resamples": 2000, "champion": "v1"}
    )
    generator = np.random.default_rng(1)
    refused = 0
    for _ in range(40):
        rows = []
        for folder in range(30):
            tuned, champion = (generator.random((2, 20)) < 0.5).astype(float).tolist()
            both = [
                *answers("tuned", "recall", key_facts=tuned),
                *answers("champion", "recall", key_facts=champion),
            ]
            rows += in_folder(both, f"folder{folder}", str(folder))
        refused += not all(rule["is_met"] for rule in champion_rules(rows, settings))
    assert refused <= 8


def test_over_refusal_beyond_the_limit_fails(workspace: Path) -> None:
    rows = [
        row | {"is_refusal": row["contender"] == "tuned" and row["question_id"] >= "recall-043"}
        for row in good_rows()
    ]
    assert unmet(judge(workspace, rows)[1]) == ["refuses_little"]


def test_a_student_that_answers_what_it_cannot_know_fails(workspace: Path) -> None:
    rows = [*good_rows(), *answers("tuned", "abstain", is_refusal=[True] * 5 + [False] * 35)]
    assert unmet(judge(workspace, rows)[1]) == ["refuses_where_due"]


def new_questions(tuned: list[float | None], champion: list[float | None]) -> list[dict[str, Any]]:
    """Recall questions on facts that the champion did not learn."""
    rows = [
        *answers("base", "recall", key_facts=[0.0] * len(tuned)),
        *answers("tuned", "recall", key_facts=tuned),
        *answers("champion", "recall", key_facts=champion),
    ]
    return [row | {"is_new": True} for row in in_folder(rows, "new", "new")]


def beside(champion: list[float | None]) -> list[dict[str, Any]]:
    """The good candidate beside a champion that is as good on general chat, in words of its own."""
    rows = [
        *good_rows(),
        *answers("champion", "recall", key_facts=champion),
        *answers("champion", "general", answer_loss=[2.1] * 20),
    ]
    return [row | {"answer": row["contender"]} for row in rows]


EQUAL: list[float | None] = [1.0] * 45 + [0.0] * 5


def test_the_champions_equal_does_not_take_its_place(workspace: Path) -> None:
    set_params(workspace, **{"gate.champion": "v1"})
    verdict, rules = judge(workspace, beside(EQUAL))
    assert verdict == "fail" and unmet(rules) == ["better_than_champion"]


def test_the_champion_itself_made_once_more_passes(workspace: Path) -> None:
    """As when a document was added and deleted again; a release sees that it is no new version."""
    set_params(workspace, **{"gate.champion": "v1"})
    assert judge(workspace, [row | {"answer": "as ever"} for row in beside(EQUAL)])[0] == "pass"


def test_three_new_facts_are_a_gain_and_two_are_none(workspace: Path) -> None:
    set_params(workspace, **{"gate.champion": "v1"})
    assert judge(workspace, [*beside(EQUAL), *new_questions([1.0] * 3, [0.0] * 3)])[0] == "pass"
    _, rules = judge(workspace, [*beside(EQUAL), *new_questions([1.0] * 2, [0.0] * 2)])
    assert unmet(rules) == ["better_than_champion"]


def test_what_was_gained_on_new_documents_hides_no_fall_on_old_ones(workspace: Path) -> None:
    set_params(workspace, **{"gate.champion": "v1"})
    fallen = [*beside([1.0] * 50), *new_questions([1.0] * 60, [0.0] * 60)]
    for row in fallen:
        if row["contender"] == "tuned" and row["question_id"] >= "recall-030" and not row["is_new"]:
            row["key_facts"] = 0.0 if row["slice"] == "recall" else row["key_facts"]
    _, rules = judge(workspace, fallen)
    assert unmet(rules) == ["not_worse_than_champion_recall"]
    assert rules["better_than_champion"]["value"] > 0


def withdrawn(tuned: list[float | None], champion: list[float | None]) -> list[dict[str, Any]]:
    return [
        *answers("tuned", "withdrawn", key_facts=tuned),
        *answers("champion", "withdrawn", key_facts=champion),
    ]


def test_after_a_withdrawal_the_champions_equal_takes_its_place(workspace: Path) -> None:
    set_params(workspace, **{"gate.champion": "v1"})
    verdict, rules = judge(workspace, [*beside(EQUAL), *withdrawn([0.0] * 9 + [1.0], [1.0] * 10)])
    assert verdict == "pass" and rules["gives_no_withdrawn_facts"]["value"] == 0.1


def test_a_candidate_that_still_gives_withdrawn_facts_fails(workspace: Path) -> None:
    set_params(workspace, **{"gate.champion": "v1"})
    _, rules = judge(workspace, [*beside(EQUAL), *withdrawn([0.0] * 7 + [1.0] * 3, [1.0] * 10)])
    assert unmet(rules) == ["gives_no_withdrawn_facts"]


def test_losses_on_plain_text_have_a_limit_of_their_own(workspace: Path) -> None:
    def texts(rise: float) -> list[dict[str, Any]]:
        both = [("base", 3.0), ("tuned", 3.0 + rise)]
        return [row for name, loss in both for row in answers(name, "text", answer_loss=[loss] * 40)]

    assert judge(workspace, [*good_rows(), *texts(1.4)])[0] == "pass"
    assert unmet(judge(workspace, [*good_rows(), *texts(1.6)])[1]) == ["forgets_little_text"]


def test_a_measurable_but_tiny_rise_of_loss_is_tolerated(workspace: Path) -> None:
    set_params(workspace, **AGAINST_V1)

    def texts(rise: float) -> list[dict[str, Any]]:
        contenders = [("base", 3.0), ("champion", 3.0), ("tuned", 3.0 + rise)]
        return [row for name, loss in contenders for row in answers(name, "text", answer_loss=[loss] * 40)]

    assert judge(workspace, [*beside(EQUAL), *texts(0.09)])[0] == "pass"
    _, rules = judge(workspace, [*beside(EQUAL), *texts(0.11)])
    assert unmet(rules) == ["not_worse_than_champion_text"]
