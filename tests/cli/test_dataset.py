"""`slm-factory tool dataset` over tables as the stages write them; other programs read what it wrote."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pandas
import pytest
import yaml
from typer.testing import CliRunner

from slm_factory.cli.main import app
from slm_factory.core import files, params, records
from slm_factory.core.files import Row
from tests import rows

SYSTEM = {"role": "system", "content": "Answer."}
DOCUMENT = "정책/백업|복구.md"


def said(*contents: str) -> list[dict[str, str]]:
    """A conversation under the system prompt."""
    roles = ("user", "assistant") * (len(contents) // 2)
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]


def row_of(schema: Any, **values: Any) -> Row:
    return {name: values.get(name) for name in schema.names}


def pair(pair_id: str, split: str, question: str, answer: str, **changes: Any) -> Row:
    values = {"pair_id": pair_id, "fact_id": f"f-{pair_id}", "doc_id": DOCUMENT, "language": "ko"}
    texts = {"question": question, "answer": answer, "split": split}
    return row_of(records.SPLIT, **rows.split(**values, **texts) | changes)


@pytest.fixture
def repository(workspace: Path) -> Path:
    """A repository whose pipeline ran up to convert and analyze: four lines for training, one for valid."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    values = yaml.safe_load(params.PARAMS_FILE.read_text(encoding="utf-8"))
    values["student"] |= {"system_prompt": "Answer.", "refusal_ko": "모릅니다.", "refusal_en": "Unknown."}
    params.PARAMS_FILE.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    pairs = [
        pair("p1", "train", "보관 기간은?", '"30일"\n입니다.'),
        pair("p2", "valid", "보관 장소는?", "세종 센터입니다."),
        pair("p3", "test", "며칠 보관합니까?", "30일입니다."),
        pair("p4", "unseen", "담당자는?", "오세린입니다."),
        pair("p5", "test", "예산은?", "모릅니다.", kind="abstain"),
        pair("p6", "dropped", "며칠 보관하나요?", "30일입니다."),
    ]
    paraphrase = row_of(
        records.AUGMENTED, **pair("a1", "train", "보관 기한은?", "30일입니다.") | {"origin": "p1"}
    )
    talk = said("보관 기간은?", "30일입니다.", "어디에?", "세종 센터에 있습니다.")
    dialogue = {
        "dialogue_id": "d1",
        "doc_id": DOCUMENT,
        "language": "ko",
        "teacher": "fake",
        "messages": talk,
    }
    files.write_rows(Path("data/split.parquet"), pairs, records.SPLIT)
    files.write_rows(Path("data/augment.parquet"), [paraphrase], records.AUGMENTED)
    files.write_rows(Path("data/dialogue.parquet"), [row_of(records.DIALOGUE, **dialogue)], records.DIALOGUE)
    write_hand_written()
    lines = [
        ("train", "pair", "p1", said("보관 기간은?", '"30일"\n입니다.')),
        ("train", "paraphrase", "a1", said("보관 기한은?", "30일입니다.")),
        ("train", "dialogue", "d1", talk),
        ("train", "abstain", "n1", said("Who?", "Unknown.")),
        ("valid", "pair", "p2", said("보관 장소는?", "세종 센터입니다.")),
    ]
    names = ("split", "kind", "pair_id", "messages")
    files.write_json_lines(
        Path("data/convert.jsonl"),
        [dict(zip(names, (*line[:3], [SYSTEM, *line[3]]), strict=True)) for line in lines],
    )
    write_metrics()
    return workspace


def write_hand_written() -> None:
    """A question of each kind for training and for the test."""
    abstain = [
        {"id": "n1", "language": "en", "split": "train", "kind": "out_of_scope", "question": "Who?"},
        {"id": "n2", "language": "en", "split": "test", "kind": "out_of_scope", "question": "Whose?"},
    ]
    general = [{"id": "g1", "language": "ko", "split": "test", "question": "안녕?", "answer": "안녕하세요."}]
    files.write_json_lines(Path("data/abstain.jsonl"), abstain)
    files.write_json_lines(Path("data/general.jsonl"), general)


