"""The export stage, with a tiny student."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files, records
from slm_factory.core.store import Store
from slm_factory.student import model
from slm_factory.student.generate import Student
from stages import export
from tests import rows, tiny_student
from tests.conftest import set_params
from tests.stages.test_evaluate import make_adapter
from tests.tiny_student import LESSONS, SYSTEM, conversation


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.make(tmp_path_factory.mktemp("student"), steps=30)


def prepare(workspace: Path, student: Path, verdict: str) -> None:
    rule: dict[str, Any] = {
        "name": "reaches_minimum",
        "is_met": verdict == "pass",
        "explanation": "0.1, 0.5 needed",
    }
    files.write_json(export.GATE, {"verdict": verdict, "rules": [rule]})
    value = {"mean": 0.9, "low": 0.8, "high": 0.95}
    measured = {"n": 150, "key_facts": value}
    beside = {
        "retrieval": {"contender": "base_retrieval", "gain": value, "is_better": False},
        "judge": {"agreement": {}, "failed": 0},
    }
    files.write_json(export.EVALUATION, {"recall": {"base": measured, "tuned": measured}} | beside)
    training = {"train_rows": 1053, "steps": 330, "epochs": 10.0, "trainable_parameters": 933888}
    files.write_json(export.TRAINING, {**training, "best_valid_loss": 0.114})
    files.write_json(export.MIX, {"train": 1053, "train_kinds": {"pair": 1053}})
    files.write_rows(export.DOCUMENTS, [rows.document()], records.DOCUMENT)
    files.write_rows(export.PAIRS, [rows.split()], records.SPLIT)
    make_adapter(student, export.ADAPTER)
    set_params(
        workspace,
        **{"student.model": str(student), "student.system_prompt": SYSTEM, "export.dtype": "float32"},
    )


def test_the_merged_model_answers_like_base_and_adapter(workspace: Path, student: Path) -> None:
    prepare(workspace, student, "pass")
    export.main()
    asked = [conversation(question) for question, _ in LESSONS]
    with Store() as store:
        expected = Student(str(student), store, adapter=export.ADAPTER).answer(asked, 24)
        base = Student(str(student), store).answer(asked, 24)
        assert Student(str(export.MERGED), store).answer(asked, 24) == expected != base
    assert files.read_json(export.METRICS)["is_exported"] is True


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_are_stored_in_the_dtype_of_params(workspace: Path, student: Path, dtype: str) -> None:
    from safetensors import safe_open

    prepare(workspace, student, "pass")
    set_params(workspace, **{"export.dtype": dtype})
    export.main()
    with safe_open(export.MERGED / "model.safetensors", framework="pt") as weights:
        names = weights.keys()
        assert {str(weights.get_tensor(name).dtype) for name in names} == {f"torch.{dtype}"}


def test_the_card_tells_base_turns_numbers_and_licence(workspace: Path, student: Path) -> None:
    prepare(workspace, student, "pass")
    (student / "README.md").write_text("---\nlicense: mit\n---\n# Tiny\n", encoding="utf-8")
    export.main()
    card = (export.MERGED / "README.md").read_text(encoding="utf-8")
    assert "| recall | key_facts | 150 | 0.900 (0.800-0.950) | 0.900 (0.800-0.950) |" in card
    assert f"| version of the base | files {model.fingerprint(student)} |" in card
    assert f"{model.load_model(student, device='cpu', dtype=None).num_parameters():,} parameters" in card
    assert "which is under mit." in card
    assert f"{SYSTEM}<|im_end|>\n<|im_start|>user\n" in card


def test_the_terms_of_the_base_and_its_tokenizer_model_go_with_the_weights(
    workspace: Path, student: Path
) -> None:
    copy = Path(shutil.copytree(student, workspace / "base"))
    for name in ("LICENSE", "NOTICE.txt", "tokenizer.model", "other.txt"):
        (copy / name).write_text(name)
    prepare(workspace, copy, "pass")
    export.main()
    kept = {file.name for file in export.MERGED.iterdir() if file.read_bytes() == file.name.encode()}
    assert kept == {"LICENSE", "NOTICE.txt", "tokenizer.model"}


def test_nothing_in_the_merged_folder_names_a_place_on_this_machine(workspace: Path, student: Path) -> None:
    prepare(workspace, student, "pass")
    (workspace / "models/mine").symlink_to(student)
    set_params(workspace, **{"student.model": "models/mine"})
    export.main()
    for file in export.MERGED.iterdir():
        assert str(student).encode() not in file.read_bytes(), file
        assert str(workspace).encode() not in file.read_bytes(), file


def test_the_same_inputs_give_the_same_bytes(workspace: Path, student: Path) -> None:
    prepare(workspace, student, "pass")
    export.main()
    first = {file.name: file.read_bytes() for file in export.MERGED.iterdir()}
    export.main()
    assert {file.name: file.read_bytes() for file in export.MERGED.iterdir()} == first


def test_after_a_failed_gate_there_are_reasons_and_no_weights(workspace: Path, student: Path) -> None:
    prepare(workspace, student, "pass")
    export.main()
    prepare(workspace, student, "fail")
    export.main()
    assert [file.name for file in export.MERGED.iterdir()] == ["REFUSED.md"]
    text = (export.MERGED / "REFUSED.md").read_text(encoding="utf-8")
    assert text.startswith("# REFUSED") and "- reaches_minimum: 0.1, 0.5 needed" in text
    assert files.read_json(export.METRICS)["is_exported"] is False
