"""LoRA wraps every linear layer but the head, in every family, in each of its forms."""

from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.student import model
from slm_factory.training import quantization
from slm_factory.training.settings import TrainSettings
from slm_factory.training.trainer import has_liger, load_base, lora
from stages import train
from tests import tiny_families
from tests.conftest import REPOSITORY, set_params
from tests.tiny_families import FAMILIES

SETTINGS = params.load("train", TrainSettings, REPOSITORY / "params.yaml")


def settings(**changes: Any) -> TrainSettings:
    return TrainSettings.model_validate(SETTINGS.model_dump() | changes)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_families.make("qwen3", tmp_path_factory.mktemp("qwen3"))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_linear_layer_is_wrapped_but_never_head_or_embeddings(family: str, tmp_path: Path) -> None:
    from peft import get_peft_model
    from peft.tuners.lora import LoraLayer
    from torch.nn import Linear

    base = load_base(settings(), tiny_families.make(family, tmp_path))
    head = base.get_output_embeddings()
    linear = {name for name, part in base.named_modules() if isinstance(part, Linear) and part is not head}
    wrapped = get_peft_model(base, lora(settings())).base_model.model
    assert {name for name, part in wrapped.named_modules() if isinstance(part, LoraLayer)} == linear
    assert len(linear) >= 6 * base.config.num_hidden_layers


@pytest.mark.parametrize("form", ["rslora", "dora"])
def test_rslora_and_dora_reach_the_adapter(qwen: Path, form: str) -> None:
    from peft import get_peft_model

    chosen = settings(**{form: True, "rank": 16, "alpha": 32})
    network = get_peft_model(load_base(chosen, qwen), lora(chosen))
    layer = network.base_model.model.model.layers[0].mlp.up_proj
    assert layer.scaling["default"] == pytest.approx(chosen.scale)
    assert chosen.scale == (8.0 if form == "rslora" else 2.0)
    assert bool(layer.lora_magnitude_vector) is (form == "dora")


def test_qlora_without_cuda_is_refused_before_any_work(workspace: Path) -> None:
    set_params(workspace, **{"train.qlora": True, "student.model": "nowhere"})
    with pytest.raises(UserError) as refused:
        train.main()
    assert str(refused.value).count("\n") == 1
    assert "CUDA" in refused.value.problem and not list((workspace / "cache").glob("*"))


def test_qlora_without_bitsandbytes_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "find_device", lambda: "cuda")
    monkeypatch.setattr(quantization, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"bitsandbytes(.|\n)*\[qlora\]"):
        quantization.check(settings(qlora=True))
    quantization.check(settings(qlora=False))


def test_liger_is_not_asked_for_on_a_cpu(qwen: Path) -> None:
    assert not has_liger(load_base(settings(), qwen))