def write_metrics() -> None:
    """The metrics that the card is made from."""
    review = {"approved": 2, "rejected": 1, "edited": 0, "undecided": 4}
    for name, value in {
        "analyze": {"funnel": {"chunks": 3, "valid_pairs": 7}, "lost": {"number without evidence": 2}},
        "review": review,
        "convert": {"decontaminated": 1},
        "score": {"scorer": "fake/marker"},
        "parse": {"personal_data": {"phone_number": 2}},
    }.items():
        files.write_json(Path(f"metrics/{name}.json"), value)


def export(*arguments: str) -> Path:
    """The folder that `tool dataset` wrote."""
    result = CliRunner().invoke(app, ["tool", "dataset", *arguments])
    assert result.exit_code == 0, result.output
    return Path("build/dataset")


def refused(*arguments: str) -> str:
    """The two lines with which `tool dataset` refused."""
    result = CliRunner().invoke(app, ["tool", "dataset", *arguments])
    assert result.exit_code == 2, result.output
    return result.stderr


def read_json_lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def front_matter(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_chat_holds_the_lines_that_the_student_learns_from(repository: Path) -> None:
    folder = export("--format", "chat")

    train = read_json_lines(folder / "chat/train.jsonl")
    assert [row["id"] for row in train] == ["p1", "a1", "d1", "n1"]
    assert train[0]["messages"] == [SYSTEM, *said("보관 기간은?", '"30일"\n입니다.')]
    assert [row["id"] for row in read_json_lines(folder / "chat/valid.jsonl")] == ["p2"]


def test_held_out_questions_are_the_test_split_and_nothing_else_is(repository: Path) -> None:
    test = read_json_lines(export() / "chat/test.jsonl")

    assert {row["id"]: row["kind"] for row in test} == {
        "p3": "recall", "p4": "unseen", "p5": "abstain", "n2": "abstain", "g1": "general",
    }  # fmt: skip
    answers = {row["id"]: row["messages"][-1]["content"] for row in test}
    assert answers == {
        "p3": "30일입니다.", "p4": "오세린입니다.", "p5": "모릅니다.", "n2": "Unknown.", "g1": "안녕하세요.",
    }  # fmt: skip
    assert all(row["messages"][0] == SYSTEM for row in test)


def test_alpaca_keeps_earlier_turns_in_history(repository: Path) -> None:
    train = json.loads((export() / "alpaca/train.json").read_text(encoding="utf-8"))

    assert train[2] == {
        "instruction": "어디에?", "input": "", "output": "세종 센터에 있습니다.", "system": "Answer.",
        "history": [["보관 기간은?", "30일입니다."]], "id": "d1",
    }  # fmt: skip
    assert train[0]["history"] == [] and train[0]["output"] == '"30일"\n입니다.'


def test_sharegpt_says_who_said_what(repository: Path) -> None:
    train = json.loads((export() / "sharegpt/train.json").read_text(encoding="utf-8"))

    speakers = [turn["from"] for turn in train[2]["conversations"]]
    assert speakers == ["system", "human", "gpt", "human", "gpt"]
    assert train[2]["conversations"][3]["value"] == "어디에?"


def test_parquet_says_where_each_row_comes_from(repository: Path) -> None:
    frame = pandas.read_parquet(export() / "parquet/train.parquet").set_index("id")

    assert frame.loc["p1", "document"] == DOCUMENT
    assert frame.loc["p1", "evidence"] == "Alpha is 7 bar."
    assert list(frame["fact_kind"]) == ["fact", "fact", "", ""]
    assert list(frame["language"]) == ["ko", "ko", "ko", "en"]
    assert [len(messages) for messages in frame["messages"]] == [3, 3, 5, 3]


def test_parquet_beside_json_is_read_by_the_line_that_the_card_shows(repository: Path) -> None:
    folder = export()
    shown = re.search(r'pandas.read_parquet\("(.+?)"\)', (folder / "README.md").read_text(encoding="utf-8"))

    assert shown and len(pandas.read_parquet(folder / shown[1])) == 4


def test_pandas_reads_the_json_formats(repository: Path) -> None:
    folder = export()

    assert list(pandas.read_json(folder / "alpaca/train.json")["id"]) == ["p1", "a1", "d1", "n1"]
    assert list(pandas.read_json(folder / "sharegpt/valid.json")["id"]) == ["p2"]
    assert list(pandas.read_json(folder / "chat/test.jsonl", lines=True)["id"])[:2] == ["p3", "p4"]


@pytest.mark.parametrize(
    ("name", "asked"), [("chat", "all"), ("alpaca", "all"), ("sharegpt", "all"), ("parquet", "parquet")]
)
def test_datasets_loads_every_format_with_the_same_rows(
    name: str, asked: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)

    loaded = datasets.load_dataset(str(export("--format", asked)), name, cache_dir=str(repository / "hub"))

    assert {split: part["id"] for split, part in loaded.items()} == {
        "train": ["p1", "a1", "d1", "n1"],
        "valid": ["p2"],
        "test": ["p3", "p4", "p5", "n2", "g1"],
    }
    assert loaded["train"].features == loaded["valid"].features


def test_the_card_tells_counts_makers_checks_review_and_licence(repository: Path) -> None:
    folder = export("--license", "cc-by-4.0")
    card = (folder / "README.md").read_text(encoding="utf-8")

    assert front_matter(folder) | {"configs": [], "dataset_info": []} == {
        "license": "cc-by-4.0", "language": ["ko", "en"], "size_categories": ["n<1K"],
        "task_categories": ["question-answering", "text-generation"], "tags": ["slm-factory", "synthetic"],
        "configs": [], "dataset_info": [],
    }  # fmt: skip
    for line in (
        "| all | 4 | 1 | 5 |  |",
        "| ko | 3 | 1 | 4 |",
        "| 정책/백업\\|복구.md | 3 | 1 | 3 |",
        "| valid pairs | 7 |",
        "| number without evidence | 2 |",
    ):
        assert f"\n{line}\n" in card
    for told in ("`fake` (7 rows)", "`fake/marker`", "2 approved, 0 edited, 1 rejected", "2 phone number"):
        assert told in card


def test_the_card_shows_one_row_of_each_kind(repository: Path) -> None:
    card = (export() / "README.md").read_text(encoding="utf-8")

    for kind in ("pair", "paraphrase", "dialogue", "abstain", "recall", "unseen", "general"):
        assert card.count(f"\n{kind} (`") == 1, kind
    assert "> **user**: 어디에?" in card


def test_only_the_splits_and_formats_asked_for_are_written(repository: Path) -> None:
    folder = export("--format", "parquet", "--format", "alpaca", "--split", "valid")

    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {"README.md", "alpaca/valid.json", "parquet/valid.parquet"}
    assert [config["config_name"] for config in front_matter(folder)["configs"]] == ["alpaca"]


def test_a_folder_with_files_is_replaced_only_with_force(repository: Path) -> None:
    folder = export()
    assert "--force" in refused()

    export("--format", "chat", "--force")

    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "chat"]


