"""`train --data`, `export --adapter`, `tool gguf --model` work beside the pipeline and touch none of it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli.export import export, require_adapter
from slm_factory.cli.gguf import gguf
from slm_factory.cli.run import ended
from slm_factory.cli.train import read_chat, require_own_folder, train
from slm_factory.core.errors import UserError
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params

CONVERSATION = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Harbor."}]


def write_rows(file: Path, *rows: Any) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_from_a_file_of_conversations_to_a_gguf(workspace: Path) -> None:
    shutil.copy(REPOSITORY / "dvc.yaml", workspace)
    for package in ("stages", "slm_factory"):
        (workspace / package).symlink_to(REPOSITORY / package)
    tiny_student.make(workspace / "models/student")
    set_params(workspace, **{"student.model": "models/student", "train.epochs": 1, "train.batch_size": 2})
    rows = write_rows(workspace / "chat.jsonl", *[{"messages": CONVERSATION, "id": "a"}] * 3)
    before = contents(workspace / "models")

    train(data=rows, valid=rows, into=Path("made/train"), force=False)
    assert json.loads(Path("made/train/metrics/train.json").read_text())["train_rows"] == 3
    assert sorted(path.name for path in Path("made/train").iterdir()) == ["adapter", "metrics"]
    export(adapter=Path("made/train/adapter"), into=Path("made/export"), force=False)
    assert "No gate has judged it" in Path("made/export/README.md").read_text()
    gguf(model=Path("made/export"), types=["f16"], into=Path("made/gguf"), force=False)
    assert "FROM ./model-f16.gguf" in Path("made/gguf/Modelfile").read_text(encoding="utf-8")

    assert contents(workspace / "models") == before
    assert not (workspace / "data").exists() and not (workspace / "metrics").exists()


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        CONVERSATION[:1],
        CONVERSATION[1:],
        [*CONVERSATION, {"role": "user", "content": "And?"}],
        [{"role": "user", "content": 1}, CONVERSATION[1]],
        [{"role": "human", "content": "Who?"}, CONVERSATION[1]],
    ],
)
def test_a_row_that_is_no_conversation_is_named(tmp_path: Path, messages: Any) -> None:
    file = write_rows(tmp_path / "a.jsonl", {"messages": CONVERSATION}, {"messages": messages})
    with pytest.raises(UserError, match="row 2 is no conversation"):
        read_chat(file, "train")


def test_rows_keep_their_messages_and_get_their_split(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "a.jsonl", {"messages": CONVERSATION, "kind": "pair"})
    assert read_chat(file, "valid") == [{"split": "valid", "messages": CONVERSATION}]


def test_no_file_and_no_rows_end_in_two_lines(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        read_chat(tmp_path / "a.jsonl", "train")
    with pytest.raises(UserError, match="holds no rows"):
        read_chat(write_rows(tmp_path / "b.jsonl"), "train")


def test_only_a_folder_of_ours_is_replaced_and_only_by_force(tmp_path: Path) -> None:
    require_own_folder(tmp_path / "new", "adapter", False)
    (tmp_path / "adapter").mkdir()
    with pytest.raises(UserError, match="earlier result"):
        require_own_folder(tmp_path, "adapter", False)
    require_own_folder(tmp_path, "adapter", True)
    (tmp_path / "adapter").rename(tmp_path / "thesis")
    with pytest.raises(UserError, match="something else"):
        require_own_folder(tmp_path, "adapter", True)


def test_an_adapter_of_another_student_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no adapter"):
        require_adapter(tmp_path, "models/seed")
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "models/other"}')
    with pytest.raises(UserError, match="adapter of models/other"):
        require_adapter(tmp_path, "models/seed")


def test_a_stage_that_ends_says_how(workspace: Path) -> None:
    assert isinstance(ended("train", 130), KeyboardInterrupt)
    assert isinstance(ended("train", -2), KeyboardInterrupt)
    assert "lack of memory" in str(ended("train", -9))
    assert getattr(ended("train", 2), "exit_code", None) == 2


def test_nothing_is_left_where_the_stage_is_stopped(workspace: Path) -> None:
    (workspace / "dvc.yaml").touch()
    (workspace / "stages").mkdir()
    (workspace / "stages/__init__.py").touch()
    (workspace / "stages/train.py").write_text("raise SystemExit(130)")
    rows = write_rows(workspace / "chat.jsonl", {"messages": CONVERSATION})
    with pytest.raises(KeyboardInterrupt):
        train(data=rows, valid=None, into=Path("made"), force=False)
    assert not (workspace / "made").exists()
    assert not list(workspace.glob(".made*"))
