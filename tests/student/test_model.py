"""Loading students."""

import shutil
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.student import model
from slm_factory.student.chat import CHATML


def test_a_missing_folder_is_told_without_asking_a_hub(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "hub_folder", lambda name: pytest.fail("asked the hub"))
    for name in ("models/seed", "./here", "/there", "one/two/three", "alone"):
        with pytest.raises(UserError, match="does not exist"):
            model.folder(name)


def test_a_folder_without_a_model_is_told_from_a_missing_one(workspace: Path) -> None:
    (workspace / "empty").mkdir()
    with pytest.raises(UserError, match="holds no config"):
        model.folder("empty")


def test_a_hub_name_offline_ends_in_a_hint(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(workspace / "hub"))
    with pytest.raises(UserError, match="neither a folder here nor"):
        model.folder("nobody/nothing-of-that-name")


def test_the_fingerprint_follows_weights_and_tokenizer_not_cards(taught: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    before = model.fingerprint(copy)
    (copy / "README.md").write_text("card", encoding="utf-8")
    assert model.fingerprint(copy) == before == model.fingerprint(taught)
    with (copy / "model.safetensors").open("r+b") as weights:
        weights.seek(-1, 2)
        weights.write(b"\x7f")
    assert model.fingerprint(copy) != before


def test_a_chatml_model_speaks_plain_chatml_whatever_its_template_adds(taught: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    (copy / "chat_template.jinja").write_text("<think>{{ tools }}<|im_start|>", encoding="utf-8")
    assert model.load_tokenizer(copy).chat_template == CHATML


def test_a_model_without_a_chat_template_is_refused(taught: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(UserError, match="no chat template"):
        model.load_tokenizer(copy)


def test_weights_that_are_no_model_end_in_two_lines(taught: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    (copy / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be loaded"):
        model.load_model(copy, device="cpu", dtype=None)
