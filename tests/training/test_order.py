"""The order of rows: the same steps in every process, every row once an epoch, another order in each."""

from typing import Any

import pytest
from datasets import Dataset

from slm_factory.student.chat import IGNORED
from slm_factory.training.order import Order, filled

LENGTHS = [3, 9, 4, 7, 5, 8, 2, 6, 1, 10]


def test_an_epoch_has_every_row_once_and_its_order_is_that_of_seed_and_epoch() -> None:
    order = Order(LENGTHS, batch_size=4, seed=7)
    first = list(order)
    assert sorted(first) == list(range(10)) and list(order) == first
    order.set_epoch(1)
    assert list(order) != first
    assert list(Order(LENGTHS, batch_size=4, seed=7, epoch=1)) == list(order)
    assert list(Order(LENGTHS, batch_size=4, seed=8)) != first


def test_several_processes_have_the_order_of_one_and_blank_rows_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = list(Order(LENGTHS, batch_size=4, seed=7))
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert list(Order(LENGTHS, batch_size=4, seed=7)) == [*alone, 10, 11]


@pytest.mark.parametrize("packed", [{}, {"seq_lengths": [2]}])
def test_blank_rows_fill_the_last_step_and_teach_nothing(
    monkeypatch: pytest.MonkeyPatch, packed: dict[str, Any]
) -> None:
    rows = Dataset.from_list([{"input_ids": [5, 6], "labels": [IGNORED, 6], **packed}] * 5)
    assert filled(rows, 4) is rows
    monkeypatch.setenv("WORLD_SIZE", "2")
    more = filled(rows, 4)
    assert len(more) == 8 and more.column_names == rows.column_names
    assert more["labels"][5:] == [[IGNORED]] * 3
    assert len(filled(rows, 5)) == 5
