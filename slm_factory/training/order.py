"""The order of rows in an epoch that is resumed half way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = "epoch_order_{process}.pt"


class EpochOrder:
    """A sampler that draws as `sampler` does and remembers the random numbers it began the epoch with.

    Trainer restores the random numbers of the step where it was killed. That is right at the start of an
    epoch; half way the order was drawn long before, and would be drawn anew.
    """

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self.start: Any = None  # torch's random state when this epoch's order was drawn
        self.resumed: Any = None  # the same of the epoch that is resumed, until it is drawn

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[int]:
        import torch

        if self.resumed is not None:
            torch.set_rng_state(self.resumed)
            self.resumed = None
        self.start = torch.get_rng_state()
        return iter(self.sampler)

    def save(self, checkpoint: Path, process: int) -> None:
        """Writes where this epoch began into a checkpoint."""
        import torch

        torch.save(self.start, checkpoint / FILE.format(process=process))

    def load(self, checkpoint: Path, process: int) -> None:
        """Lets the next epoch begin where that of a checkpoint did."""
        import torch

        self.resumed = torch.load(checkpoint / FILE.format(process=process), weights_only=True)
