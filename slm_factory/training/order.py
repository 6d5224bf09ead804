"""Which rows meet in a step: the same ones, in the same order, however many processes share its work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slm_factory.student.chat import IGNORED
from slm_factory.training import launch


@dataclass
class Order:
    """The row numbers of an epoch, rows of like length beside each other: least padding, least wasted work.

    A sampler for a DataLoader. The random order comes from seed and epoch alone, so a resumed run and each
    process have the same one; each slice of `batch_size` is a step, dealt out among the processes. Numbers
    beyond the rows come last: they are the blank ones that `filled` adds.
    """

    lengths: Sequence[int]
    batch_size: int  # rows of a step over all processes
    seed: int
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.lengths) + blanks(len(self.lengths), self.batch_size)

    def __iter__(self) -> Iterator[int]:
        import torch
        from transformers.trainer_pt_utils import get_length_grouped_indices

        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        yield from get_length_grouped_indices(self.lengths, self.batch_size, generator=generator)
        yield from range(len(self.lengths), len(self))

    def set_epoch(self, epoch: int) -> None:
        """Takes the order of another epoch; the Trainer calls this."""
        self.epoch = epoch


def filled(rows: Any, batch_size: int) -> Any:
    """The data set `rows`, then blank rows without loss, so that each process has a share of the last step.

    Without them accelerate would fill it with rows of the first step, which then counted twice.
    """
    from datasets import Dataset, concatenate_datasets

    missing = blanks(len(rows), batch_size)
    if not missing:
        return rows
    blank = {"input_ids": [0], "labels": [IGNORED], "seq_lengths": [1]}
    like = [{name: blank[name] for name in rows.column_names}] * missing
    return concatenate_datasets([rows, Dataset.from_list(like, features=rows.features)])


def blanks(rows: int, batch_size: int) -> int:
    """How many blank rows fill the last step; none where one process takes every step whole."""
    return -rows % batch_size if launch.processes() > 1 else 0
