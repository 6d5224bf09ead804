"""Packed rows learn as if each were alone, in all families; where they cannot, nothing is packed."""

from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.student import model
from slm_factory.student.chat import IGNORED
from slm_factory.training import packing
from slm_factory.training.batches import Collator
from slm_factory.training.rows import TokenRow
from tests import tiny_families
from tests.tiny_families import FAMILIES


@pytest.fixture(scope="module", params=FAMILIES)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tiny_families.make(request.param, tmp_path_factory.mktemp(request.param))
    torch = model.import_torch()
    return model.load_model(place, device="cpu", dtype=torch.float32)


def row(length: int, start: int = 10) -> TokenRow:
    """`length` tokens, of which the second half is learned."""
    ids = list(range(start, start + length))
    return {"input_ids": ids, "labels": [IGNORED] * (length // 2) + ids[length // 2 :]}


# Longer than the window of 16 tokens that the Gemma has.
ROWS = [row(30), row(20, 50), row(9, 90), row(25, 120), row(4, 200)]


def loss_and_gradients(network: Any, batch: dict[str, Any]) -> tuple[float, list[Any]]:
    """The summed loss of a batch, and what each weight would learn from it."""
    import torch

    network.zero_grad()
    labels = batch.pop("labels")
    logits = network(**batch, use_cache=False).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
    )
    loss.backward()
    return loss.item(), [w.grad.clone() for w in network.parameters() if w.grad is not None]


def test_a_packed_row_has_the_loss_and_the_gradients_of_its_parts(network: Any) -> None:
    import torch

    collate = Collator(padding=0)
    packs = list(packing.pack(ROWS, 64))
    assert sorted(length for pack in packs for length in pack["seq_lengths"]) == [4, 9, 20, 25, 30]
    assert max(len(pack["seq_lengths"]) for pack in packs) > 1
    together, learned = loss_and_gradients(network, collate(packs))
    alone = [loss_and_gradients(network, collate([row])) for row in ROWS]
    assert together == pytest.approx(sum(loss for loss, _ in alone), rel=1e-5)
    for position, gradient in enumerate(learned):
        expected = sum(gradients[position] for _, gradients in alone)
        torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


def test_every_family_keeps_packed_rows_apart(network: Any) -> None:
    assert packing.keeps_rows_apart(network)


class Leaking:
    """A network whose attention sees all that stands before, as one without packed position ids would."""

    def __init__(self, network: Any) -> None:
        self.network, self.device = network, network.device

    def __call__(self, input_ids: Any, position_ids: Any, use_cache: bool) -> Any:
        return self.network(input_ids=input_ids, attention_mask=input_ids * 0 + 1, position_ids=position_ids)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tiny_families.make("qwen3", tmp_path_factory.mktemp("qwen3"))
    return model.load_model(place, device="cpu", dtype=model.import_torch().float32)


def test_a_network_that_lets_rows_see_each_other_is_not_packed_for(qwen: Any) -> None:
    assert not packing.keeps_rows_apart(Leaking(qwen))
    with pytest.raises(UserError, match=r"train\.packing"):
        packing.is_worth_packing(True, Leaking(qwen), 10)


def test_auto_packs_many_rows_on_a_gpu_only(qwen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packing.is_worth_packing(True, qwen, 2)
    assert not packing.is_worth_packing("auto", qwen, packing.MANY_ROWS)
    monkeypatch.setattr(packing, "keeps_rows_apart", lambda network: network.keeps)

    class Network:
        def __init__(self, kind: str, keeps: bool) -> None:
            self.device, self.keeps = model.import_torch().device(kind), keeps

    assert packing.is_worth_packing("auto", Network("cuda", True), packing.MANY_ROWS)
    assert not packing.is_worth_packing("auto", Network("cuda", False), packing.MANY_ROWS)
    assert not packing.is_worth_packing("auto", Network("cuda", True), packing.MANY_ROWS - 1)
    assert not packing.is_worth_packing(False, Network("cuda", True), packing.MANY_ROWS)


def test_packs_hold_whole_rows_and_little_else() -> None:
    rows = [row(5 + position * 7 % 40) for position in range(400)]
    packs = packing.pack(rows, 64)
    whole = [
        pack["input_ids"][sum(pack["seq_lengths"][:at]) :][:length]
        for pack in packs
        for at, length in enumerate(pack["seq_lengths"])
    ]
    assert sorted(whole) == sorted(row["input_ids"] for row in rows)
    tokens = sum(len(row["input_ids"]) for row in rows)
    assert max(len(pack["input_ids"]) for pack in packs) <= 64
    assert tokens / (64 * len(packs)) > 0.97


def test_a_step_holds_as_many_rows_packed_as_not() -> None:
    assert packing.packs_per_step(rows=1000, packs=125, batch_size=32) == 4
    assert packing.packs_per_step(rows=1000, packs=10, batch_size=8) == 1


def test_packing_is_repeated_to_the_row(tmp_path: Path) -> None:
    assert packing.pack(ROWS * 9, 64).to_list() == packing.pack(ROWS * 9, 64).to_list()