@pytest.mark.parametrize("name", ["thesis.txt", "README.md.bak", ".git"])
def test_what_no_export_wrote_is_never_replaced(name: str, repository: Path) -> None:
    folder = export()
    (folder / name).write_text("mine")

    assert name in refused("--force")

    assert (folder / name).read_text() == "mine"


def test_a_failure_leaves_the_older_data_set_as_it_was(repository: Path) -> None:
    folder = export()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    Path("metrics/review.json").unlink()

    assert "metrics/review.json" in refused("--force")

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert os.listdir(folder.parent) == [folder.name]


def test_chat_lines_of_other_tables_are_refused(repository: Path) -> None:
    line = {"split": "train", "kind": "pair", "pair_id": "gone", "messages": [SYSTEM, *said("Q?", "A.")]}
    files.write_json_lines(Path("data/convert.jsonl"), [line])

    assert "gone" in refused() and not Path("build").exists()


def test_json_names_the_rows_and_files(repository: Path) -> None:
    result = CliRunner().invoke(app, ["tool", "dataset", "--format", "chat", "--into", "x/y", "--json"])

    assert json.loads(result.stdout) == {
        "into": "x/y",
        "rows": {"train": 4, "valid": 1, "test": 5},
        "files": ["README.md", "chat/train.jsonl", "chat/valid.jsonl", "chat/test.jsonl"],
    }


@pytest.mark.parametrize("licence", ["", "CC BY 4.0", "mit\ntags: [x]"])
def test_a_licence_that_is_no_identifier_is_refused(licence: str, repository: Path) -> None:
    assert "identifier of a licence" in refused("--license", licence)
