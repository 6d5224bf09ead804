"""Several short rows in one long one: no padding, and every step as large as the last."""

from typing import Any, Literal

from slm_factory.core.errors import UserError
from slm_factory.student import model
from slm_factory.training.rows import TokenRow

# Batches of rows of like length hold little padding already, so packing pays only over many steps.
MANY_ROWS = 10_000
PROBE_TOKENS = 8


def is_worth_packing(choice: bool | Literal["auto"], network: Any, rows: int) -> bool:
    """Whether `rows` are packed: as chosen, and for `auto` where they are many and on a GPU.

    Raises:
        UserError: packing was asked for and the network would let packed rows see each other.
    """
    if choice is False or (choice == "auto" and (rows < MANY_ROWS or network.device.type != "cuda")):
        return False
    if keeps_rows_apart(network):
        return True
    if choice == "auto":
        return False
    raise UserError(
        "error: train.packing: in this student, rows packed into one would see each other",
        "hint: set train.packing to auto or false",
    )


def keeps_rows_apart(network: Any) -> bool:
    """Whether what is packed before a row leaves its logits as they are, to the last bit.

    Asked of the network itself, which is in evaluation mode: it depends on the architecture, the attention in
    use and the model's own code.
    """
    torch = model.import_torch()
    row = torch.arange(PROBE_TOKENS)
    positions = row.repeat(2)[None].to(network.device)  # (1, 2 * PROBE_TOKENS)
    logits = []
    for before in (row, row.flip(0)):
        packed = torch.cat([before, row])[None].to(network.device)
        with torch.no_grad():
            output = network(input_ids=packed, position_ids=positions, use_cache=False)
        logits.append(output.logits[:, PROBE_TOKENS:])
    return torch.equal(*logits)


def pack(rows: list[TokenRow], max_length: int) -> Any:
    """A data set of rows of up to `max_length` tokens, whole rows put together by best fit."""
    from datasets import Dataset
    from trl import pack_dataset

    return pack_dataset(Dataset.from_list(rows), max_length, strategy="bfd")


def packs_per_step(rows: int, packs: int, batch_size: int, processes: int = 1) -> int:
    """How many packs hold about `batch_size` rows, so that a step learns as much as without packing.

    A multiple of `processes`, which share them.
    """
    return processes * max(1, round(batch_size * packs / rows / processes))
