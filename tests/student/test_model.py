"""Loading students."""

import json
import shutil
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.student import model
from slm_factory.student.rendering import jinja
from slm_factory.student.templates import CHATML


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
    assert model.load_tokenizer(copy).chat_template == jinja(CHATML)


def test_a_model_without_a_chat_template_has_none_of_its_own(taught: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    (copy / "chat_template.jinja").unlink()
    assert model.load_tokenizer(copy).chat_template == jinja(CHATML)  # its vocabulary has the marks
    with pytest.raises(UserError, match="chat template is missing"):
        model.load_tokenizer(copy, "own")


def test_a_folder_has_no_revision(taught: Path) -> None:
    with pytest.raises(UserError, match="has no revisions"):
        model.folder(str(taught), "v1.0")


def test_the_hub_is_asked_for_the_pinned_revision_and_for_code_only_when_trusted(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: list[tuple[str | None, bool, bool]] = []

    def snapshot(
        name: str, *, revision: str | None, allow_patterns: list[str], local_files_only: bool = False
    ) -> str:
        asked.append((revision, "*.py" in allow_patterns, local_files_only))
        return str(workspace)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    model.folder("owner/name", "0123abc")
    model.folder("owner/name", trust_remote_code=True)
    # What is here was fetched without its code, so the hub is asked again once the code is trusted.
    assert asked == [("0123abc", False, True), (None, True, True), (None, True, False)]


@pytest.fixture
def with_code(taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student whose architecture is known only to the Python file beside it."""
    import transformers.dynamic_module_utils as modules

    monkeypatch.setattr(modules, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    (copy / "modeling_own.py").write_text(
        "from transformers import Qwen3Config, Qwen3ForCausalLM\n"
        "class OwnConfig(Qwen3Config):\n    model_type = 'own-kind'\n"
        "class OwnForCausalLM(Qwen3ForCausalLM):\n    config_class = OwnConfig\n",
        encoding="utf-8",
    )
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config |= {
        "model_type": "own-kind",
        "architectures": ["OwnForCausalLM"],
        "auto_map": {
            "AutoConfig": "modeling_own.OwnConfig",
            "AutoModelForCausalLM": "modeling_own.OwnForCausalLM",
        },
    }
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return copy


def test_a_models_own_code_runs_only_when_it_is_trusted(with_code: Path) -> None:
    import torch

    with pytest.raises(UserError, match="not run unless trusted") as caught:
        model.load_model(with_code, device="cpu", dtype=torch.float32)
    assert "student.trust_remote_code" in caught.value.hint
    loaded = model.load_model(with_code, device="cpu", dtype=torch.float32, trust_remote_code=True)
    assert type(loaded).__name__ == "OwnForCausalLM"


def test_weights_that_are_no_model_end_in_two_lines(taught: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(taught, tmp_path / "copy"))
    (copy / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be loaded"):
        model.load_model(copy, device="cpu", dtype=None)
