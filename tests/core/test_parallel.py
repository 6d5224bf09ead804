"""spread gives every result, whatever the backend and the number of jobs."""

import os
from collections.abc import Iterator

import pytest

from slm_factory.core.errors import UserError
from slm_factory.core.parallel import ParallelSettings, spread


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_gives_one_result(jobs: int) -> None:
    results = list(spread(square, range(20), ParallelSettings(jobs=jobs, backend="loky")))
    assert sorted(result for result, _ in results) == [number * number for number in range(20)]
    assert (os.getpid() in {process for _, process in results}) == (jobs == 1)


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            taken.append(number)
            yield number

    next(results := spread(square, items(), ParallelSettings(jobs=1, backend="loky")))
    assert len(taken) < 100
    results.close()  # type: ignore[attr-defined]


def test_ray_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray.util.joblib", None)
    with pytest.raises(UserError, match=r"parallel\.backend is ray"):
        list(spread(square, [1], ParallelSettings(jobs=1, backend="ray")))


def test_ray_gives_the_same_results() -> None:
    pytest.importorskip("ray")
    results = spread(square, range(4), ParallelSettings(jobs=2, backend="ray"))
    assert sorted(result for result, _ in results) == [0, 1, 4, 9]
